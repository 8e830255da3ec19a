"""What an end must fulfil for a rule to name it, a condition at a time: only explanations ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lib.model.labels import LabelSelector
from lib.policy.bits import Bits


class Condition(NamedTuple):
    """One condition in the rule's own words, and the ``ends`` that fulfil it or may.

    ``of_subject``: it is about the pod that the policy selects, as Calico's rules have them, and not about the peer.
    """

    text: str
    ends: Bits
    of_subject: bool = False


class Alternative(NamedTuple):
    """Conditions that must hold together; a rule names the ends of any of its alternatives.

    ``place`` is where they stand in the rule, such as ``from[0]``.
    """

    place: str
    conditions: tuple[Condition, ...]


Alternatives = Callable[[], tuple[Alternative, ...]]
"""Made when asked for, since nobody looks at those of most rules."""


def no_alternatives() -> tuple[Alternative, ...]:
    """Of a rule that is no rule of the input, such as what closes a tier."""
    return ()


def by_label(field: str, selector: LabelSelector, ends: Callable[[LabelSelector], Bits]) -> Iterator[Condition]:
    """Each requirement of a selector by itself; an empty selector is one condition, which all pods fulfil."""
    if selector.is_everything:
        yield Condition(f"{field} {{}}", ends(selector))
    for requirement in selector.requirements:
        yield Condition(f"{field} {requirement}", ends(LabelSelector((requirement,))))
