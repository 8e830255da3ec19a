"""Services, with every default of the API applied.

Source of the rules: ``ValidateService`` in ``pkg/apis/core/validation`` and ``SetDefaults_Service`` of Kubernetes.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.addresses import read_address, read_prefix
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.pods import PROTOCOLS
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.loaders.parse.syntax import label_fault, port_name_fault, rfc1035_fault, special_fault, subdomain_fault
from lib.model.labels import LabelSelector
from lib.model.services import (
    LoadBalancerIngress,
    Service,
    ServicePort,
    ServiceType,
    SessionAffinity,
    TrafficPolicy,
)
from lib.model.sets import FIRST_PORT, LAST_PORT, Address, Family, Network

_SPEC_FIELDS: Final = field_names(
    "allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy "
    "healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP "
    "loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig type "
    "trafficDistribution"
)
_PORT_FIELDS: Final = frozenset({"appProtocol", "name", "nodePort", "port", "protocol", "targetPort"})
_TYPES: Final = {type_.value: type_ for type_ in ServiceType}
_TRAFFIC_DISTRIBUTIONS: Final = ("PreferClose", "PreferSameZone", "PreferSameNode")
_TRAFFIC_POLICIES: Final = {policy.value: policy for policy in TrafficPolicy}
_AFFINITIES: Final = {affinity.value: affinity for affinity in SessionAffinity}
_FAMILIES: Final = {family.label: family for family in Family}
_FAMILY_POLICIES: Final = ("SingleStack", "PreferDualStack", "RequireDualStack")
DEFAULT_NODE_PORTS: Final = (30000, 32767)
_DAY_S: Final = 86400
_DEFAULT_TIMEOUT_S: Final = 10800


def parse_service(session: Session, raw: RawObject) -> Service | None:
    """A Service; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.REJECTS_MANIFEST, name_fault=rfc1035_fault)
    entry = reading.entry
    spec = reading.root.section("spec")
    spec.only(_SPEC_FIELDS)
    type_ = _TYPES[spec.choice("type", _TYPES, "ClusterIP")]
    headless, cluster_ips = _cluster_ips(spec)
    _check_cluster_ip(spec, type_, headless, cluster_ips)
    selector = spec.labels("selector")
    ports = _ports(spec, type_, headless)
    affinity, timeout_s = _affinity(spec)
    external_ips = _addresses(spec, "externalIPs")
    policy = _external_traffic_policy(spec, type_, bool(external_ips))
    ranges, ranges_written = _source_ranges(spec, type_)
    service = Service(
        ref=reading.ref,
        source=raw.source,
        type=type_,
        selector=LabelSelector.from_labels(selector) if selector else None,
        ports=ports,
        labels=reading.labels,
        annotations=reading.annotations,
        uid=reading.uid,
        headless=headless,
        cluster_ips=cluster_ips,
        ip_families=_families(spec, cluster_ips),
        ip_family_policy=spec.choice("ipFamilyPolicy", _FAMILY_POLICIES, "SingleStack"),
        external_name=_external_name(spec, type_),
        external_ips=external_ips,
        external_traffic_policy=policy,
        internal_traffic_policy=_TRAFFIC_POLICIES[spec.choice("internalTrafficPolicy", _TRAFFIC_POLICIES, "Cluster")],
        traffic_distribution=spec.choice("trafficDistribution", _TRAFFIC_DISTRIBUTIONS, ""),
        session_affinity=affinity,
        session_affinity_timeout_s=timeout_s,
        publish_not_ready_addresses=spec.boolean("publishNotReadyAddresses"),
        allocate_load_balancer_node_ports=spec.boolean("allocateLoadBalancerNodePorts", True),
        health_check_node_port=_health_check(spec, type_, policy),
        load_balancer_class=spec.text("loadBalancerClass"),
        load_balancer_ip=spec.text("loadBalancerIP"),
        load_balancer_source_ranges=ranges,
        load_balancer_source_ranges_written=ranges_written,
        load_balancer_ingress=read_load_balancer(reading.root.section("status")),
        deleting=reading.deleting,
    )
    return None if entry.failed else service


def read_load_balancer(status: Fields) -> tuple[LoadBalancerIngress, ...]:
    """``status.loadBalancer.ingress`` of a Service or an Ingress."""
    entries = status.section("loadBalancer").children("ingress")
    found = (LoadBalancerIngress(e.text("ip"), e.text("hostname"), e.text("ipMode") or "VIP") for e in entries)
    return tuple(item for item in found if item.ip or item.hostname)


def _addresses(spec: Fields, key: str) -> tuple[Address, ...]:
    found = []
    for index, text in spec.texts(key):
        path = (*spec.path, key, index)
        address = read_address(spec.entry, path, text)
        if address is None:
            continue
        if key == "externalIPs" and (fault := special_fault(address)):
            spec.entry.error(path, "invalid-address", f"{quote(text)} {fault}", "Write an address of the network.")
        found.append(address)
    return tuple(found)


def _cluster_ips(spec: Fields) -> tuple[bool, tuple[Address, ...]]:
    """Whether the Service is headless, and its cluster addresses."""
    single = spec.text("clusterIP")
    several = spec.texts("clusterIPs")
    words = [text for _, text in several] or ([single] if single else [])
    if several and single and words[0] != single:
        message = f"{quote(single)} must be the first of clusterIPs, {quote(words[0])}"
        spec.error("clusterIP", "cluster-ip-mismatch", message, "Write the same address in both places.")
    if "None" in words:
        if len(words) > 1:
            spec.error("clusterIPs", "invalid-cluster-ip", '"None" must stand alone', "Write only None.")
        return True, ()
    if not several and single:
        address = read_address(spec.entry, (*spec.path, "clusterIP"), single)
        return False, () if address is None else (address,)
    return False, _addresses(spec, "clusterIPs")


def _check_cluster_ip(spec: Fields, type_: ServiceType, headless: bool, cluster_ips: tuple[Address, ...]) -> None:
    if type_ is ServiceType.EXTERNAL_NAME and (headless or cluster_ips):
        message = "must not be set on an ExternalName Service"
        spec.error("clusterIP", "invalid-cluster-ip", message, "Remove clusterIP.")
    if headless and type_ in (ServiceType.NODE_PORT, ServiceType.LOAD_BALANCER):
        message = f'must not be "None" on a {type_.value} Service'
        spec.error("clusterIP", "invalid-cluster-ip", message, "Remove clusterIP, or use type ClusterIP.")


def _ports(spec: Fields, type_: ServiceType, headless: bool) -> tuple[ServicePort, ...]:
    items = spec.children("ports")
    if not items and not headless and type_ is not ServiceType.EXTERNAL_NAME:
        if not spec.sequence("ports"):
            spec.error("ports" if spec.has("ports") else None, "missing-port", "has no ports", "Add at least one port.")
        return ()
    found: list[ServicePort] = []
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    node_ports: set[tuple[int, str]] = set()
    for item in items:
        port = _port(item, type_, many=len(items) > 1)
        if port is None:
            continue
        if port.name and port.name in names:
            message = f"the port name {quote(port.name)} stands twice"
            item.error("name", "duplicate-port-name", message, "Give each port its own name.")
        key = (port.port, port.protocol.value)
        if key in numbers:
            message = f"port {port.port} of {port.protocol.value} stands twice"
            item.error("port", "duplicate-port", message, "Remove one of the two ports.")
        node_key = (port.node_port, port.protocol.value)
        if port.node_port and node_key in node_ports:
            message = f"node port {port.node_port} of {port.protocol.value} stands twice"
            item.error("nodePort", "duplicate-port", message, "Give each port its own nodePort, or none.")
        names.add(port.name)
        numbers.add(key)
        node_ports.add(node_key)
        found.append(port)
    return tuple(found)


def _port(item: Fields, type_: ServiceType, many: bool) -> ServicePort | None:
    item.only(_PORT_FIELDS)
    number = item.integer("port")
    name = item.text("name")
    if name and (fault := label_fault(name)):
        item.error("name", "invalid-port-name", f"{quote(name)} {fault}", "Correct the port's name.")
    elif not name and many:
        message = "has no name, without which the API server refuses a Service with several ports; it counts here"
        item.warn(None, "missing-port-name", message, "Add a name to each port.")
    protocol = PROTOCOLS[item.choice("protocol", PROTOCOLS, "TCP")]
    node_port = item.number_within("nodePort", 0, LAST_PORT, 0)
    if node_port and type_ in (ServiceType.CLUSTER_IP, ServiceType.EXTERNAL_NAME):
        message = f"must not be set on a {type_.value} Service"
        item.error("nodePort", "node-port-without-type", message, "Remove nodePort, or use type NodePort.")
    elif node_port and not DEFAULT_NODE_PORTS[0] <= node_port <= DEFAULT_NODE_PORTS[1]:
        message = f"{node_port} is not within the usual range {DEFAULT_NODE_PORTS[0]}-{DEFAULT_NODE_PORTS[1]}"
        item.warn("nodePort", "unusual-node-port", message, "Check the server's --service-node-port-range.")
    if number is None:
        if not item.has("port"):
            item.error(None, "missing-port", "has no port", "Add port, a number from 1 to 65535.")
        return None
    if not FIRST_PORT <= number <= LAST_PORT:
        message = f"{quote(number)} is not within {FIRST_PORT}-{LAST_PORT}"
        item.error("port", "out-of-range", message, "Write a number from 1 to 65535.")
        return None
    target = _target_port(item, number)
    return ServicePort(number, target, protocol, name, node_port, item.text("appProtocol"), item.source)


def _target_port(item: Fields, port: int) -> int | str:
    """``targetPort`` as a number or name; 0, "" or absent is the port itself (``SetDefaults_Service``)."""
    written = item.data.get("targetPort")
    if written is None or written == "" or (written == 0 and not isinstance(written, bool)):
        return port
    if isinstance(written, str):
        if fault := port_name_fault(written):
            remedy = "Write the number without quotes." if written.isdecimal() else "Write a container port's name."
            item.error("targetPort", "invalid-port-name", f"the port name {quote(written)} {fault}", remedy)
        return written
    number = item.integer("targetPort")
    if number is None:
        return port
    if not FIRST_PORT <= number <= LAST_PORT:
        message = f"{quote(number)} is not within {FIRST_PORT}-{LAST_PORT}"
        item.error("targetPort", "out-of-range", message, "Write a number from 1 to 65535.")
    return number


def _affinity(spec: Fields) -> tuple[SessionAffinity, int]:
    affinity = _AFFINITIES[spec.choice("sessionAffinity", _AFFINITIES, "None")]
    config = spec.child("sessionAffinityConfig")
    if config is None:
        return affinity, _DEFAULT_TIMEOUT_S
    if affinity is SessionAffinity.NONE:
        message = "must not be set when sessionAffinity is None"
        spec.error("sessionAffinityConfig", "affinity-config", message, "Set sessionAffinity: ClientIP, or remove it.")
    client_ip = config.section("clientIP")
    return affinity, client_ip.number_within("timeoutSeconds", 1, _DAY_S, _DEFAULT_TIMEOUT_S)


def _families(spec: Fields, cluster_ips: tuple[Address, ...]) -> tuple[Family, ...]:
    """``ipFamilies``, else those of the cluster addresses; empty where neither is written."""
    found = []
    for index, word in spec.texts("ipFamilies"):
        if word in _FAMILIES:
            found.append(_FAMILIES[word])
        else:
            path = (*spec.path, "ipFamilies", index)
            message = f"{quote(word)} is neither IPv4 nor IPv6"
            spec.entry.error(path, "unsupported-value", message, "Write IPv4 or IPv6.")
    return tuple(found) or tuple(Family.IPV4 if a.version == 4 else Family.IPV6 for a in cluster_ips)


def _external_name(spec: Fields, type_: ServiceType) -> str:
    name = spec.text("externalName")
    if type_ is not ServiceType.EXTERNAL_NAME:
        return name
    if not name:
        spec.error(None, "missing-external-name", "has no externalName", "Add externalName, a DNS name.")
    elif fault := subdomain_fault(name.removesuffix(".")):
        spec.error("externalName", "invalid-name", f"{quote(name)} {fault}", "Write a DNS name.")
    return name


def _external_traffic_policy(spec: Fields, type_: ServiceType, external_ips: bool) -> TrafficPolicy:
    policy = _TRAFFIC_POLICIES[spec.choice("externalTrafficPolicy", _TRAFFIC_POLICIES, "Cluster")]
    exposed = external_ips or type_ in (ServiceType.NODE_PORT, ServiceType.LOAD_BALANCER)
    if spec.text("externalTrafficPolicy") and not exposed:
        message = f"may only be set on a NodePort or LoadBalancer Service, or with externalIPs; this is {type_.value}"
        spec.error("externalTrafficPolicy", "traffic-policy-without-exposure", message, "Remove the field.")
    return policy


def _health_check(spec: Fields, type_: ServiceType, policy: TrafficPolicy) -> int:
    port = spec.number_within("healthCheckNodePort", 0, LAST_PORT, 0)
    if port and not (type_ is ServiceType.LOAD_BALANCER and policy is TrafficPolicy.LOCAL):
        message = "may only be set on a LoadBalancer Service with externalTrafficPolicy Local"
        spec.error("healthCheckNodePort", "health-check-without-local", message, "Remove the field.")
    return port


def _source_ranges(spec: Fields, type_: ServiceType) -> tuple[tuple[Network, ...], tuple[str, ...]]:
    """The source ranges with their host bits masked, and all of them as written."""
    written = spec.texts("loadBalancerSourceRanges")
    if written and type_ is not ServiceType.LOAD_BALANCER:
        message = f"may only be used on a LoadBalancer Service; this is {type_.value}"
        spec.error("loadBalancerSourceRanges", "source-ranges-without-type", message, "Remove the field.")
    found = []
    for index, text in written:
        network = read_prefix(spec.entry, (*spec.path, "loadBalancerSourceRanges", index), text.strip())
        if network is not None:
            found.append(network)
    return tuple(found), tuple(text for _, text in written)
