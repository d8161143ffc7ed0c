"""A problem: its spot, its message, the nearest word, and how problems and tables look."""
