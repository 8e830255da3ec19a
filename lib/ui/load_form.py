"""Handing manifests over: files, a folder, an archive or pasted text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lib.loaders.limits import DEFAULT, MIB
from lib.loaders.manifests import InputFile
from lib.ui import session
from lib.ui.dump_help import show_dump_commands

_OPEN: Final = "netatlas.load_form_open"
_ROUND: Final = "netatlas.load_form_round"
_MOST: Final = f"{DEFAULT.upload_bytes // MIB} MB"
_COMPLETE_HELP: Final = (
    "Say so only for a dump of all namespaces. Then a kind without objects is known to be empty, and NetAtlas may say "
    "that something is missing; otherwise it says *not checked*."
)


def open_dialog() -> None:
    """Show the form in a dialog from now on; for callbacks."""
    st.session_state[_OPEN] = True


def keep_dialog_to(title: str) -> None:
    """Close the dialog on every other page than the one on which it was opened.

    Who closes it and goes to another page at once may have both in one run, in which the closing is not told.
    """
    opened = st.session_state.get(_OPEN)
    if opened:
        st.session_state[_OPEN] = title if opened in (True, title) else False


def dialog_is_open() -> bool:
    """Whether the dialog should be drawn in this run."""
    return bool(st.session_state.get(_OPEN))


def _close() -> None:
    st.session_state[_OPEN] = False


@st.dialog("Load manifests", width="large", icon=":material/upload_file:", on_dismiss=_close)
def load_dialog() -> None:
    """The form in a dialog, so that it is never in the way."""
    show_load_form("dialog")


def show_load_form(where: str, *, with_commands: bool = True) -> None:
    """The form, with a tab for the commands that dump a cluster; ``where`` keeps the widgets of two places apart."""
    key = f"{where}{st.session_state.get(_ROUND, 0)}"
    tabs = [":material/description: Files or archive", ":material/folder: Folder", ":material/content_paste: Paste"]
    files, folder, paste, *commands = st.tabs([*tabs, ":material/terminal: From a cluster"] if with_commands else tabs)
    with files:
        st.file_uploader(
            f"YAML or JSON manifests, or a zip, tar or tar.gz of them; {_MOST} in all",
            accept_multiple_files=True,
            key=f"files-{key}",
            max_upload_size=DEFAULT.upload_bytes // MIB,
        )
    with folder:
        st.file_uploader(
            f"A folder with manifests, subfolders included; {_MOST} in all",
            accept_multiple_files="directory",
            key=f"folder-{key}",
            max_upload_size=DEFAULT.upload_bytes // MIB,
        )
    with paste:
        st.text_area(
            "YAML or JSON",
            key=f"paste-{key}",
            height=220,
            placeholder="apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n…",
        )
    for tab in commands:
        with tab:
            show_dump_commands()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.toggle("This is everything in the cluster", key=f"complete-{key}", help=_COMPLETE_HELP)
        st.button(
            "Load",
            key=f"load-{key}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_load,
            args=(key,),
        )
    if st.session_state.get(f"early-{where}"):
        if _inputs(key):
            st.info("Everything is uploaded now: press Load.", icon=":material/check:")
        else:
            st.warning(
                "Choose files or a folder, or paste manifests first. A file counts once it is uploaded.",
                icon=":material/info:",
            )
    st.caption("Manifests stay in this session's memory. Values of Secrets and of environment variables are dropped.")


def _load(key: str) -> None:
    """Hand over what was chosen, in all tabs together; an upload under way is not there yet."""
    state = st.session_state
    inputs = _inputs(key)
    state[f"early-{key.rstrip('0123456789')}"] = not inputs
    if not inputs:
        return
    complete = bool(state.get(f"complete-{key}"))
    state[_ROUND] = state.get(_ROUND, 0) + 1
    _close()
    session.start_load(_title(inputs), tuple(inputs), assume_complete=complete)
    st.rerun()


def _inputs(key: str) -> list[InputFile]:
    state = st.session_state
    uploads: Sequence[UploadedFile] = [*(state.get(f"files-{key}") or ()), *(state.get(f"folder-{key}") or ())]
    inputs = [InputFile(f.name, f.getvalue()) for f in uploads]
    text = state.get(f"paste-{key}") or ""
    if text.strip():
        inputs.append(InputFile("pasted.yaml", text.encode("utf-8", "replace")))
    return inputs


def _title(inputs: Sequence[InputFile]) -> str:
    if len(inputs) == 1:
        return inputs[0].name
    folders = {name.split("/", 1)[0] for f in inputs if "/" in (name := f.name)}
    if len(folders) == 1 and all("/" in f.name for f in inputs):
        return f"{folders.pop()}/ ({len(inputs)} files)"
    return f"{len(inputs)} files"
