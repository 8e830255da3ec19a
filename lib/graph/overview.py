"""Everything that can be reached from outside: networks → door → Service → workload."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark
from lib.graph.services import (
    absent_service_node,
    fronts_of,
    mark_of,
    scope_node,
    service_node,
    workload_node,
)
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot
from lib.routing.entry_points import EntryKind, EntryPoint
from lib.routing.faults import State
from lib.routing.reach import Scope
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView

TIERS = ("From", "Door", "Service", "Workload")
_ON_NODES = (EntryKind.HOST_PORT, EntryKind.HOST_NETWORK)


def overview_graph(
    snapshot: Snapshot,
    services: Iterable[ServiceView],
    routes: Sequence[RouteView],
    doors: Sequence[EntryPoint],
) -> GraphModel:
    """The ways in from outside, and nothing that has none."""
    graph = _Builder(snapshot)
    for view in services:
        for front, scope in fronts_of(view):
            graph.lead(graph.add(scope_node(scope)), graph.add(front))
            graph.lead(front.id, graph.add(service_node(view, 2)))
            graph.to_workloads(view)
    for route in routes:
        graph.route(route, doors)
    for door in doors:
        if door.kind in _ON_NODES and door.reach.scope is Scope.NODE_NETWORK:
            graph.door_on_node(door)
    return GraphModel(TIERS, tuple(graph.nodes.values()), tuple(graph.edges.values()))


class _Builder:
    """Collects nodes and edges once each, in the order they are met."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.nodes: dict[str, GraphNode] = {}
        self.edges: dict[tuple[str, str], GraphEdge] = {}

    def add(self, node: GraphNode) -> str:
        self.nodes.setdefault(node.id, node)
        return node.id

    def lead(self, src: str, dst: str, mark: Mark = Mark.PLAIN, label: str = "") -> None:
        self.edges.setdefault((src, dst), GraphEdge(src, dst, mark, label))

    def to_workloads(self, view: ServiceView) -> None:
        ports = ", ".join(p.text for p in view.ports)
        for workload in view.workloads:
            mark = Mark.ERROR if view.state is State.ERROR else Mark.PLAIN
            self.lead(self.add(service_node(view, 2)), self.add(workload_node(workload, 3)), mark, ports)

    def route(self, route: RouteView, doors: Sequence[EntryPoint]) -> None:
        owner = route.gateway or route.route
        scope = next((d.reach.scope for d in doors if d.subject == owner), Scope.UNKNOWN)
        door = self.add(_front_of(owner, route))
        self.lead(self.add(scope_node(scope if scope is not Scope.CLUSTER else Scope.UNKNOWN)), door)
        ref = route.backend.service_ref
        if ref is None:
            return
        mark = mark_of(route.state) if route.state in (State.ERROR, State.WARNING) else Mark.PLAIN
        if route.backend.service is None:
            self.lead(door, self.add(absent_service_node(route, ref, 2)), mark, route.where)
            return
        self.lead(door, self.add(service_node(route.backend.service, 2)), mark, route.where)
        self.to_workloads(route.backend.service)

    def door_on_node(self, door: EntryPoint) -> None:
        workload = self.snapshot.workload_by_ref.get(door.subject)
        if workload is None:
            return
        ports = f"{door.port}/{door.protocol}" if door.port else "any port"
        node = GraphNode(
            f"{door.kind.value}:{door.subject}:{ports}",
            ports,
            1,
            door.kind.value,
            detail=f"{door.kind.value} · {workload.namespace}",
            hover=(f"reached by {door.reached_by}",),
            group=workload.namespace,
            ref=workload.ref,
        )
        self.lead(self.add(scope_node(door.reach.scope)), self.add(node))
        self.lead(node.id, self.add(workload_node(workload, 3)))


def _front_of(owner: ObjectRef, route: RouteView) -> GraphNode:
    return GraphNode(
        f"door:{owner}",
        owner.name,
        1,
        owner.kind,
        detail=f"{owner.namespace} · {owner.kind}",
        hover=(f"served by {route.served_by.label}",),
        group=owner.namespace,
        ref=owner,
    )
