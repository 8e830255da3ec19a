"""Notes on all results, as people read them: many of one kind are said once."""

from __future__ import annotations

from lib.model.problem import Problem, Severity
from lib.model.refs import ObjectRef
from lib.policy.note import SAID_ALONE, gathered


def note(name: str, code: str = "ip-block-covers-pods") -> Problem:
    return Problem(Severity.WARNING, code, f"{name} does it", "Mend it.", subject=ObjectRef("a", name, "NetworkPolicy"))


def test_few_notes_stand_as_they_are() -> None:
    few = tuple(note(f"p{number}") for number in range(SAID_ALONE))
    assert gathered(few) == few


def test_many_of_one_kind_are_one_with_their_number_and_the_first_names() -> None:
    other = note("x", "labels-ignored")
    first, second = gathered([*(note(f"p{number}") for number in range(12)), other])
    assert second == other
    assert first.message.startswith("p0 does it; ")
    assert "11 more: a/p1[NetworkPolicy], a/p2[NetworkPolicy], a/p3[NetworkPolicy] and 8 others" in first.message


def test_notes_about_no_object_are_each_their_own() -> None:
    whole = tuple(Problem(Severity.INFO, "policies-not-supplied", str(number), "") for number in range(9))
    assert gathered(whole) == whole
