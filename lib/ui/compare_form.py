"""Choosing what the shown input is compared with: an earlier moment, another cluster, a snapshot, a sample."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.loaders.limits import DEFAULT, MIB
from lib.loaders.manifests import InputFile
from lib.ui import moments, session
from lib.ui.cluster_view import show_contexts_to_compare
from lib.ui.loaded import LoadedInput, load
from lib.ui.page_context import PageContext
from lib.ui.samples import samples
from lib.ui.strip import local_time
from lib.ui.widgets import take_from_link

WITH_KEY: Final = "with"
_KEPT: Final = "kept"
_ROUND: Final = "netatlas.compare_round"


def choose_other(page: PageContext) -> LoadedInput:
    """The reading that stands before the shown one; stops the page where there is none yet."""
    moment = moments.moment()
    options = {_KEPT: _described(moment.loaded, page)} if moment is not None else {}
    options |= {f"sample:{s.name}": f"Sample: {s.title}" for s in samples() if f"sample:{s.name}" != page.loaded.id}
    take_from_link(WITH_KEY, options, options.values())
    if st.session_state.get(WITH_KEY) not in options:
        st.session_state[WITH_KEY] = _KEPT if moment is not None else None
    chosen = st.selectbox(
        "Compare with",
        list(options),
        index=None,
        key=WITH_KEY,
        format_func=lambda id_: options.get(id_, id_),
        placeholder="Choose what stood before",
        bind="query-params",
        help="What is chosen here is *before*, and what the sidebar shows is *now*.",
    )
    _show_ways(page, moment, opened=chosen is None)
    if moments.was_too_large():
        st.caption(
            f":material/info: The reading before this one has more than {moments.OBJECTS_KEPT_UP_TO:,} objects and was "
            "not kept of itself. *Keep this reading* keeps one all the same; two snapshots can be compared here, or by "
            "`python -m lib diff OLD NEW`."
        )
    if chosen is None:
        st.info(
            "Nothing stands beside this input yet. Read a cluster again, or load another input: what was shown before "
            "is kept to compare with. Or choose one above.",
            icon=":material/difference:",
        )
        st.stop()
    found = moment.loaded if chosen == _KEPT and moment is not None else session.sample_input(str(chosen))
    if page.loaded.names_key:
        # One table of domain names for both, as on the command line.
        found = found.with_names(page.snapshot.domain_names, page.loaded.names_key)
    return found


def _described(loaded: LoadedInput, page: PageContext) -> str:
    """A reading with when it was made; the label of an option is plain text."""
    what = loaded.title[:80] if loaded.live is None else f"Cluster: {loaded.title[:80]}"
    is_same = loaded.live is not None and loaded.id == page.loaded.id
    return f"{what}, read at {local_time(loaded.loaded_at):%H:%M:%S}" + (" (an earlier moment)" if is_same else "")


def _show_ways(page: PageContext, moment: moments.Moment | None, *, opened: bool) -> None:
    with st.expander("Another cluster, a snapshot, or this moment", icon=":material/add_circle:", expanded=opened):
        cluster, file, now = st.tabs(
            [":material/lan: Another cluster", ":material/inventory_2: A snapshot or manifests", ":material/timer: Now"]
        )
        with cluster:
            show_contexts_to_compare()
        with file:
            _take_files()
        with now:
            st.caption(
                "Keep what is shown now, and compare later readings with it. Without that it is the reading before the "
                "last one that brought something new."
            )
            st.button(
                "Keep this reading",
                icon=":material/push_pin:",
                on_click=moments.choose,
                args=(page.loaded,),
                disabled=page.loaded.is_sample,
                help="A sample is there at any time." if page.loaded.is_sample else None,
                key="keep-moment",
            )
    if moment is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Forget it", icon=":material/delete:", on_click=_forget, key="forget-moment")
            why = "You chose it: no later reading takes its place." if moment.chosen else "Kept of itself."
            st.caption(f"{why} It is in this session's memory only, and goes with it.", width="content")


def _take_files() -> None:
    key = f"compare-files-{st.session_state.get(_ROUND, 0)}"
    files = st.file_uploader(
        f"A snapshot, or manifests, or an archive of them; {DEFAULT.upload_bytes // MIB} MB in all",
        accept_multiple_files=True,
        key=key,
        max_upload_size=DEFAULT.upload_bytes // MIB,
    )
    st.button(
        "Load to compare",
        icon=":material/play_arrow:",
        on_click=_load,
        args=(key,),
        disabled=not files or session.running_job() is not None,
        key="load-to-compare",
    )


def _load(key: str) -> None:
    files = tuple(InputFile(f.name, f.getvalue()) for f in st.session_state.get(key) or ())
    if files:
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        title = files[0].name if len(files) == 1 else f"{len(files)} files"
        session.start(title, partial(load, "upload:", title, files), to_compare=True)


def _forget() -> None:
    moments.forget()
    st.session_state[WITH_KEY] = None
