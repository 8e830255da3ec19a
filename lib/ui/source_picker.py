"""Choosing what to look at, in the sidebar."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.ui import session
from lib.ui.load_form import open_dialog
from lib.ui.loaded import LoadedInput
from lib.ui.samples import samples

_CHOICE: Final = "netatlas.source_choice"


def draw_source_picker(loaded: LoadedInput | None) -> None:
    """The samples and the visitor's own input to choose from, and the way to load another."""
    titles = {f"sample:{s.name}": f"Sample: {s.title}" for s in samples()}
    own = session.own_input()
    if own is not None:
        titles = {own.id: own.title if own.live is None else f"Cluster: {own.title}", **titles}
    st.session_state[_CHOICE] = loaded.id if loaded is not None else None
    st.selectbox(
        "Source",
        list(titles),
        key=_CHOICE,
        format_func=lambda id_: titles.get(id_, id_),
        placeholder="Nothing is loaded",
        on_change=_choose,
    )
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Load manifests", icon=":material/upload_file:", on_click=open_dialog, width="stretch", key="open-load"
        )
        st.button(
            "Clear",
            icon=":material/close:",
            on_click=session.clear,
            help="Forget what was loaded and start with nothing.",
            disabled=loaded is None,
            key="clear-source",
        )


def _choose() -> None:
    chosen = st.session_state[_CHOICE]
    if chosen is None:
        session.clear()
    elif chosen.startswith("sample:"):
        session.choose_sample(chosen.removeprefix("sample:"))
    else:
        session.choose_upload()
