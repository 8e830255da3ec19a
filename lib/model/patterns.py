"""Regular expressions that are compiled when they are first used.

Compiling those of all modules that a command imports takes longer than answering for a small input, and few are used.
"""

from __future__ import annotations

import re


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` gives, later: its methods and attributes. Raises re.error at the first use."""
    late: re.Pattern[str] = _Late(text, flags)  # type: ignore[assignment]
    return late


class _Late:
    def __init__(self, text: str, flags: int) -> None:
        self._written = text, flags

    def __getattr__(self, name: str) -> object:
        # Asked only for what is not there yet: what was found stays, so that a later use costs nothing more.
        found: object = getattr(re.compile(*self._written), name)
        setattr(self, name, found)
        return found
