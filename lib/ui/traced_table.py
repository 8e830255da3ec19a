"""A table whose chosen row leads to its trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from lib.routing.entry_points import EntryPoint
from lib.tables.entry_points import widest_first
from lib.tables.row import Row
from lib.trace.questions import Ends, through_door
from lib.ui.page_context import PageContext
from lib.ui.trace_link import link_to_trace
from lib.ui.widgets import show_table


@st.fragment
def show_traced(
    rows: Sequence[Row], name: str, ends: Callable[[int], Ends], *, alt: str, first: Sequence[str] = ()
) -> None:
    """``rows`` as a table; ``ends`` says from where and to what the trace of a row goes, "" where that is not one."""
    chosen = show_table(rows, name, alt=alt, on_select=_chosen, first=first)
    if chosen is None:
        st.caption(":material/ads_click: Choose a row to trace it hop by hop.")
        return
    src, dst = ends(chosen)
    if dst:
        link_to_trace(src, dst)
    else:
        st.caption("This row names nobody to send to: there is nothing to trace.")


def show_traced_doors(
    page: PageContext, rows: Sequence[Row], doors: Sequence[EntryPoint], name: str, title: str
) -> None:
    """The doors from outside, each of which leads to its trace."""
    shown = widest_first(doors)
    alt = f"{title}, those from the internet first"
    show_traced(rows, name, lambda chosen: through_door(shown[chosen], page.snapshot), alt=alt)


def _chosen() -> None:
    """Nothing to do but to draw the table's own part again."""
