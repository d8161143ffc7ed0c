"""`python -m flashdeck` is the same as `flashdeck`."""

from flashdeck.commands.cli import main

main()
