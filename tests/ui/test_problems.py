"""Problems: their order, their place and the lines that they are about."""

from __future__ import annotations

import pytest

from lib.loaders.manifests import DocumentStore
from lib.model.problem import Problem, Severity
from lib.model.refs import ObjectRef, Source
from lib.ui.problems import cause, ordered, problem_rows, where
from lib.ui.yaml_block import lines_around
from tests.ui.kit import loaded

POLICY = b"""apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: a
  namespace: b
spec:
  podSelector: {}
  ingress:
  - from:
    - ipBlock: {cidr: 10.0.0.0/99}
"""


def problem(severity: Severity, file: str | None, line: int | None = None) -> Problem:
    return Problem(severity, "code", "message", "remedy", Source(file, 1) if file else None, line)


def test_the_worst_come_first_then_those_of_the_whole_input_then_by_file_and_line() -> None:
    wanted = (
        problem(Severity.ERROR, None),
        problem(Severity.ERROR, "a.yaml", 9),
        problem(Severity.ERROR, "a.yaml", 10),
        problem(Severity.ERROR, "b.yaml", 2),
        problem(Severity.WARNING, "a.yaml", 1),
        problem(Severity.INFO, None),
    )
    assert ordered(wanted[::-1], DocumentStore()) == wanted


def test_a_problem_names_file_and_line_as_far_as_they_are_known() -> None:
    store = DocumentStore()
    assert where(problem(Severity.INFO, None), store) == ""
    assert where(problem(Severity.INFO, "a.yaml"), store) == "a.yaml"
    assert where(problem(Severity.INFO, "a.yaml", 7), store) == "a.yaml:7"


def test_a_wrong_value_is_placed_on_its_own_line() -> None:
    rows = problem_rows(loaded({"p.yaml": POLICY}))
    (row,) = [row for row in rows if "10.0.0.0/99" in str(row["problem"])]
    assert row["where"] == "p.yaml:10"
    assert row["severity"] == "error"
    assert row["remedy"]


def test_the_objects_name_is_not_told_twice() -> None:
    subject = ObjectRef("shop", "web", "Service")
    told = Problem(Severity.ERROR, "code", "shop/web[Service]: spec.ports: is empty", "remedy", subject=subject)
    assert cause(told) == "spec.ports: is empty"
    assert cause(problem(Severity.ERROR, None)) == "Message"


def test_the_lines_around_a_place_are_numbered_and_the_place_is_marked() -> None:
    text = "a\nb\nc\nd\ne"
    assert lines_around(9, text, 11, context=1) == "  10  b\n▸ 11  c\n  12  d"
    assert lines_around(9, text, 9, context=1) == "▸  9  a\n  10  b"
    assert lines_around(9, text, 13, context=1) == "  12  d\n▸ 13  e"


@pytest.mark.parametrize(("text", "line"), [("", 9), ("a\nb", 8), ("a\nb", 11), (" \n ", 9)])
def test_a_line_that_the_input_does_not_hold_shows_nothing(text: str, line: int) -> None:
    assert lines_around(9, text, line) == ""
