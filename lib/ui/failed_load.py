"""A load that gave nothing to show: what was in it, and what is wrong with it."""

from __future__ import annotations

import streamlit as st

from lib.ui import session
from lib.ui.empty_state import show_empty_state
from lib.ui.loaded import LoadedInput
from lib.ui.problems import show_problems
from lib.ui.text import plain


def show_failed_load(failed: LoadedInput, shown: LoadedInput | None) -> None:
    """Why the last load gave nothing, with its Problems, and what is shown instead; until it is dismissed."""
    with st.container(border=True, key="failed-load"):
        _say_why(failed)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            stays = f"Still shown: {plain(shown.title, 60)}." if shown is not None else "Nothing was loaded."
            st.caption(stays, width="content")
            st.button("Dismiss", icon=":material/close:", on_click=session.forget_failed_load, key="forget-failed-load")


def show_nothing_read(loaded: LoadedInput) -> None:
    """The same for an input that is shown all the same, and the way to load another."""
    _say_why(loaded)
    show_empty_state()


def _say_why(loaded: LoadedInput) -> None:
    other = loaded.snapshot.other_kinds
    held = ""
    if other:
        kinds = ", ".join(f"{count:,} {plain(kind, 60)}" for kind, count in sorted(other.items())[:6])
        held = f" It holds only kinds that NetAtlas counts but does not show: {kinds}{', …' if len(other) > 6 else ''}."
    st.warning(
        f"No object that NetAtlas reads was found in {plain(loaded.title, 60)}.{held}", icon=":material/warning:"
    )
    if loaded.problems:
        show_problems(loaded, key="failed")
