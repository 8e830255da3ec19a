"""The trouble with an input, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd
import streamlit as st

from lib.loaders.manifests import DocumentStore
from lib.model.problem import Problem, Severity

_MARKS: Final = {Severity.ERROR: "✖ error", Severity.WARNING: "▲ warning", Severity.INFO: "● info"}
_ROW_LIMIT: Final = 5000


def problem_rows(problems: Iterable[Problem], documents: DocumentStore) -> list[Mapping[str, object]]:
    """One row a Problem, the worst first, each with file and line where they are known."""
    ordered = sorted(problems, key=lambda p: -p.severity)
    return [
        {
            "severity": p.severity.label,
            "where": where(p, documents),
            "object": str(p.subject) if p.subject else "",
            "problem": p.message,
            "remedy": p.remedy,
            "code": p.code,
        }
        for p in ordered
    ]


def where(problem: Problem, documents: DocumentStore) -> str:
    """``file:line``, as far as it is known; "" for the input as a whole."""
    if problem.source is None:
        return ""
    line = problem.line or documents.line_of(problem.source)
    return f"{problem.source.file}:{line}" if line else problem.source.file


def show_problems(problems: tuple[Problem, ...], documents: DocumentStore) -> None:
    """The table; a long one is cut, and says so."""
    rows = problem_rows(problems[:_ROW_LIMIT], documents)
    frame = pd.DataFrame(rows)
    frame["severity"] = [_MARKS[Severity[str(row["severity"]).upper()]] for row in rows]
    st.dataframe(
        frame,
        hide_index=True,
        column_order=[c for c in frame.columns if frame[c].astype(bool).any()],
        alt="Problems in the input",
        column_config={
            "severity": st.column_config.TextColumn("Severity", width="small"),
            "where": st.column_config.TextColumn("File and line", width="medium"),
            "object": st.column_config.TextColumn("Object", width="medium"),
            "problem": st.column_config.TextColumn("What is wrong", width="large"),
            "remedy": st.column_config.TextColumn("What to do", width="large"),
            "code": st.column_config.TextColumn("Code", width="small"),
        },
    )
    if len(problems) > _ROW_LIMIT:
        st.caption(f"The first {_ROW_LIMIT:,} of {len(problems):,} are shown; the command line prints them all.")
