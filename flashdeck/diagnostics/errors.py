"""What stops a command. In a module of its own, so that a command can start without importing what reports problems."""

from collections.abc import Sequence


class FlashdeckError(Exception):
    """What stops a command, with a message for its user: a mistake in how it was called, or in a file that is not a source.

    `details` are lines to choose from, printed below the message.
    """

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = details


class FileChanged(FlashdeckError):
    """A file that was saved between its first and its second reading: the work has to be repeated."""
