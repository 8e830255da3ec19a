"""The question that traces a row of another list: its two ends as a person would write them."""

from __future__ import annotations

import re
from typing import Final
from typing import Protocol as Shape

from lib.facts.internet import INTERNET
from lib.flows.nodes import named
from lib.model.cluster import Workload
from lib.model.refs import INGRESS_CONTROLLER, ObjectRef
from lib.model.sets import Address, AddressSet, ConnectionSet, PortSet, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.ends import outside_addresses

_USUAL: Final = (443, 80)
_OBJECT: Final = re.compile(r"([^/]+)/([^/\[]+)\[([A-Za-z]+)\]")
Ends = tuple[str, str]


class Flow(Shape):
    """What the rows of all lists of flows have: two ends by their stable names, and ports."""

    @property
    def src(self) -> str:
        """Who sends."""

    @property
    def dst(self) -> str:
        """Who receives."""

    @property
    def ports(self) -> ConnectionSet:
        """On which ports."""


def of_flow(flow: Flow, snapshot: Snapshot, node: str = "") -> Ends:
    """From where and to what a flow goes: for addresses outside one of them; "" where the person has to say.

    Where nothing is permitted any port may be asked for. ``node`` is the name of one where an end stands for several.
    """
    src, dst = flow.src, flow.dst
    receiver = _workload(dst, snapshot)
    if node:
        src, dst = (named(node), dst) if receiver is not None else (src, named(node))
    return _sender(src), with_port(_receiver(dst), flow.ports or ConnectionSet.all(), receiver)


def of_exposure(workload: ObjectRef, snapshot: Snapshot) -> Ends:
    """From the Internet to a workload, at a port that its pods declare."""
    return "internet", with_port(str(workload), ConnectionSet.all(), snapshot.workload_by_ref.get(workload))


def _workload(name: str, snapshot: Snapshot) -> Workload | None:
    found = _OBJECT.fullmatch(name)
    return snapshot.workload_by_ref.get(ObjectRef(*found.groups())) if found else None


def to_addresses(workload: ObjectRef, addresses: AddressSet, ports: ConnectionSet) -> Ends:
    """From a workload to one of the addresses; "" where there is none."""
    found = _example(addresses)
    return str(workload), with_port(str(found), ports) if found is not None else ""


def with_port(name: str, ports: ConnectionSet, receiver: Workload | None = None) -> str:
    """A destination with one of the ports: one that the receiver's pods declare, else a usual one, else the first."""
    if not name:
        return ""
    declared = {(p.protocol, p.port) for pod in (receiver.endpoints if receiver else ()) for p in pod.ports}
    for protocol in Protocol:
        wanted = [port for kind, port in sorted(declared, key=str) if kind is protocol and port in ports[protocol]]
        if wanted:
            return _written(name, protocol, wanted[0])
    return next((_written(name, kind, _one_of(ports[kind])) for kind in Protocol if ports[kind]), "")


def _one_of(ports: PortSet) -> int:
    return next((port for port in _USUAL if port in ports), ports.intervals[0][0])


def _written(name: str, protocol: Protocol, port: int) -> str:
    address = f"[{name}]" if name.count(":") > 1 else name
    return f"{address}:{port}" + ("" if protocol is Protocol.TCP else f"/{protocol.value}")


def _sender(name: str) -> str:
    if name == INGRESS_CONTROLLER:
        return ""
    addresses = outside_addresses(name)
    if addresses is None:
        return name
    found = _example(addresses)
    return "internet" if _whole_family(addresses) else str(found or "")


def _whole_family(addresses: AddressSet) -> bool:
    """Whether every public address of one family is among them, as in rows of a cluster with one family."""
    return any(part and part <= addresses for part in (AddressSet(INTERNET.ipv4), AddressSet((), INTERNET.ipv6)))


def _receiver(name: str) -> str:
    addresses = outside_addresses(name)
    if addresses is None:
        return name
    return str(_example(addresses) or "")


def _example(addresses: AddressSet) -> Address | None:
    """A public address of them where there is one, else the first."""
    for some in (addresses & INTERNET, addresses):
        for first, _ in some.ranges():
            return first
    return None
