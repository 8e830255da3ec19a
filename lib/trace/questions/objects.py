"""The questions of rows about objects: Services, routes, policies, workloads, nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lib.azure.annotations import Annotations
from lib.model.cluster import Node, Workload
from lib.model.finding import Finding
from lib.model.near_words import nearest
from lib.model.policies import Direction
from lib.model.refs import INGRESS_CONTROLLER, ObjectRef
from lib.model.services import EndpointSlice, Service, ServicePort, ServiceType
from lib.model.sets import ConnectionSet, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.inventory import inventory
from lib.policy.selections import Selections
from lib.routing.reach import address_or_none, is_public
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView
from lib.trace.questions.ends import NOWHERE, THE_INTERNET, THE_NETWORK, Ends, somebody, suffix, written
from lib.trace.questions.flows import Flow, of_flow, with_port

UNNAMED_HOST: Final = "any.invalid"
"""Stands for the host where a route takes every one: a name that nobody has (RFC 6761, "invalid.")."""
_ANY_LABEL: Final = "any"
_HTTPS: Final = 443
# The code of the finding about pods that may not ask for names.
_NO_NAMES: Final = "dns-egress-missing"
_STREAMS: Final = {"TCPRoute": "", "UDPRoute": "UDP"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """What rows are about: the input, its routes, and whom its policies select."""

    snapshot: Snapshot
    routes: Sequence[RouteView] = ()
    selections: Selections | None = None


def of_finding(found: Finding, cluster: Cluster) -> Ends:
    """Where a finding bites: at the very port or route that it is about, else as its object is reached."""
    snapshot, subject = cluster.snapshot, found.subject
    if found.code == _NO_NAMES and (workload := snapshot.workload_by_ref.get(subject)) is not None:
        return leaving(workload, snapshot)
    service = snapshot.service_by_ref.get(subject)
    port = next((p for p in service.ports if p.source == found.source), None) if service is not None else None
    if service is not None and port is not None:
        return of_service(service, snapshot, port)
    own = (view for view in cluster.routes if view.route == subject)
    exact = next((v for v in own if found.source in (v.source, *(issue.source for issue in v.issues))), None)
    return of_route(exact, snapshot) if exact is not None else of_object(subject, cluster)


def of_object(ref: ObjectRef | None, cluster: Cluster) -> Ends:
    """The trace that an object has to do with: to a Service, through a route, to or from whom a policy selects."""
    snapshot = cluster.snapshot
    if ref is None:
        return NOWHERE
    if (service := snapshot.service_by_ref.get(ref)) is not None:
        return of_service(service, snapshot)
    if (workload := snapshot.workload_by_ref.get(ref) or snapshot.workload_by_pod.get(ref)) is not None:
        return of_workload(workload, snapshot)
    if ref.kind == "Namespace":
        inside = snapshot.workloads_by_namespace.get(ref.name, ())
        return of_workload(inside[0], snapshot) if inside else NOWHERE
    if (node := next((n for n in snapshot.nodes if n.ref == ref), None)) is not None:
        return of_node(node, snapshot)
    if cluster.selections is not None and ref in cluster.selections:
        return of_policy(ref, cluster)
    if (service := _of_slice(ref, snapshot)) is not None:
        return of_service(service, snapshot)
    return next((of_route(view, snapshot) for view in cluster.routes if _has_part(view, ref)), NOWHERE)


def _of_slice(ref: ObjectRef, snapshot: Snapshot) -> Service | None:
    """The Service whose endpoints an EndpointSlice, or the Endpoints of its name, lists."""
    if ref.kind == "Endpoints":
        return snapshot.service_by_ref.get(ObjectRef(ref.namespace, ref.name, "Service"))
    if ref.kind != EndpointSlice.__name__:
        return None
    owners = (owner for owner, slices in snapshot.slices_by_service.items() if any(s.ref == ref for s in slices))
    return next((snapshot.service_by_ref[owner] for owner in owners if owner in snapshot.service_by_ref), None)


def _has_part(view: RouteView, ref: ObjectRef) -> bool:
    """Whether an Ingress, a route, a Gateway or a class of these is one that serves the row."""
    return ref in (view.route, view.gateway) or (ref.kind.endswith("Class") and view.served_by.name == ref.name)


def of_service(service: Service, snapshot: Snapshot, port: ServicePort | None = None) -> Ends:
    """To a port of a Service, the first where none is given: from outside where it has a load balancer."""
    port = port or next(iter(service.ports), None)
    name = f"svc/{service.ref.qualified_name}"
    if service.type is ServiceType.EXTERNAL_NAME:
        src = somebody(snapshot, namespace=service.namespace)
        return (src, f"{name}:{port.port if port else _HTTPS}") if src else NOWHERE
    if port is None:
        return NOWHERE
    dst = f"{name}:{port.port}{suffix(port.protocol.value)}"
    if service.type is ServiceType.LOAD_BALANCER:
        return (THE_NETWORK if Annotations(service).internal else THE_INTERNET), dst
    src = somebody(snapshot, _behind(service, snapshot), service.namespace)
    return (src, dst) if src else NOWHERE


def _behind(service: Service, snapshot: Snapshot) -> list[ObjectRef]:
    near = snapshot.workloads_by_namespace.get(service.namespace, ())
    selector = service.selector
    return [w.ref for w in near if selector is not None and any(selector.matches(p.labels) for p in w.endpoints)]


def of_endpoint(view: ServiceView, number: int, snapshot: Snapshot) -> Ends:
    """To one of a Service's endpoints by its own address, at the port on which it takes the Service's first one."""
    endpoint = view.endpoints.items[number]
    src = somebody(snapshot, [w.ref for w in view.workloads], view.ref.namespace)
    address = next(iter(endpoint.addresses), "")
    port = next((t.port for p in view.ports for t in p.targets if t.port), 0)
    port = port or next((p.port.port for p in view.ports), 0)
    if not src or not port or address_or_none(str(address)) is None:
        return NOWHERE
    return src, written(str(address), port, next(iter(view.ports)).port.protocol.value)


def of_workload(workload: Workload, snapshot: Snapshot) -> Ends:
    """From somebody else in the cluster to a workload, at a port that its pods declare."""
    src = somebody(snapshot, [workload.ref], workload.namespace)
    if not src or not workload.endpoints:
        return NOWHERE
    return src, with_port(str(workload.ref), ConnectionSet.all(), workload)


def of_exposure(ref: ObjectRef, cluster: Cluster) -> Ends:
    """From the Internet to a workload, through a load balancer or a route that leads there; else from inside."""
    snapshot = cluster.snapshot
    workload = snapshot.workload_by_ref.get(ref)
    if workload is None:
        return NOWHERE
    near = (s for s in snapshot.services if s.namespace == ref.namespace and s.type is ServiceType.LOAD_BALANCER)
    doors = [of_service(s, snapshot) for s in near if ref in _behind(s, snapshot)]
    doors += [of_route(v, snapshot) for v in cluster.routes if any(w.ref == ref for w in v.backend.workloads)]
    public = next((ends for ends in doors if ends[0] == THE_INTERNET), None)
    return public or next(iter(doors), None) or of_workload(workload, snapshot)


def of_arrival(service: Service, snapshot: Snapshot, port: ServicePort | None) -> Ends:
    """From outside to a port of a Service: through its load balancer, or to its node port on a node."""
    port = port or next(iter(service.ports), None)
    if service.type is ServiceType.LOAD_BALANCER or port is None or not port.node_port:
        return of_service(service, snapshot, port)
    shown = (a for node in snapshot.nodes for a in node.addresses_of("InternalIP") if address_or_none(a) is not None)
    address = next(shown, "")
    return (THE_NETWORK, written(address, port.node_port, port.protocol.value)) if address else NOWHERE


def of_open_workload(ref: ObjectRef, open_for: str, snapshot: Snapshot) -> Ends:
    """To a workload that no policy isolates for ingress, else from it to a Service of others."""
    workload = snapshot.workload_by_ref.get(ref)
    if workload is None:
        return NOWHERE
    return of_workload(workload, snapshot) if Direction.INGRESS.field in open_for else leaving(workload, snapshot)


def of_node(node: Node, snapshot: Snapshot) -> Ends:
    """To a node: from the Internet where it has a public address, else from its network; to a node port if any is
    open, else to a usual port."""
    ports = [(p.node_port, p.protocol.value) for s in snapshot.services for p in s.ports if p.node_port]
    port, protocol = next(iter(ports), (_HTTPS, ""))
    for sort, src in (("ExternalIP", THE_INTERNET), ("InternalIP", THE_NETWORK)):
        address = next((a for a in node.addresses_of(sort) if address_or_none(a) is not None), "")
        if address:
            return src, written(address, port, protocol)
    return NOWHERE


def of_route(view: RouteView, snapshot: Snapshot) -> Ends:
    """From the Internet to what a route takes, as a browser asks for it; of a stream, from where its listener's address
    can be reached to that address."""
    if view.route.kind not in _STREAMS:
        return THE_INTERNET, url_of(view)
    gateway = next((g for g in snapshot.gateways if g.ref == view.gateway), None)
    listeners = gateway.listeners if gateway is not None else ()
    port = next((each.port for each in listeners if each.name in view.listeners), 0)
    address = next((a for a in (gateway.addresses if gateway else ()) if address_or_none(a) is not None), "")
    if not address or not port:
        return NOWHERE
    src = THE_INTERNET if is_public(parse_address(address)) else THE_NETWORK
    return src, written(address, port, _STREAMS[view.route.kind])


def url_of(view: RouteView) -> str:
    """A URL that a route takes; of one that takes many hosts, to a name that stands for any of them."""
    scheme = "http" if view.tls.mode == "none" else "https"
    host = view.host or UNNAMED_HOST
    host = f"{_ANY_LABEL}{host[1:]}" if host.startswith("*.") else host
    path = view.path if view.path.startswith("/") else "/"
    return f"{scheme}://{host}{path}"


def of_flow_row(flow: Flow, cluster: Cluster, node: str = "") -> Ends:
    """As ``of_flow``; what an ingress controller carries, as a browser sends it to a route that leads there."""
    if flow.src != INGRESS_CONTROLLER:
        return of_flow(flow, cluster.snapshot, node)
    views = (v for v in cluster.routes if any(str(w.ref) == flow.dst for w in v.backend.workloads))
    return next((of_route(view, cluster.snapshot) for view in views), NOWHERE)


def of_policy(ref: ObjectRef, cluster: Cluster) -> Ends:
    """What a policy is about: a packet to a workload that it selects, or from one where it only isolates egress."""
    snapshot = cluster.snapshot
    chosen = next(iter((cluster.selections or {}).get(ref, ())), None) or _probably_meant(ref, snapshot)
    entry = next((p for p in inventory(snapshot) if p.ref == ref), None)
    if chosen is None:
        return NOWHERE
    leaves = entry is not None and Direction.EGRESS in entry.isolates and Direction.INGRESS not in entry.isolates
    return leaving(chosen, snapshot) if leaves else of_workload(chosen, snapshot)


def _probably_meant(ref: ObjectRef, snapshot: Snapshot) -> Workload | None:
    """Of a NetworkPolicy that selects nobody: whose pods of its namespace have nearly the labels that it names."""
    policy = next((p for p in snapshot.network_policies if p.ref == ref), None)
    if policy is None:
        return None
    wanted = [(r.key, *r.values) for r in policy.pod_selector.requirements if len(r.values) == 1]
    near = snapshot.workloads_by_namespace.get(ref.namespace, ())
    for key, value in wanted:
        owners = {pod.labels[key]: w for w in near for pod in w.endpoints if key in pod.labels}
        if (label := nearest(value, owners)) is not None:
            return owners[label]
    return None


def leaving(workload: Workload, snapshot: Snapshot) -> Ends:
    """From a workload to a Service that is not its own, whose name it has to ask for."""
    inside = (s for s in snapshot.services if s.ports and s.type is not ServiceType.EXTERNAL_NAME and s.cluster_ips)
    for service in sorted(inside, key=lambda s: s.namespace != workload.namespace):
        if workload.ref not in _behind(service, snapshot):
            port = service.ports[0]
            return str(workload.ref), f"svc/{service.ref.qualified_name}:{port.port}{suffix(port.protocol.value)}"
    return NOWHERE
