"""The way from a row to its trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from lib.model.services import ServiceType
from lib.model.sets import Protocol
from lib.routing.services import ServiceView
from lib.tables.row import Row
from lib.ui.widgets import show_table

FROM_KEY: Final = "trace_from"
TO_KEY: Final = "trace_to"


def link_to_service(view: ServiceView) -> None:
    """A link to the trace of a Service's first port: from the Internet where it has a load balancer."""
    service = view.service
    if service.ports and service.type is not ServiceType.EXTERNAL_NAME:
        port = service.ports[0]
        suffix = "" if port.protocol is Protocol.TCP else f"/{port.protocol.value}"
        balanced = service.type is ServiceType.LOAD_BALANCER
        link_to_trace("internet" if balanced else "", f"svc/{view.ref.qualified_name}:{port.port}{suffix}")


def link_to_trace(src: str, dst: str) -> None:
    """A link that opens the trace from ``src`` ("": the visitor says from where) to ``dst``."""
    st.page_link(
        "pages/trace.py",
        label="Trace it hop by hop",
        icon=":material/conversion_path:",
        query_params={key: value for key, value in ((FROM_KEY, src), (TO_KEY, dst)) if value},
    )


@st.fragment
def show_with_traces(
    rows: Sequence[Row],
    name: str,
    ways: Sequence[tuple[str, str]],
    *,
    alt: str,
    first: Sequence[str] = (),
    hide: Sequence[str] = (),
    details: Callable[[int], None] | None = None,
) -> None:
    """A table whose chosen row leads to its trace; ``ways`` has the ends of its first rows, NOWHERE for none.

    ``details`` shows more of the chosen row, which it gets by its position.
    """
    chosen = show_table(rows, name, alt=alt, on_select=_stay, first=first, hide=hide)
    if chosen is None:
        more = "see what decides it, and to " if details is not None else ""
        st.caption(f":material/ads_click: Choose a row to {more}trace it hop by hop.")
        return
    if chosen < len(ways) and ways[chosen][1]:
        link_to_trace(*ways[chosen])
    else:
        st.caption("The input does not show where this row leads: there is nothing to trace.")
    if details is not None:
        details(chosen)


def _stay() -> None:
    """Choosing a row needs no more than the fragment's own run."""
