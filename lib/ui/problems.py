"""The trouble with an input: every Problem with its place, its cause and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import streamlit as st

from lib.loaders.manifests import DocumentStore
from lib.model.problem import Problem, Severity
from lib.ui.loaded import LoadedInput
from lib.ui.results_store import store_of
from lib.ui.text import plain, sentence
from lib.ui.yaml_block import show_lines

_ICONS: Final = {
    Severity.ERROR: ":red[:material/error: **error**]",
    Severity.WARNING: ":orange[:material/warning: **warning**]",
    Severity.INFO: ":blue[:material/info: **info**]",
}
_MARKS: Final = {"error": "✖ error", "warning": "▲ warning", "info": "● info"}
_CARDS: Final = 6
_ROW_LIMIT: Final = 5000
_TEXT_CHARS: Final = 2000
_TABLE_PX: Final = 320
_IN_EXPORTS_ONLY: Final = "code"


def say_problems(problems: Iterable[Problem]) -> None:
    """The trouble with a text that the visitor writes beside the input, each with its line."""
    for problem in problems:
        said = f"Line {problem.line}: {plain(problem.message, 300)}. {plain(problem.remedy, 200)}"
        if problem.severity is Severity.ERROR:
            st.error(said, icon=":material/error:")
        else:
            st.warning(said, icon=":material/warning:")


def problem_rows(loaded: LoadedInput) -> list[Mapping[str, object]]:
    """One row a Problem, the worst first and then by place, each with file and line where they are known."""
    documents = loaded.read.documents
    return [
        {
            "severity": p.severity.label,
            "where": where(p, documents),
            "object": str(p.subject) if p.subject else "",
            "problem": cause(p),
            "remedy": p.remedy,
            "code": p.code,
        }
        for p in ordered(loaded.problems, documents)
    ]


def ordered(problems: Sequence[Problem], documents: DocumentStore) -> tuple[Problem, ...]:
    """The worst first; of equal ones by file and line, those of the whole input before all others."""

    def place(problem: Problem) -> tuple[int, str, int, int]:
        if problem.source is None:
            return (-problem.severity, "", 0, 0)
        source = problem.source
        return (-problem.severity, source.file, _line(problem, documents) or 0, source.document)

    return tuple(sorted(problems, key=place))


def cause(problem: Problem) -> str:
    """What is wrong, without the name of the object that stands beside it."""
    subject = f"{problem.subject}: " if problem.subject else ""
    if subject and problem.message.startswith(subject):
        return problem.message.removeprefix(subject)
    return sentence(problem.message)


def where(problem: Problem, documents: DocumentStore) -> str:
    """``file:line``, as far as it is known; "" for the input as a whole."""
    if problem.source is None:
        return ""
    if problem.line is not None:
        return f"{problem.source.file}:{problem.line}"
    return documents.file_line(problem.source)


def show_problems(loaded: LoadedInput, *, key: str) -> None:
    """A few as cards, more as a table with the chosen one in full beneath; each with the lines that it is about."""
    store, documents = store_of(loaded), loaded.read.documents
    problems = store.get(("problems-ordered",), lambda: ordered(loaded.problems, documents))
    if len(problems) <= _CARDS:
        for problem in problems:
            _card(problem, documents)
    else:
        _table_and_card(loaded, problems, key)


@st.fragment
def _table_and_card(loaded: LoadedInput, problems: Sequence[Problem], key: str) -> None:
    rows = store_of(loaded).get(("problem-rows",), lambda: problem_rows(loaded))[:_ROW_LIMIT]
    shown = [{**row, "severity": _MARKS[str(row["severity"])]} for row in rows]
    event = st.dataframe(
        shown,
        hide_index=True,
        height=_TABLE_PX,
        key=f"problems-{key}",
        alt="Problems in the input",
        on_select="rerun",
        selection_mode="single-row-required",
        column_order=[c for c in rows[0] if c != _IN_EXPORTS_ONLY and any(row[c] for row in rows)],
        column_config={
            "severity": st.column_config.TextColumn("Severity", width=90),
            "where": st.column_config.TextColumn("File and line", width=190),
            "object": st.column_config.TextColumn("Object", width=170),
            "problem": st.column_config.TextColumn("What is wrong", width=400),
            "remedy": st.column_config.TextColumn("What to do", width=240),
        },
    )
    chosen = event.selection.rows[0] if event.selection.rows else 0
    st.caption(":material/ads_click: Choose a row to read it in full.")
    if len(problems) > len(rows):
        st.caption(f"The first {len(rows):,} of {len(problems):,} are shown; CSV and JSON hold all of them.")
    _card(problems[min(chosen, len(rows) - 1)], loaded.read.documents)


def _card(problem: Problem, documents: DocumentStore) -> None:
    """One Problem in full."""
    place = where(problem, documents)
    with st.container(border=True, gap="xsmall"):
        head = [_ICONS[problem.severity]]
        if place:
            head.append(f":material/description: {plain(place, 400)}")
        if problem.subject:
            head.append(plain(problem.subject, 400))
        st.markdown(f":small[{'  ·  '.join(head)}]", help=f"Code: {plain(problem.code)}")
        st.markdown(plain(cause(problem), _TEXT_CHARS))
        if problem.remedy:
            st.markdown(f":small[:material/build: {plain(problem.remedy, _TEXT_CHARS)}]")
        line = _line(problem, documents)
        if problem.source is not None and line:
            show_lines(documents, problem.source, line)


def _line(problem: Problem, documents: DocumentStore) -> int | None:
    if problem.source is None:
        return None
    return problem.line or documents.line_of(problem.source)
