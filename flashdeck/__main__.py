"""`python -m flashdeck` is the same as `flashdeck`."""

from flashdeck.cli import main

main()
