"""A YAML file becomes plain values that know where each was typed; files are found, read, and written whole or not at all.

Takes paths and bytes; gives `Source` and `Node`, digests, and an author's file with YAML added to it. Alone knows PyYAML,
encodings and positions.

The trap: every scalar is text (`no`, `1.10`, `2016-01-01`), and the digest that counts is the one taken when a file was read,
never that of a second look.
"""
