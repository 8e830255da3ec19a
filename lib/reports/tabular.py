"""Rows as aligned text, CSV or a Markdown table.

A row is a mapping from column to value; the first row's keys are the columns, in order. None is an empty cell,
sequences are joined with a comma.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

Row = Mapping[str, object]

# Text columns are sized by this many first rows, so that a million rows can be streamed.
SAMPLE_ROWS = 2_000
# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell_text(value: object) -> str:
    """One value on one line."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, Iterable):
        text = ", ".join(cell_text(v) for v in value)
    else:
        text = str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def _columns(rows: Iterable[Row]) -> tuple[list[str], Iterator[Row]]:
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return [], iter(())
    return list(first), chain([first], iterator)


def to_text(rows: Iterable[Row]) -> Iterator[str]:
    """Aligned columns, a line at a time; a single line says so when there is no row."""
    columns, iterator = _columns(rows)
    if not columns:
        yield "Nothing to list.\n"
        return
    head = [[cell_text(row.get(c)) for c in columns] for row in islice(iterator, SAMPLE_ROWS)]
    widths = [max(len(name), *(len(cells[i]) for cells in head)) for i, name in enumerate(columns)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"

    yield line([name.replace("_", " ").upper() for name in columns])
    for cells in head:
        yield line(cells)
    for row in iterator:
        yield line([cell_text(row.get(c)) for c in columns])


def guard_formula(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def to_csv(rows: Iterable[Row]) -> Iterator[str]:
    """RFC 4180 lines with a header; numbers stay numbers, formulas are disarmed."""
    columns, iterator = _columns(rows)
    if not columns:
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    lines: Iterator[list[object]] = chain([list(columns)], ([row.get(c) for c in columns] for row in iterator))
    for values in lines:
        writer.writerow([v if isinstance(v, int | float) else guard_formula(cell_text(v)) for v in values])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is, in a table cell too."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+!|~$:" else c for c in text)


def to_markdown(rows: Iterable[Row]) -> Iterator[str]:
    """A GitHub-flavoured table, a line at a time."""
    columns, iterator = _columns(rows)
    if not columns:
        yield "Nothing to list.\n"
        return
    yield "| " + " | ".join(name.replace("_", " ").capitalize() for name in columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for row in iterator:
        yield "| " + " | ".join(escape_markdown(cell_text(row.get(c))) for c in columns) + " |\n"


TABULAR_FORMATS: Mapping[str, Callable[[Iterable[Row]], Iterator[str]]] = {
    "text": to_text,
    "csv": to_csv,
    "md": to_markdown,
}
