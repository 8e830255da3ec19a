"""Blocks that every page is built from: tables, graphs with details beside them, tiles, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from lib.figures.theme import CONFIG
from lib.graph.model import GraphModel, GraphNode
from lib.tables.row import Row
from lib.ui.columns import column_config
from lib.ui.export import export_buttons
from lib.ui.icons import decorated
from lib.ui.page_context import PageContext
from lib.ui.text import plain

TABLE_ROWS_UP_TO: Final = 20_000
_ROWS_IN_VIEW: Final = 12
_TALLEST_PX: Final = 431


def show_table(
    rows: Sequence[Row],
    name: str,
    *,
    alt: str,
    key: str = "",
    on_select: Callable[[], None] | None = None,
    hide: Sequence[str] = (),
    first: Sequence[str] = (),
) -> int | None:
    """``rows`` as a table with its exports; returns the position of the chosen row where ``on_select`` is given.

    A longer table is cut on the page, never in the export, and says so. The columns of ``first``
    come before the others.
    """
    key = key or name
    drawn = rows[:TABLE_ROWS_UP_TO]
    # What no row has need not take room on the page; the exports keep every column.
    empty = {c for c in (drawn[0] if drawn else ()) if all(row[c] in ("", None) for row in drawn)}
    columns = [c for c in dict.fromkeys((*first, *(drawn[0] if drawn else ()))) if c not in empty and c not in hide]
    frame = pd.DataFrame([{c: decorated(c, row[c]) for c in columns} for row in drawn], columns=columns)
    height: int | Literal["content"] = "content" if len(drawn) <= _ROWS_IN_VIEW else _TALLEST_PX
    shared: dict[str, Any] = {
        "hide_index": True,
        "alt": alt,
        "column_config": column_config(columns),
        "height": height,
        "key": f"table-{key}",
        "lazy": False,
        "placeholder": "–",
    }
    if on_select is None:
        st.dataframe(frame, **shared)
        chosen: list[int] = []
    else:
        event = st.dataframe(frame, on_select=on_select, selection_mode="single-row", **shared)
        chosen = list(event.selection.rows)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_count(len(rows), len(drawn)), width="content")
        export_buttons(rows, name, key=key)
    return chosen[0] if chosen and chosen[0] < len(drawn) else None


def _count(rows: int, drawn: int) -> str:
    if rows > drawn:
        return f"The first {drawn:,} of {rows:,} rows; CSV and JSON hold all of them."
    return f"{rows:,} row{'s' if rows != 1 else ''}"


def say_nothing(page: PageContext, what: str) -> None:
    """Why a list is empty: there is none, the filter hides all, or the input could not be read."""
    if page.snapshot.unread():
        # Which kinds were not read stands above, on every page.
        st.info(f"What could be read shows no {what}; whether there is one is unknown.", icon=":material/help:")
    elif not page.view.is_everything:
        st.info(f"The input has no {what} that the filter shows.", icon=":material/info:")
    elif page.loaded.errors:
        said = f"No {what} could be judged: the input has errors. The page Input names them."
        st.warning(said, icon=":material/warning:")
    else:
        st.info(f"The input has no {what}.", icon=":material/info:")


def say_hidden(shown: int, total: int, noun: str) -> None:
    """How much the filters hide; nothing where they hide nothing."""
    if shown < total:
        st.caption(f":material/filter_alt: The filter hides {total - shown:,} of {total:,} {noun}.")


def selected_row(key: str) -> int | None:
    """The row chosen in a table, for callbacks."""
    state = st.session_state.get(f"table-{key}")
    rows = state["selection"]["rows"] if state else []
    return int(rows[0]) if rows else None


def show_figure(figure: go.Figure, *, key: str, alt: str, on_select: Callable[[], None] | None = None) -> Any:
    """A figure in the page's own colours; returns the ``customdata`` of the chosen point, None without one."""
    config = dict(CONFIG)
    if on_select is None:
        st.plotly_chart(figure, key=key, config=config, alt=alt)
        return None
    event = st.plotly_chart(figure, key=key, config=config, alt=alt, on_select=on_select, selection_mode="points")
    return _customdata(event)


def chosen_point(key: str) -> Any:
    """The ``customdata`` of the point chosen in a figure, for callbacks; None without one."""
    return _customdata(st.session_state.get(key))


def _customdata(event: Any) -> Any:
    points = event["selection"]["points"] if event else []
    return next((p["customdata"] for p in points if p.get("customdata") is not None), None)


def show_graph(
    figure: go.Figure,
    model: GraphModel,
    *,
    key: str,
    alt: str,
    details: Callable[[GraphNode], None],
    hint: str = "Choose a card to see what it is, what is wrong with it, and its YAML.",
) -> None:
    """A graph with the chosen node's details beside it; choosing leaves the graph as it is."""
    if not model.nodes:
        st.caption("There is nothing to draw for what the filter shows.")
        return
    if model.note:
        st.caption(f":material/unfold_less: {plain(model.note)}")
    _graph_and_details(figure, model, key, alt, details, hint)


@st.fragment
def _graph_and_details(
    figure: go.Figure, model: GraphModel, key: str, alt: str, details: Callable[[GraphNode], None], hint: str
) -> None:
    graph, beside = st.columns([0.73, 0.27], gap="small")
    with graph:
        chosen = show_figure(figure, key=key, alt=alt, on_select=_nothing)
    with beside, st.container(border=True, key=f"details-{key}"):
        node = model.node(chosen) if isinstance(chosen, str) else None
        if node is None:
            st.caption(f":material/ads_click: {hint}")
        else:
            details(node)


def _nothing() -> None:
    """Choosing needs no more than the fragment's own run."""


def tile(
    label: str,
    value: int | str,
    *,
    page: str,
    link: str,
    help: str,
    query: Mapping[str, str] | None = None,
) -> None:
    """A number with the way to the page that shows what it counts."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(label, value, label_visibility="collapsed")
        st.caption(label, help=help)
        st.space("stretch")
        st.page_link(page, label=link, icon=":material/arrow_forward:", query_params=query)


def take_from_link(key: str, values: Collection[str], labels: Collection[str] = ()) -> None:
    """Let a link name an option by its value: Streamlit's own binding knows only what the option is called.

    A link's value that is none of ``values`` or ``labels`` is told, since the binding drops it without a word.
    """
    named = st.query_params.get(key)
    if key in st.session_state or named is None:
        return
    if named in values:
        st.session_state[key] = named
    elif named not in labels:
        say_unread(key, named, f"Known are {', '.join(sorted(values))}.")


def say_unread(key: str, named: str, expected: str) -> None:
    """Tell that a link's parameter can't be read and is left out; ``expected`` says in a sentence what would be."""
    st.warning(
        f"The link's {plain(key, 40)} is {plain(repr(named), 80)}, which is left out. {plain(expected, 400)}",
        icon=":material/link_off:",
    )
