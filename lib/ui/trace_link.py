"""The way from a row to its trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from lib.tables.row import Row
from lib.trace.questions import Cluster, Ends, can_be_asked
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.widgets import show_table

FROM_KEY: Final = "trace_from"
TO_KEY: Final = "trace_to"
# What the trace's own page calls an engine beside which it is asked to trace.
_BESIDE: Final = {"cilium": "Cilium", "azure-npm": "NPM", "calico": "Calico"}
WayOf = Callable[[int], Ends]
"""From where and to what the trace of a row goes, by its position; asked when the row is chosen."""


def cluster_of(page: PageContext) -> Cluster:
    """What questions about objects are asked of."""
    return Cluster(page.snapshot, results.all_routes(page), results.selections(page))


def link_to_trace(ends: Ends, **besides: str) -> None:
    """A link that opens the trace from the first end ("": the visitor says from where) to the second.

    ``besides`` are further values for the link, such as the engine by which the page judges.
    """
    st.page_link(
        "pages/trace.py",
        label="Trace it hop by hop",
        icon=":material/conversion_path:",
        query_params={key: value for key, value in _asked(ends, besides).items() if value},
    )


def _asked(ends: Ends, besides: Mapping[str, str]) -> dict[str, str]:
    return {FROM_KEY: ends[0], TO_KEY: ends[1], **besides}


@dataclass(frozen=True, slots=True)
class TracedTable:
    """A table whose rows lead to traces.

    ``engine`` is the choice by which the rows were judged, "" for the default; ``against`` is another engine that they
    are about, whose trace then stands beside. ``details`` shows more of a row, by its position; ``to_see`` says what.
    """

    rows: Sequence[Row]
    name: str
    way_of: WayOf
    alt: str
    key: str = ""
    first: Sequence[str] = ()
    hide: Sequence[str] = ()
    engine: str = ""
    against: str = ""
    details: Callable[[int], None] | None = None
    to_see: str = "see what decides it"


@st.fragment
def show_traced(page: PageContext, table: TracedTable) -> None:
    """A table whose chosen row leads to its trace, or to the word that there is none."""
    _draw(page, table)


def _draw(page: PageContext, table: TracedTable) -> None:
    chosen = show_table(
        table.rows, table.name, alt=table.alt, key=table.key, on_select=_stay, first=table.first, hide=table.hide
    )
    if chosen is None:
        more = f"{table.to_see}, and to " if table.details is not None else ""
        st.caption(f":material/ads_click: Choose a row to {more}trace it hop by hop.")
        return
    offer_trace(page, table.way_of(chosen), table.engine, table.against)
    if table.details is not None:
        table.details(chosen)


def offer_trace(page: PageContext, ends: Ends, engine: str = "", against: str = "") -> None:
    """The link to a trace, or that there is nothing to trace: what a row names need not be in the input."""
    if ends[1] and can_be_asked(ends, page.snapshot):
        chosen = "" if engine == results.AUTOMATIC else engine
        link_to_trace(ends, engine=chosen, against=_BESIDE.get(against, ""))
    else:
        st.caption("The input does not show where this row leads: there is nothing to trace.")


def _stay() -> None:
    """Choosing a row needs no more than the fragment's own run."""
