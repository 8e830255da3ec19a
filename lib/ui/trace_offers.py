"""Ready traces out of the input, for a visitor who has not asked anything yet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib.trace.ready import ReadyTrace, ready_traces
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_form import Asked
from lib.ui.trace_link import FROM_KEY, TO_KEY


def offer_traces(page: PageContext, asked: Asked) -> None:
    """A card with a button for each; nothing where there is none."""
    engine = results.engine(page, asked.engine)
    found = page.cached(
        ("ready-traces", engine.profile.id),
        lambda: ready_traces(engine, results.all_services(page), results.all_routes(page), results.all_doors(page)),
    )
    if not found:
        return
    st.caption("Or begin with one of these, from what is loaded:")
    for first in range(0, len(found), 2):
        for column, each in zip(st.columns(2), found[first : first + 2], strict=False):
            with column, st.container(border=True, height="stretch"):
                _card(each)


def offer_others(asked: Asked, others: Sequence[str]) -> None:
    """A button for each other port of what is asked for; nothing where there is none."""
    if not others:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="trace-others"):
        st.caption("Its other ports:", width="content")
        for each in others:
            st.button(
                plain(each.rpartition(":")[2], 40),
                key=f"other-{each}",
                type="tertiary",
                icon=":material/conversion_path:",
                on_click=_ask,
                args=(asked.src, each),
                help=f"Trace {plain(asked.src, 120)} to {plain(each, 200)}",
            )


def _card(each: ReadyTrace) -> None:
    st.markdown(f"**{plain(each.asks)}**  \n{plain(each.src, 120)} → {plain(each.dst, 200)}")
    st.button(
        "Trace it",
        key=f"ready-{each.asks}",
        icon=":material/conversion_path:",
        on_click=_ask,
        args=(each.src, each.dst),
        help=f"Trace {plain(each.src, 120)} to {plain(each.dst, 200)}",
    )


def _ask(src: str, dst: str) -> None:
    st.session_state[FROM_KEY], st.session_state[TO_KEY] = src, dst
