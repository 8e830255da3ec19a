"""EndpointSlices and Endpoints: conditions, ports and families as discovery.k8s.io says."""

from __future__ import annotations

import pytest

from lib.model.refs import ObjectRef
from lib.model.services import Endpoint
from tests.loaders.parse.build import faults, load, merged

SLICE = """
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
    addressType: IPv4
    ports: [{name: http, port: 8080}]
    endpoints: [{addresses: [10.1.0.4]}]
"""


def endpoint(text: str) -> Endpoint:
    loaded = load(merged(SLICE, f"endpoints: [{text}]"))
    assert loaded.problems == ()
    return loaded.snapshot.endpoint_slices[0].endpoints[0]


@pytest.mark.parametrize(
    ("conditions", "ready", "serving", "terminating"),
    [
        pytest.param("{}", True, True, False, id="nothing said is ready"),
        pytest.param("{ready: null}", True, True, False, id="null is ready"),
        pytest.param("{ready: false}", False, False, False, id="serving follows ready"),
        pytest.param("{ready: false, serving: true, terminating: true}", False, True, True, id="ending but serving"),
    ],
)
def test_missing_conditions_have_the_apis_meaning(
    conditions: str, ready: bool, serving: bool, terminating: bool
) -> None:
    found = endpoint(f"{{addresses: [10.1.0.4], conditions: {conditions}}}")
    assert (found.ready, found.serving, found.terminating) == (ready, serving, terminating)


def test_the_target_stands_in_the_slices_namespace_unless_said_otherwise() -> None:
    found = endpoint("{addresses: [10.1.0.4], targetRef: {kind: Pod, name: web-1}, nodeName: n, zone: z}")
    assert found.target == ObjectRef("shop", "web-1", "Pod")
    assert (found.node_name, found.zone) == ("n", "z")


def test_a_slice_names_its_service_by_label_and_a_missing_port_means_all() -> None:
    (found,) = load(merged(SLICE, "ports: [{}]")).snapshot.endpoint_slices
    assert found.service_ref == ObjectRef("shop", "web", "Service")
    assert found.ports[0].port is None


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ("addressType: null", "missing-address-type", ""),
        ("addressType: IP", "unsupported-value", "addressType"),
        ("addressType: IPv6", "invalid-address", "endpoints[0].addresses[0]"),
        ("endpoints: [{addresses: []}]", "missing-address", "endpoints[0]"),
        ("endpoints: [{addresses: [127.0.0.1]}]", "invalid-address", "endpoints[0].addresses[0]"),
        ("endpoints: [{addresses: [web.example]}]", "invalid-address", "endpoints[0].addresses[0]"),
        ("ports: [{port: 1}, {port: 2}]", "duplicate-port-name", "ports[1].name"),
        (
            "endpoints: [{addresses: [10.0.0.1], conditions: {redy: true}}]",
            "unknown-field",
            "endpoints[0].conditions.redy",
        ),
    ],
)
def test_what_the_server_refuses_is_not_taken_over(changes: str, code: str, path: str) -> None:
    loaded = load(merged(SLICE, changes))
    assert ("error", code, path) in faults(loaded)
    assert loaded.snapshot.endpoint_slices == ()


def test_endpoints_become_one_slice_for_each_subset_and_family() -> None:
    loaded = load("""
        apiVersion: v1
        kind: Endpoints
        metadata: {name: web, namespace: shop}
        subsets:
        - addresses: [{ip: 10.1.0.4}, {ip: 'fd00::4'}]
          notReadyAddresses: [{ip: 10.1.0.5}]
          ports: [{port: 8080}]
    """)
    assert loaded.problems == ()
    four, six = loaded.snapshot.endpoint_slices
    assert [(e.addresses, e.ready) for e in four.endpoints] == [(("10.1.0.4",), True), (("10.1.0.5",), False)]
    assert [e.addresses for e in six.endpoints] == [("fd00::4",)]
    assert (four.address_type, six.address_type) == ("IPv4", "IPv6")
    assert four.service_ref == ObjectRef("shop", "web", "Service")


def test_endpoints_without_subsets_are_a_slice_without_endpoints() -> None:
    loaded = load("{apiVersion: v1, kind: Endpoints, metadata: {name: web}}")
    assert loaded.snapshot.endpoint_slices[0].endpoints == ()


def test_the_older_version_keeps_its_topology_and_is_called_old() -> None:
    loaded = load(
        merged(
            SLICE,
            "{apiVersion: discovery.k8s.io/v1beta1,"
            " endpoints: [{addresses: [10.1.0.4], topology: {kubernetes.io/hostname: n1}}]}",
        )
    )
    assert faults(loaded) == [("warning", "removed-api-version", "apiVersion")]
    assert loaded.snapshot.endpoint_slices[0].endpoints[0].node_name == "n1"
