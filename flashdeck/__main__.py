"""`python -m flashdeck` is the same as `flashdeck`."""

from flashdeck.commands.terminal import main

main()
