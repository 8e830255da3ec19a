"""The ends of packets of one IP family: the family of two ends as they were asked about, and who speaks it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.sets import Address, AddressSet, Family, family_of
from lib.policy.ends import parse_end, written_addresses
from lib.policy.points import End, Point, name_of, points_of
from lib.policy.projection import parsed

if TYPE_CHECKING:
    from lib.model.snapshot import Snapshot
    from lib.policy.engine import Engine


def parse_flow(src: str, dst: str, snapshot: Snapshot) -> tuple[End, End, Family | None]:
    """Both ends as ``parse_end`` reads them, and the IP family that is asked about; None: all that both speak.

    The address of a pod or node means that pod or node, and packets of the address's family alone. Raises ModelError
    as ``parse_end`` does, for two addresses of different families, and for an address that may be a pod's or a node's
    where the server did not give those.
    """
    texts = src, dst
    one, other = (parse_end(text, snapshot) for text in texts)
    unread = snapshot.unread_text("Pod", "Node")
    for end in (one, other):
        if unread and isinstance(end, IPv4Address | IPv6Address) and not end.is_global:
            raise ModelError(
                f"whose address {end} is, is not known, since not everything could be read: {unread}; it may be a "
                "pod's or a node's, of which policies say something else than of addresses outside"
            )
    written = [None if (found := written_addresses(text)) is None else _family(found) for text in texts]
    families = {family for family in written if family is not None}
    if len(families) > 1:
        raise ModelError(f"{src.strip()[:100]} and {dst.strip()[:100]} have no IP family in common: no packet can go")
    inside = [isinstance(end, Pod | Node) and family for end, family in zip((one, other), written, strict=True)]
    return one, other, next((family for family in inside if family), None)


def _family(addresses: AddressSet | Address) -> Family:
    if isinstance(addresses, AddressSet):
        return Family.IPV4 if addresses.ipv4 else Family.IPV6
    return family_of(addresses)


def family_asked(engine: Engine, ends: Iterable[End]) -> Family | None:
    """The family of an end that is the address of a known pod or node; None where no end is one."""
    for end in ends:
        if isinstance(end, IPv4Address | IPv6Address) and not any(p.outside for p in points_of(engine, end)):
            return family_of(end)
    return None


def points_of_family(engine: Engine, end: End, family: Family | None) -> tuple[Point, ...]:
    """The points of an end that packets of a family can have; all where None.

    Pods and nodes of which the input shows no address count as speaking each. Raises ModelError where nothing of the
    end has an address of the family.
    """
    points = points_of(engine, end)
    if family is None or not points:
        return points
    found: tuple[Point, ...] = ()
    match end:
        case AddressSet():
            found = points_of(engine, AddressSet.from_intervals(family, end.of_family(family)))
        case IPv4Address() | IPv6Address():
            found = points if family_of(end) is family else ()
        case Node():
            found = points if _speaks(parsed(end.addresses_of("InternalIP")), family) else ()
        case Workload() | Pod():
            pods = end.endpoints if isinstance(end, Workload) else (end,)
            speaking = {pod.ref for pod in pods if _speaks(_addresses(engine, pod), family)}
            found = tuple(point for point in points if point.pod in speaking)
    if not found:
        raise ModelError(f"{name_of(end)} has no {family.label} address, and the other end is one: no packet can go")
    return found


def _addresses(engine: Engine, pod: Pod) -> tuple[Address, ...]:
    """The known addresses of a pod; one on its node's network may use each of the node's."""
    if not pod.host_network:
        return pod.ips
    nodes = (n for n in engine.snapshot.nodes if n.name == pod.node_name)
    return (*pod.ips, *pod.host_ips, *(a for node in nodes for a in parsed(node.addresses_of("InternalIP"))))


def _speaks(addresses: Collection[Address], family: Family) -> bool:
    return not addresses or family in map(family_of, addresses)
