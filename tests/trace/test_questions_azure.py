"""Every row of the tables about Azure leads to a trace that can be read, or says that there is none."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from lib.azure.dns_records import ZoneKind, zones_of
from lib.azure.ingress import dns_records
from lib.azure.load_balancer import load_balancer_of
from lib.azure.provider_settings import ProviderSettings
from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_subnet import group_of_ones_own, through_subnet
from lib.azure.view import azure_view
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityRule
from lib.model.services import ServicePort
from lib.model.sets import Protocol
from lib.routing.entry_points import EntryKind, entry_points
from lib.routing.routes import route_views
from lib.trace.ends import GoalKind, read_goal, read_start
from lib.trace.questions import NOWHERE, Cluster, of_door, of_record, of_rules, of_security_rule, of_sender
from tests.azure.load import sample
from tests.azure.nsg import cluster, load_balancer, node

SHOP = sample("shop")
CLUSTER = Cluster(SHOP, route_views(SHOP))
DENY = SecurityRule("no", 200, RuleDirection.INBOUND, Access.DENY, sources=("*",), destinations=("*",), ports=("*",))

OPEN = replace(DENY, name="yes", priority=300, access=Access.ALLOW)


def ways():
    provider = provider_group(SHOP)
    known = known_addresses(SHOP, provider)
    subnet = group_of_ones_own("mine", (DENY,), (), Attachment.SUBNET)
    yield from (("door", of_door(door, CLUSTER)) for door in entry_points(SHOP))
    yield from (("rule", way) for found in azure_view(SHOP).services for way in of_rules(found))
    yield from (("security rule", of_security_rule(rule, provider, SHOP)) for rule in provider.group.rules)
    yield from (("sender", of_sender(at)) for at in through_subnet(SHOP, provider, subnet, known))
    yield from (("record", of_record(record)) for record in dns_records(SHOP, route_views(SHOP)))


@pytest.mark.parametrize(("what", "way"), [(w, v) for w, v in ways() if v != NOWHERE], ids=str)
def test_the_ends_of_a_row_are_read_by_the_trace(what, way):
    src, dst = way
    assert src
    goal = read_goal(dst, SHOP, read_start(src, SHOP))
    assert goal.kind in (GoalKind.SERVICE, GoalKind.ADDRESS, GoalKind.URL, GoalKind.END)


def test_every_door_leads_somewhere():
    assert [door for door in entry_points(SHOP) if of_door(door, CLUSTER) == NOWHERE] == []


def test_a_host_port_is_asked_for_at_a_node_on_which_its_pod_runs():
    (door,) = (d for d in entry_points(SHOP) if d.kind is EntryKind.HOST_PORT)
    src, dst = of_door(door, CLUSTER)
    address, _, port = dst.rpartition(":")
    pods = SHOP.workload_by_ref[door.workloads[0]].endpoints
    node = next(n for n in SHOP.nodes if address in n.addresses_of("InternalIP"))
    assert (src, port) == ("vnet", "24224") and node.ref.name in {pod.node_name for pod in pods}
    provider = provider_group(SHOP)
    nowhere = {r.is_default for r in provider.group.rules if of_security_rule(r, provider, SHOP) == NOWHERE}
    assert nowhere == {True}


def test_each_rule_of_a_dual_stack_service_of_mixed_protocols_has_its_own_way():
    ports = (ServicePort(53, 53, Protocol.TCP, node_port=30053), ServicePort(53, 53, Protocol.UDP, node_port=30054))
    found = load_balancer_of(load_balancer("dns", *ports), ProviderSettings())
    assert of_rules(found) == [("internet", "svc/shop/dns:53"), ("internet", "svc/shop/dns:53/UDP")]


RULES_OF_SERVICES = {
    "of SCTP": (
        load_balancer(
            "s", ServicePort(9000, 9000, Protocol.SCTP), frontends=("10.224.0.200",), ranges=("10.100.0.0/16",),
            notes={"azure-load-balancer-internal": "true"},
        ),
        ("10.100.0.0", "10.224.0.200:9000/SCTP"),
    ),
    "without floating IP": (
        load_balancer(
            "s", ServicePort(80, 80, node_port=30080), ServicePort(443, 443, node_port=30443),
            frontends=("20.0.0.9",), notes={"azure-disable-load-balancer-floating-ip": "true"},
        ),
        ("internet", "svc/shop/s:80"),
    ),
    "for every address": (
        load_balancer("s", frontends=("20.0.0.9",), ranges=("0.0.0.0/0",)),
        ("internet", "20.0.0.9:80"),
    ),
    "for every address, inside": (
        load_balancer(
            "s", frontends=("10.224.0.200",), ranges=("0.0.0.0/0",), notes={"azure-load-balancer-internal": "true"}
        ),
        ("vnet", "10.224.0.200:80"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RULES_OF_SERVICES)
def test_a_rule_of_a_service_leads_to_the_packet_that_its_clients_send(case):
    service, expected = RULES_OF_SERVICES[case]
    service = replace(
        service, load_balancer_source_ranges=tuple(map(ip_network, service.load_balancer_source_ranges_written))
    )
    snapshot = cluster(service, nodes=(node("n1", "10.224.0.4"),))
    provider = provider_group(snapshot)
    (rule,) = provider.written
    assert of_security_rule(rule, provider, snapshot) == expected


@pytest.mark.parametrize(
    ("protocol", "ports", "expected"),
    [("Udp", "*", "20.0.0.9:443/UDP"), ("Icmp", "*", ""), ("Esp", "*", ""), ("Tcp", "8080", "20.0.0.9:8080")],
)
def test_a_rule_of_ones_own_leads_to_its_protocol_or_nowhere(protocol, ports, expected):
    rule = replace(DENY, protocol=protocol, sources=("198.51.100.0/24",), destinations=("20.0.0.9",), ports=(ports,))
    found = of_security_rule(rule, provider_group(SHOP), SHOP)
    assert found == (("198.51.100.0", expected) if expected else NOWHERE)


def test_senders_who_do_not_fare_alike_lead_to_the_one_who_is_named():
    closed = replace(DENY, sources=("198.51.100.96/27",))
    subnet = group_of_ones_own("mine", (closed, OPEN), (), Attachment.SUBNET)
    snapshot = cluster(
        load_balancer("s", frontends=("20.0.0.9",), ranges=("198.51.100.64/26",)),
        load_balancer(
            "in", frontends=("10.224.0.9",), ranges=("0.0.0.0/0",), notes={"azure-load-balancer-internal": "true"}
        ),
        nodes=(node("n1", "10.224.0.4"),),
    )
    provider = provider_group(snapshot)
    found = {
        at.service.name: at for at in through_subnet(snapshot, provider, subnet, known_addresses(snapshot, provider))
    }
    assert of_sender(found["s"]) == ("198.51.100.96", "svc/shop/s:80")
    alone = group_of_ones_own("mine", (OPEN,), (), Attachment.SUBNET)
    found = {
        at.service.name: at for at in through_subnet(snapshot, provider, alone, known_addresses(snapshot, provider))
    }
    assert of_sender(found["s"]) == ("198.51.100.64", "svc/shop/s:80")
    assert of_sender(found["in"]) == ("vnet", "svc/shop/in:80")


def test_a_record_of_a_private_zone_is_asked_for_in_the_network():
    found = dns_records(SHOP, route_views(SHOP), zones_of("public:example.com, private:example.com"))
    told = {(record.zone.kind, of_record(record)[0]) for record in found if record.zone is not None}
    assert told == {(ZoneKind.PUBLIC, "internet"), (ZoneKind.PRIVATE, "vnet")}


def test_an_ipv6_destination_stands_in_brackets():
    rule = SecurityRule(
        "r", 500, RuleDirection.INBOUND, Access.ALLOW, protocol="Udp", sources=("2001:db8::/32",),
        destinations=("2001:db8:1::9",), ports=("53",),
    )  # fmt: skip
    assert of_security_rule(rule, provider_group(SHOP), SHOP) == ("2001:db8::", "[2001:db8:1::9]:53/UDP")
