"""From a row to its trace: both ends can be read again, and mean what the row says."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from lib.flows.row import FlowRow
from lib.flows.rows import flow_rows
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet, Protocol
from lib.policy.engine import compile_engine
from lib.trace.context import Context
from lib.trace.ends import read_goal, read_start
from lib.trace.questions import Cluster, beside, of_exposure, of_flow, to_addresses
from lib.trace.walk import trace
from tests.policy.build import snapshot_of
from tests.trace.build import cluster, from_blocks, service

SNAPSHOT = snapshot_of(cluster(service(), from_blocks("198.51.100.0/24")))
ALL = ConnectionSet.all()
DNS = ConnectionSet.of(Protocol.UDP, 53)
KUBELET = ConnectionSet.of(Protocol.TCP, 10250)
SOME, SOME6 = "198.51.100.0-198.51.100.255[External]", "2001:db8::-2001:db8::ff[External]"
EVERYTHING = "0.0.0.0-255.255.255.255[External]"


@pytest.mark.parametrize(
    ("src", "dst", "ports", "expected"),
    [
        ("shop/client[Pod]", "shop/web[Pod]", ALL, ("shop/client[Pod]", "shop/web[Pod]:8080")),
        ("shop/web[Pod]", "shop/client[Pod]", ALL, ("shop/web[Pod]", "shop/client[Pod]:443")),
        ("shop/web[Pod]", "shop/client[Pod]", DNS, ("shop/web[Pod]", "shop/client[Pod]:53/UDP")),
        (EVERYTHING, "shop/web[Pod]", ALL, ("internet", "shop/web[Pod]:8080")),
        (SOME, "shop/web[Pod]", ALL, ("198.51.100.0", "shop/web[Pod]:8080")),
        ("shop/client[Pod]", EVERYTHING, ConnectionSet.of(Protocol.TCP, 80), ("shop/client[Pod]", "1.0.0.0:80")),
        ("shop/client[Pod]", SOME6, ALL, ("shop/client[Pod]", "[2001:db8::]:443")),
        ("{ingress-controller}", "shop/web[Pod]", ALL, ("", "shop/web[Pod]:8080")),
        ("shop/client[Pod]", "node/n1[Node]", KUBELET, ("shop/client[Pod]", "node/n1[Node]:10250")),
    ],
)  # fmt: skip
def test_the_ends_of_a_flow_are_written_as_a_person_would(src, dst, ports, expected):
    assert of_flow(FlowRow(src, dst, ports), SNAPSHOT) == expected


def test_of_several_nodes_that_are_one_end_one_is_asked_for():
    to, back = FlowRow("shop/web[Pod]", "all 3 nodes", KUBELET), FlowRow("all 3 nodes", "shop/web[Pod]", KUBELET)
    assert of_flow(to, SNAPSHOT, "n1") == ("shop/web[Pod]", "node/n1[Node]:10250")
    assert of_flow(back, SNAPSHOT, "n1") == ("node/n1[Node]", "shop/web[Pod]:10250")


def test_a_workload_is_asked_for_through_its_load_balancer_else_from_inside_at_a_port_that_it_declares():
    web = ObjectRef("shop", "web", "Pod")
    balanced = snapshot_of(cluster(service(kind="LoadBalancer", status=[{"ip": "203.0.113.10"}])))
    assert of_exposure(web, Cluster(balanced)) == ("internet", "svc/shop/web:80")
    assert of_exposure(web, Cluster(SNAPSHOT)) == ("shop/client[Pod]", "shop/web[Pod]:8080")


def test_every_flow_of_a_cluster_can_be_traced():
    engine = compile_engine(SNAPSHOT)
    rows = list(flow_rows(engine, nodes=True))
    context = Context(engine)
    assert rows
    for row in rows:
        src, dst = of_flow(row, SNAPSHOT)
        start = read_start(src, SNAPSHOT)
        assert trace(context, start, read_goal(dst, SNAPSHOT, start)).hops


def test_of_addresses_that_a_workload_may_send_to_one_is_asked_for():
    web = ObjectRef("shop", "web", "Pod")
    found = AddressSet.from_networks([ip_network("203.0.113.0/24")])
    assert to_addresses(web, found, ConnectionSet.of(Protocol.TCP, 5432)) == ("shop/web[Pod]", "203.0.113.0:5432")
    assert to_addresses(web, AddressSet(), ConnectionSet.all()) == ("shop/web[Pod]", "")


@pytest.mark.parametrize(
    ("to", "others"),
    [
        ("svc/shop/dns:53", ("svc/shop/dns:53/UDP", "svc/shop/dns:9153")),
        ("svc/shop/dns:53/UDP", ("svc/shop/dns:53", "svc/shop/dns:9153")),
        ("svc/shop/dns:metrics", ("svc/shop/dns:53", "svc/shop/dns:53/UDP")),
        ("10.0.0.80:9153", ("10.0.0.80:53", "10.0.0.80:53/UDP")),
        ("shop/web[Pod]:8080", ()),
        ("https://shop.example.com/", ()),
        ("198.51.100.1:443", ()),
    ],
)
def test_the_other_ports_of_a_destination_are_offered(to, others):
    ports = [
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "metrics", "port": 9153},
    ]
    snapshot = snapshot_of(cluster(service("dns", ports=ports)))
    assert beside(read_goal(to, snapshot, read_start("shop/client", snapshot)), snapshot) == others
