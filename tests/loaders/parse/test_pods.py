"""Pods, Namespaces, Nodes and Secrets: what of them the network needs, and the API's defaults."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from lib.model.cluster import METADATA_NAME_LABEL, ContainerPort, Pod, PodPhase
from lib.model.refs import ObjectRef
from lib.model.sets import Protocol
from tests.loaders.parse.build import faults, load, merged

BASE = """
    apiVersion: v1
    kind: Pod
    metadata: {name: web-1, namespace: shop, labels: {app: web}}
    spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
"""


def pod(changes: str) -> Pod:
    loaded = load(merged(BASE, changes))
    assert loaded.problems == ()
    (found,) = loaded.snapshot.pods
    return found


def ports(changes: str) -> list[tuple[int, str, str, int]]:
    return [(p.port, p.protocol.value, p.name, p.host_port) for p in pod(changes).ports]


def test_a_manifest_has_the_apis_defaults_and_no_status() -> None:
    found = pod("{}")
    assert found.ports[0].protocol is Protocol.TCP
    assert (found.phase, found.ready, found.ips, found.owner) == (PodPhase.NOT_STARTED, None, (), None)
    assert (found.service_account, found.host_network, found.deleting) == ("default", False, False)
    assert not found.from_template


def test_a_live_pod_keeps_its_addresses_and_state() -> None:
    found = pod("""
        metadata: {uid: u, deletionTimestamp: "2026-01-01T00:00:00Z"}
        spec: {nodeName: n1, serviceAccountName: sa, hostname: h, subdomain: s}
        status:
          phase: Running
          podIP: 10.1.0.4
          podIPs: [{ip: 10.1.0.4}, {ip: 'fd00::4'}]
          hostIP: 10.0.0.4
          conditions: [{type: Initialized, status: "True"}, {type: Ready, status: "False"}]
    """)
    assert found.ips == (ip_address("10.1.0.4"), ip_address("fd00::4"))
    assert found.host_ips == (ip_address("10.0.0.4"),)
    assert (found.phase, found.ready, found.deleting, found.node_name) == (PodPhase.RUNNING, False, True, "n1")
    assert (found.service_account, found.hostname, found.subdomain) == ("sa", "h", "s")


def test_the_older_single_address_counts_where_the_list_is_missing() -> None:
    assert pod("status: {podIP: 10.1.0.4}").ips == (ip_address("10.1.0.4"),)


def test_host_network_takes_the_container_port_on_the_node() -> None:
    assert ports("spec: {hostNetwork: true}") == [(8080, "TCP", "", 8080)]


def test_sidecars_own_ports_and_plain_init_containers_do_not() -> None:
    found = ports("""
        spec:
          initContainers:
          - {name: setup, ports: [{containerPort: 1}]}
          - {name: proxy, restartPolicy: Always, ports: [{name: mesh, containerPort: 2, protocol: UDP}]}
    """)
    assert found == [(8080, "TCP", "", 0), (2, "UDP", "mesh", 0)]


def test_a_port_leads_to_its_place_and_container() -> None:
    (found,) = pod("{}").ports
    assert isinstance(found, ContainerPort)
    assert found.container == "web"
    assert found.source is not None
    assert found.source.path_text == "spec.containers[0].ports[0]"


@pytest.mark.parametrize(
    ("port", "code", "path"),
    [
        ("{containerPort: 0}", "out-of-range", "containerPort"),
        ("{containerPort: 65536}", "out-of-range", "containerPort"),
        ("{containerPort: '80'}", "wrong-type", "containerPort"),
        ("{containerPort: 80, name: Http}", "invalid-port-name", "name"),
        ("{containerPort: 80, protocol: tcp}", "unsupported-value", "protocol"),
        ("{containerPort: 80, hostPort: 65536}", "out-of-range", "hostPort"),
    ],
)
def test_a_port_that_the_server_refuses_rejects_the_pod(port: str, code: str, path: str) -> None:
    loaded = load(merged(BASE, f"spec: {{containers: [{{name: a, ports: [{port}]}}]}}"))
    assert faults(loaded) == [("error", code, f"spec.containers[0].ports[0].{path}")]
    assert loaded.snapshot.workloads == ()


def test_a_host_port_that_differs_from_the_port_is_refused_on_the_nodes_network() -> None:
    spec = "spec: {hostNetwork: true, containers: [{name: a, ports: [{containerPort: 80, hostPort: 81}]}]}"
    assert faults(load(merged(BASE, spec))) == [("error", "host-port-mismatch", "spec.containers[0].ports[0].hostPort")]


def test_the_same_port_name_twice_in_a_container_is_refused() -> None:
    two = "spec: {containers: [{name: a, ports: [{name: p, containerPort: 1}, {name: p, containerPort: 2}]}]}"
    assert faults(load(merged(BASE, two))) == [("error", "duplicate-port-name", "spec.containers[0].ports[1].name")]


def test_a_misspelt_container_port_is_left_out_and_named() -> None:
    loaded = load(merged(BASE, "spec: {containers: [{name: a, ports: [{containerport: 80}]}]}"))
    assert faults(loaded) == [("warning", "missing-port", "spec.containers[0].ports[0]")]
    assert "containerPort instead of containerport" in loaded.problems[0].remedy
    assert loaded.snapshot.pods[0].ports == ()


@pytest.mark.parametrize("value", ["true", "yes", "on", "1", "1.5", "[a]"])
def test_a_label_of_another_type_rejects_the_pod(value: str) -> None:
    loaded = load(merged(BASE, f"metadata: {{labels: {{app: {value}}}}}"))
    assert faults(loaded) == [("error", "wrong-type", "metadata.labels.app")]
    assert loaded.snapshot.pods == ()


def test_a_null_label_is_the_empty_text() -> None:
    assert pod("metadata: {labels: {app: null}}").labels == {"app": ""}


def test_an_unreadable_address_in_a_status_is_left_out_with_a_warning() -> None:
    loaded = load(merged(BASE, "status: {phase: Running, podIPs: [{ip: x}, {ip: 10.1.0.4}]}"))
    assert faults(loaded) == [("warning", "invalid-address", "status.podIPs[0].ip")]
    assert loaded.snapshot.pods[0].ips == (ip_address("10.1.0.4"),)


def test_a_generated_name_is_listed_by_its_beginning() -> None:
    loaded = load("{apiVersion: v1, kind: Pod, metadata: {generateName: job-}, spec: {}}")
    assert faults(loaded) == [("warning", "generated-name", "metadata.generateName")]
    assert len(loaded.snapshot.pods) == 1


@pytest.mark.parametrize(
    ("metadata", "severity", "code"),
    [
        pytest.param("{}", "error", "missing-name", id="no name"),
        pytest.param("{name: ''}", "error", "missing-name", id="empty name"),
        pytest.param("{name: 7}", "error", "wrong-type", id="a number"),
        pytest.param("{name: Web}", "warning", "invalid-name", id="upper case"),
        pytest.param("{name: web_1}", "warning", "invalid-name", id="underscore"),
        pytest.param('{name: "a b"}', "warning", "invalid-name", id="blank inside"),
        pytest.param('{name: " a"}', "error", "invalid-name", id="blank before"),
        pytest.param('{name: "a "}', "error", "invalid-name", id="blank behind"),
        pytest.param('{name: "a<b"}', "error", "invalid-name", id="a sign of HTML"),
        pytest.param('{name: "a/b"}', "error", "invalid-name", id="slash"),
        pytest.param('{name: "a\\n"}', "error", "invalid-name", id="line break at the end"),
        pytest.param("{name: a, namespace: shop_1}", "warning", "invalid-name", id="namespace with underscore"),
    ],
)
def test_names_as_the_server_checks_them(metadata: str, severity: str, code: str) -> None:
    loaded = load(f"{{apiVersion: v1, kind: Pod, metadata: {metadata}, spec: {{}}}}")
    assert [(s, c) for s, c, _ in faults(loaded)] == [(severity, code)]
    assert len(loaded.snapshot.pods) == (0 if severity == "error" else 1)


def test_a_namespace_always_has_its_name_as_label() -> None:
    loaded = load(f"""
        {{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{{METADATA_NAME_LABEL}: other, a: b}}}}}}
    """)
    assert faults(loaded) == [("warning", "overridden-label", f"metadata.labels['{METADATA_NAME_LABEL}']")]
    (found,) = loaded.snapshot.namespaces
    assert found.labels == {METADATA_NAME_LABEL: "shop", "a": "b"}


def test_a_node_keeps_what_the_network_needs() -> None:
    loaded = load("""
        apiVersion: v1
        kind: Node
        metadata: {name: aks-1, labels: {agentpool: a}}
        spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24, 'fd00::/64'], providerID: azure:///x}
        status:
          addresses: [{type: InternalIP, address: 10.0.0.4}, {type: Hostname, address: aks-1}]
          conditions: [{type: Ready, status: "True"}]
          allocatable: {pods: "110"}
          nodeInfo: {kubeletVersion: v1.34.1, osImage: Ubuntu}
    """)
    assert loaded.problems == ()
    (node,) = loaded.snapshot.nodes
    assert node.pod_cidrs == (ip_network("10.244.0.0/24"), ip_network("fd00::/64"))
    assert node.addresses_of("InternalIP") == ("10.0.0.4",)
    assert (node.ready, node.unschedulable, node.allocatable_pods) == (True, False, 110)
    assert (node.provider_id, node.kubelet_version) == ("azure:///x", "v1.34.1")


def test_a_secret_gives_its_key_names_and_never_a_value() -> None:
    loaded = load("""
        apiVersion: v1
        kind: Secret
        metadata: {name: cert, namespace: shop}
        type: kubernetes.io/tls
        data: {tls.key: aGlkZGVu, tls.crt: aGlkZGVu}
        stringData: {extra: hidden}
    """)
    (secret,) = loaded.snapshot.secrets
    assert (secret.ref, secret.type) == (ObjectRef("shop", "cert", "Secret"), "kubernetes.io/tls")
    assert secret.keys == ("extra", "tls.crt", "tls.key")
    assert "hidden" not in repr(loaded)
    assert "aGlkZGVu" not in repr(loaded)


def test_a_problem_with_a_secret_quotes_nothing() -> None:
    loaded = load("{apiVersion: v1, kind: Secret, metadata: {name: a}, type: 7, data: hidden-value}")
    assert [code for _, code, _ in faults(loaded)] == ["wrong-type", "wrong-type"]
    assert "hidden" not in repr(loaded)
