"""Reachability between workloads: classes expanded to the workloads whose pods they are.

A workload's pods may be of several classes (a rollout's two hashes, a StatefulSet's pod names); then a flow may exist
for only some of its pods.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from lib.model.cluster import Workload
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.policy.bits import Bits, positions, union
from lib.policy.by_family import Parted
from lib.policy.engine import Engine


class Part(NamedTuple):
    """``pods`` pairs of pods that have exactly these masks, which are as in ``Reach``."""

    pods: int
    allowed: Bits
    possible: Bits
    parted: Parted | None = None

    @property
    def some(self) -> Bits:
        """The ports that they have over one IP family at least."""
        return self.allowed if self.parted is None else self.parted.some


class Sum(NamedTuple):
    """What all pairs of pods have, what only some have, and what nobody knows; the three are disjoint.

    What a pair has over one of its IP families only counts as had by some. ``have`` of ``total`` pairs have some of
    ``some``; ``alike``: all pairs have the same. ``parted``: of those pairs of which IP families differ, what some
    pair has over each.
    """

    every: Bits
    some: Bits
    unknown: Bits
    have: int
    total: int
    alike: bool = True
    parted: Parted | None = None

    @property
    def only(self) -> tuple[Bits, Bits]:
        """The ports of ``some`` that are had over IPv4 only, and over IPv6 only."""
        if self.parted is None:
            return 0, 0
        ipv4, ipv6 = (masks[0] & self.some for masks in self.parted)
        return ipv4 & ~ipv6, ipv6 & ~ipv4


def add_up(parts: list[Part], total: int) -> Sum:
    """Put the parts of one pair of workloads together; pairs of pods that no part counts have nothing."""
    if len(parts) == 1 and parts[0].pods == total:
        _, allowed, possible, parted = parts[0]
        some = parts[0].some
        return Sum(allowed, some & ~allowed, possible & ~some, total, total, True, parted)
    every = parts[0].allowed if sum(p.pods for p in parts) == total else 0
    some = possibly = 0
    for part in parts:
        every &= part.allowed
        some |= part.some
        possibly |= part.possible
    some &= ~every
    have = sum(p.pods for p in parts if p.some & some)
    alike = sum(p.pods for p in parts) == total and len({part[1:] for part in parts}) == 1
    return Sum(every, some, possibly & ~(every | some), have, total, alike, _united(parts))


def _united(parts: list[Part]) -> Parted | None:
    """What some pair has over each family, of the pairs of which families differ."""
    found = [part.parted for part in parts if part.parted is not None]
    if not found:
        return None
    ipv4, ipv6 = (
        (union(masks[0] for masks in each), union(masks[1] for masks in each)) for each in zip(*found, strict=True)
    )
    return Parted(ipv4, ipv6)


@dataclass(frozen=True)
class WorkloadPairs:
    """The expansion of one engine's reachability to workloads, made on demand, one source workload at a time."""

    engine: Engine

    @cached_property
    def mixtures(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The classes of each workload's pods and how many pods are of each, by the workload's position."""
        return tuple(tuple(Counter(m).items()) for m in self.engine.spaces.endpoints.members)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The number of pods of each workload that can send and receive."""
        return tuple(map(len, self.engine.spaces.endpoints.members))

    @cached_property
    def _holders(self) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """Class → the workloads that have pods of it, with their number."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for workload, mixture in enumerate(self.mixtures):
            for number, count in mixture:
                found[number].append((workload, count))
        return {number: tuple(holders) for number, holders in found.items()}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The stable name of each workload, by its position."""
        return tuple(str(w.ref) for w in self.engine.snapshot.workloads)

    @cached_property
    def on_host(self) -> tuple[bool, ...]:
        """Whether each workload uses its node's network, by its position."""
        return tuple(w.host_network for w in self.engine.snapshot.workloads)

    @cached_property
    def _expanded(self) -> dict[Bits, tuple[tuple[int, int], ...]]:
        return {}

    def expand(self, ends: Bits) -> tuple[tuple[int, int], ...]:
        """The workloads with pods in ``ends`` and the number of those pods, an entry for each class."""
        found = self._expanded.get(ends)
        if found is None:
            inside = ends & self.engine.spaces.endpoints.everything
            holders = self._holders
            found = self._expanded[ends] = tuple(h for n in positions(inside) for h in holders.get(n, ()))
        return found

    def workload(self, number: int) -> Workload:
        """The workload at a position."""
        return self.engine.snapshot.workloads[number]

    def from_workload(self, source: int) -> Iterator[tuple[int, Sum]]:
        """Every other workload that ``source`` reaches, or may reach, in the snapshot's order."""
        reachability = self.engine.reachability()
        parts: dict[int, list[Part]] = defaultdict(list)
        for number, count in self.mixtures[source]:
            for ends, allowed, possible, parted in reachability.row(number):
                for destination, size in self.expand(ends):
                    parts[destination].append(Part(count * size, allowed, possible, parted))
        parts.pop(source, None)
        if self.on_host[source]:
            candidates = [i for i in range(len(self.sizes)) if self.sizes[i] and not self.on_host[i] and i != source]
        else:
            candidates = [i for i in self._hosts if i != source] if self.sizes[source] else []
        for destination in candidates:
            self._exempt(source, destination, parts)
        size = self.sizes[source]
        for destination in sorted(parts):
            yield destination, add_up(parts[destination], size * self.sizes[destination])

    def pair(self, source: int, destination: int) -> Sum | None:
        """What one workload has towards another; None where it surely has nothing."""
        between = self.engine.reachability().between
        held = [
            Part(count * size, *between(number, other))
            for number, count in self.mixtures[source]
            for other, size in self.mixtures[destination]
        ]
        parts = {destination: found} if (found := [part for part in held if part.possible]) else {}
        total = self.sizes[source] * self.sizes[destination]
        if total and self.on_host[source] != self.on_host[destination]:
            self._exempt(source, destination, parts)
        return add_up(parts[destination], total) if destination in parts else None

    @cached_property
    def _hosts(self) -> tuple[int, ...]:
        return tuple(i for i, on_host in enumerate(self.on_host) if on_host and self.sizes[i])

    def _exempt(self, source: int, destination: int, parts: dict[int, list[Part]]) -> None:
        """Count again, apart for pairs of pods on one node: policies treat a pod's own node unlike others."""
        every_port = self.engine.spaces.ports.all
        own_nodes = self.engine.own_nodes
        direction = Direction.EGRESS if self.on_host[destination] else Direction.INGRESS
        held = parts.get(destination, ())
        total = self.sizes[source] * self.sizes[destination]
        if not own_nodes.matter(direction) or sum(p.pods for p in held if p.allowed == every_port) == total:
            return
        counted: list[Part] = []
        for (a, size_a), nodes_a in self.placed(source).items():
            for (b, size_b), nodes_b in self.placed(destination).items():
                same = sum(count * nodes_b[node] for node, count in nodes_a.items() if node)
                unknown = nodes_a[""] * size_b + (size_a - nodes_a[""]) * nodes_b[""]
                rest = size_a * size_b - same - unknown
                for pods, known in ((same, True), (unknown, None), (rest, False)):
                    if pods:
                        counted.append(Part(pods, *own_nodes.masks(direction, a, b, same=known)))
        counted = [part for part in counted if part.possible]
        if counted:
            parts[destination] = counted
        else:
            parts.pop(destination, None)

    def placed(self, workload: int) -> Mapping[tuple[int, int], Counter[str]]:
        """For each class of a workload's pods, with their number: how many run on which node ("" where unknown)."""
        found = self._node_counts.get(workload)
        if found is None:
            by_class: dict[int, list[str]] = defaultdict(list)
            members = self.engine.spaces.endpoints.members[workload]
            for number, pod in zip(members, self.engine.snapshot.workloads[workload].endpoints, strict=True):
                by_class[number].append(pod.node_name)
            found = self._node_counts[workload] = {(n, len(names)): Counter(names) for n, names in by_class.items()}
        return found

    @cached_property
    def _node_counts(self) -> dict[int, Mapping[tuple[int, int], Counter[str]]]:
        return {}
