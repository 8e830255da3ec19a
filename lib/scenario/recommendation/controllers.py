"""What routes need: the way from the controller that serves them to the pods behind them.

The controller is found by what the input shows: the Service whose address an Ingress or a Gateway has; then pods at
the place and with the labels that its documentation names. Where neither helps, the question is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lib.facts.ingress import IngressController
from lib.facts.sources import describe
from lib.model.cluster import Workload
from lib.model.refs import ObjectRef, Source
from lib.model.sets import ConnectionSet
from lib.model.snapshot import Snapshot
from lib.routing.controller_places import ControllerPlace, controller_places
from lib.routing.ingress_class import ClassAnswer
from lib.routing.route_view import GATEWAY_API, RouteView
from lib.routing.routes import route_views
from lib.routing.services import ServiceView
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needs import Basis, End, Evidence, Need, PodGroup, Question
from lib.scenario.recommendation.nodes import nodes_of


@dataclass(frozen=True, slots=True)
class _Server:
    """Who opens the connections of a route, and how that is known; without ends ``why`` says what is not known."""

    ends: tuple[End, ...]
    why: str
    source: Source | None = None
    remedy: str = ""


def routed(snapshot: Snapshot, services: Sequence[ServiceView], covered: Covered) -> Iterator[Need | Question]:
    """A need for each controller and workload that a route joins, or the question who the controller is."""
    search = _Search(snapshot, services)
    told: set[tuple[object, ...]] = set()
    for row in route_views(snapshot, services):
        port, service = row.backend.port, row.backend.service_ref
        refused = row.api == GATEWAY_API and row.accepted is False
        if refused or port is None or service is None or not row.backend.weight:
            continue
        server = search.server(row)
        source = row.backend.backend.source if row.backend.backend is not None else row.source
        for target in port.targets:
            if target.port is None:
                continue
            ref, ports = target.workload.ref, ConnectionSet.of(port.port.protocol, target.port)
            key = (row.route, service, ref, ports)
            if key in told:
                continue
            told.add(key)
            evidence: tuple[Evidence, ...] = (
                Evidence(Basis.ROUTE, f"{row.route.kind} {row.route.qualified_name} leads to it", source),
            )
            if server.source is not None or server.ends:
                evidence += (Evidence(Basis.ROUTE, server.why, server.source),)
            for end in server.ends:
                if ref in covered.workloads or end in covered.workloads:
                    yield Need(end, ref, ports, evidence)
            if not server.ends and ref in covered.workloads:
                text = f"{row.route.kind} {row.route.qualified_name} leads to {ref} ({ports}); {server.why}"
                yield Question(text, server.remedy.format(to=f"{ref.qualified_name}:{target.port}"), ref, ports, source)


class _Search:
    def __init__(self, snapshot: Snapshot, services: Sequence[ServiceView]) -> None:
        self._snapshot = snapshot
        self._ingresses = {i.ref: i for i in snapshot.ingresses}
        self._gateways = {g.ref: g for g in snapshot.gateways}
        self._by_address: dict[str, ServiceView] = {}
        for view in services:
            for address in view.external_addresses:
                self._by_address.setdefault(address, view)
        self._known: dict[ObjectRef, _Server] = {}

    def server(self, row: RouteView) -> _Server:
        """Who serves a route; the rows of one Ingress, or of one Gateway, have the same."""
        front = row.gateway or row.route
        found = self._known.get(front)
        if found is None:
            found = self._known[front] = self._find(front, row.served_by)
        return found

    def _find(self, front: ObjectRef, served_by: ClassAnswer) -> _Server:
        for address in self._addresses(front):
            view = self._by_address.get(address)
            if view is not None and view.workloads:
                why = f"{front} has the address of Service {view.ref.qualified_name}, {address}"
                return self._running(view.workloads, why, view.service.source)
        controller = served_by.controller
        found = [self._documented(place, controller) for place in controller_places(self._snapshot, front, controller)]
        running = next((f for f in found if f is not None and f.source is not None), None)
        return running or next((f for f in found if f is not None), None) or _unknown(front, served_by)

    def _addresses(self, front: ObjectRef) -> tuple[str, ...]:
        if front in self._ingresses:
            return tuple(a.ip or a.hostname for a in self._ingresses[front].addresses)
        return self._gateways[front].addresses if front in self._gateways else ()

    def _documented(self, place: ControllerPlace, controller: IngressController | None) -> _Server | None:
        label = controller.label if controller is not None else ""
        if found := place.workloads:
            return self._running(found, f"{found[0].ref} has the labels of {label}", found[0].source)
        if place.absent:
            return None
        why = f"{label}, by its documented labels, not in the input ({describe((place.source,))})"
        return _Server((PodGroup(place.namespace, place.labels),), why)

    def _running(self, workloads: Sequence[Workload], why: str, source: Source) -> _Server:
        ends: list[End] = []
        for workload in workloads:
            if not workload.host_network:
                ends.append(workload.ref)
            elif (nodes := nodes_of(self._snapshot, workload)) is not None:
                ends.append(nodes)
            else:
                why = f"{why}; {workload.ref} uses its node's network, and the input does not show the nodes' addresses"
        if ends:
            return _Server(tuple(ends), why, source)
        return _Server((), why, source, "Load the Nodes, or state the need: NODE_PREFIX={to}")


def _unknown(front: ObjectRef, served_by: ClassAnswer) -> _Server:
    controller = served_by.controller
    if controller is not None and controller.kind == "azure":
        why = f"{controller.label} connects from its own subnet, which is not in the input"
        return _Server((), why, remedy="State the need: SUBNET_PREFIX={to}")
    of = f"class {served_by.name}" if served_by.name else f"{front} names no class"
    known = f", {served_by.label}," if controller is not None or served_by.controller_name else ""
    why = f"which pods are its controller{known} is not known ({of})"
    return _Server((), why, remedy="Load the controller's pods, or state the need: NAMESPACE/WORKLOAD={to}")
