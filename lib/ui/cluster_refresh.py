"""Reading a connected cluster again: by hand, or every few minutes."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.ui import cluster_session, session
from lib.ui.loaded import LoadedInput

_CHOICES_MIN: Final = (0, 1, 5, 15, 60)
_KEY: Final = "netatlas.refresh_choice"
_LOOK_EVERY_S: Final = 5.0


def draw_refresh(loaded: LoadedInput | None) -> None:
    """A button and a clock, where the visitor looks at a cluster whose login is still kept."""
    if loaded is None or loaded.live is None or cluster_session.target() is None:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button(
            "Refresh",
            icon=":material/refresh:",
            on_click=cluster_session.refresh,
            help="List the cluster again; the strip then says what changed.",
            disabled=session.running_job() is not None,
            key="refresh-cluster",
        )
        st.session_state[_KEY] = cluster_session.every_min()
        st.selectbox(
            "Again every",
            _CHOICES_MIN,
            key=_KEY,
            format_func=lambda minutes: f"{minutes} min" if minutes else "by hand",
            on_change=lambda: cluster_session.set_every_min(st.session_state[_KEY]),
        )
    if cluster_session.every_min():
        _watch_clock()


@st.fragment(run_every=_LOOK_EVERY_S)
def _watch_clock() -> None:
    if cluster_session.is_due() and session.running_job() is None:
        cluster_session.refresh()
        st.rerun()
