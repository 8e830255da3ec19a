"""The one exception that model types raise."""


class ModelError(ValueError):
    """A value that cannot exist was asked for; the message says which and why, without a path or a secret."""
