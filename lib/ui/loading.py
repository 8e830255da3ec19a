"""How far a load is, and the way to stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from lib.ui import session
from lib.ui.loaded import LoadProgress
from lib.ui.text import plain

if TYPE_CHECKING:
    from lib.loaders.cluster.read import ClusterProgress

_KINDS_SHOWN: Final = 4


@st.fragment(run_every=1.0)
def show_progress() -> None:
    """File, share and kinds of the load that is going on; draws the whole page anew once it has ended."""
    job = session.running_job()
    if job is None or job.done:
        st.rerun()
    with st.container(border=True, key="load-progress"):
        progress = job.progress
        st.progress(progress.share, text=f"Loading {plain(job.title, 60)} · {progress_text(progress)}")
        if progress.cluster is not None and not progress.total:
            st.markdown(f":small[{kinds_text(progress.cluster)}]")
        st.button("Cancel", icon=":material/cancel:", on_click=session.cancel, key="cancel-load")


def progress_text(progress: LoadProgress) -> str:
    """``file 3 of 12 (shop.yaml) · 1,234 objects: 800 Pod, 300 Service``, escaped."""
    if progress.total:
        return f"building {progress.built:,} of {progress.total:,} objects {plain(progress.kind, 40)}".rstrip()
    cluster = progress.cluster
    if cluster is not None:
        return f"{cluster.done} of {len(cluster.kinds)} kinds · {cluster.objects:,} objects"
    reading = progress.reading
    if reading is None:
        return "starting"
    position = min(reading.files_done + 1, reading.files_total)
    text = f"file {position:,} of {reading.files_total:,} ({plain(reading.file, 60)}) · {reading.objects:,} objects"
    kinds = sorted(dict(reading.kinds).items(), key=lambda item: -item[1])[:_KINDS_SHOWN]
    return text + (": " if kinds else "") + ", ".join(f"{count:,} {plain(kind, 40)}" for kind, count in kinds)


def kinds_text(cluster: ClusterProgress) -> str:
    """Every kind that has begun, with its count: what is being read first, then what is done and what went wrong."""
    from lib.loaders.cluster.listing import Outcome

    marks = {
        Outcome.READING: ":material/downloading:",
        Outcome.COMPLETE: ":green[:material/check:]",
        Outcome.REFUSED: ":orange[:material/lock:]",
        Outcome.UNFINISHED: ":red[:material/error:]",
        Outcome.NOT_LOGGED_IN: ":red[:material/error:]",
    }
    shown = []
    for kind in sorted(cluster.kinds, key=lambda k: list(marks).index(k.outcome) if k.outcome in marks else 0):
        if kind.outcome not in marks or (kind.outcome is Outcome.COMPLETE and not kind.objects):
            continue
        is_reading = kind.outcome is Outcome.READING and kind.expected > kind.objects
        of = f" of {kind.expected:,}" if is_reading else ""
        is_well = kind.outcome in (Outcome.READING, Outcome.COMPLETE)
        count = f" {kind.objects:,}{of}" if is_well or kind.objects else ""
        said = "" if is_well else f" {kind.outcome.value}"
        # A mark stands in one line with its kind.
        shown.append(f"{marks[kind.outcome]}\u00a0{plain(kind.kind)}{count}{said}")
    return "  ·  ".join(shown)
