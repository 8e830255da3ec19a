"""The frame around every page: navigation, source, filters, and the strip that says what is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from lib.model.snapshot import Snapshot
from lib.ui import navigation, session
from lib.ui.cluster_refresh import draw_refresh
from lib.ui.empty_state import show_empty_state
from lib.ui.failed_load import show_failed_load, show_nothing_read
from lib.ui.filters import draw_filters
from lib.ui.load_form import dialog_is_open, keep_dialog_to, load_dialog
from lib.ui.loaded import nothing
from lib.ui.loading import show_progress
from lib.ui.login import require_login
from lib.ui.page_context import PageContext
from lib.ui.quiet import ask_nobody
from lib.ui.source_picker import draw_source_picker
from lib.ui.strip import show_strip
from lib.ui.text import plain
from lib.ui.view import ViewFilter

_BEGUN: Final = "netatlas.begun"

__all__ = ["PageContext", "open_page", "start"]


@dataclass(frozen=True, slots=True)
class _Begun:
    """What app.py has drawn for this run."""

    current: session.Current
    view: ViewFilter


def start() -> StreamlitPage:
    """Register the pages and draw the sidebar and the page's head; returns the page to run. Called by app.py only.

    The head stands before the page's script is even imported: that takes longer than all of the frame.
    """
    ask_nobody()
    navigation.configure()
    page = navigation.register()
    st.session_state[_BEGUN] = _begin(page.title)
    return page


def open_page(title: str, *, subtitle: str = "", needs_input: bool = True, stands_alone: bool = False) -> PageContext:
    """Finish a page's head and return what it works on; every page calls this first.

    Stops the page with what to load where nothing is loaded, unless it ``stands_alone``: then it is handed an empty
    input. With ``needs_input`` False an input without a single object is handed over too. Right also when the page's
    script is run without app.py.
    """
    begun: _Begun | None = st.session_state.pop(_BEGUN, None)
    if begun is None:
        navigation.configure()
        navigation.register()
        begun = _begin(title)
    loaded = begun.current.loaded
    if subtitle:
        st.markdown(subtitle)
    if session.running_job() is not None:
        show_progress()
    if begun.current.notice:
        st.warning(plain(begun.current.notice), icon=":material/info:")
    if (failed := session.failed_load()) is not None:
        show_failed_load(failed, loaded)
    if loaded is None and stands_alone:
        loaded = nothing()
    if loaded is None:
        show_empty_state()
        st.stop()
    if unread := loaded.snapshot.unread_text():
        said = f"**Not read: {plain(unread, 400)}.** What hangs on it is unknown, also where a list below is empty."
        st.warning(said, icon=":material/help:")
    if needs_input and not stands_alone and not loaded.object_count:
        show_nothing_read(loaded)
        st.stop()
    return PageContext(loaded, begun.view)


def _begin(title: str) -> _Begun:
    """Settle the source before any widget that depends on it is drawn, then draw the sidebar and the page's head."""
    require_login()
    with st.sidebar:
        current = session.current()
        draw_source_picker(current.loaded)
        draw_refresh(current.loaded)
        view = draw_filters(current.loaded.snapshot if current.loaded else Snapshot())
    keep_dialog_to(title)
    if dialog_is_open():
        load_dialog()
    st.title(title, anchor=False)
    if current.loaded is not None:
        show_strip(current.loaded, view)
    return _Begun(current, view)
