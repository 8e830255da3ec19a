"""The boxes of a plan's form: one for each field of the sheet, which write into it what is typed."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from lib.ui import plan_state as state
from lib.ui.plan_fields import PlanField

_TEXT_CHARS_MAX: Final = 500
# A field with where it stands in the sheet: the part, the row, the name, and its text.
Box = tuple[PlanField, str, int, str, str]


def grid(boxes: list[Box]) -> None:
    """Fields in rows of three; switches last, as they are lower than boxes."""
    ordered = sorted(boxes, key=lambda item: item[0].kind == "flag")
    for begin in range(0, len(ordered), 3):
        columns = st.columns(3, vertical_alignment="bottom")
        for column, (field, place, row, name, text) in zip(columns, ordered[begin : begin + 3], strict=False):
            box(column, field, place, row, name, text)


def box(column: Any, field: PlanField, place: str, row: int, name: str, text: str, *, is_labelled: bool = True) -> None:
    """One field; ``place`` is ``plan``, ``clusters``, ``pools`` or ``subnets``, ``row`` counts from 0."""
    key = _box_key(place, row, name)
    shared: dict[str, Any] = {
        "key": key,
        "help": (field.help or None) if is_labelled else None,
        "label_visibility": "visible" if is_labelled else "collapsed",
        "on_change": _changed,
        "args": (key, place, row, name),
    }
    if field.kind == "flag":
        st.session_state.setdefault(key, text == "true")
        column.toggle(field.label, **shared)
    elif field.kind == "choice":
        # What is left open has a box of its own, unless one of the options is what it then means.
        needs_choice = name == "model" or field.example in field.options
        options = [*([] if needs_choice else [""]), *field.options]
        left_open = field.example if field.example in options else None
        st.session_state.setdefault(key, text if text in options else ("" if "" in options else left_open))
        column.selectbox(
            field.label,
            options,
            format_func=lambda value: field.options.get(value) or field.example or "–",
            placeholder="Choose",
            **shared,
        )
    else:
        if place == "plan":
            show_text(key, text)
        else:
            st.session_state.setdefault(key, text)
        column.text_input(field.label, placeholder=field.example, max_chars=_TEXT_CHARS_MAX, **shared)


def show_text(key: str, value: str | int) -> None:
    """Let the widget with a key that never changes show what the plan now holds, if that is something new.

    A widget that keeps its key keeps what is being typed into it while the rest of the form is drawn anew.
    """
    before = f"netatlas.{key}"
    widget = str(st.session_state.get(key, "")).strip()
    if key not in st.session_state or (st.session_state.get(before) != value and widget != str(value)):
        st.session_state[key] = value
    st.session_state[before] = value


def _box_key(place: str, row: int, name: str) -> str:
    """The key of a box: the plan's own fields are the same whatever rows there are."""
    return f"plan-own-{name}" if place == "plan" else key_of(f"{place}-{row}-{name}")


def key_of(name: str) -> str:
    """A widget's key, new with every plan that is put."""
    return f"plan-{state.round_number()}-{name}"


def _changed(key: str, place: str, row: int, name: str) -> None:
    if key != _box_key(place, row, name):
        # Another plan was put at the same moment: the row may be another one by now.
        state.refuse("What was typed last was lost, since the rows changed at the same moment: type it again.")
        return
    value = st.session_state[key]
    text = ("true" if value else "") if isinstance(value, bool) else str(value or "").strip()
    state.set_text(place, row, name, text)
