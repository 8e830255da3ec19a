"""Rows as aligned text, CSV or a Markdown table.

A row is a mapping from column to value; the first row's keys are the columns, in order. None is an empty cell,
sequences are joined with a comma.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import Final

Row = Mapping[str, object]

NOTHING: Final = "Nothing to list."

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


def to_text(rows: Iterable[Row], width: int | None = None, nothing: str = NOTHING) -> Iterator[str]:
    """Aligned columns, a line at a time; ``nothing`` where there is no row.

    With a ``width``, in characters, lines are no longer than that: columns that hold nothing are left out and cells go
    on below themselves. Where even that does not fit, each row is a block with a line for each of its values. Without
    one a row is a line.
    """
    columns, iterator = _columns(rows)
    if not columns:
        yield f"{nothing}\n"
        return
    head = [[cell_text(row.get(c)) for c in columns] for row in islice(iterator, SAMPLE_ROWS)]
    cells = chain(head, ([cell_text(row.get(c)) for c in columns] for row in iterator))
    titles = [name.replace("_", " ").upper() for name in columns]
    widths = [max(len(title), *(len(row[i]) for row in head)) for i, title in enumerate(titles)]
    if width is None or _line_width(widths) <= width:
        for row in chain([titles], cells):
            yield _line(row, widths)
        return
    # A column that is empty so far may be filled further below; only of a table that is held as a whole that is known.
    filled = [i for i in range(len(titles)) if len(head) == SAMPLE_ROWS or any(row[i] for row in head)]
    fitted = _fitted([widths[i] for i in filled], [len(titles[i]) for i in filled], width)
    if fitted is None:
        yield from _blocks(titles, cells, width)
        return
    for row in chain([titles], cells):
        wrapped = [_wrapped(row[i], most) for i, most in zip(filled, fitted, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            yield _line(parts, fitted)


_GAP: Final = 2
# A column that is cut gets so much at the least: most words, names and places are then broken once or twice.
_NARROWEST: Final = 16
# Longer cells are cut anywhere: looking for places between words takes time that grows with the square of the length.
_WRAPPED_UP_TO: Final = 10_000


def _line_width(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"


def _fitted(widths: Sequence[int], titles: Sequence[int], total: int) -> list[int] | None:
    """Widths that fit into ``total``, the widest columns cut to one width; None where they would become too narrow."""
    for most in range(min(max(widths), total), _NARROWEST - 1, -1):
        cut = [min(width, max(most, title)) for width, title in zip(widths, titles, strict=True)]
        if _line_width(cut) <= total:
            return cut
    return None


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) > _WRAPPED_UP_TO:
        return [cell[start : start + width] for start in range(0, len(cell), width)]
    from textwrap import wrap

    return wrap(cell, width)


def _blocks(titles: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> Iterator[str]:
    """Each row with a line for each value that it has, and an empty line before the next."""
    indent = max(map(len, titles)) + _GAP
    for number, row in enumerate(rows):
        if number:
            yield "\n"
        for title, cell in zip(titles, row, strict=True):
            for i, part in enumerate(_wrapped(cell, max(width - indent, _NARROWEST))):
                yield f"{'' if i else title:<{indent}}{part}\n"


def guard_formula(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def to_csv(rows: Iterable[Row]) -> Iterator[str]:
    """RFC 4180 lines with a header; numbers stay numbers, formulas are disarmed."""
    columns, iterator = _columns(rows)
    if not columns:
        return
    import csv

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


def to_markdown(rows: Iterable[Row], nothing: str = NOTHING) -> Iterator[str]:
    """A GitHub-flavoured table, a line at a time; ``nothing`` where there is no row."""
    columns, iterator = _columns(rows)
    if not columns:
        yield f"{nothing}\n"
        return
    yield "| " + " | ".join(name.replace("_", " ").capitalize() for name in columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for row in iterator:
        yield "| " + " | ".join(escape_markdown(cell_text(row.get(c))) for c in columns) + " |\n"


def tabular(format_: str, rows: Iterable[Row], width: int | None = None, nothing: str = NOTHING) -> Iterator[str]:
    """Rows in the format of that name: text, csv or md. CSV of no row is empty."""
    match format_:
        case "text":
            return to_text(rows, width, nothing)
        case "md":
            return to_markdown(rows, nothing)
        case _:
            return to_csv(rows)
