"""Results on standard output, in the format that was asked for."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lib.cli.errors import UsageError
from lib.reports.diagram import DIAGRAM_FORMATS, Edge
from lib.reports.tabular import NOTHING, Row, tabular


def write(pieces: Iterable[str]) -> None:
    """Stream text to standard output. Raises UsageError where it can't be written, on a full disk for one."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise UsageError(f"the result can't be written: {error.strerror}") from None


def drop_output() -> None:
    """Let go of what is still to be written, for Python would complain of it again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def terminal_width() -> int | None:
    """How many characters a line of the terminal has; None where the output goes elsewhere, where a row is a line."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


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
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for row in rows:
        yield separator + encode(row)
        separator = ",\n"
    yield "]"
    for name, value in tail.items():
        yield f",\n{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
    yield "}\n"
