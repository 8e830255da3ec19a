"""Results that were computed from one input, kept as long as the input."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

import streamlit as st

from lib.ui.loaded import LoadedInput

T = TypeVar("T")
_KEPT: Final = 48


class ResultsStore:
    """Immutable results by key; the least used go when there are more than 48."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """The result under ``key``, built now if need be; of several who ask at once only one builds."""
        with self._lock:
            if key not in self._results:
                self._results[key] = build()
                while len(self._results) > _KEPT:
                    self._results.popitem(last=False)
            self._results.move_to_end(key)
            found: T = self._results[key]
            return found


def store_of(loaded: LoadedInput) -> ResultsStore:
    """The store of one input: shared between visitors for bundled samples only, else the session's own.

    A sample with a visitor's table of domain names is the session's own too.
    """
    return _sample_store(loaded.key) if loaded.is_sample and not loaded.names_key else _session_store(loaded.key)


@st.cache_resource(max_entries=12, show_spinner=False)
def _sample_store(key: str) -> ResultsStore:
    return ResultsStore()


@st.cache_resource(scope="session", max_entries=2, show_spinner=False)
def _session_store(key: str) -> ResultsStore:
    return ResultsStore()
