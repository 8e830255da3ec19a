"""The tables of a plan's clusters, pools and subnets, to type into."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from lib.ipplan.sheet import Texts
from lib.ui import plan_state as state
from lib.ui.plan_fields import TABLES, PlanField

_ALL: Final = "netatlas.plan_all_fields"
_BASE: Final = "netatlas.plan_base"


def plan_table(table: str, alt: str, hide: tuple[str, ...] = ()) -> None:
    """One table; what is edited goes to the plan. No widget echoes it: an echo one edit late would take it back."""
    fields = {name: field for name, field in TABLES[table].items() if name not in hide}
    rare = [name for name, field in fields.items() if field.is_rare]
    used = {name for row in state.rows_of(table) for name in row}
    everything = f"{_ALL}-{table}"
    shown = [name for name in fields if name not in rare or name in used or st.session_state.get(everything)]
    key = f"plan-{state.round_number()}-{table}-{len(shown)}"
    bases: dict[str, tuple[Texts, ...]] = st.session_state.setdefault(_BASE, {})
    if key not in st.session_state or table not in bases:
        # A first visit, or one after another page, where the editor has forgotten what was edited.
        bases[table] = state.rows_of(table)
    st.data_editor(
        frame_of(bases[table], fields),
        key=key,
        num_rows="dynamic",
        placeholder="–",
        hide_index=True,
        column_order=shown,
        on_change=_edited,
        args=(key, table),
        alt=alt,
        column_config={name: _column(field) for name, field in fields.items()},
    )
    if len(shown) < len(fields) or st.session_state.get(everything):
        st.toggle(
            "All fields", key=f"plan-{state.round_number()}-{table}-all", value=bool(st.session_state.get(everything)),
            on_change=_toggle, args=(everything,),
        )  # fmt: skip


def frame_of(rows: tuple[Texts, ...], fields: dict[str, PlanField]) -> pd.DataFrame:
    """Rows as the editor's table; numbers are texts there too, so that what can't be read stays to be seen."""
    frame = pd.DataFrame([{name: row.get(name) for name in fields} for row in rows], columns=list(fields))
    for name, field in fields.items():
        if field.kind == "flag":
            frame[name] = (frame[name] == "true").astype(bool)
        else:
            frame[name] = frame[name].astype("string")
    return frame


def _column(field: PlanField) -> Any:
    help_ = field.help or None
    if field.kind == "count":
        return st.column_config.TextColumn(field.label, help=help_, max_chars=500, alignment="right")
    if field.kind == "flag":
        return st.column_config.CheckboxColumn(field.label, help=help_)
    if field.kind == "choice":
        labels = field.options
        return st.column_config.SelectboxColumn(
            field.label, options=list(labels), format_func=lambda value: labels.get(str(value), str(value)), help=help_
        )
    return st.column_config.TextColumn(field.label, help=help_, max_chars=500)


def _edited(key: str, table: str) -> None:
    """Keep what the editor now holds; fields that a plan does not know go with the first edit."""
    changes = st.session_state[key]
    known = TABLES[table]
    rows = [{name: text for name, text in row.items() if name in known} for row in st.session_state[_BASE][table]]
    for position, change in changes["edited_rows"].items():
        rows[int(position)] |= {name: cell_text(value) for name, value in change.items()}
    deleted = set(changes["deleted_rows"])
    added = [{name: cell_text(value) for name, value in row.items() if name in known} for row in changes["added_rows"]]
    kept = [row for i, row in enumerate(rows) if i not in deleted] + added
    given = [{name: text for name, text in row.items() if text} for row in kept]
    state.set_rows(table, [row for row in given if row])


def cell_text(value: Any) -> str:
    """A cell of the editor as a text of the plan; "" for an empty one."""
    if value is None or value is False:
        return ""
    if value is True:
        return "true"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _toggle(name: str) -> None:
    st.session_state[name] = not st.session_state.get(name)
    state.begin_anew()
