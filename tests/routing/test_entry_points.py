"""Every door from outside, the side doors included, and who can reach it."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from lib.routing.entry_points import EntryKind, EntryPoint, entry_points
from lib.routing.reach import Scope
from tests.routing.make import (
    app,
    gateway,
    ingress,
    listener,
    node,
    path,
    pod,
    port,
    rule,
    service,
    snapshot,
    sport,
    svc,
    tls,
    workload,
)

WEB = app("web", port(8080, "http"))


def doors(*objects: object, kind: EntryKind | None = None) -> list[EntryPoint]:
    return [e for e in entry_points(snapshot(*objects)) if kind in (None, e.kind)]


def balancer(**more: Any) -> Any:
    return service("web", {"app": "web"}, sport(80, 8080, node_port=30080), type="LoadBalancer", **more)


def test_a_cluster_ip_service_is_no_door() -> None:
    assert doors(WEB, svc("web")) == []


def test_a_public_load_balancer_and_its_node_ports_are_two_doors() -> None:
    front, side = doors(WEB, balancer(lb=("203.0.113.9",)))
    assert (front.kind, front.addresses, front.port, front.reach.scope) == (
        EntryKind.LOAD_BALANCER,
        ("203.0.113.9",),
        80,
        Scope.INTERNET,
    )
    assert (side.kind, side.port, side.reach.scope) == (EntryKind.NODE_PORT, 30080, Scope.NODE_NETWORK)
    assert [str(w) for w in front.workloads] == ["shop/web[Deployment]"]


def test_source_ranges_limit_the_load_balancer_but_not_its_node_port() -> None:
    front, side = doors(WEB, balancer(lb=("203.0.113.9",), ranges=("198.51.100.0/24",)))
    assert front.reached_by == "198.51.100.0/24 only"
    assert "virtual network" in side.reached_by


def test_without_allocation_there_is_no_node_port() -> None:
    bare = balancer(lb=("203.0.113.9",), allocate_load_balancer_node_ports=False)
    bare = replace(bare, ports=(sport(80, 8080),))
    assert [e.kind for e in doors(WEB, bare)] == [EntryKind.LOAD_BALANCER]


def test_a_port_that_was_allocated_before_stays_a_door() -> None:
    kept = balancer(lb=("203.0.113.9",), allocate_load_balancer_node_ports=False)
    assert [e.port for e in doors(WEB, kept, kind=EntryKind.NODE_PORT)] == [30080]


def test_a_manifests_node_port_is_chosen_later() -> None:
    (door,) = doors(WEB, service("web", {"app": "web"}, sport(80, 8080), type="NodePort"))
    assert (door.port, door.note) == (0, "the cluster chooses the port")


def test_external_ips_are_doors_of_any_service_type() -> None:
    (door,) = doors(WEB, replace(svc("web"), external_ips=(ip_address("203.0.113.5"),)))
    assert (door.kind, door.addresses, door.reach.scope) == (EntryKind.EXTERNAL_IP, ("203.0.113.5",), Scope.UNKNOWN)


def test_a_host_port_is_a_door_once_for_all_pods() -> None:
    pods = [pod(f"agent-{i}", {"app": "agent"}, port(24224, host_port=24224)) for i in range(3)]
    (door,) = doors(workload("agent", *pods, kind="DaemonSet"))
    assert (door.kind, door.port, door.reach.scope) == (EntryKind.HOST_PORT, 24224, Scope.NODE_NETWORK)


def test_a_host_port_on_loopback_stays_on_the_node() -> None:
    (door,) = doors(workload("a", pod("a", {}, port(1, host_port=1, host_ip="127.0.0.1"))))
    assert door.reach.scope is Scope.CLUSTER


def test_host_network_pods_are_open_on_their_ports_and_on_unknown_ones() -> None:
    exporter = workload("exporter", pod("e", {}, port(9100, host_port=9100), host_network=True))
    silent = workload("silent", pod("s", {}, host_network=True))
    by_name = {e.subject.name: e for e in doors(exporter, silent)}
    assert (by_name["exporter"].kind, by_name["exporter"].port) == (EntryKind.HOST_NETWORK, 9100)
    assert (by_name["silent"].port, by_name["silent"].protocol) == (0, "any")


def test_ended_pods_are_no_doors() -> None:
    assert doors(workload("job", pod("j", {}, port(1, host_port=1), phase="Succeeded"))) == []


def test_a_nodes_public_address_is_a_door() -> None:
    (door,) = doors(node("node-1", "203.0.113.70"))
    assert (door.kind, door.addresses, door.reach.scope) == (
        EntryKind.NODE_PUBLIC_IP,
        ("203.0.113.70",),
        Scope.INTERNET,
    )
    assert "security group" in door.reached_by


@pytest.mark.parametrize(
    ("entry", "scope"),
    [("203.0.113.20", Scope.INTERNET), ("10.0.0.20", Scope.VNET), ("abc.fz01.alb.azure.com", Scope.UNKNOWN)],
)
def test_an_ingress_is_a_door_at_its_address(entry: str, scope: Scope) -> None:
    address = balancer(lb=(entry,)).load_balancer_ingress
    one = ingress("one", rule("x.example", path("/", "web")), addresses=address, tls=(tls("c"),))
    assert [(e.port, e.reach.scope) for e in doors(one)] == [(80, scope), (443, scope)]


def test_a_gateway_is_a_door_for_each_listener() -> None:
    one = gateway("gw", listener("web"), listener("dns", 53, "UDP"), addresses=("203.0.113.4",))
    assert [(e.port, e.protocol, e.reach.scope) for e in doors(one)] == [
        (53, "UDP", Scope.INTERNET),
        (80, "TCP", Scope.INTERNET),
    ]
