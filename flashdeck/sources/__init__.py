"""A YAML file -> values that can say where each was typed; finding files, and writing into one."""
