"""What ends an attempt to read a cluster before anything was read."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster can't be read as asked; ``remedy`` says what to do.

    No message quotes anything of a kubeconfig but names, and nothing that a server or a plugin answered with.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}"
