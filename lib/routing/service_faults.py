"""What is wrong with a Service: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lib.model.cluster import Pod
from lib.model.near_words import nearest
from lib.model.services import Service, ServiceType, SessionAffinity, TrafficPolicy
from lib.model.snapshot import Snapshot
from lib.routing.coverage import not_checked
from lib.routing.endpoints import Endpoints, differences
from lib.routing.faults import Fault, Issue, issue
from lib.routing.reach import (
    INTERNAL_ANNOTATION,
    Scope,
    address_or_none,
    asks_for_internal,
    is_public,
    limits_nobody,
    opens_for_internet,
    reach_of_service,
)
from lib.routing.target_ports import PortView

# Kubernetes, core/v1 ClientIPConfig: "must be >0 && <=86400(for 1 day)".
AFFINITY_TIMEOUT_S: Final = (1, 86400)
# Kubernetes, well-known labels: such nodes are left out of load balancers' pools, whatever the value.
EXCLUDED_NODE_LABEL: Final = "node.kubernetes.io/exclude-from-external-load-balancers"

# What controllers label their own Services with; "" is any value. Sources: Gateway API, GEP-1762; the manifests of
# aks-app-routing-operator; the Helm chart of ingress-nginx.
FRONT_LABELS: Final = (
    ("gateway.networking.k8s.io/gateway-name", ""),
    ("app.kubernetes.io/managed-by", "aks-app-routing-operator"),
    ("app.kubernetes.io/name", "ingress-nginx"),
)


def judge(
    snapshot: Snapshot, service: Service, pods: Sequence[Pod], ports: Sequence[PortView], endpoints: Endpoints
) -> tuple[tuple[Issue, ...], tuple[str, ...]]:
    """The issues of a Service, and what could not be checked."""
    if service.type is ServiceType.EXTERNAL_NAME:
        return tuple(_external_name(service)), ()
    unchecked: list[str] = []
    issues = [
        *_backing(snapshot, service, pods, endpoints, unchecked),
        *_ports(service, ports),
        *_settings(service),
        *_load_balancer(snapshot, service),
        *_local_policies(snapshot, service, endpoints),
    ]
    return tuple(issues), tuple(unchecked)


def _external_name(service: Service) -> Iterator[Issue]:
    if address_or_none(service.external_name) is not None:
        yield issue(
            Fault.EXTERNAL_NAME_IS_ADDRESS, service.source.at("spec", "externalName"), name=service.external_name
        )
    if service.selector is not None:
        yield issue(Fault.EXTERNAL_NAME_SELECTOR, service.source.at("spec", "selector"), selector=service.selector)
    for port in service.ports:
        if port.target_port != port.port:
            source = port.source or service.source
            yield issue(Fault.EXTERNAL_NAME_TARGET_PORT, source, port=port.port, target=port.target_port)


def _backing(
    snapshot: Snapshot, service: Service, pods: Sequence[Pod], endpoints: Endpoints, unchecked: list[str]
) -> Iterator[Issue]:
    if service.selector is None:
        if not endpoints.items and snapshot.is_complete("EndpointSlice"):
            yield issue(Fault.NO_ENDPOINTS, service.source)
        elif not endpoints.items:
            unchecked.append(not_checked(snapshot, "its endpoints", "EndpointSlice"))
        elif not endpoints.usable:
            yield _none_ready(service, endpoints)
        return
    if not pods:
        if snapshot.is_complete("Pod"):
            yield issue(
                Fault.SELECTS_NOTHING,
                service.source.at("spec", "selector"),
                selector=service.selector,
                namespace=service.namespace,
                hint=_hint(snapshot, service),
            )
        else:
            unchecked.append(not_checked(snapshot, "its pods", "Pod"))
        return
    if not endpoints.usable:
        yield _none_ready(service, endpoints, pods)
    if endpoints.origin != "pods" and snapshot.is_complete("Pod"):
        found = differences(endpoints, pods)
        if found:
            yield issue(Fault.ENDPOINTS_DISAGREE, service.source, differences="; ".join(found))


def _none_ready(service: Service, endpoints: Endpoints, pods: Sequence[Pod] = ()) -> Issue:
    count, word, condition = len(endpoints.items), "endpoint", "ready"
    if not count:
        count, word, condition = len(pods), "pod", "listed in an EndpointSlice"
    many = f"{count} {word}s" if count != 1 else f"{count} {word}"
    return issue(Fault.NO_READY_ENDPOINTS, service.source, endpoints=many, condition=condition)


def _hint(snapshot: Snapshot, service: Service) -> str:
    """The nearest explanation: a workload scaled to zero, or one that misses the selector by a single label."""
    if service.selector is None:
        return ""
    for workload in snapshot.workloads_by_namespace.get(service.namespace, ()):
        # Of a workload's own labels its pods have none: what counts are those of their template.
        if workload.replicas == 0 and any(service.selector.matches(pod.labels) for pod in workload.to_come):
            return f"; {workload.ref} is scaled to 0"
    requirements = service.selector.requirements
    for workload in snapshot.workloads_by_namespace.get(service.namespace, ()):
        for pod in workload.endpoints[:1]:
            missed = [r for r in requirements if not r.matches(pod.labels)]
            has = pod.labels.get(missed[0].key) if missed else None
            if len(missed) == 1 and (len(requirements) > 1 or _alike(has, missed[0].values)):
                there = f"{missed[0].key}={has}" if has is not None else f"no label {missed[0].key}"
                return f"; the pods of {workload.ref} have {there}"
    return ""


def _alike(value: str | None, wanted: Iterable[str]) -> bool:
    """Whether a label's value looks like a slip of the pen for the wanted one."""
    return value is not None and nearest(value, wanted, 0.8) is not None


def _ports(service: Service, ports: Sequence[PortView]) -> Iterator[Issue]:
    for view in ports:
        port, source = view.port, view.port.source or service.source
        if service.headless:
            differing = sorted(set(view.numbers) - {port.port})
            if differing:
                target = ", ".join(map(str, differing))
                yield issue(Fault.HEADLESS_PORT_NOT_TRANSLATED, source, target=target, port=port.port)
        missing = view.undeclared
        if not missing:
            continue
        what = {"port": port.port, "name": port.target_port, "protocol": port.protocol.value}
        if len(missing) == len(view.targets):
            pods = [pod for target in missing for pod in target.pods]
            yield issue(Fault.TARGET_PORT_UNDECLARED, source, **what, hint=_declared_names(pods))
        else:
            names = ", ".join(sorted({str(t.workload.ref) for t in missing}))
            yield issue(Fault.TARGET_PORT_PARTLY_DECLARED, source, **what, workloads=names)


def _declared_names(pods: Sequence[Pod]) -> str:
    names = sorted({f"{c.name}/{c.protocol.value}" for pod in pods for c in pod.ports if c.name})
    return f"; they declare {', '.join(names)}" if names else "; they declare no named port"


def _settings(service: Service) -> Iterator[Issue]:
    if service.session_affinity is not SessionAffinity.CLIENT_IP:
        return
    source = service.source.at("spec", "sessionAffinity")
    if service.headless:
        yield issue(Fault.AFFINITY_WITHOUT_EFFECT, source)
    minimum, maximum = AFFINITY_TIMEOUT_S
    if not minimum <= service.session_affinity_timeout_s <= maximum:
        seconds = service.session_affinity_timeout_s
        yield issue(Fault.AFFINITY_TIMEOUT, source, seconds=seconds, minimum=minimum, maximum=maximum)


def _load_balancer(snapshot: Snapshot, service: Service) -> Iterator[Issue]:
    if service.type is not ServiceType.LOAD_BALANCER:
        return
    annotation = service.annotations.get(INTERNAL_ANNOTATION)
    if annotation is not None and annotation != "true" and annotation.strip().lower() == "true":
        source = service.source.at("metadata", "annotations", INTERNAL_ANNOTATION)
        yield issue(Fault.INTERNAL_ANNOTATION_SPELLING, source, annotation=INTERNAL_ANNOTATION, value=annotation)
    addresses = [a for a in (address_or_none(i.ip) for i in service.load_balancer_ingress) if a is not None]
    public = [str(a) for a in addresses if is_public(a)]
    if asks_for_internal(service) and public:
        yield issue(Fault.INTERNAL_WITH_PUBLIC_ADDRESS, service.source, addresses=", ".join(public))
    # An allocated cluster address shows that the object comes from a cluster; in a manifest no address is due yet.
    if service.cluster_ips and not service.load_balancer_ingress and not service.deleting:
        yield issue(Fault.LOAD_BALANCER_PENDING, service.source)
    opened = limits_nobody(service) and opens_for_internet(service)
    if reach_of_service(service).scope is Scope.INTERNET and opened and not _is_front(snapshot, service):
        yield issue(Fault.LOAD_BALANCER_OPEN, service.source)


def _is_front(snapshot: Snapshot, service: Service) -> bool:
    """Whether it is an ingress controller's own load balancer, which is meant to be open.

    Its routes carry its address, or its labels say so.
    """
    if any(service.labels.get(key) == value or (not value and key in service.labels) for key, value in FRONT_LABELS):
        return True
    own = {i.ip or i.hostname for i in service.load_balancer_ingress}
    fronts = {a.ip or a.hostname for ingress in snapshot.ingresses for a in ingress.addresses}
    return bool(own & (fronts | {a for gateway in snapshot.gateways for a in gateway.addresses}))


def _local_policies(snapshot: Snapshot, service: Service, endpoints: Endpoints) -> Iterator[Issue]:
    if not snapshot.is_complete("Node") or not endpoints.usable or not snapshot.nodes:
        return
    homes = {e.node_name for e in endpoints.items if e.takes_connections}
    if "" in homes:
        return
    if service.external_traffic_policy is TrafficPolicy.LOCAL and service.type is ServiceType.LOAD_BALANCER:
        takes = {n.name for n in snapshot.nodes if n.ready is not False and EXCLUDED_NODE_LABEL not in n.labels}
        if not takes & homes:
            yield issue(Fault.LOCAL_POLICY_WITHOUT_NODE, service.source.at("spec", "externalTrafficPolicy"))
    if service.internal_traffic_policy is TrafficPolicy.LOCAL and not service.headless:
        gaps = sorted(n.name for n in snapshot.nodes if n.name not in homes)
        if gaps:
            source = service.source.at("spec", "internalTrafficPolicy")
            yield issue(Fault.INTERNAL_LOCAL_GAPS, source, nodes=", ".join(gaps))
