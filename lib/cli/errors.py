"""What ends a command."""


class UsageError(Exception):
    """The command can't be answered as it was asked; the message says why. Ends in exit status 2."""
