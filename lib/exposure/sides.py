"""How open each workload is: isolated or not and by whom, and who of the unforeseen may reach it.

"Unforeseen" are ends that no manifest names: addresses outside the cluster, and a new pod without labels.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from lib.exposure.every_namespace import EveryNamespace
from lib.facts.internet import INTERNET
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.bits import Bits, lowest, positions, union
from lib.policy.decide import without_rejected
from lib.policy.engine import Engine
from lib.policy.pairs import WorkloadPairs
from lib.policy.projection import ARBITRARY_NAMESPACE


class Isolation(Enum):
    """Whether policies select a workload's pods for a direction."""

    NONE = "not isolated"
    SOME = "some pods isolated"
    ALL = "isolated"
    NOT_SELECTABLE = "not covered by policies"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Connections beyond those of a Side that some of its pods may have, or not: nothing settles it."""

    internet: ConnectionSet = field(default_factory=ConnectionSet)
    outside: ConnectionSet = field(default_factory=ConnectionSet)
    any_namespace: ConnectionSet = field(default_factory=ConnectionSet)
    own_namespace: ConnectionSet = field(default_factory=ConnectionSet)


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a workload.

    ``policies`` isolate at least one of its pods, ``unprotected``: some of them no policy of any kind has something to
    say about. The connections are what at least one of its pods may have, by the
    policies of its own side: with public addresses (``internet``, and the addresses themselves), with any address
    outside the cluster (``outside``), with an unlabelled pod of a namespace that is yet to be made (``any_namespace``)
    and with a new unlabelled pod of its own namespace (``own_namespace``; that one's own policies count as well).
    ``not_every_namespace``: with some namespace, by its labels, its pods have surely less than ``any_namespace``.
    ``unsettled`` is what it may have of each besides.
    """

    direction: Direction
    isolation: Isolation
    policies: tuple[ObjectRef, ...]
    unprotected: bool
    internet: ConnectionSet
    internet_addresses: AddressSet
    outside: ConnectionSet
    any_namespace: ConnectionSet
    own_namespace: ConnectionSet
    not_every_namespace: bool = False
    unsettled: Unsettled = field(default_factory=Unsettled)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Both directions of one workload; ``rejected`` says without which refused policies they were computed."""

    workload: ObjectRef
    source: Source
    host_network: bool
    ingress: Side
    egress: Side
    rejected: str = ""


def exposures(engine: Engine, namespaces: Container[str] | None = None) -> tuple[Exposure, ...]:
    """The exposure of every workload with pods that can send and receive, in the snapshot's order.

    ``namespaces`` limits them to workloads in it (None: all).
    """
    pairs = WorkloadPairs(engine)
    sides = _Sides(pairs)
    return tuple(
        Exposure(
            workload.ref,
            workload.source,
            workload.host_network,
            sides.of(number, Direction.INGRESS),
            sides.of(number, Direction.EGRESS),
            sides.rejected(number),
        )
        for number, workload in enumerate(engine.snapshot.workloads)
        if pairs.sizes[number] and (namespaces is None or workload.namespace in namespaces)
    )


class _Masks(NamedTuple):
    """What one class has with the Internet, all outside, anybody and a neighbour; ``addresses`` are ends.

    Those that begin with ``may`` hold besides what it may have.
    """

    internet: Bits
    addresses: Bits
    outside: Bits
    anybody: Bits
    neighbour: Bits
    may_internet: Bits
    may_outside: Bits
    may_anybody: Bits
    may_neighbour: Bits


class _Sides:
    """The sides of workloads; those of classes are computed once."""

    def __init__(self, pairs: WorkloadPairs) -> None:
        self._pairs = pairs
        self._engine = pairs.engine
        spaces = self._engine.spaces
        self._internet = spaces.addresses.atoms_in(INTERNET) << spaces.first_address
        self._groups = self._outside_groups()
        self._isolating: dict[Direction, dict[int, list[ObjectRef]]] = {d: {} for d in Direction}
        for policy in self._engine.policies:
            for direction in policy.directions:
                for number in positions(policy.subjects):
                    self._isolating[direction].setdefault(number, []).append(policy.ref)
        self._governed = {d: union(p.subjects for p in self._engine.policies if p.is_about(d)) for d in Direction}
        self._every = EveryNamespace(self._engine)
        self._known: dict[tuple[int, Direction], _Masks] = {}

    def _outside_groups(self) -> dict[object, Bits]:
        spaces, reachability = self._engine.spaces, self._engine.reachability()
        groups: dict[object, Bits] = {}
        for end in range(spaces.first_address, spaces.first_address + len(spaces.addresses)):
            key = reachability.group_of(end)
            groups[key] = groups.get(key, 0) | 1 << end
        return groups

    def of(self, number: int, direction: Direction) -> Side:
        engine = self._engine
        classes = [c for c, _ in self._pairs.mixtures[number]]
        answers = [self._of_class(c, direction) for c in classes]
        found = _Masks(*(union(column) for column in zip(*answers, strict=True)))
        return Side(
            direction,
            self._isolation(classes, direction),
            tuple(dict.fromkeys(ref for c in classes for ref in self._isolating[direction].get(c, ()))),
            any(not self._governed[direction] >> c & 1 for c in classes),
            engine.connections(found.internet),
            engine.spaces.addresses_in(found.addresses) & INTERNET,
            engine.connections(found.outside),
            engine.connections(found.anybody),
            engine.connections(found.neighbour),
            bool(found.anybody) and self._is_selected(classes) and self._every.some_have_less(number, direction),
            Unsettled(
                engine.connections(found.may_internet & ~found.internet),
                engine.connections(found.may_outside & ~found.outside),
                engine.connections(found.may_anybody & ~found.anybody),
                engine.connections(found.may_neighbour & ~found.neighbour),
            ),
        )

    def rejected(self, number: int) -> str:
        """The policies that were refused and could change an answer, in words."""
        classes = dict.fromkeys(self._engine.spaces.endpoints.members[number])
        found = dict.fromkeys(r for c in classes for d in Direction for r in self._engine.rejected_for(d, c))
        return without_rejected(tuple(found)) if found else ""

    def _is_selected(self, classes: Iterable[int]) -> bool:
        """Whether some policy has anything to say about one of the classes; of others every namespace has the same."""
        return any(self._engine.own_nodes.selecting.get(number) for number in classes)

    def _isolation(self, classes: Iterable[int], direction: Direction) -> Isolation:
        isolated = [bool(self._engine.reachability().isolated[direction] >> c & 1) for c in classes]
        if not any(isolated) and all(self._engine.spaces.endpoints.host_network >> c & 1 for c in classes):
            return Isolation.NOT_SELECTABLE
        if all(isolated):
            return Isolation.ALL
        if any(self._engine.perhaps_governed >> c & 1 for c in classes):
            return Isolation.UNKNOWN
        return Isolation.SOME if any(isolated) else Isolation.NONE

    def _of_class(self, number: int, direction: Direction) -> _Masks:
        found = self._known.get((number, direction))
        if found is None:
            found = self._known[number, direction] = self._compute(number, direction)
        return found

    def _compute(self, number: int, direction: Direction) -> _Masks:
        spaces, reachability = self._engine.spaces, self._engine.reachability()
        internet = addresses = outside = may_internet = may_outside = 0
        for ends, allowed, possible in self._outside_of(number, direction):
            outside, may_outside = outside | allowed, may_outside | possible
            if public := ends & self._internet:
                internet, may_internet = internet | allowed, may_internet | possible
                addresses |= public if allowed else 0
        pairs = []
        for namespace in (ARBITRARY_NAMESPACE, spaces.endpoints.classes[number].namespace):
            newcomer = spaces.endpoints.new_pods[namespace]
            pair = (newcomer, number) if direction is Direction.INGRESS else (number, newcomer)
            pairs.append(reachability.between(*pair))
        (anybody, may_anybody), (neighbour, may_neighbour) = ((each.some, each.possible) for each in pairs)
        return _Masks(
            internet, addresses, outside, anybody, neighbour, may_internet, may_outside, may_anybody, may_neighbour
        )

    def _outside_of(self, number: int, direction: Direction) -> Iterator[tuple[Bits, Bits, Bits]]:
        """Ends outside with the ports that they surely have, and those that they have or may have."""
        reachability = self._engine.reachability()
        if direction is Direction.EGRESS:
            for ends, allowed, possible, _ in reachability.row(number):
                if (outside := ends & self._engine.spaces.outside) and possible:
                    yield outside, allowed, possible
            return
        yield from self._to_class[self._alike[number]]

    @cached_property
    def _alike(self) -> Mapping[int, int]:
        """For each class the first to which every address outside has the same as to it."""
        blocks = [self._engine.spaces.endpoints.everything]
        for ends in self._groups.values():
            for cell in self._engine.reachability().row(lowest(ends)):
                some = cell.destinations
                blocks = [part for block in blocks for part in (block & some, block & ~some) if part]
        return {number: lowest(block) for block in blocks for number in positions(block)}

    @cached_property
    def _to_class(self) -> Mapping[int, list[tuple[Bits, Bits, Bits]]]:
        """For each class that stands for others: who outside has something towards it, and what."""
        found: dict[int, list[tuple[Bits, Bits, Bits]]] = {}
        for number in dict.fromkeys(self._alike.values()):
            reaches = ((e, self._engine.reachability().between(lowest(e), number)) for e in self._groups.values())
            found[number] = [(ends, each.allowed, each.possible) for ends, each in reaches if each.possible]
        return found
