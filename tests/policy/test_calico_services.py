"""Services without selector in Calico's rules: the addresses and ports of their EndpointSlices.

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
