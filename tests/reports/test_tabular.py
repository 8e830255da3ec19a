"""What terminals, spreadsheets and reviews get to read."""

from __future__ import annotations

import csv
import io
from collections import Counter

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


WIDE: list[dict[str, object]] = [
    {"change": "lost", "from": "shop-web/storefront[Deployment]", "notes": "", "why": "the old engine lets it through"},
    {"change": "lost", "from": "shop-web/admin", "notes": "", "why": "no rule of the new one names its own node"},
]


@pytest.mark.parametrize("width", [30, 40, 60, 70, 80, 200])
def test_text_of_a_given_width_holds_every_word_and_no_longer_line(width: int) -> None:
    text = "".join(to_text(WIDE, width))
    assert max(map(len, text.splitlines())) <= width
    # Words may be broken; of what is written nothing is lost.
    written = Counter(c for row in WIDE for value in row.values() for c in str(value) if not c.isspace())
    assert written <= Counter(text)


def test_text_leaves_out_columns_that_hold_nothing_only_where_the_width_asks_for_it() -> None:
    assert "NOTES" in "".join(to_text(WIDE))
    assert "NOTES" not in "".join(to_text(WIDE, 70))


def test_text_that_fits_its_width_is_the_same_as_without_one() -> None:
    assert list(to_text(WIDE, 500)) == list(to_text(WIDE))


def test_text_narrower_than_its_columns_is_a_block_for_each_row() -> None:
    assert "".join(to_text(WIDE[:1], 40)).splitlines() == [
        "CHANGE  lost",
        "FROM    shop-web/storefront[Deployment]",
        "WHY     the old engine lets it through",
    ]


def test_a_cell_of_millions_of_letters_is_wrapped_at_once() -> None:
    text = "".join(to_text([{"a": "x" * 2_000_000, "b": "y"}], 80))
    assert text.count("x") == 2_000_000
