"""What a command does with its process: it lives for one answer."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Final, NoReturn

_OBJECTS_BETWEEN_COLLECTIONS: Final = 200_000


def begin() -> None:
    """Look for cycles seldom: a command makes many objects that stay, and hardly any cycles."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 50, 100)


def leave(status: int) -> NoReturn:
    """End the process at once with its exit status; exit functions have run, and everything written is out.

    Python would take apart all that was loaded, object by object, which for a large input takes seconds.
    """
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(status)  # it knows what to say of a stream that can't take what is left
    os._exit(status)
