"""The needs as a lookup: which part of a flow is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from lib.flows.row import FlowRow
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.ends import outside_addresses
from lib.scenario.recommendation.drafts import node_addresses
from lib.scenario.recommendation.needs import EVERYWHERE, End, Need, NodeGroup, PodGroup

Members = Callable[[PodGroup], frozenset[ObjectRef]]
"""The workloads that a group of pods means."""

_NOTHING = ConnectionSet()


class Needed:
    """What some needs hold between workloads, and between workloads and addresses outside."""

    def __init__(self, needs: Iterable[Need], members: Members) -> None:
        self._members = members
        self._between: dict[tuple[ObjectRef, ObjectRef], ConnectionSet] = {}
        self._groups: dict[str, list[Need]] = defaultdict(list)
        self._outside: dict[tuple[ObjectRef | str, Direction], list[tuple[AddressSet, ConnectionSet]]] = defaultdict(
            list
        )
        for need in needs:
            if isinstance(need.src, ObjectRef) and isinstance(need.dst, ObjectRef):
                key = need.src, need.dst
                self._between[key] = self._between.get(key, _NOTHING) | need.ports
            for direction, mine, far in (
                (Direction.EGRESS, need.src, need.dst),
                (Direction.INGRESS, need.dst, need.src),
            ):
                if (addresses := _addresses(far)) is None:
                    continue
                if isinstance(mine, ObjectRef):
                    self._outside[mine, direction].append((addresses, need.ports))
                elif isinstance(mine, PodGroup):
                    self._outside[mine.namespace, direction].append((addresses, need.ports))
            if isinstance(need.src, PodGroup) or isinstance(need.dst, PodGroup):
                self._groups[_namespace(need.src)].append(need)

    def between(self, src: ObjectRef, dst: ObjectRef) -> ConnectionSet:
        """The ports that are needed from one workload to another."""
        found = self._between.get((src, dst), _NOTHING)
        for namespace in (src.namespace, EVERYWHERE):
            for need in self._groups.get(namespace, ()):
                if self._means(need.src, src) and self._means(need.dst, dst):
                    found |= need.ports
        return found

    def _means(self, end: End, ref: ObjectRef) -> bool:
        return end == ref if not isinstance(end, PodGroup) else ref in self._members(end)

    def beyond(self, row: FlowRow) -> Iterator[tuple[AddressSet | None, ConnectionSet]]:
        """The part of a flow that is not needed; for a flow with outside addresses, by address."""
        if row.src_ref is not None and row.dst_ref is not None:
            if rest := row.ports - self.between(row.src_ref, row.dst_ref):
                yield None, rest
            return
        direction = Direction.INGRESS if row.src_ref is None else Direction.EGRESS
        ref = row.dst_ref or row.src_ref
        addresses = outside_addresses(row.src if row.src_ref is None else row.dst)
        if ref is None or addresses is None:
            return
        left = [(addresses, row.ports)]
        for key in (ref, ref.namespace, EVERYWHERE):
            for held, ports in self._outside.get((key, direction), ()):
                left = [part for piece in left for part in _split(piece, held, ports)]
        yield from left


def _split(
    piece: tuple[AddressSet, ConnectionSet], held: AddressSet, ports: ConnectionSet
) -> Iterator[tuple[AddressSet, ConnectionSet]]:
    addresses, open_ports = piece
    if (common := addresses & held) and (rest := open_ports - ports):
        yield common, rest
    if other := addresses - held:
        yield other, open_ports


def _namespace(end: End) -> str:
    return end.namespace if isinstance(end, ObjectRef | PodGroup) else EVERYWHERE


def _addresses(end: End) -> AddressSet | None:
    if isinstance(end, AddressSet):
        return end
    return node_addresses(end) if isinstance(end, NodeGroup) else None
