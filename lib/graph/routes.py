"""Ingress or Gateway → host → Service → workload."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark, strongest
from lib.graph.services import absent_service_node, mark_of, service_node, workload_node
from lib.routing.faults import State
from lib.routing.route_view import RouteView

TIERS = ("Served by", "Host", "Service", "Workload")


def routes_graph(views: Iterable[RouteView]) -> GraphModel:
    """Which controller or Gateway serves which host, and where its paths lead."""
    nodes: dict[str, GraphNode] = {}
    edges: dict[tuple[str, str], list[RouteView]] = defaultdict(list)
    for view in views:
        server, host = _server(view), _host(view)
        nodes.setdefault(server.id, server)
        nodes.setdefault(host.id, host)
        edges[server.id, host.id].append(view)
        ref = view.backend.service_ref
        if ref is None:
            continue
        service = service_node(view.backend.service, 2) if view.backend.service else absent_service_node(view, ref, 2)
        nodes.setdefault(service.id, service)
        edges[host.id, service.id].append(view)
        for workload in view.backend.workloads:
            target = workload_node(workload, 3)
            nodes.setdefault(target.id, target)
            edges[service.id, target.id].append(view)
    return GraphModel(TIERS, tuple(nodes.values()), tuple(_edge(ends, found) for ends, found in edges.items()))


def _edge(ends: tuple[str, str], views: Sequence[RouteView]) -> GraphEdge:
    paths = list(dict.fromkeys(v.path or "every path" for v in views))
    label = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    # Only the arrow from a host to a Service is one route's own; what several share is not at fault with one of them.
    marks = tuple(mark_of(v.state) for v in views if v.state in (State.ERROR, State.WARNING))
    own = ends[0].startswith("host:")
    return GraphEdge(*ends, strongest(marks) if own else Mark.PLAIN, label)


def _server(view: RouteView) -> GraphNode:
    if view.gateway is not None:
        return GraphNode(
            f"server:{view.gateway}",
            view.gateway.name,
            0,
            "Gateway",
            detail=f"{view.gateway.namespace} · Gateway",
            ref=view.gateway,
        )
    name = view.served_by.name or "no class"
    return GraphNode(f"server:class:{name}", view.served_by.label, 0, "IngressClass", detail=f"class {name}")


def _host(view: RouteView) -> GraphNode:
    owner = f"{view.gateway}" if view.gateway else view.served_by.name
    return GraphNode(
        f"host:{owner}:{view.host}",
        view.host or "every host",
        1,
        "host",
        detail=f"TLS: {view.tls.mode}",
        group=view.route.namespace,
        ref=view.route,
    )
