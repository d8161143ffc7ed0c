"""What stops a command. By itself, so that a command can start without what it takes to report problems."""


class FlashdeckError(Exception):
    """What stops a command, in words for its user: a mistake in how it was called, or in a file that is not a source."""


class FileChanged(FlashdeckError):
    """A file that was saved between its first and its second reading: what was worked out has to be worked out again."""
