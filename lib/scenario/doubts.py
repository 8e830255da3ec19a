"""The rules of one reading whose effect the input does not settle, so that two readings can be told apart by them."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import positions
from lib.policy.engine import Engine
from lib.policy.unread_kinds import stands_for_unread


class DoubtfulRule(NamedTuple):
    """A rule in words, with the workloads that it is about."""

    policy: ObjectRef
    direction: Direction
    text: str
    doubt: str
    subjects: frozenset[ObjectRef]


def differing_doubts(old: Engine, new: Engine) -> tuple[str, ...]:
    """What the rules hang on that only one of two readings has."""
    return tuple(sorted({each.doubt for each in _doubtful_rules(old) ^ _doubtful_rules(new)}))


def unread_kinds(engine: Engine) -> frozenset[str]:
    """The kinds of policies, and of what they refer to, of which nobody knows what they decide in a reading."""
    return frozenset(policy.ref.kind for policy in engine.policies if stands_for_unread(policy))


def _doubtful_rules(engine: Engine) -> frozenset[DoubtfulRule]:
    """Every rule that some end may or may not be meant by; equal ones of two readings say the same there."""
    rules = [rule for policy in engine.policies for rule in policy.rules if rule.doubt and rule.possible_peers]
    if not rules:
        return frozenset()
    of_class: dict[int, set[ObjectRef]] = defaultdict(set)
    for workload, classes in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True):
        for number in classes:
            of_class[number].add(workload.ref)
    subjects = {
        mask: frozenset(ref for number in positions(mask) for ref in of_class[number])
        for mask in {rule.subjects for rule in rules}
    }
    return frozenset(DoubtfulRule(r.policy, r.direction, r.text, r.doubt, subjects[r.subjects]) for r in rules)
