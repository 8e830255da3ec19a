"""An end to answers that never end: who drips headers or chunks byte by byte is cut off, and so is a load given up.

A time-out of a socket starts anew with every byte, and much of an answer is read inside of a library; so a thread looks
at what is under way, and shuts the connection down of which the time is over.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

_LOOK_EVERY_S: Final = 0.1


@dataclass(slots=True, eq=False)
class Turn:
    """One request that is under way; ``cut`` once it was ended from outside."""

    until: float
    cancelled: Callable[[], bool]
    connection: socket.socket | None = None
    cut: bool = False

    def look(self) -> None:
        """End it if its time is over."""
        if time.monotonic() < self.until and not self.cancelled():
            return
        self.cut = True
        # Through a proxy that itself is reached by TLS it is no socket; such a proxy is one's own.
        if isinstance(self.connection, socket.socket):
            with suppress(OSError):
                # Of the plain socket: that of TLS would forget its state while another thread reads.
                socket.socket.shutdown(self.connection, socket.SHUT_RDWR)


class Watch:
    """Looks at every request of some connections; close it after use."""

    def __init__(self) -> None:
        self._turns: set[Turn] = set()
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def turn(self, seconds: float, cancelled: Callable[[], bool]) -> Iterator[Turn]:
        """A request that this thread makes now, and that has to end within ``seconds``."""
        turn = Turn(time.monotonic() + seconds, cancelled)
        with self._lock:
            self._turns.add(turn)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="netatlas-watch", daemon=True)
                self._thread.start()
        self._of_thread.turn = turn
        try:
            yield turn
        finally:
            self._of_thread.turn = None
            with self._lock:
                self._turns.discard(turn)

    def hold(self, connection: socket.socket | None) -> None:
        """The request of this thread goes through ``connection``."""
        turn: Turn | None = getattr(self._of_thread, "turn", None)
        if turn is not None:
            turn.connection = connection

    def close(self) -> None:
        """Look no longer."""
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_EVERY_S):
            with self._lock:
                for turn in self._turns:
                    turn.look()
