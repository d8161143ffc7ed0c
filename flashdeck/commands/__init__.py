"""One module a command: words in, exit code out. Only here is the clock read."""
