"""The questions of rows about flows: between workloads, nodes, namespaces and addresses outside."""

from __future__ import annotations

import re
from typing import Final
from typing import Protocol as Shape

from lib.facts.internet import BY_WORD, INTERNET
from lib.flows import MatrixCell, MatrixState, workload_matrix
from lib.flows.nodes import named
from lib.model.cluster import Workload
from lib.model.refs import INGRESS_CONTROLLER, OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import Address, AddressSet, ConnectionSet, PortSet, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.ends import outside_addresses
from lib.policy.engine import Engine
from lib.policy.explain import Explanation
from lib.trace.questions.ends import NOWHERE, THE_INTERNET, Ends, written

_USUAL: Final = (443, 80)
_OBJECT: Final = re.compile(r"([^/]+)/([^/\[]+)\[([A-Za-z]+)\]")


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


def of_explanation(found: Explanation, snapshot: Snapshot) -> Ends:
    """The flow that an explanation is about, at one of the ports that were asked about."""
    return _sender(found.src), with_port(_receiver(found.dst), found.asked, _workload(found.dst, snapshot))


def between_namespaces(engine: Engine, src: str, dst: str) -> Ends:
    """From a workload of one namespace to one of another: the first two with a permitted flow, else any two."""
    cells = [cell for row in workload_matrix(engine, src, dst) for cell in row if cell.state is not MatrixState.NOTHING]
    if not cells:
        return NOWHERE
    return of_flow(min(cells, key=_closed), engine.snapshot)


def _closed(cell: MatrixCell) -> int:
    return 0 if cell.ports else 1 if cell.state is MatrixState.UNKNOWN else 2


def _workload(name: str, snapshot: Snapshot) -> Workload | None:
    found = _OBJECT.fullmatch(name)
    return snapshot.workload_by_ref.get(ObjectRef(*found.groups())) if found else None


def to_addresses(workload: ObjectRef, addresses: AddressSet, ports: ConnectionSet) -> Ends:
    """From a workload to one of the addresses; "" where there is none."""
    found = example_of(addresses)
    return str(workload), with_port(str(found), ports) if found is not None else ""


def with_port(name: str, ports: ConnectionSet, receiver: Workload | None = None) -> str:
    """A destination with one of the ports: one that the receiver's pods declare, else a usual one, else the first."""
    if not name:
        return ""
    declared = {(p.protocol, p.port) for pod in (receiver.endpoints if receiver else ()) for p in pod.ports}
    for protocol in Protocol:
        wanted = [port for kind, port in sorted(declared, key=str) if kind is protocol and port in ports[protocol]]
        if wanted:
            return written(name, wanted[0], protocol.value)
    return next((written(name, _one_of(ports[kind]), kind.value) for kind in Protocol if ports[kind]), "")


def _one_of(ports: PortSet) -> int:
    return next((port for port in _USUAL if port in ports), ports.intervals[0][0])


def _sender(name: str) -> str:
    if name == INGRESS_CONTROLLER:
        return ""
    addresses = _outside(name)
    if addresses is None:
        return name
    found = example_of(addresses)
    return THE_INTERNET if whole_family(addresses) else str(found or "")


def _outside(name: str) -> AddressSet | None:
    """The addresses outside that a name means: a word for them, a range, or of several ranges the first."""
    if name in BY_WORD:
        return BY_WORD[name]
    first, comma, _ = name.partition(", ")
    return outside_addresses(f"{first}{OUTSIDE_SUFFIX}" if comma and name.endswith(OUTSIDE_SUFFIX) else name)


def whole_family(addresses: AddressSet) -> bool:
    """Whether every public address of one family is among them, as in rows of a cluster with one family."""
    return any(part and part <= addresses for part in (AddressSet(INTERNET.ipv4), AddressSet((), INTERNET.ipv6)))


def _receiver(name: str) -> str:
    addresses = _outside(name)
    if addresses is None:
        return name
    return str(example_of(addresses) or "")


def example_of(addresses: AddressSet) -> Address | None:
    """One of the addresses, a public one where there is such; None of none."""
    for some in (addresses & INTERNET, addresses):
        for first, _ in some.ranges():
            return first
    return None
