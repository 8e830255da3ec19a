"""The parts of the page about the input itself."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.model.snapshot import Coverage
from lib.ui import session
from lib.ui.dump_help import show_dump_commands
from lib.ui.export import export_buttons
from lib.ui.page_context import PageContext
from lib.ui.problems import problem_rows, show_problems
from lib.ui.text import plain

_MARKS: Final = {
    Coverage.COMPLETE: "✔ complete",
    Coverage.PARTIAL: "◐ partly supplied",
    Coverage.NOT_SUPPLIED: "○ not supplied",
    Coverage.REFUSED: "✖ refused by the server",
    Coverage.UNFINISHED: "✖ not read to its end",
}
_NARROW_PX: Final = 640
_COMPLETE_KEY: Final = "netatlas.complete"


def show_trouble(page: PageContext) -> None:
    """The Problems, or that there are none."""
    st.subheader("Problems", anchor=False)
    if not page.problems:
        st.success(
            f"Every document of {plain(page.loaded.title, 60)} was read without a problem.",
            icon=":material/check_circle:",
        )
        return
    show_problems(page.loaded, key="input")
    export_buttons(page.cached(("problem-rows",), lambda: problem_rows(page.loaded)), "problems")


def show_coverage(page: PageContext) -> None:
    """How much of every kind the input holds."""
    st.subheader("Kinds", anchor=False)
    snapshot = page.snapshot
    if not page.loaded.is_sample and page.loaded.live is None:
        st.session_state[_COMPLETE_KEY] = page.loaded.assume_complete
        st.toggle(
            "This is everything in the cluster",
            key=_COMPLETE_KEY,
            on_change=lambda: session.state_completeness(st.session_state[_COMPLETE_KEY]),
            help="Then a kind without objects is known to be empty, and NetAtlas may say that something is missing.",
        )
    known = set(snapshot.coverage) | set(snapshot.object_counts)
    not_installed = page.loaded.live.not_installed if page.loaded.live is not None else frozenset()
    kinds = sorted(known, key=lambda kind: (not snapshot.object_counts.get(kind), kind))
    read = [
        {
            "kind": kind,
            "objects": snapshot.object_counts.get(kind, 0),
            "coverage": "– not installed" if kind in not_installed else _MARKS[snapshot.coverage_of(kind)],
        }
        for kind in kinds
    ]
    other = [{"kind": k, "objects": n, "coverage": "— counted only"} for k, n in sorted(snapshot.other_kinds.items())]
    st.dataframe(
        [*read, *other],
        hide_index=True,
        alt="Kinds in the input",
        width=_NARROW_PX,
        column_config={
            "kind": st.column_config.TextColumn("Kind"),
            "objects": st.column_config.NumberColumn("Objects", format="localized"),
            "coverage": st.column_config.TextColumn(
                "Supplied",
                help="Only of a complete kind may NetAtlas say that an object is missing; else it says: not checked.",
            ),
        },
    )
    export_buttons([*read, *other], "kinds")


def show_files(page: PageContext) -> None:
    """The files that were read."""
    files = page.snapshot.files
    with st.expander(f"{len(files):,} file{'s' if len(files) != 1 else ''} read", icon=":material/description:"):
        st.dataframe({"file": list(files)}, hide_index=True, alt="Files read")


def show_dumps() -> None:
    """The commands that dump a cluster."""
    with st.expander("How to dump a cluster", icon=":material/terminal:"):
        show_dump_commands()
