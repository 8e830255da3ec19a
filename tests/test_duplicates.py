"""No run of lines stands in two places of the product: what is the same is written once."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("lib", "pages", "benchmarks")
LINES = 7
Line = tuple[int, str]


def code(text: str) -> list[Line]:
    """The lines that say something, with their numbers: no imports, comments, docstrings or lone brackets."""
    skipped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom) or docstring:
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if number not in skipped and any(c.isalnum() for c in bare) and not bare.startswith("#"):
            found.append((number, bare))
    return found


def repeated(texts: dict[str, str]) -> list[str]:
    """The places where a run of ``LINES`` lines begins that stands elsewhere too, as ``a:1 ~ b:2``."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, text in texts.items():
        lines = code(text)
        for start in range(len(lines) - LINES + 1):
            run = tuple(line for _, line in lines[start : start + LINES])
            places[run].append(f"{name}:{lines[start][0]}")
    return sorted(" ~ ".join(where) for where in places.values() if len(where) > 1)


def test_nothing_is_written_twice() -> None:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    assert len(texts) > 150
    assert repeated(texts) == []


@pytest.mark.parametrize(("same", "found"), [(LINES, 1), (LINES - 1, 0)])
def test_a_run_that_stands_twice_is_found(same: int, found: int) -> None:
    run = [f"value_{n} = {n}" for n in range(same)]
    texts = {"a.py": "\n".join(run), "b.py": "\n".join(["import os", "", "# said", *run, "other = 1"])}
    assert len(repeated(texts)) == found
