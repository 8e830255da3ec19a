"""Short constructors, so that a test shows only what it is about."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from lib.model.cluster import ContainerPort, Namespace, Node, NodeAddress, Pod, PodPhase, Workload
from lib.model.labels import LabelSelector
from lib.model.refs import ObjectRef, Source
from lib.model.routes import (
    Gateway,
    GatewayClass,
    GatewayRoute,
    GatewayRouteRule,
    Ingress,
    IngressClass,
    IngressPath,
    IngressRule,
    IngressTLS,
    Listener,
    NameValueMatch,
    ParentRef,
    RouteMatch,
    ServiceBackend,
)
from lib.model.services import (
    Endpoint,
    EndpointSlice,
    LoadBalancerIngress,
    Service,
    ServicePort,
    ServiceType,
)
from lib.model.sets import Protocol
from lib.model.snapshot import Coverage, SecretInfo, Snapshot

NS = "shop"
ALL_KINDS = (
    *("Namespace", "Node", "Pod", "Service", "Endpoints", "EndpointSlice", "Ingress", "IngressClass", "NetworkPolicy"),
    *("GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant", "Secret"),
)
COMPLETE = {kind: Coverage.COMPLETE for kind in ALL_KINDS}
_counter = iter(range(1, 1_000_000))


def src(*path: str | int) -> Source:
    """A place of its own for each object."""
    return Source("test.yaml", next(_counter), path)


def ref(kind: str, name: str, namespace: str = NS) -> ObjectRef:
    return ObjectRef(namespace, name, kind)


def port(number: int, name: str = "", protocol: str = "TCP", **more: Any) -> ContainerPort:
    return ContainerPort(number, Protocol(protocol), name, container="main", **more)


def pod(
    name: str,
    labels: Mapping[str, str],
    *ports: ContainerPort,
    namespace: str = NS,
    ready: bool | None = True,
    ip: str = "",
    phase: str = "Running",
    node: str = "node-1",
    **more: Any,
) -> Pod:
    return Pod(
        ref("Pod", name, namespace),
        src(),
        labels,
        ports,
        phase=PodPhase(phase),
        ips=(ip_address(ip),) if ip else (ip_address("10.244.0.9"),) if phase == "Running" else (),
        node_name=node,
        ready=ready,
        **more,
    )


def template(name: str, labels: Mapping[str, str], *ports: ContainerPort, namespace: str = NS) -> Pod:
    return Pod(ref("Pod", name, namespace), src(), labels, ports, from_template=True)


def workload(name: str, *pods: Pod, namespace: str = NS, kind: str = "Deployment", **more: Any) -> Workload:
    return Workload(ref(kind, name, namespace), src(), pods, **more)


def app(name: str, *ports: ContainerPort, namespace: str = NS, ready: bool | None = True, count: int = 1) -> Workload:
    """A Deployment whose pods carry ``app: NAME``."""
    pods = [pod(f"{name}-{i}", {"app": name}, *ports, namespace=namespace, ready=ready) for i in range(count)]
    return workload(name, *pods, namespace=namespace)


def sport(number: int, target: int | str | None = None, **more: Any) -> ServicePort:
    protocol = Protocol(more.pop("protocol", "TCP"))
    return ServicePort(number, number if target is None else target, protocol, source=src(), **more)


def service(
    name: str,
    selector: Mapping[str, str] | None,
    *ports: ServicePort,
    namespace: str = NS,
    type: str = "ClusterIP",
    lb: tuple[str, ...] = (),
    ranges: tuple[str, ...] = (),
    **more: Any,
) -> Service:
    entries = [LoadBalancerIngress(ip=a) if a[0].isdigit() or ":" in a else LoadBalancerIngress(hostname=a) for a in lb]
    return Service(
        ref("Service", name, namespace),
        src(),
        ServiceType(type),
        None if selector is None else LabelSelector.from_labels(selector),
        ports,
        load_balancer_ingress=tuple(entries),
        load_balancer_source_ranges=tuple(ip_network(r) for r in ranges),
        load_balancer_source_ranges_written=ranges,
        **more,
    )


def svc(name: str, number: int = 80, target: int | str | None = None, namespace: str = NS) -> Service:
    """A Service that selects ``app: NAME``."""
    return service(name, {"app": name}, sport(number, target), namespace=namespace)


def endpoint(address: str, target: str = "", **more: Any) -> Endpoint:
    return Endpoint((address,), target=ref("Pod", target) if target else None, **more)


def slice_of(
    service_name: str, *endpoints: Endpoint, kind: str = "EndpointSlice", family: str = "IPv4"
) -> EndpointSlice:
    return EndpointSlice(ref(kind, f"{service_name}-{next(_counter)}"), src(), service_name, family, endpoints)


def node(name: str, *external: str, labels: Mapping[str, str] | None = None, ready: bool | None = True) -> Node:
    addresses = tuple(NodeAddress("ExternalIP", a) for a in external)
    return Node(name, src(), labels or {}, addresses=addresses, ready=ready)


def backend(name: str, number: int | str | None = 80, namespace: str = NS, weight: int = 1) -> ServiceBackend:
    return ServiceBackend(ref("Service", name, namespace), number, src(), weight)


def path(text: str, to: str, type: str = "Prefix", number: int | str = 80) -> IngressPath:
    return IngressPath(text, type, backend(to, number), src())


def rule(host: str, *paths: IngressPath) -> IngressRule:
    return IngressRule(host, paths, src())


def ingress(name: str, *rules: IngressRule, cls: str = "web", namespace: str = NS, **more: Any) -> Ingress:
    return Ingress(ref("Ingress", name, namespace), src(), cls, rules=rules, **more)


def tls(secret: str, *hosts: str) -> IngressTLS:
    return IngressTLS(hosts, secret, src())


def secret(name: str, namespace: str = NS, keys: tuple[str, ...] = ("tls.crt", "tls.key")) -> SecretInfo:
    return SecretInfo(ref("Secret", name, namespace), src(), "kubernetes.io/tls", keys)


def ingress_class(name: str, controller: str = "example.com/controller", default: bool = False) -> IngressClass:
    return IngressClass(name, src(), controller, default)


NGINX_CLASS = ingress_class("nginx", "k8s.io/ingress-nginx")
WEB_CLASS = ingress_class("web")


def gateway_class(name: str = "gw-class", **more: Any) -> GatewayClass:
    return GatewayClass(name, src(), "example.com/gateway", **more)


def listener(name: str, number: int = 80, protocol: str = "HTTP", **more: Any) -> Listener:
    return Listener(name, number, protocol, src(), **more)


def gateway(name: str, *listeners: Listener, namespace: str = NS, cls: str = "gw-class", **more: Any) -> Gateway:
    return Gateway(ref("Gateway", name, namespace), src(), cls, listeners, **more)


def parent(name: str = "gw", namespace: str = NS, **more: Any) -> ParentRef:
    return ParentRef(ref(more.pop("kind", "Gateway"), name, namespace), src(), **more)


def match(path: str = "/", path_type: str = "PathPrefix", **more: Any) -> RouteMatch:
    return RouteMatch(path, path_type, source=src(), **more)


def named(name: str, value: str, type: str = "Exact") -> NameValueMatch:
    return NameValueMatch(name, value, type)


def http_rule(
    *backends: ServiceBackend, matches: tuple[RouteMatch, ...] | None = None, **more: Any
) -> GatewayRouteRule:
    return GatewayRouteRule((match(),) if matches is None else matches, backends, src(), **more)


def http_route(
    name: str,
    *rules: GatewayRouteRule,
    hosts: tuple[str, ...] = (),
    parents: tuple[ParentRef, ...] | None = None,
    namespace: str = NS,
    kind: str = "HTTPRoute",
    created: str = "",
) -> GatewayRoute:
    found = (parent(namespace=namespace),) if parents is None else parents
    return GatewayRoute(ref(kind, name, namespace), src(), found, hosts, rules, created=created)


def snapshot(*objects: object, coverage: Mapping[str, Coverage] | None = None, **more: Any) -> Snapshot:
    """A snapshot of the objects, sorted into its fields by type; every kind is complete unless said otherwise."""
    fields: dict[type, str] = {
        Workload: "workloads",
        Service: "services",
        EndpointSlice: "endpoint_slices",
        Node: "nodes",
        Ingress: "ingresses",
        IngressClass: "ingress_classes",
        Gateway: "gateways",
        GatewayClass: "gateway_classes",
        GatewayRoute: "gateway_routes",
        SecretInfo: "secrets",
        Namespace: "namespaces",
    }
    sorted_in: dict[str, tuple[object, ...]] = {}
    for item in objects:
        name = fields[type(item)]
        sorted_in[name] = (*sorted_in.get(name, ()), item)
    values: dict[str, Any] = {"namespaces": (Namespace(NS, {"kubernetes.io/metadata.name": NS}, src()),)}
    return Snapshot(coverage=COMPLETE if coverage is None else coverage, **{**values, **sorted_in, **more})
