"""The text of a file that a person writes beside the manifests."""

from __future__ import annotations

import sys
from pathlib import Path

from lib.cli.errors import UsageError
from lib.loaders.limits import DEFAULT


def read_text(path: str, expected: str) -> str:
    """The text of a file, or of standard input for ``-``; of a longer one than any input may be the beginning.

    ``expected`` says what the file is to be. Raises UsageError where it can't be read.
    """
    most = DEFAULT.upload_bytes + 1
    try:
        if path == "-":
            return sys.stdin.read(most)
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.read(most)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"{path} can't be read: {reason}; expected is {expected}") from None
