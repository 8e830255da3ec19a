"""Taking a table along as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import streamlit as st

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def export_buttons(rows: Sequence[Mapping[str, Any]], name: str, *, key: str | None = None) -> None:
    """Two small buttons that save ``rows`` as ``netatlas-<name>.csv`` and ``.json``; the data is made on the click."""
    with st.container(horizontal=True, gap="small"):
        for suffix, mime, write in (("csv", "text/csv", to_csv), ("json", "application/json", to_json)):
            st.download_button(
                suffix.upper(),
                data=partial(write, rows),
                file_name=f"netatlas-{name}.{suffix}",
                mime=mime,
                icon=":material/download:",
                type="tertiary",
                key=f"export-{suffix}-{key or name}",
                on_click="ignore",
                disabled=not rows,
            )


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it as such; columns of all rows in the order of their first use."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([guarded(c) for c in columns])
    writer.writerows([[guarded(_cell(row.get(c))) for c in columns] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def to_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A list of objects, as readable as it gets."""
    return json.dumps([dict(row) for row in rows], indent=2, ensure_ascii=False, default=str).encode()


def guarded(cell: str) -> str:
    """``cell`` with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(str, value))
    return str(value)
