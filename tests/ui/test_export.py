"""Exports: what a spreadsheet opens must not run, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lib.ui.export import guarded, to_csv, to_json


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_cells_that_a_spreadsheet_would_run_are_guarded(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"


def test_ordinary_cells_are_left_alone() -> None:
    assert [guarded(c) for c in ("", "web", "10.0.0.0/8", "a=b", "'x")] == ["", "web", "10.0.0.0/8", "a=b", "'x"]


def test_csv_has_every_column_of_every_row_and_guards_the_heads_too() -> None:
    rows = [{"a": 1, "=b": "=1+1"}, {"a": None, "c": ["x", "y"]}]
    assert read(to_csv(rows)) == [["a", "'=b", "c"], ["1", "'=1+1", ""], ["", "", "x, y"]]


def test_csv_quotes_commas_quotes_and_line_breaks() -> None:
    assert read(to_csv([{"a": 'x,"y"\nz'}])) == [["a"], ['x,"y"\nz']]


def test_json_keeps_types_and_letters() -> None:
    rows = [{"name": "größe", "ports": [80, 443], "ready": None, "n": 1}]
    assert json.loads(to_json(rows)) == rows
    assert "größe" in to_json(rows).decode()


def test_no_rows_are_no_error() -> None:
    assert json.loads(to_json([])) == []
    assert read(to_csv([])) == [[]]
