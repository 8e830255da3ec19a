"""Services: defaults and refusals of ValidateService and SetDefaults_Service."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from lib.model.problem import Severity
from lib.model.services import Service, ServiceType, SessionAffinity, TrafficPolicy
from lib.model.sets import Family, Protocol
from tests.loaders.parse.build import faults, load, merged

BASE = """
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def service(changes: str) -> Service:
    loaded = load(merged(BASE, changes))
    assert [p for p in loaded.problems if p.severity is Severity.ERROR] == []
    (found,) = loaded.snapshot.services
    return found


def test_the_apis_defaults_are_applied() -> None:
    found = service("{}")
    (port,) = found.ports
    assert (port.port, port.target_port, port.protocol, port.name, port.node_port) == (80, 80, Protocol.TCP, "", 0)
    assert found.type is ServiceType.CLUSTER_IP
    assert found.session_affinity is SessionAffinity.NONE
    assert found.session_affinity_timeout_s == 10800
    assert found.external_traffic_policy is TrafficPolicy.CLUSTER
    assert found.internal_traffic_policy is TrafficPolicy.CLUSTER
    assert found.allocate_load_balancer_node_ports
    assert not found.headless
    assert not found.publish_not_ready_addresses
    assert str(found.selector) == "app=web"


@pytest.mark.parametrize("selector", ["null", "{}"])
def test_without_a_selector_nothing_is_selected(selector: str) -> None:
    loaded = load(f"""
        apiVersion: v1
        kind: Service
        metadata: {{name: web}}
        spec: {{selector: {selector}, ports: [{{port: 80}}]}}
    """)
    assert loaded.snapshot.services[0].selector is None


@pytest.mark.parametrize(
    ("port", "target"),
    [
        ("{port: 80, targetPort: 8080}", 8080),
        ("{port: 80, targetPort: http}", "http"),
        ("{port: 80, targetPort: 0}", 80),
        ("{port: 80, targetPort: ''}", 80),
        ("{port: 80, targetPort: null}", 80),
    ],
)
def test_target_ports(port: str, target: int | str) -> None:
    assert service(f"spec: {{ports: [{port}]}}").ports[0].target_port == target


def test_a_headless_service_needs_no_port() -> None:
    found = service("spec: {clusterIP: None, ports: []}")
    assert (found.headless, found.cluster_ips, found.ports) == (True, (), ())


def test_cluster_addresses_of_both_families_are_kept_in_order() -> None:
    found = service("spec: {clusterIP: 10.0.0.9, clusterIPs: [10.0.0.9, 'fd00::9'], ipFamilies: [IPv4, IPv6]}")
    assert found.cluster_ips == (ip_address("10.0.0.9"), ip_address("fd00::9"))
    assert found.ip_families == (Family.IPV4, Family.IPV6)


def test_a_load_balancer_keeps_what_azure_will_read() -> None:
    found = service("""
        metadata:
          annotations:
            service.beta.kubernetes.io/azure-load-balancer-internal: "true"
            kubectl.kubernetes.io/last-applied-configuration: "{}"
        spec:
          type: LoadBalancer
          loadBalancerSourceRanges: [" 10.0.0.0/8 ", 192.168.0.7/16]
          externalTrafficPolicy: Local
          healthCheckNodePort: 31000
        status: {loadBalancer: {ingress: [{ip: 20.1.2.3, ipMode: VIP}, {hostname: x.example}]}}
    """)
    assert found.annotations == {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
    assert found.load_balancer_source_ranges == (ip_network("10.0.0.0/8"), ip_network("192.168.0.0/16"))
    assert [(i.ip, i.hostname) for i in found.load_balancer_ingress] == [("20.1.2.3", ""), ("", "x.example")]
    assert (found.external_traffic_policy, found.health_check_node_port) == (TrafficPolicy.LOCAL, 31000)


REFUSED = [
    ("no ports", "{ports: null}", "missing-port", ""),
    ("port zero", "{ports: [{port: 0}]}", "out-of-range", "ports[0].port"),
    ("port as text", "{ports: [{port: '80'}]}", "wrong-type", "ports[0].port"),
    ("target as text of digits", "{ports: [{port: 80, targetPort: '80'}]}", "invalid-port-name", "ports[0].targetPort"),
    ("target too large", "{ports: [{port: 80, targetPort: 70000}]}", "out-of-range", "ports[0].targetPort"),
    ("unknown protocol", "{ports: [{port: 80, protocol: HTTP}]}", "unsupported-value", "ports[0].protocol"),
    ("the same port twice", "{ports: [{name: a, port: 80}, {name: b, port: 80}]}", "duplicate-port", "ports[1].port"),
    (
        "the same port name twice",
        "{ports: [{name: a, port: 80}, {name: a, port: 81}]}",
        "duplicate-port-name",
        "ports[1].name",
    ),
    ("node port on ClusterIP", "{ports: [{port: 80, nodePort: 30001}]}", "node-port-without-type", "ports[0].nodePort"),
    ("unknown type", "{type: Loadbalancer}", "unsupported-value", "type"),
    ("headless load balancer", "{type: LoadBalancer, clusterIP: None}", "invalid-cluster-ip", "clusterIP"),
    ("bad cluster address", "{clusterIP: 10.0.0.256}", "invalid-address", "clusterIP"),
    ("ExternalName without name", "{type: ExternalName}", "missing-external-name", ""),
    (
        "ranges on ClusterIP",
        "{loadBalancerSourceRanges: [10.0.0.0/8]}",
        "source-ranges-without-type",
        "loadBalancerSourceRanges",
    ),
    ("bad range", "{type: LoadBalancer, loadBalancerSourceRanges: [a]}", "invalid-cidr", "loadBalancerSourceRanges[0]"),
    ("loopback as external address", "{externalIPs: [127.0.0.1]}", "invalid-address", "externalIPs[0]"),
    (
        "policy without exposure",
        "{externalTrafficPolicy: Local}",
        "traffic-policy-without-exposure",
        "externalTrafficPolicy",
    ),
    (
        "affinity timeout too long",
        "{sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}}",
        "out-of-range",
        "sessionAffinityConfig.clientIP.timeoutSeconds",
    ),
    (
        "affinity settings without affinity",
        "{sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}",
        "affinity-config",
        "sessionAffinityConfig",
    ),
    ("unknown family", "{ipFamilies: [ipv4]}", "unsupported-value", "ipFamilies[0]"),
    ("misspelt field", "{selectors: {}}", "unknown-field", "selectors"),
    ("unquoted boolean in the selector", "{selector: {app: true}}", "wrong-type", "selector.app"),
    (
        "a selector in the form of a Deployment's",
        "{selector: {matchLabels: {a: b}}}",
        "wrong-type",
        "selector.matchLabels",
    ),
]


@pytest.mark.parametrize(("spec", "code", "path"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED])
def test_what_the_server_refuses_is_not_taken_over(spec: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, f"spec: {spec}"))
    assert ("error", code, f"spec.{path}".rstrip(".")) in faults(loaded)
    assert loaded.snapshot.services == ()


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        pytest.param(
            "spec: {ports: [{port: 80}, {name: b, port: 81}]}", "missing-port-name", "spec.ports[0]", id="port name"
        ),
        pytest.param(
            "spec: {type: NodePort, ports: [{port: 80, nodePort: 80}]}",
            "unusual-node-port",
            "spec.ports[0].nodePort",
            id="range",
        ),
        pytest.param("metadata: {name: 1st}", "invalid-name", "metadata.name", id="a name that begins with a digit"),
        pytest.param("{metadata: {uid: u}, spec: {new: 1}}", "unknown-field", "spec.new", id="a newer live field"),
    ],
)
def test_what_is_odd_but_clear_counts_with_a_warning(changes: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, changes))
    assert faults(loaded) == [("warning", code, path)]
    assert len(loaded.snapshot.services) == 1


def test_the_same_port_number_under_two_protocols_is_no_duplicate() -> None:
    found = service("spec: {ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}")
    assert [p.protocol for p in found.ports] == [Protocol.TCP, Protocol.UDP]
