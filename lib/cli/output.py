"""Results on standard output, in the format that was asked for."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lib.reports.diagram import DIAGRAM_FORMATS, Edge
from lib.reports.tabular import NOTHING, Row, tabular


def write(pieces: Iterable[str]) -> None:
    """Stream text to standard output."""
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.flush()


def terminal_width() -> int | None:
    """How many characters a line of the terminal has; None where the output goes elsewhere, where a row is a line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def write_rows(format_: str, rows: Iterable[Row], nothing: str = NOTHING) -> None:
    """Rows as text, CSV or Markdown; text as wide as the terminal, and ``nothing`` where there is no row."""
    write(tabular(format_, rows, terminal_width(), nothing))


def write_edges(format_: str, edges: Iterable[Edge]) -> None:
    """Arrows as DOT or Mermaid."""
    write(DIAGRAM_FORMATS[format_](edges))


def write_json(head: Mapping[str, Any], key: str, rows: Iterable[Any], tail: Mapping[str, Any]) -> None:
    """A JSON object with one long list, a row a line, so that nothing has to be held in memory."""
    write(_json_pieces(head, key, rows, tail))


def _json_pieces(head: Mapping[str, Any], key: str, rows: Iterable[Any], tail: Mapping[str, Any]) -> Iterator[str]:
    yield "{"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {json.dumps(value)}, "
    yield f"{json.dumps(key)}: ["
    separator = "\n"
    for row in rows:
        yield separator + json.dumps(row, ensure_ascii=False)
        separator = ",\n"
    yield "]"
    for name, value in tail.items():
        yield f",\n{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
    yield "}\n"
