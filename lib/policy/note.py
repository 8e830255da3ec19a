"""The form of what must be said of one policy beside every result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from lib.model.problem import Problem, Severity
from lib.model.records import replace

if TYPE_CHECKING:
    from lib.policy.any_policy import AnyPolicy

SAID_ALONE: Final = 3
"""Up to so many notes of one kind are said one by one."""
_NAMED: Final = 3


def about(policy: AnyPolicy, code: str, message: str, remedy: str) -> Problem:
    """A warning about a policy, at its place."""
    return Problem(Severity.WARNING, code, message, remedy, policy.source, subject=policy.ref)


def gathered(notes: Iterable[Problem]) -> tuple[Problem, ...]:
    """The notes as people read them: of many alike the first, with how many more there are and the next few's names.

    Alike are those of one code about different objects. The order is that of the first of each kind.
    """
    kinds: dict[object, list[Problem]] = {}
    for number, note in enumerate(notes):
        kinds.setdefault((note.code, note.severity) if note.subject is not None else number, []).append(note)
    found: list[Problem] = []
    for alike in kinds.values():
        if len(alike) <= SAID_ALONE:
            found += alike
            continue
        rest = list(dict.fromkeys(str(note.subject) for note in alike[1:]))
        more = f" and {len(rest) - _NAMED:,} others" if len(rest) > _NAMED else ""
        message = f"{alike[0].message}; the same is to be said of {len(rest):,} more: {', '.join(rest[:_NAMED])}{more}"
        found.append(replace(alike[0], message=message))
    return tuple(found)
