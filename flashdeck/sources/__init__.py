"""A YAML file -> values that know where each was typed; finding files, and writing into one."""
