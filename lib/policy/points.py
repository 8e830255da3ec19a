"""The ends of a flow as the rules see them: which numbers a workload, a pod, a node or an address stands for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from lib.facts.internet import INTERNET
from lib.model.cluster import Node, Pod, Workload
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import Address, AddressSet
from lib.policy.bits import positions

if TYPE_CHECKING:
    from lib.policy.engine import Engine

End = Workload | Pod | Node | AddressSet | Address


class Point(NamedTuple):
    """One end of a flow as the rules see it: its number, what it is called, and where it runs.

    ``node`` is "" where the input does not show it, or for an address outside. ``on_host``: a node or a host-network
    pod, which policies do not select.
    """

    number: int
    name: str
    node: str = ""
    on_host: bool = False
    pod: ObjectRef | None = None
    outside: bool = False

    @property
    def called(self) -> str:
        """The pod's own name, where ``name`` is that of its workload."""
        return str(self.pod) if self.pod is not None else self.name


def name_of(end: End) -> str:
    """What an end is called in rows and sentences."""
    match end:
        case Node():
            return f"node/{end.ref}"
        case Workload() | Pod():
            return str(end.ref)
        case AddressSet():
            return next((word for word, named in _WORDS if end in named), f"{end}{OUTSIDE_SUFFIX}")
        case _:
            return f"{end}{OUTSIDE_SUFFIX}"


def _of_each_family(addresses: AddressSet) -> tuple[AddressSet, ...]:
    return (addresses, AddressSet(addresses.ipv4), AddressSet((), addresses.ipv6))


# An end of all addresses of one family is called by its range.
_WORDS: Final = (("internet", _of_each_family(INTERNET)),)


def _parts_called(addresses: AddressSet) -> str:
    """A part of an end in words: the public addresses by name, of many ranges the first ones."""
    if any(addresses == named for _, each in _WORDS for named in each):
        return name_of(addresses)
    ranges = list(addresses.ranges())
    if len(ranges) <= _RANGES_NAMED:
        return str(addresses)
    named = ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in ranges[:_RANGES_NAMED])
    more = len(ranges) - _RANGES_NAMED
    return f"{named} and {more:,} more range{'s' if more > 1 else ''}"


_RANGES_NAMED: Final = 3


def points_of(engine: Engine, end: End) -> tuple[Point, ...]:
    """The ends that the rules see; the address of a known pod or node is that pod or node."""
    spaces, snapshot = engine.spaces, engine.snapshot
    match end:
        case Workload():
            return _workload_points(engine, _number_of(engine, end))
        case Pod():
            number = _number_of(engine, snapshot.workload_by_pod[end.ref])
            return tuple(p for p in _workload_points(engine, number) if p.pod == end.ref)
        case Node():
            return (Point(spaces.endpoints.nodes[end.name], name_of(end), end.name, on_host=True),)
        case AddressSet():
            touched = spaces.addresses.atoms_in(end)
            return tuple(
                Point(
                    spaces.first_address + atom,
                    _parts_called(spaces.addresses.addresses(1 << atom) & end),
                    outside=True,
                )
                for atom in positions(touched)
            )
        case _:
            return _address_points(engine, end)


def _number_of(engine: Engine, workload: Workload) -> int:
    """Its place among the workloads, which are in order: to number all of a large cluster takes longer than to ask."""
    workloads = engine.snapshot.workloads
    place = bisect_left(workloads, workload.ref, key=lambda each: each.ref)
    is_there = place < len(workloads) and workloads[place].ref == workload.ref
    return place if is_there else engine.workload_numbers[workload.ref]


def _workload_points(engine: Engine, number: int) -> tuple[Point, ...]:
    workload = engine.snapshot.workloads[number]
    return tuple(
        Point(member, str(workload.ref), pod.node_name, pod.host_network, pod.ref)
        for member, pod in zip(engine.spaces.endpoints.members[number], workload.endpoints, strict=True)
    )


def _address_points(engine: Engine, address: Address) -> tuple[Point, ...]:
    for number, workload in enumerate(engine.snapshot.workloads):
        for point, pod in zip(_workload_points(engine, number), workload.endpoints, strict=True):
            if address in pod.ips and not pod.host_network:
                return (point._replace(name=f"{pod.ref} at {address}"),)
    for node in engine.snapshot.nodes:
        if str(address) in node.addresses_of("InternalIP"):
            return points_of(engine, node)
    return (Point(engine.spaces.end_of(address), str(address), outside=True),)


def pairs_of(sources: Iterable[Point], destinations: Iterable[Point]) -> Iterator[tuple[Point, Point]]:
    """One pair of pods for every answer that may differ, however many pods there are.

    A workload's pods are not asked about themselves unless there is nothing else to ask about.
    """
    froms, tos = _by_number(sources), _by_number(destinations)
    found = [pair for a in froms for b in tos for pair in _representatives(a, b)]
    if found or not froms or not tos:
        yield from found
    else:
        yield froms[0][0], tos[0][0]


def _by_number(points: Iterable[Point]) -> list[list[Point]]:
    grouped: dict[int, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.number, []).append(point)
    return list(grouped.values())


def _representatives(sources: list[Point], destinations: list[Point]) -> Iterator[tuple[Point, Point]]:
    """Pairs of two classes: one, or where one end is a node's, one for each relation of the nodes."""
    a, b = sources[0], destinations[0]
    if a.on_host == b.on_host or a.outside or b.outside:
        if a.pod is not None and a.pod == b.pod:
            a, b = (a, destinations[1]) if len(destinations) > 1 else (sources[-1], b)
        if a.pod is None or a.pod != b.pod:
            yield a, b
        return
    by_node_a, by_node_b = {p.node: p for p in sources}, {p.node: p for p in destinations}
    unknown = by_node_a.pop("", None), by_node_b.pop("", None)
    shared = next((node for node in by_node_a if node in by_node_b), None)
    if shared is not None:
        yield by_node_a[shared], by_node_b[shared]
    for node, point in list(by_node_a.items())[:2]:
        other = next((p for n, p in by_node_b.items() if n != node), None)
        if other is not None:
            yield point, other
            break
    if any(unknown):
        yield unknown[0] or a, unknown[1] or b
