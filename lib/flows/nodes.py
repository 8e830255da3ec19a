"""Flows between workloads and nodes: what a node itself sends and serves, such as the kubelet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from lib.flows.row import FlowRow, over_one_family, reason_of, verdicts
from lib.model.policies import Direction
from lib.model.records import dataclass, field
from lib.policy.bits import Bits, from_positions, positions
from lib.policy.by_family import Reach
from lib.policy.pairs import Part, Sum, WorkloadPairs, add_up

_Placed: TypeAlias = Mapping[tuple[int, int], Counter[str]]
_Held: TypeAlias = tuple[int, int, int, int]
"""Pods of a class: how many, how many of them on the node in question, and of how many the node is not known."""


@dataclass(frozen=True)
class Nodes:
    """What workloads exchange with nodes; sets of nodes are bits by their position in ``names``.

    ``names`` are nodes of the snapshot. Nodes on which no pod of a workload runs are asked once for all that the rules
    do not tell apart. Without ``own`` only other nodes than the pod's count for what pods send.
    """

    pairs: WorkloadPairs
    names: Sequence[str]
    own: bool = True
    _sums: dict[object, Sum | None] = field(default_factory=dict)

    def of_workload(self, workload: int, direction: Direction) -> Iterator[tuple[Bits, Sum]]:
        """What the pods have towards nodes (EGRESS), or nodes towards them (INGRESS); nodes that are alike together.

        A pod on its node's network and that node are one end: such a pair is left out.
        """
        placed = self.pairs.placed(workload)
        own = {name for names in placed.values() for name in names if name in self._at}
        near = from_positions(self._at[name] for name in own)
        for number, nodes in self._classes.items():
            for each in [nodes & ~near, *(1 << at for at in positions(nodes & near))]:
                if each:
                    name = self.names[each.bit_length() - 1] if each & near else ""
                    total = self._sum(workload, placed, name, number, direction)
                    if total is not None:
                        yield each, total

    def _sum(self, workload: int, placed: _Placed, name: str, node: int, direction: Direction) -> Sum | None:
        """What all pods have with nodes of a class, which are not theirs but for ``name``; None where none counts."""
        held = tuple((number, size, names[name] if name else 0, names[""]) for (number, size), names in placed.items())
        key = held, self.pairs.on_host[workload], node, direction
        if key not in self._sums:
            parts = self._parts(held, self.pairs.on_host[workload], node, direction)
            self._sums[key] = add_up(parts, sum(part.pods for part in parts)) if parts else None
        return self._sums[key]

    def _parts(self, held: Iterable[_Held], on_host: bool, node: int, direction: Direction) -> list[Part]:
        tells_own = self.own or direction is Direction.INGRESS
        parts = []
        for number, size, near, unplaced in held:
            shares = ((near, True), (unplaced, None if tells_own else False), (size - near - unplaced, False))
            for pods, same in shares:
                if pods and not (same and (on_host or not tells_own)):
                    parts.append(Part(pods, *self._between(number, node, direction, on_host, same)))
        return parts

    def _between(self, pod: int, node: int, direction: Direction, on_host: bool, same: bool | None) -> Reach:
        engine = self.pairs.engine
        ends = (pod, node) if direction is Direction.EGRESS else (node, pod)
        if on_host:
            return engine.reachability().between(*ends)
        return engine.own_nodes.masks(direction, *ends, same=same)

    @cached_property
    def _at(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def _classes(self) -> Mapping[int, Bits]:
        """Class → its nodes."""
        found: dict[int, Bits] = {}
        for at, name in enumerate(self.names):
            number = self.pairs.engine.spaces.endpoints.nodes[name]
            found[number] = found.get(number, 0) | 1 << at
        return found


def named(node: str) -> str:
    """The stable name of a node as an end of a row."""
    return f"node/{node}[Node]"


def node_rows(pairs: WorkloadPairs, workloads: Iterable[int]) -> Iterator[FlowRow]:
    """The rows to and from every node, of each of ``workloads``: all that it sends to nodes, then what they send."""
    nodes = Nodes(pairs, tuple(pairs.engine.spaces.endpoints.nodes))
    for number in workloads:
        workload = pairs.workload(number)
        name = str(workload.ref)
        for direction in (Direction.EGRESS, Direction.INGRESS):
            listed = [
                (at, row, total)
                for ends, total in nodes.of_workload(number, direction)
                for row in verdicts(total)
                for at in positions(ends)
            ]
            for at, (verdict, mask, pods), total in sorted(listed, key=lambda each: each[0]):
                ports, node = pairs.engine.connections(mask), named(nodes.names[at])
                reason = reason_of(pairs.engine, total, verdict, True)
                host = workload.host_network
                only = over_one_family(pairs.engine, total, verdict)
                if direction is Direction.EGRESS:
                    yield FlowRow(name, node, ports, verdict, pods, reason, host, workload.ref, None, *only)
                else:
                    yield FlowRow(node, name, ports, verdict, pods, reason, host, None, workload.ref, *only)
