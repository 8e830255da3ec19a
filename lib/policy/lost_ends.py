"""An end that is not in the input since its object was rejected, or may be in what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lib.model.errors import ModelError
from lib.model.problem import Problem, Severity
from lib.model.refs import ObjectRef

PlaceOf = Callable[[Problem], str]


class EndNotFound(ModelError):
    """The input holds nothing of the name that an end was given.

    ``asked`` is what was asked for; its namespace and kind are "" where any will do.
    """

    def __init__(self, message: str, asked: ObjectRef) -> None:
        super().__init__(message)
        self.asked = asked


def why_missing(error: ModelError, problems: Iterable[Problem], place_of: PlaceOf) -> str:
    """The error in words; of an end that is not found, why, as far as the input's problems tell.

    ``place_of`` gives a problem's ``file:line``, "" for none.
    """
    if not isinstance(error, EndNotFound):
        return str(error)
    errors = [p for p in problems if p.severity is Severity.ERROR]
    rejected = [p for p in errors if p.subject is not None and _fits(p.subject, error.asked)]
    if rejected:
        subject = rejected[0].subject
        said = rejected[0].message.removeprefix(f"{subject}: ")
        text = f"{subject} was rejected{_at(rejected[0], place_of)}: {said}. {rejected[0].remedy}"
        return f"{text}{_more(len(rejected) - 1, 'error in it', 'errors in it')}"
    unread = [p for p in errors if p.subject is None]
    if unread:
        text = f"It may stand in what could not be read{_at(unread[0], place_of)}: {unread[0].message}."
        return f"{error}\n{text}{_more(len(unread) - 1, 'such place', 'such places')}"
    return str(error)


def _fits(ref: ObjectRef, asked: ObjectRef) -> bool:
    if asked.kind and ref.kind.lower() != asked.kind.lower():
        return False
    # Policies are often called like what they select, and are no ends.
    return (
        ref.name == asked.name and asked.namespace in ("", ref.namespace) and not ref.kind.endswith(("Policy", "Route"))
    )


def _at(problem: Problem, place_of: PlaceOf) -> str:
    place = place_of(problem)
    return f" at {place}" if place else ""


def _more(count: int, one: str, many: str) -> str:
    return f" And {count:,} more {one if count == 1 else many}." if count > 0 else ""
