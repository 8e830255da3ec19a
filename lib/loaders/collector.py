"""Keep Python's cycle collector from walking the same growing pile of objects again and again."""

from __future__ import annotations

import gc
from _thread import allocate_lock
from collections.abc import Iterator
from contextlib import contextmanager

_lock = allocate_lock()  # threading's own Lock, without the import of all of it
_inside = 0
_was_enabled = False


@contextmanager
def without_collector() -> Iterator[None]:
    """Rest the cycle collector of the process; the last one to leave wakes it, if it was awake.

    Reading makes many objects that stay and no cycles, so a fifth of the time would go into looking for some.
    """
    global _inside, _was_enabled
    with _lock:
        if not _inside:
            _was_enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _was_enabled:
                gc.enable()
