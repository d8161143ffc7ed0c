"""Where the program starts: `flashdeck` and `python -m flashdeck` are the same."""

import gc
from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line, and ends the process."""
    # A compiler makes many values and no garbage: looking for some takes a third of its time, and of an import's a fifteenth.
    gc.disable()
    from flashdeck.commands import main

    main()


if __name__ == "__main__":
    main()
