"""To whom each workload is open beyond the pods of the input: pods that are yet to come, and addresses outside.

By the policies of the workload's own side: those of the other end decide besides.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import and_, or_
from typing import Final

from lib.exposure.row import Cause, ExposedTo, Ports
from lib.flows.outside import Outside
from lib.flows.row import RowVerdict, unknown_reason
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet, Family
from lib.policy.bits import Bits, union
from lib.policy.decide import without_rejected
from lib.policy.engine import Engine
from lib.policy.hypothetical import Hypothetical, with_newcomers
from lib.policy.newcomers import ANYBODY, Newcomers, by_policy
from lib.policy.pairs import WorkloadPairs
from lib.policy.rules import Action
from lib.policy.tiers import policy_vocabularies
from lib.policy.walk import Question, Step, Walk, walk

_RULES_OF_RANGES: Final = 16


def exposed_to(engine: Engine, namespaces: Container[str] | None = None) -> Iterator[ExposedTo]:
    """Both directions of every workload with pods: the addresses outside, anybody, and who has it otherwise.

    ``namespaces`` limits them to workloads in it (None: all). Newcomers that have just what anybody has are left out.
    """
    peers = _Peers(engine)
    for number, workload in enumerate(engine.snapshot.workloads):
        if peers.pairs.sizes[number] and (namespaces is None or workload.namespace in namespaces):
            for direction in Direction:
                yield from peers.outside(number, direction)
                yield from peers.new_pods(number, direction)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one class of pods has with the newcomers of one selector."""

    every: Bits
    possible: Bits
    rules: tuple[Cause, ...]
    doubts: tuple[str, ...]


class _Peers:
    """The rows of workloads; what classes have is computed once."""

    def __init__(self, engine: Engine) -> None:
        self.pairs = WorkloadPairs(engine)
        self._outside = Outside(self.pairs)
        policies = (policy for policy, _ in policy_vocabularies(engine.snapshot, engine.profile))
        self._named = by_policy((*policies, *engine.snapshot.calico_profiles))
        asked = (each for of_policy in self._named.values() for named in of_policy.values() for each in named)
        self._new: Hypothetical = with_newcomers(engine, asked)
        self._after = WorkloadPairs(self._new.engine)
        self._spaces = self._new.engine.spaces
        self._stages = self._new.engine.own_nodes.selecting
        self._mixtures = self._spaces.endpoints.members
        self._answers: dict[tuple[int, Direction, Newcomers], _Answer] = {}
        self._ports: dict[Bits, Ports] = {}
        self._today: dict[Newcomers, tuple[ObjectRef, ...]] = {}

    def outside(self, number: int, direction: Direction) -> Iterator[ExposedTo]:
        """Addresses outside, a row for those of equal answers."""
        engine, classes = self.pairs.engine, tuple(dict.fromkeys(self._mixtures[number]))
        found: dict[AddressSet, dict[RowVerdict, ConnectionSet]] = {}
        for verdict, mask, _, addresses in self._outside.of_workload(number, direction):
            found.setdefault(addresses, {})[verdict] = engine.connections(mask)
        for addresses, by_verdict in found.items():
            unknown = by_verdict.get(RowVerdict.UNKNOWN, ConnectionSet())
            ends = [self._spaces.end_of(first) for first, _ in islice(addresses.ranges(), _RULES_OF_RANGES)]
            walks = (self._walk(c, direction, end) for c in classes for end in ends)
            rules = dict.fromkeys(_cause(step) for seen in walks for step in seen.steps)
            yield ExposedTo(
                self.pairs.workload(number).ref,
                direction,
                None,
                addresses,
                Ports(by_verdict.get(RowVerdict.ALLOWED, ConnectionSet())),
                Ports(by_verdict.get(RowVerdict.PARTIAL, ConnectionSet()) | unknown),
                rules=tuple(rules),
                doubt=_joined(unknown_reason(engine, False) if unknown else "", self._rejected(classes, direction)),
            )

    def new_pods(self, number: int, direction: Direction) -> Iterator[ExposedTo]:
        """Anybody, then those who have something else than anybody."""
        classes = tuple(dict.fromkeys(self._mixtures[number]))
        anybody = self._row(number, classes, direction, ANYBODY)
        others = dict.fromkeys(each for c in classes for each in self._candidates(c, direction))
        rows = [self._row(number, classes, direction, each) for each in others]
        otherwise = [row for row in rows if row.ports != anybody.ports or row.doubt]
        told = reduce(or_, (row.ports.numbers for row in otherwise if _means_plain(row.newcomers)), ConnectionSet())
        if anybody.ports or anybody.doubt or self._of_plain(classes, direction) - told:
            less = any(anybody.ports.numbers - row.ports.numbers for row in otherwise)
            yield replace(anybody, apart=less)
        yield from otherwise

    def _of_plain(self, classes: Iterable[int], direction: Direction) -> ConnectionSet:
        """What some class may have with a new pod without labels, in a new namespace without labels."""
        plain = self._new.classes[ANYBODY][0]
        return self._new.engine.connections(union(self._walk(c, direction, plain).possible for c in classes))

    def _candidates(self, number: int, direction: Direction) -> Iterator[Newcomers]:
        """The newcomers that rules of the policies on a class name, or anybody's doubt."""
        for stage in self._stages.get(number, ()):
            for policy in stage.policies:
                yield from (each for each in self._named.get(policy.ref, {}).get(direction, ()) if each != ANYBODY)

    def _row(self, number: int, classes: tuple[int, ...], direction: Direction, each: Newcomers) -> ExposedTo:
        answers = [self._answer(c, direction, each) for c in classes]
        every = answers[0].every
        for answer in answers[1:]:
            every &= answer.every
        some = union(a.possible for a in answers) & ~every
        rejected = self._rejected(classes, direction)
        return ExposedTo(
            self.pairs.workload(number).ref,
            direction,
            each,
            AddressSet(),
            self._told(every),
            self._told(some),
            self._present(each),
            tuple(dict.fromkeys(rule for a in answers for rule in a.rules)),
            _joined(" or ".join(dict.fromkeys(doubt for a in answers for doubt in a.doubts)), rejected),
        )

    def _rejected(self, classes: Iterable[int], direction: Direction) -> str:
        found = dict.fromkeys(r for c in classes for r in self._new.engine.rejected_for(direction, c))
        return without_rejected(tuple(found)) if found else ""

    def _present(self, each: Newcomers) -> tuple[ObjectRef, ...]:
        found = self._today.get(each)
        if found is None:
            endpoints = self._spaces.endpoints
            meant = endpoints.in_scope(each.namespaces) & endpoints.with_labels(each.pods)
            workloads = self.pairs.engine.snapshot.workloads
            numbers = dict.fromkeys(i for i, _ in self._after.expand(meant) if i < len(workloads))
            asked = each != ANYBODY and not each.doubt
            found = self._today[each] = tuple(sorted(workloads[i].ref for i in numbers)) if asked else ()
        return found

    def _answer(self, number: int, direction: Direction, each: Newcomers) -> _Answer:
        key = number, direction, each
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._ask(number, direction, each)
        return found

    def _ask(self, number: int, direction: Direction, each: Newcomers) -> _Answer:
        spaces = self._spaces
        if each.doubt:
            return _Answer(0, 0, (), (each.doubt,))
        newcomers = self._new.classes[each]
        every, possible = (spaces.ports.all if newcomers else 0), 0
        rules: list[dict[Cause, None]] = []
        doubts = [_CUT] if each in self._new.cut else []
        for newcomer in newcomers:
            seen = self._walk(number, direction, newcomer)
            every &= self._over_all(seen, number, newcomer)
            possible |= seen.possible
            rules.append(dict.fromkeys(map(_cause, seen.steps)))
            if seen.possible & ~seen.allowed:
                doubts += [step.rule.doubt for step in seen.steps if not step.sure and step.rule.doubt]
        if each in self._new.cut:
            every = 0
        common = [rule for rule in rules[0] if all(rule in others for others in rules)] if rules else []
        deciding = common if every and common else dict.fromkeys(rule for of_one in rules for rule in of_one)
        return _Answer(every, possible, tuple(deciding), tuple(dict.fromkeys(doubts)))

    def _over_all(self, seen: Walk, number: int, newcomer: int) -> Bits:
        """The ports that are allowed over every IP family that both ends speak."""
        by_family = {Family.IPV4: seen.ipv4[0], Family.IPV6: seen.ipv6[0]}
        speaking = [f for f in Family if self._spaces.speaking(f) >> number & self._spaces.speaking(f) >> newcomer & 1]
        return seen.allowed if len(speaking) < len(Family) else reduce(and_, by_family.values())

    def _walk(self, number: int, direction: Direction, peer: int) -> Walk:
        destination = peer if direction is Direction.EGRESS else number
        question = Question(direction, number, peer, destination, self._spaces.ports.all)
        return walk(self._spaces, self._stages.get(number, ()), question)

    def _told(self, mask: Bits) -> Ports:
        found = self._ports.get(mask)
        if found is None:
            found = self._ports[mask] = self._tell(mask)
        return found

    def _tell(self, mask: Bits) -> Ports:
        """The ports of a mask, with the numbers that stand for names written as names."""
        numbers = self._new.engine.connections(mask)
        names, but = [], []
        for (protocol, number), name in self._new.port_names.items():
            named, below = number in numbers[protocol], number - 1 in numbers[protocol]
            if named and not below:
                names.append((protocol, name))
                numbers -= ConnectionSet.of(protocol, number)
            elif below and not named:
                but.append((protocol, name))
                numbers |= ConnectionSet.of(protocol, number)
        return Ports(numbers, tuple(names), tuple(but))


def _means_plain(newcomers: Newcomers | None) -> bool:
    """Whether a selector means a pod without labels in a namespace without labels."""
    if newcomers is None or newcomers.doubt:
        return False
    return all(r.matches({}) for r in (*newcomers.namespace_requirements, *newcomers.pods.requirements))


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


_CUT = "not every choice of labels was tried"


def _cause(step: Step) -> Cause:
    effect = _EFFECTS[step.rule.action] if step.sure else "undecided"
    return Cause(step.rule.policy, effect, step.rule.label, step.rule.source)


_EFFECTS: Mapping[Action, str] = {Action.ALLOW: "permits", Action.DENY: "denies", Action.PASS: "passes"}
