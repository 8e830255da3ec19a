"""What terminals, spreadsheets and reviews get to read."""

from __future__ import annotations

import csv
import io

import pytest

from lib.reports.diagram import Edge, to_dot, to_mermaid
from lib.reports.tabular import to_csv, to_markdown, to_text

ROWS = [{"name": "web", "ports": [80, 443], "open": True}, {"name": "api", "ports": [], "open": None}]


def test_text_is_aligned_under_its_heading() -> None:
    assert "".join(to_text(ROWS)) == "NAME  PORTS    OPEN\nweb   80, 443  yes\napi\n"


def test_no_rows_is_said_in_words() -> None:
    assert "".join(to_text([])) == "Nothing to list.\n"
    assert "".join(to_markdown([])) == "Nothing to list.\n"


def test_csv_reads_back() -> None:
    rows = list(csv.reader(io.StringIO("".join(to_csv([{"a": 'x"y,z', "b": -3}])))))
    assert rows == [["a", "b"], ['x"y,z', "-3"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_a_spreadsheet_formula_is_disarmed(text: str) -> None:
    cell = list(csv.reader(io.StringIO("".join(to_csv([{"a": text}])))))[1][0]
    assert cell.startswith("'") or not cell.startswith(("=", "+", "-", "@", "\t"))


def test_markdown_in_a_name_stays_text() -> None:
    text = "".join(to_markdown([{"name": "![x](http://a.b)|<b>"}]))
    assert "![" not in text and "<b>" not in text.replace("\\<b\\>", "")
    assert text.count("|") - text.count("\\|") == 6


def test_a_control_character_cannot_break_a_line() -> None:
    assert "".join(to_text([{"a": "x\ny\x1b[31m"}])).count("\n") == 2


def test_diagrams_quote_what_they_are_given() -> None:
    edge = Edge('a"b\\', "c", "TCP 80", dashed=True)
    dot = "".join(to_dot([edge]))
    assert r'"a\"b\\" -> "c" [label="TCP 80", style=dashed];' in dot
    mermaid = "".join(to_mermaid([edge]))
    assert "#34;" in mermaid and '"b' not in mermaid and "-.->" in mermaid
