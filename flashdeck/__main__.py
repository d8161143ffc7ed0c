"""`python -m flashdeck` is the same as `flashdeck`."""

from flashdeck.commands import main

main()
