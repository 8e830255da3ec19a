"""Load balancer → Service → workload."""

from __future__ import annotations

from collections.abc import Iterable

from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark
from lib.model.cluster import Workload
from lib.model.refs import ObjectRef
from lib.model.services import ServiceType
from lib.routing.entry_points import gives_node_ports
from lib.routing.faults import Fault, State
from lib.routing.reach import Scope
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView

TIERS = ("Reached from", "Front", "Service", "Workload")
_FRONT = {
    Scope.INTERNET: ("scope:internet", "Internet", "Everybody on the internet, as far as source ranges let them in."),
    Scope.VNET: ("scope:vnet", "Virtual network", "The virtual network and the networks peered or connected to it."),
    Scope.NODE_NETWORK: (
        "scope:node",
        "Node network",
        "Everybody who can reach a node's address, unless a security group, which is not in the input, refuses.",
    ),
    Scope.UNKNOWN: ("scope:unknown", "Unknown networks", "The input does not say who can reach it."),
}
_MARKS = {
    State.ERROR: Mark.ERROR,
    State.WARNING: Mark.WARNING,
    State.NOT_CHECKED: Mark.NOT_CHECKED,
    State.OK: Mark.PLAIN,
}


def mark_of(state: State) -> Mark:
    """The mark of a row's state."""
    return _MARKS[state]


def scope_node(scope: Scope, tier: int = 0) -> GraphNode:
    """The node for everybody of one scope; the cluster's own clients have none."""
    id_, label, meaning = _FRONT[scope]
    return GraphNode(id_, label, tier, "outside the cluster", hover=(meaning,))


def workload_node(workload: Workload, tier: int) -> GraphNode:
    """A workload; its pods are counted as far as the input shows them."""
    pods = len(workload.endpoints)
    count = f"{pods} pod{'s' if pods != 1 else ''}" if workload.is_live else "from its template"
    return GraphNode(
        str(workload.ref),
        workload.ref.name,
        tier,
        workload.ref.kind,
        detail=f"{workload.namespace} · {workload.ref.kind}",
        hover=(count,),
        group=workload.namespace,
        ref=workload.ref,
    )


def service_node(view: ServiceView, tier: int) -> GraphNode:
    """A Service with its state and reason."""
    kind = "headless" if view.service.headless else view.service.type.value
    hover = [*(p.text for p in view.ports), f"endpoints: {view.endpoints}"]
    return GraphNode(
        str(view.ref),
        view.service.name,
        tier,
        "Service",
        mark_of(view.state),
        f"{view.service.namespace} · {kind}",
        tuple([view.reason, *hover] if view.reason else hover),
        view.service.namespace,
        ref=view.ref,
    )


def absent_service_node(route: RouteView, ref: ObjectRef, tier: int) -> GraphNode:
    """A Service that a route names and does not reach: missing only where that is a fact."""
    if any(i.fault is Fault.BACKEND_MISSING for i in route.issues):
        mark, word = Mark.ERROR, "missing"
    elif route.state is State.ERROR:
        mark, word = Mark.ERROR, "not reached"
    else:
        mark, word = Mark.NOT_CHECKED, "not checked"
    hover = (route.reason,) if route.reason else ()
    return GraphNode(
        str(ref), ref.name, tier, "Service", mark, f"{ref.namespace} · {word}", hover, ref.namespace, ref=ref
    )


def services_graph(views: Iterable[ServiceView]) -> GraphModel:
    """Who can reach which front, the Service behind it and its workloads."""
    nodes: dict[str, GraphNode] = {}
    edges: dict[tuple[str, str], GraphEdge] = {}

    def add(node: GraphNode) -> str:
        nodes.setdefault(node.id, node)
        return node.id

    for view in views:
        service = add(service_node(view, 2))
        for front, scope in fronts_of(view):
            edges.setdefault((add(scope_node(scope)), add(front)), GraphEdge(scope_node(scope).id, front.id))
            edges.setdefault((front.id, service), GraphEdge(front.id, service))
        for workload in view.workloads:
            target = add(workload_node(workload, 3))
            ports = ", ".join(p.text for p in view.ports)
            broken = view.state is State.ERROR
            edges[service, target] = GraphEdge(service, target, Mark.ERROR if broken else Mark.PLAIN, ports)
    return GraphModel(TIERS, tuple(nodes.values()), tuple(edges.values()))


def fronts_of(view: ServiceView, tier: int = 1) -> list[tuple[GraphNode, Scope]]:
    """What stands before a Service, and who can reach it: load balancer, node ports, external IPs."""
    service = view.service
    found: list[tuple[GraphNode, Scope]] = []
    if service.type is ServiceType.LOAD_BALANCER:
        addresses = ", ".join(i.ip or i.hostname for i in service.load_balancer_ingress)
        scope = view.reach.scope if view.reach.scope in _FRONT else Scope.UNKNOWN
        found.append(
            (
                GraphNode(
                    f"lb:{view.ref}",
                    addresses or service.name,
                    tier,
                    "load balancer",
                    detail="load balancer" if addresses else "load balancer, no address",
                    hover=(f"reached by {view.reach}", f"of Service {view.ref.qualified_name}", *_node_ports(view)),
                    group=service.namespace,
                    ref=view.ref,
                ),
                scope,
            )
        )
    ports = [p.node_port for p in service.ports if p.node_port]
    if service.type is ServiceType.NODE_PORT and (ports or gives_node_ports(service)):
        listed = ", ".join(map(str, ports)) or "chosen by the cluster"
        found.append(
            (
                GraphNode(
                    f"nodeport:{view.ref}",
                    f"node port {listed}",
                    tier,
                    "node port",
                    detail="on every node",
                    hover=(f"of Service {view.ref.qualified_name}",),
                    group=service.namespace,
                    ref=view.ref,
                ),
                Scope.NODE_NETWORK,
            )
        )
    if service.external_ips:
        found.append(
            (
                GraphNode(
                    f"externalip:{view.ref}",
                    ", ".join(map(str, service.external_ips)),
                    tier,
                    "external IP",
                    detail="external IP",
                    hover=(f"of Service {view.ref.qualified_name}",),
                    group=service.namespace,
                    ref=view.ref,
                ),
                Scope.UNKNOWN,
            )
        )
    return found


def _node_ports(view: ServiceView) -> tuple[str, ...]:
    """The side doors of a load balancer: named in its hover, since the graph would only repeat every arrow."""
    ports = ", ".join(str(p.node_port) for p in view.service.ports if p.node_port)
    return (f"also open on every node: node port {ports}",) if ports else ()
