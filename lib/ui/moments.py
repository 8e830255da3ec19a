"""The second reading that a session keeps to compare the shown one with: an earlier moment, a cluster, a file.

One at most, so that a session never holds more than two inputs; it goes with the session, or when it is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from lib.ui.loaded import LoadedInput
from lib.ui.results_store import ResultsStore

OBJECTS_KEPT_UP_TO: Final = 200_000
"""A reading of more objects is not kept of itself; the visitor may still keep it."""
_KEPT: Final = "netatlas.moment"
_TOO_LARGE: Final = "netatlas.moment_too_large"


@dataclass(frozen=True, slots=True)
class Moment:
    """A reading beside the shown one. ``chosen``: the visitor wanted this one, so that no other takes its place.

    ``results`` are comparisons with it, which go when it goes.
    """

    loaded: LoadedInput
    chosen: bool
    results: ResultsStore = field(default_factory=ResultsStore, repr=False)


def moment() -> Moment | None:
    """What is kept beside the shown input, if anything."""
    found: Moment | None = st.session_state.get(_KEPT)
    return found


def keep_earlier(before: LoadedInput, after: LoadedInput) -> None:
    """Keep what the visitor looked at, now that another reading takes its place.

    Not where the visitor chose another moment, nor where the new reading says the same: what stood before stays then.
    """
    kept = moment()
    if kept is not None and kept.chosen:
        return
    is_same = before.snapshot.content_hash == after.snapshot.content_hash
    if is_same and (kept is not None or before.id != after.id):
        return
    st.session_state.pop(_KEPT, None)
    st.session_state[_TOO_LARGE] = before.object_count > OBJECTS_KEPT_UP_TO
    if not st.session_state[_TOO_LARGE]:
        st.session_state[_KEPT] = Moment(before, chosen=False)


def choose(loaded: LoadedInput) -> None:
    """Compare with this reading from now on, whatever is loaded later."""
    st.session_state[_TOO_LARGE] = False
    st.session_state[_KEPT] = Moment(loaded, chosen=True)


def forget() -> None:
    """Let it go, and the next earlier reading take its place; for callbacks."""
    st.session_state.pop(_KEPT, None)
    st.session_state.pop(_TOO_LARGE, None)


def was_too_large() -> bool:
    """Whether an earlier reading was not kept because of its size."""
    return bool(st.session_state.get(_TOO_LARGE))
