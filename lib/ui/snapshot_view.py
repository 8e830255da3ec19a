"""Taking the whole input along as a redacted file."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.loaders.bundle.write import NotWritten, anonymity_fault, write_bundle
from lib.ui.loaded import LoadedInput
from lib.ui.page_context import PageContext
from lib.ui.text import plain

_ANONYMOUS: Final = "netatlas.snapshot_anonymous"
_FAILURE: Final = "netatlas.snapshot_failure"


def show_snapshot(page: PageContext) -> None:
    """The button that saves a snapshot of the input, and the choice to leave names out."""
    loaded = page.loaded
    if not loaded.read.objects:
        return
    st.subheader("Snapshot", anchor=False)
    st.caption(
        "All that was read, as one file that anyone can load here later. It holds no Secrets, no values of environment "
        "variables and no annotations but those that networking needs, and lists what was left out."
    )
    failures: dict[str, str] = st.session_state.setdefault(_FAILURE, {})
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        anonymise = st.toggle(
            "Replace the names of nodes and files",
            key=_ANONYMOUS,
            help="Each name is replaced in the same way everywhere, so that the answers stay the same.",
        )
        fault = page.cached(("snapshot-names",), lambda: anonymity_fault(loaded.read)) if anonymise else ""
        st.download_button(
            "Save a snapshot",
            data=partial(_write, loaded, anonymise, failures),
            file_name="netatlas-snapshot.zip",
            mime="application/zip",
            icon=":material/inventory_2:",
            on_click="ignore",
            disabled=bool(fault),
        )
    for sentence in filter(None, (fault, failures.pop(loaded.key, ""))):
        st.error(f"No snapshot was made: {plain(sentence)}.", icon=":material/error:")


def _write(loaded: LoadedInput, anonymise: bool, failures: dict[str, str]) -> bytes:
    """Runs when the button is pressed, outside of any run of the page: a failure is told by the next one."""
    try:
        return write_bundle(loaded.read, loaded.snapshot.coverage, anonymise=anonymise)
    except NotWritten as error:
        failures[loaded.key] = str(error)
        raise
