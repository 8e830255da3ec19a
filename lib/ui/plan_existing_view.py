"""Checking what exists: JSON of az becomes a plan like any other, and what it leaves open is told."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lib.ipplan.existing.documents import TEXT_LENGTH_MAX, read_json, reduced
from lib.ipplan.existing.read import ExistingReading, read_existing
from lib.ipplan.existing.values import Notes
from lib.ipplan.read import PlanReading
from lib.tables.plan_space import unknown_rows
from lib.ui.text import plain
from lib.ui.widgets import show_table

_TEXTS: Final = "netatlas.plan_existing"
_WRONG: Final = "netatlas.plan_existing_wrong"
_ROUND: Final = "netatlas.plan_existing_round"
_PASTE_LENGTH_MAX: Final = 5_000_000
_TEXTS_UP_TO: Final = 50
_PROBLEMS_SHOWN: Final = 8
_COMMANDS: Final = """\
az aks show --resource-group GROUP --name CLUSTER --output json
az aks nodepool list --resource-group GROUP --cluster-name CLUSTER --output json
az network vnet show --resource-group GROUP --name NETWORK --output json"""


def existing_plan() -> PlanReading | None:
    """What exists, as a plan to show in place of the form's; None while nothing was given that makes one."""
    texts: list[tuple[str, str]] = st.session_state.get(_TEXTS, [])
    with st.expander("Check a cluster that exists", icon=":material/fact_check:", expanded=bool(texts)):
        _inputs()
        for message in st.session_state.get(_WRONG, []):
            st.error(plain(message, 400), icon=":material/error:")
        if not texts:
            return None
        reading = read_existing(texts)
        _show_reading(texts, reading)
    return PlanReading(reading.demand, ()) if reading.demand is not None else None


def _inputs() -> None:
    round_ = st.session_state.get(_ROUND, 0)
    st.markdown("Run these, and paste what they print, one after the other or together, or give files with it.")
    st.code(_COMMANDS, language="bash", wrap_lines=True)
    pasted, uploaded = f"plan-existing-text-{round_}", f"plan-existing-files-{round_}"
    st.text_area(
        "What az printed",
        key=pasted,
        height=140,
        max_chars=_PASTE_LENGTH_MAX,
        placeholder='{"agentPoolProfiles": …, "networkProfile": …}',
        help="Only names, counts, network settings, prefixes and the ids of what uses them are kept; all else, keys "
        "and passwords above all, is dropped while it is read.",
        on_change=_take_text,
        args=(pasted,),
    )
    st.file_uploader(
        "Or files with it",
        key=uploaded,
        accept_multiple_files=True,
        max_upload_size=TEXT_LENGTH_MAX // 1_000_000,
        on_change=_take_files,
        args=(uploaded,),
    )


def _show_reading(texts: list[tuple[str, str]], reading: ExistingReading) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        what = "Below is what exists" if reading.demand is not None else "No plan of it yet"
        st.markdown(f"**{what}**, read from {plain(', '.join(name for name, _ in texts), 200)}.", width="content")
        st.button("Back to your own plan", icon=":material/undo:", key="plan-existing-clear", on_click=_clear)
    for problem in reading.problems[:_PROBLEMS_SHOWN]:
        st.error(plain(problem.message, 500), icon=":material/error:")
    if len(reading.problems) > _PROBLEMS_SHOWN:
        st.caption(f"And {len(reading.problems) - _PROBLEMS_SHOWN:,} more.")
    if reading.unknown:
        st.markdown("**Not stated**, with what is taken in its place or not checked:")
        show_table(unknown_rows(reading.unknown), "plan-unknown", alt="What the JSON does not say")


def _take_text(key: str) -> None:
    text = str(st.session_state[key])
    if text.strip():
        _take([("paste", text)])


def _take_files(key: str) -> None:
    files: list[UploadedFile] = st.session_state[key]
    _take([(file.name, file.getvalue().decode("utf-8-sig", errors="replace")) for file in files])


def _take(given: list[tuple[str, str]]) -> None:
    """Keep what was given in its reduced form, and begin the widgets anew, so that the whole of it is gone."""
    state = st.session_state
    texts: list[tuple[str, str]] = list(state.get(_TEXTS, []))
    wrong: list[str] = []
    for name, text in given:
        kept = reduced(text)
        if kept is None:
            notes = Notes()
            read_json(text, name, notes)
            wrong += [problem.message for problem in notes.wrong]
        elif len(texts) >= _TEXTS_UP_TO:
            wrong.append(f"{name} was left out: at most {_TEXTS_UP_TO} texts are read together.")
        elif kept:
            number = sum(1 for other, _ in texts if other.split(" ")[0] == name)
            texts.append((f"{name} {number + 1}" if number or name == "paste" else name, kept))
    state[_TEXTS], state[_WRONG] = texts, wrong
    state[_ROUND] = state.get(_ROUND, 0) + 1


def _clear() -> None:
    for key in (_TEXTS, _WRONG):
        st.session_state.pop(key, None)
