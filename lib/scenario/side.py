"""One of the two readings that are compared, over the workloads of both."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from functools import cached_property

from lib.flows.ingress import ingress_rows
from lib.flows.outside import Outside
from lib.flows.row import NO_PORTS, FlowRow, RowVerdict
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet
from lib.policy.bits import Bits, positions
from lib.policy.engine import Engine
from lib.policy.pairs import Part, Sum, WorkloadPairs, add_up
from lib.routing.routes import RoutedBackend
from lib.scenario.answer import NOTHING, FlowAnswer

Mixture = tuple[tuple[int, int], ...]
"""The classes of a workload's pods with the number of pods of each; empty: it has none, or is not there."""

Partition = Mapping[FlowAnswer, Bits]
"""Answer → destinations; destinations that have nothing are left out."""


class Side:
    """One engine's answers, with workloads numbered as in ``refs``, which may name some that it does not have.

    A destination is *plain* where all its pods are of one class and have their own network: then whole sets of
    destinations are answered at once. The others are asked for one by one.
    """

    def __init__(self, engine: Engine, refs: Sequence[ObjectRef]) -> None:
        self.engine = engine
        self.pairs = WorkloadPairs(engine)
        numbers = engine.workload_numbers
        self.number: tuple[int | None, ...] = tuple(
            number if (number := numbers.get(ref)) is not None and self.pairs.sizes[number] else None for ref in refs
        )
        self.on_host: tuple[bool, ...] = tuple(n is not None and self.pairs.on_host[n] for n in self.number)
        plain: dict[int, Bits] = defaultdict(int)
        mixed: dict[Mixture, Bits] = defaultdict(int)
        for i, number in enumerate(self.number):
            if number is None or self.on_host[i]:
                continue
            mixture = self.pairs.mixtures[number]
            if len(mixture) == 1:
                plain[mixture[0][0]] |= 1 << i
            else:
                mixed[mixture] |= 1 << i
        self._plain, self._mixed = dict(plain), dict(mixed)
        self._ends: dict[Bits, Bits] = {}
        self._answers: dict[Sum, FlowAnswer] = {}
        self._partitions: dict[Hashable, Partition] = {}
        self._pairs: dict[Hashable, FlowAnswer] = {}
        self._placed: dict[int, Mapping[str, int]] = {}

    def mixture(self, i: int) -> Mixture:
        """The classes of a workload's pods."""
        number = self.number[i]
        return () if number is None else self.pairs.mixtures[number]

    def signature(self, i: int) -> Hashable:
        """Equal for sources with equal partitions."""
        group_of = self.engine.reachability().group_of
        mixture = self.mixture(i)
        if len(mixture) == 1:
            return group_of(mixture[0][0])
        counts: dict[Hashable, int] = defaultdict(int)
        for number, count in mixture:
            counts[group_of(number)] += count
        return frozenset(counts.items())

    def partition(self, i: int) -> Partition:
        """What a source has towards all destinations with their own network, itself not left out."""
        key = self.signature(i)
        found = self._partitions.get(key)
        if found is None:
            found = self._partitions[key] = self._partition(self.mixture(i))
        return found

    def _partition(self, mixture: Mixture) -> Partition:
        row = self.engine.reachability().row
        found: dict[FlowAnswer, Bits] = defaultdict(int)
        if len(mixture) == 1:
            for ends, allowed, possible, parted in row(mixture[0][0]):
                if reached := self._plain_in(ends):
                    found[self.answer(add_up([Part(1, allowed, possible, parted)], 1))] |= reached
        elif mixture:
            for number, reached in self._plain.items():
                if answer := self._between(mixture, ((number, 1),)):
                    found[answer] |= reached
        if mixture:
            for other, reached in self._mixed.items():
                if answer := self._between(mixture, other):
                    found[answer] |= reached
        return found

    def _plain_in(self, ends: Bits) -> Bits:
        found = self._ends.get(ends)
        if found is None:
            found = 0
            for number in positions(ends & self.engine.spaces.endpoints.everything):
                found |= self._plain.get(number, 0)
            self._ends[ends] = found
        return found

    def _between(self, source: Mixture, destination: Mixture) -> FlowAnswer | None:
        between = self.engine.reachability().between
        parts = [Part(m * n, *between(a, b)) for a, m in source for b, n in destination]
        total = sum(part.pods for part in parts)
        answer = self.answer(add_up([p for p in parts if p.possible], total))
        return None if answer == NOTHING else answer

    def one(self, source: int, destination: int) -> FlowAnswer:
        """What one workload has towards another, whatever their network."""
        a, b = self.number[source], self.number[destination]
        if a is None or b is None:
            return NOTHING
        # How many pairs of pods share a node is left out of the answer, only whether there are some counts.
        key = self.pairs.mixtures[a], self.pairs.mixtures[b], self._sharing(a, b)
        found = self._pairs.get(key) if len(key[0]) == len(key[1]) == 1 else None
        if found is None:
            total = self.pairs.pair(a, b)
            found = self._pairs[key] = NOTHING if total is None else self.answer(total)
        return found

    def _sharing(self, a: int, b: int) -> tuple[bool, bool, bool]:
        """Whether some pods share a node, whether that is not known of some, and whether some surely do not."""
        mine, theirs = self._nodes(a), self._nodes(b)
        same = sum(count * theirs[node] for node, count in mine.items() if node and node in theirs)
        placed = (self.pairs.sizes[a] - mine.get("", 0)) * (self.pairs.sizes[b] - theirs.get("", 0))
        return same > 0, placed < self.pairs.sizes[a] * self.pairs.sizes[b], placed > same

    def _nodes(self, number: int) -> Mapping[str, int]:
        found = self._placed.get(number)
        if found is None:
            pods = self.engine.snapshot.workloads[number].endpoints
            found = self._placed[number] = Counter(pod.node_name for pod in pods)
        return found

    def pods(self, source: int, destination: int) -> str:
        """``k/n`` for the ports that only some pairs of pods have; "" without any."""
        a, b = self.number[source], self.number[destination]
        total = None if a is None or b is None else self.pairs.pair(a, b)
        return f"{total.have}/{total.total}" if total is not None and total.some and not total.alike else ""

    def answer(self, total: Sum) -> FlowAnswer:
        """The ports of a sum; equal ones give the same object."""
        # The counts say nothing about the ports.
        key = Sum(total.every, total.some, total.unknown, 0, 0, True, total.parted)
        found = self._answers.get(key)
        if found is None:
            ports = self.engine.connections
            only_ipv4, only_ipv6 = map(ports, total.only)
            found = self._answers[key] = FlowAnswer(
                ports(total.every), ports(total.some), ports(total.unknown), only_ipv4, only_ipv6
            )
        return found

    @cached_property
    def _outside(self) -> Outside:
        return Outside(self.pairs)

    def outside(self, i: int, direction: Direction) -> dict[FlowAnswer, AddressSet]:
        """Answer → the outside addresses that have it; those that have nothing are left out."""
        number = self.number[i]
        found: dict[FlowAnswer, Bits] = defaultdict(int)
        if number is not None:
            for ends, total in self._outside.cells(number, direction):
                found[self.answer(total)] |= ends
        return {answer: self._outside.addresses(ends) for answer, ends in found.items() if answer != NOTHING}


def with_rest(answers: dict[FlowAnswer, AddressSet]) -> dict[FlowAnswer, AddressSet]:
    """With NOTHING for the addresses that no answer is about."""
    rest = AddressSet.all()
    for addresses in answers.values():
        rest -= addresses
    return {**answers, NOTHING: rest} if rest else answers


def from_ingress(
    side: Side, backends: Iterable[RoutedBackend], namespaces: Container[str] | None
) -> dict[ObjectRef, FlowAnswer]:
    """What ingress controllers have towards each workload behind routes."""
    held: dict[ObjectRef, list[FlowRow]] = defaultdict(list)
    for row in ingress_rows(side.pairs, backends, namespaces):
        if row.dst_ref is not None:
            held[row.dst_ref].append(row)
    return {ref: _answer(rows) for ref, rows in held.items()}


def _answer(rows: Iterable[FlowRow]) -> FlowAnswer:
    ports = dict.fromkeys(RowVerdict, NO_PORTS)
    only_ipv4 = only_ipv6 = NO_PORTS
    for row in rows:
        ports[row.verdict] |= row.ports
        only_ipv4, only_ipv6 = only_ipv4 | row.only_ipv4, only_ipv6 | row.only_ipv6
    allowed, partial, unknown = (ports[verdict] for verdict in RowVerdict)
    return FlowAnswer(allowed, partial, unknown, only_ipv4, only_ipv6)
