"""Services in Calico's rules: the addresses and ports of their EndpointSlices, also where those follow from a selector.

"Endpoint addresses and ports to allow will be automatically detected from the service" (docs.tigera.io, "Use service
rules in policy"); felix/serviceindex of projectcalico/calico takes every address of a slice, ready or not, with every
port that has a number.
"""

from __future__ import annotations

import pytest
import yaml

from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from tests.naive.evaluator import NaiveCluster
from tests.naive.flow import AddressEnd, PodEnd
from tests.policy.build import engine_of, namespace, pod
from tests.policy.test_calico_policies import of

PODS = [
    namespace("shop"),
    pod("client", app="client") + "status: {phase: Running, podIPs: [{ip: 10.244.1.5}]}\n",
    pod("server", app="server") + "status: {phase: Running, podIPs: [{ip: 10.244.1.7}]}\n",
]
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: backend, namespace: shop}\nspec: {ports: [{port: 443}]}\n"
ONE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: one, namespace: shop, labels: {kubernetes.io/service-name: backend}}
addressType: IPv4
endpoints:
- {addresses: [192.0.2.1]}
- {addresses: [192.0.2.2], conditions: {ready: false}}
ports: [{name: web, port: 8443}, {name: dns, port: 53, protocol: UDP}]
"""
TWO = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: two, namespace: shop, labels: {kubernetes.io/service-name: backend}}
addressType: IPv4
endpoints: [{addresses: [10.244.1.7]}]
ports: [{port: 80}]
"""
SLICES = (ONE, TWO)
ENDPOINTS = """
apiVersion: v1
kind: Endpoints
metadata: {name: backend, namespace: shop}
subsets: [{addresses: [{ip: 192.0.2.1}], ports: [{port: 8443}]}]
"""


TO = "destination: {services: {name: backend, namespace: shop}}"
OUT = of("NetworkPolicy", f"selector: app == 'client', types: [Egress], egress: [{{action: Allow, {TO}}}]", "r", "shop")
INTO = of(
    "NetworkPolicy",
    "selector: app == 'server', types: [Ingress], "
    "ingress: [{action: Allow, source: {services: {name: backend, namespace: shop}}}]",
    "r",
    "shop",
)


def verdict(engine: Engine, src: str, dst: str, protocol: str, port: int) -> str:
    ends = (parse_end(name, engine.snapshot) for name in (src, dst))
    return engine.explain(*ends, Protocol(protocol), port).verdict


@pytest.mark.parametrize("port", [53, 80, 443, 8443])
@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
@pytest.mark.parametrize("end", ["192.0.2.1", "192.0.2.2", "192.0.2.3", "10.244.1.7"])
def test_its_slices_say_what_it_means_as_the_naive_evaluator_does(end: str, protocol: str, port: int) -> None:
    documents = [*PODS, SERVICE, *SLICES, OUT]
    found = verdict(engine_of(*documents), "shop/client", end, protocol, port)
    raw = [each for text in documents for each in yaml.safe_load_all(text) if each]
    far = PodEnd("shop", "server") if end == "10.244.1.7" else AddressEnd(end)
    (answer,) = NaiveCluster(raw).answers(PodEnd("shop", "client"), far, protocol, port)
    assert found == ("allowed" if answer else "denied")


@pytest.mark.parametrize(("src", "expected"), [("192.0.2.1", "allowed"), ("192.0.2.9", "denied")])
def test_as_a_source_its_ports_do_not_count(src: str, expected: str) -> None:
    assert verdict(engine_of(*PODS, SERVICE, *SLICES, INTO), src, "shop/server", "TCP", 12345) == expected


@pytest.mark.parametrize(("port", "expected"), [(8443, "allowed"), (443, "denied")])
def test_an_endpoints_object_counts_as_the_slices_that_the_cluster_makes_of_it(port: int, expected: str) -> None:
    """kubernetes.io, "EndpointSlice mirroring"."""
    assert verdict(engine_of(*PODS, SERVICE, ENDPOINTS, OUT), "shop/client", "192.0.2.1", "TCP", port) == expected


def test_without_a_slice_in_the_input_it_stays_open() -> None:
    engine = engine_of(*PODS, SERVICE, OUT)
    assert verdict(engine, "shop/client", "192.0.2.1", "TCP", 8443) == "unknown"
    ends = (parse_end(name, engine.snapshot) for name in ("shop/client", "192.0.2.1"))
    assert "the endpoints of the Service shop/backend" in engine.explain(*ends, Protocol.TCP, 8443).directions[0].reason


def test_a_slice_that_means_all_ports_by_giving_no_number_means_none_to_calico() -> None:
    numberless = ONE.replace(
        "ports: [{name: web, port: 8443}, {name: dns, port: 53, protocol: UDP}]", "ports: [{name: any}]"
    )
    assert verdict(engine_of(*PODS, SERVICE, numberless, OUT), "shop/client", "192.0.2.1", "TCP", 8443) == "denied"


WITH_SELECTOR = """
apiVersion: v1
kind: Service
metadata: {name: backend, namespace: shop}
spec: {selector: {app: server}, ipFamilies: [IPv4], ports: [{port: 80, targetPort: 8080}]}
"""
OF_CONTROLLER = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: made
  namespace: shop
  labels: {kubernetes.io/service-name: backend, endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}
addressType: IPv4
endpoints: [{addresses: [10.244.1.7]}]
ports: [{port: 8080}]
"""


@pytest.mark.parametrize("port", [53, 80, 443, 8080, 8443])
@pytest.mark.parametrize("end", ["192.0.2.1", "192.0.2.3", "10.244.1.7", "10.244.1.5"])
def test_slices_that_somebody_adds_count_beside_those_of_the_selector(end: str, port: int) -> None:
    """felix/serviceindex takes every slice with the Service's label, whoever wrote it."""
    documents = [*PODS, WITH_SELECTOR, OF_CONTROLLER, ONE, OUT]
    raw = [each for text in documents for each in yaml.safe_load_all(text) if each]
    names = {"10.244.1.7": "server", "10.244.1.5": "client"}
    far = PodEnd("shop", names[end]) if end in names else AddressEnd(end)
    (answer,) = NaiveCluster(raw).answers(PodEnd("shop", "client"), far, "TCP", port)
    found = verdict(engine_of(*documents), "shop/client", end, "TCP", port)
    assert found == ("allowed" if answer else "denied")


def test_the_selectors_ports_are_not_those_of_an_added_slice() -> None:
    engine = engine_of(*PODS, WITH_SELECTOR, ONE, OUT)
    assert verdict(engine, "shop/client", "shop/server", "TCP", 8443) == "denied"
    assert verdict(engine, "shop/client", "192.0.2.1", "TCP", 8080) == "denied"


def test_an_added_slice_of_another_family_says_nothing_of_the_pods() -> None:
    added = ONE.replace("IPv4", "IPv6").replace("192.0.2.1", "2001:db8::1").replace("192.0.2.2", "2001:db8::2")
    both = [PODS[0], dual("client", 5), dual("server", 7)]
    service = WITH_SELECTOR.replace("ipFamilies: [IPv4], ", "")
    into = OUT.replace("action: Allow,", "action: Allow, ipVersion: 6,")
    engine = engine_of(*both, service, OF_CONTROLLER, added, into)
    assert verdict(engine, "shop/client", "2001:db8::1", "TCP", 8443) == "allowed"
    # Whether there is a slice of IPv6 for the pods the input does not settle; that somebody added one doesn't either.
    assert verdict(engine, "shop/client", "shop/server", "TCP", 8080) == "unknown"
    assert verdict(engine, "shop/client", "shop/server", "TCP", 8443) == "denied"


def dual(name: str, number: int) -> str:
    """A pod with an address of each family."""
    status = f"status: {{phase: Running, podIPs: [{{ip: 10.244.1.{number}}}, {{ip: 'fd00:1::{number}'}}]}}\n"
    return pod(name, app=name) + status


def selecting(spec: str = "") -> str:
    """The Service with a selector, and with what ``spec`` says of its families."""
    return SERVICE.replace("spec: {", f"spec: {{selector: {{app: server}}, {spec}")


def sliced(family: str, address: str) -> str:
    """A slice of one family, which holds the server's address."""
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: of-{family.lower()}, namespace: shop, labels: {{kubernetes.io/service-name: backend}}}}\n"
        f"addressType: {family}\nendpoints: [{{addresses: ['{address}']}}]\nports: [{{port: 443}}]\n"
    )


DUAL = [namespace("shop"), dual("client", 5), dual("server", 7)]
SINGLE = [namespace("shop"), *PODS[1:]]
CLOSED = of(
    "NetworkPolicy",
    f"selector: app == 'client', types: [Egress], egress: [{{action: Deny, {TO}}}, {{action: Allow}}]",
    "r",
    "shop",
)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([*DUAL, selecting("ipFamilies: [IPv4, IPv6],")], "denied", id="both families written"),
        pytest.param([*DUAL, selecting("ipFamilies: [IPv4],")], "partial", id="IPv4 alone leaves IPv6 open"),
        pytest.param([*DUAL, selecting("clusterIP: 10.0.0.7,")], "partial", id="its address is of one family"),
        pytest.param(
            [*DUAL, selecting("ipFamilyPolicy: RequireDualStack,")], "denied", id="dual stack is required, so both"
        ),
        pytest.param(
            [*DUAL, selecting("ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv4],")],
            "unknown",
            id="dual stack is preferred, so the cluster decides on the other family",
        ),
        pytest.param([*DUAL, selecting()], "unknown", id="nothing says which family the API server gave it"),
        pytest.param(
            [*DUAL, selecting(), sliced("IPv4", "10.244.1.7"), sliced("IPv6", "fd00:1::7")],
            "denied",
            id="slices of both families",
        ),
        pytest.param([*SINGLE, selecting()], "denied", id="a cluster of one family leaves no choice"),
    ],
)
def test_a_service_means_packets_of_its_own_ip_families(documents: list[str], expected: str) -> None:
    """ "ipFamilies is a list of IP families (e.g. IPv4, IPv6) assigned to this service"; the EndpointSlices, whose
    addresses Calico takes, are of those (kubernetes.io, "IPv4/IPv6 dual-stack")."""
    engine = engine_of(*documents, CLOSED)
    assert verdict(engine, "shop/client", "shop/server", "TCP", 443) == expected
    if expected == "unknown":
        ends = (parse_end(name, engine.snapshot) for name in ("shop/client", "shop/server"))
        reasons = [d.reason for d in engine.explain(*ends, Protocol.TCP, 443).directions]
        assert any("IP families" in reason for reason in reasons), reasons


CLEANED = OF_CONTROLLER.replace(", endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io", "")
TARGETED = CLEANED.replace(
    "{addresses: [10.244.1.7]}", "{addresses: [10.244.1.7], targetRef: {kind: Pod, name: server, namespace: shop}}"
)
STATELESS = [namespace("shop"), pod("client", app="client"), pod("server", app="server"), pod("other", app="other")]


@pytest.mark.parametrize("slice_", [CLEANED, TARGETED])
def test_a_cleaned_slice_of_the_selectors_pods_says_no_more_than_the_selector(slice_: str) -> None:
    """Without the label the same as with it, also of pods whose addresses the input does not show."""
    for cluster in (PODS, *([STATELESS] if slice_ is TARGETED else [])):
        for end in ("shop/server", *(["shop/other"] if cluster is STATELESS else []), "192.0.2.1"):
            for port in (80, 8080):
                expected = verdict(
                    engine_of(*cluster, WITH_SELECTOR, OF_CONTROLLER, OUT), "shop/client", end, "TCP", port
                )
                found = verdict(engine_of(*cluster, WITH_SELECTOR, slice_, OUT), "shop/client", end, "TCP", port)
                assert (end, port, found) == (end, port, expected)


def test_an_unlabelled_slice_with_a_port_or_a_pod_that_the_selector_does_not_give_is_an_added_one() -> None:
    port = CLEANED.replace("port: 8080", "port: 9090")
    assert verdict(engine_of(*PODS, WITH_SELECTOR, port, OUT), "shop/client", "shop/server", "TCP", 9090) == "allowed"
    unselected = TARGETED.replace("name: server", "name: client").replace("10.244.1.7", "10.244.1.9")
    assert (
        verdict(engine_of(*PODS, WITH_SELECTOR, unselected, OUT), "shop/client", "10.244.1.9", "TCP", 8080) == "allowed"
    )
