"""Loading in the background, so that a page can show how far it is and stop it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lib.loaders.cluster.errors import ClusterError
from lib.loaders.manifests import LoadCancelled
from lib.ui.loaded import LoadedInput, LoadProgress


class Load(Protocol):
    """What a job runs: it reports progress and asks now and then whether it should stop."""

    def __call__(self, *, progress: Callable[[LoadProgress], None], cancelled: Callable[[], bool]) -> LoadedInput:
        """Load the input, or raise LoadCancelled."""


@dataclass(slots=True)
class LoadJob:
    """One load in a thread of its own; held in the visitor's session and never shared.

    Exactly one of ``result``, ``failure`` and ``was_cancelled`` is set once ``done`` answers True. ``failure`` is a
    sentence without content of the input. ``to_compare``: its result is to stand beside what is shown.
    ``by_upload``: it reads a cluster by a kubeconfig that the visitor uploaded.
    """

    title: str
    to_compare: bool = False
    by_upload: bool = False
    progress: LoadProgress = field(default_factory=LoadProgress)
    result: LoadedInput | None = None
    failure: str = ""
    was_cancelled: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def start(cls, title: str, load: Load, *, to_compare: bool = False, by_upload: bool = False) -> LoadJob:
        """Begin at once."""
        job = cls(title, to_compare, by_upload)
        job._thread = threading.Thread(target=job._run, args=(load,), name="netatlas-load", daemon=True)
        job._thread.start()
        return job

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end, at most ``timeout_s`` seconds; says whether it came."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self.done

    def cancel(self) -> None:
        """Ask it to stop; it does at its next look."""
        self._stop.set()

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.result is not None or bool(self.failure) or self.was_cancelled

    def _report(self, progress: LoadProgress) -> None:
        self.progress = progress
        # Streamlit collects garbage after every run, those that draw the progress too; what the load holds so far,
        # soon millions of objects, is kept out of that or the load takes five times as long.
        gc.freeze()

    def _run(self, load: Load) -> None:
        try:
            self.result = load(progress=self._report, cancelled=self._stop.is_set)
        except LoadCancelled:
            self.was_cancelled = True
        except ClusterError as error:
            self.failure = str(error)
        except MemoryError:
            self.failure = "There was not enough memory to load this input."
        except Exception as error:  # a fault of ours must not leave the page waiting for ever
            self.failure = f"The input could not be loaded because of a fault in NetAtlas ({type(error).__name__})."
        finally:
            gc.unfreeze()
