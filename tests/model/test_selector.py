"""kubectl's selector syntax; the expectations are apimachinery's own test cases (labels/selector_test.go) and words."""

from __future__ import annotations

import pytest

from lib.model.errors import ModelError
from lib.model.labels import LabelSelector, Operator, Requirement
from lib.model.selector import parse_selector

IN, NOT_IN, EXISTS, MISSING = Operator.IN, Operator.NOT_IN, Operator.EXISTS, Operator.DOES_NOT_EXIST


def has(key: str, operator: Operator, *values: str) -> Requirement:
    return Requirement(key, operator, frozenset(values))


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ("", ()),
        ("   ", ()),
        ("x=a", (has("x", IN, "a"),)),
        ("x==a", (has("x", IN, "a"),)),
        ("x = a", (has("x", IN, "a"),)),
        ("x!=a", (has("x", NOT_IN, "a"),)),
        ("x", (has("x", EXISTS),)),
        ("!x", (has("x", MISSING),)),
        ("! x", (has("x", MISSING),)),
        ("x in (a,b)", (has("x", IN, "a", "b"),)),
        ("x in ( a , b )", (has("x", IN, "a", "b"),)),
        ("x notin (a)", (has("x", NOT_IN, "a"),)),
        ("x in ()", (has("x", IN, ""),)),
        ("x in (a,)", (has("x", IN, "a", ""),)),
        ("x=", (has("x", IN, ""),)),
        ("x=,z=w", (has("x", IN, ""), has("z", IN, "w"))),
        ("x,y=a,!z", (has("x", EXISTS), has("y", IN, "a"), has("z", MISSING))),
        ("app.kubernetes.io/name=web", (has("app.kubernetes.io/name", IN, "web"),)),
        ("in in (in)", (has("in", IN, "in"),)),
        ("notin", (has("notin", EXISTS),)),
        ("x\tin\n(a)", (has("x", IN, "a"),)),
    ],
)
def test_selectors_are_read_as_kubectl_reads_them(text: str, requirements: tuple[Requirement, ...]) -> None:
    assert parse_selector(text) == LabelSelector(requirements)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("x=a||y=b", "'a||y'"),
        ("x==a==b", "before '=='"),
        ("x in a", "before 'a'"),
        ("x in (a", "at the end"),
        ("x,", "key is missing at the end"),
        (",x", "key is missing where ',' stands"),
        ("=a", "key is missing where '=' stands"),
        ("!", "key is missing at the end"),
        ("x y", "'y' after 'x' is no operator"),
        ("x>5", "'>' after 'x' is not supported"),
        ("x=-a", "is no value for 'x'"),
        (f"x={'a' * 64}", "at most 63"),
        (f"{'k' * 64}=a", "is no label key"),
        ("UPPER.example/x=a", "is no label key"),
        ("a/b/c=d", "is no label key"),
        ("x=a)", "before ')'"),
    ],
)
def test_bad_syntax_is_answered_with_one_sentence(text: str, fragment: str) -> None:
    with pytest.raises(ModelError) as caught:
        parse_selector(text)
    assert fragment in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("text", ["x=a", "x!=a", "x", "!x", "x in (a,b)", "x notin (a,b)", "x=a,!y,z in (p,q)"])
def test_what_a_selector_prints_reads_back_as_itself(text: str) -> None:
    assert str(parse_selector(text)) == text
    assert parse_selector(str(parse_selector(text))) == parse_selector(text)


def test_not_equal_also_selects_objects_without_the_label() -> None:
    assert parse_selector("x!=a").matches({})
    assert not parse_selector("x=a").matches({})
