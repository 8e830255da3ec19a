"""Clusters, node pools and subnets as rows of boxes, which take every key at once; some rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import streamlit as st

from lib.ipplan.sheet import Texts, names_of
from lib.ui import plan_state as state
from lib.ui.plan_boxes import box, grid, key_of
from lib.ui.plan_fields import TABLES, PlanField
from lib.ui.text import plain

_ROWS_A_PAGE: Final = 10
_REMOVE: Final = 0.3
# The fields of a row and how wide they are beside each other; the others stand below, for one row at a time.
_SHOWN: Final[Mapping[str, Mapping[str, float]]] = {
    "clusters": {
        "name": 1.1, "model": 1.6, "service_cidr": 1.2, "pod_cidr": 1.2, "node_subnet": 1.2, "growth_per_month": 1.25,
        "target_date": 0.95,
    },
    "pools": {
        "cluster": 1.1, "name": 1.0, "nodes": 0.8, "nodes_max": 0.9, "max_pods": 0.8, "surge": 0.7, "mode": 1.1,
        "os": 1.1,
    },
    "subnets": {"service": 1.6, "name": 1.4, "prefix": 0.8, "cidr": 1.2, "ipv6": 1.2, "delegation": 1.4},
}  # fmt: skip


def plan_rows(table: str, noun: str, hide: tuple[str, ...] = ()) -> None:
    """The rows of ``clusters``, ``pools`` or ``subnets``; ``noun`` says what one of them is."""
    rows = state.rows_of(table)
    fields = {name: field for name, field in _fields(table).items() if name not in hide}
    widths = {name: width for name, width in _SHOWN[table].items() if name in fields}
    first = _first_shown(table, len(rows))
    for position in range(first, min(first + _ROWS_A_PAGE, len(rows))):
        columns = st.columns([*widths.values(), _REMOVE], vertical_alignment="bottom")
        for column, name in zip(columns, widths, strict=False):
            text = rows[position].get(name, "")
            box(column, fields[name], table, position, name, text, is_labelled=position == first)
        columns[-1].button(
            ":material/close:", type="tertiary", key=key_of(f"{table}-{position}-remove"), on_click=_remove,
            args=(table, position), help=f"Remove this {noun}",
        )  # fmt: skip
    rest = [name for name in fields if name not in widths]
    if rest and rows:
        _one_row(table, noun, rows, {name: fields[name] for name in rest})


def _fields(table: str) -> Mapping[str, PlanField]:
    """The fields of a table; that of a pool's cluster offers the clusters there are."""
    fields = TABLES[table]
    if table != "pools":
        return fields
    names = {name: name for name in names_of(state.current().clusters)}
    return {**fields, "cluster": replace(fields["cluster"], kind="choice", options=names)}


def _first_shown(table: str, count: int) -> int:
    """The position of the first row of the page of rows that is looked at."""
    pages = -(-count // _ROWS_A_PAGE)
    if pages < 2:
        return 0
    key = f"netatlas.plan_page-{table}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{count:,} {'in all' if table == 'subnets' else table}", width="content")
        st.session_state[key] = min(st.session_state.get(key, 1), pages)
        return (st.pagination(pages, key=key) - 1) * _ROWS_A_PAGE


def _one_row(table: str, noun: str, rows: tuple[Texts, ...], fields: Mapping[str, PlanField]) -> None:
    said = {name for row in rows for name in row if name in fields}
    with st.expander(f"More about a {noun}", icon=":material/tune:", expanded=False):
        position = st.selectbox(
            f"Which {noun}", range(len(rows)), format_func=lambda index: _title(table, rows, index),
            key=key_of(f"{table}-more"), width=420,
        )  # fmt: skip
        row = rows[position]
        grid([(field, table, position, name, row.get(name, "")) for name, field in fields.items()])
        if said:
            st.caption(f"Set for some: {', '.join(fields[name].label for name in fields if name in said)}.")


def _title(table: str, rows: tuple[Texts, ...], index: int) -> str:
    row = rows[index]
    name = row.get("name") or f"number {index + 1}"
    return plain(f"{row['cluster']}: {name}" if table == "pools" and row.get("cluster") else name)


def _remove(table: str, position: int) -> None:
    rows = state.rows_of(table)
    state.set_rows(table, [row for index, row in enumerate(rows) if index != position])
    state.begin_anew()
