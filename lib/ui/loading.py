"""How far a load is, and the way to stop it."""

from __future__ import annotations

import streamlit as st

from lib.loaders.manifests import Progress
from lib.ui import session
from lib.ui.text import plain

_KINDS_SHOWN = 4


@st.fragment(run_every=0.4)
def show_progress() -> None:
    """File, share and kinds of the load that is going on; draws the whole page anew once it has ended."""
    job = session.running_job()
    if job is None or job.done:
        st.rerun()
    with st.container(border=True, key="load-progress"):
        share = job.progress.files_done / job.progress.files_total if job.progress and job.progress.files_total else 0.0
        st.progress(min(max(share, 0.0), 1.0), text=f"Loading {plain(job.title, 60)} {progress_text(job.progress)}")
        st.button("Cancel", icon=":material/cancel:", on_click=session.cancel, key="cancel-load")


def progress_text(progress: Progress | None) -> str:
    """``· file 3 of 12 (shop.yaml) · 1,234 objects: 800 Pod, 300 Service``, escaped."""
    if progress is None:
        return ""
    position = min(progress.files_done + 1, progress.files_total)
    parts = [f"file {position} of {progress.files_total} ({plain(progress.file, 60)})", f"{progress.objects:,} objects"]
    kinds = sorted(dict(progress.kinds).items(), key=lambda item: -item[1])[:_KINDS_SHOWN]
    if kinds:
        parts[-1] += ": " + ", ".join(f"{count:,} {plain(kind, 40)}" for kind, count in kinds)
    return "· " + " · ".join(parts)
