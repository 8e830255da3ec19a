"""Which rule answers a packet: group by group, priority by priority, and unknown where the input does not settle it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from lib.azure.security_group import allow_name, azure_default_rules, provider_group
from lib.azure.security_group_arrival import judge_sent, known_addresses
from lib.azure.security_group_judge import judge
from lib.azure.security_group_match import KnownAddresses, Packet, Place
from lib.model.policies import Verdict
from lib.model.security_rules import (
    Access,
    Attachment,
    RuleDirection,
    SecurityGroup,
    SecurityRule,
    in_evaluation_order,
)
from lib.model.services import ServicePort
from lib.model.sets import AddressSet, Family, Protocol
from tests.azure.nsg import address, cluster, load_balancer, node

VNET = AddressSet.from_networks([ip_network("10.224.0.0/16")])
KNOWN = KnownAddresses(VNET)
PUBLIC = address("20.0.0.1")
PRIVATE = address("10.224.0.200")


def rule(name: str, priority: int, access: str, **more) -> SecurityRule:
    return SecurityRule(name, priority, RuleDirection(more.pop("direction", "Inbound")), Access(access), **more)


def group(*rules: SecurityRule, on: Attachment = Attachment.NIC) -> SecurityGroup:
    return SecurityGroup(on.value, on, "test", in_evaluation_order([*rules, *azure_default_rules()]))


def packet(source: object, destination: object = PUBLIC, port: int = 443, protocol: str = "TCP") -> Packet:
    return Packet(source if isinstance(source, Place) else address(source), destination, port, Protocol(protocol))


@pytest.mark.parametrize(
    ("sent", "verdict", "decides"),
    [
        (packet("10.224.0.9", PRIVATE), Verdict.ALLOWED, "AllowVNetInBound"),
        (packet(Place.VIRTUAL_NETWORK, PRIVATE), Verdict.ALLOWED, "AllowVNetInBound"),
        (packet("8.8.8.8", PRIVATE), Verdict.DENIED, "DenyAllInbound"),
        (packet(Place.INTERNET, PRIVATE), Verdict.DENIED, "DenyAllInbound"),
        (packet("168.63.129.16", PUBLIC), Verdict.ALLOWED, "AllowAzureLoadBalancerInBound"),
        (packet(Place.PROBE, PUBLIC), Verdict.ALLOWED, "AllowAzureLoadBalancerInBound"),
        # The platform's address belongs to VirtualNetwork too.
        (packet("168.63.129.16", PRIVATE), Verdict.ALLOWED, "AllowVNetInBound"),
        (packet("10.224.0.9", PUBLIC), Verdict.DENIED, "DenyAllInbound"),
    ],
)
def test_without_rules_of_its_own_a_group_answers_by_azures_default_rules(sent, verdict, decides):
    found = judge(sent, [group()], KNOWN)
    assert found.verdict is verdict
    assert found.answers[0].rule.name == decides
    assert decides in str(found)


def test_a_private_address_that_nobody_knows_of_is_not_settled_and_says_what_it_hangs_on():
    found = judge(packet("10.100.0.1", PRIVATE), [group()], KNOWN)
    assert found.verdict is Verdict.UNKNOWN
    assert "10.100.0.1 is in the virtual network" in str(found)
    assert "DenyAllInbound (65500) decides: Deny" in str(found)
    assert judge(packet("10.100.0.1", PRIVATE), [group()], replace(KNOWN, whole=True)).verdict is Verdict.DENIED


def test_the_lowest_priority_that_matches_decides():
    rules = (rule("late", 300, "Allow", ports=("443",)), rule("early", 200, "Deny", ports=("440-450",)))
    assert judge(packet("8.8.8.8"), [group(*rules)], KNOWN).answers[0].rule.name == "early"
    assert judge(packet("8.8.8.8", port=451), [group(*rules)], KNOWN).answers[0].rule.name == "DenyAllInbound"


@pytest.mark.parametrize(
    ("protocol", "words", "verdict"),
    [
        ("TCP", "Tcp", Verdict.ALLOWED),
        ("UDP", "Tcp", Verdict.DENIED),
        ("UDP", "Udp", Verdict.ALLOWED),
        ("SCTP", "Tcp", Verdict.DENIED),
        ("SCTP", "*", Verdict.ALLOWED),
        ("TCP", "Icmp", Verdict.DENIED),
    ],
)
def test_a_rule_is_about_its_protocol_and_only_any_covers_sctp(protocol, words, verdict):
    found = judge(packet("8.8.8.8", protocol=protocol), [group(rule("r", 100, "Allow", protocol=words))], KNOWN)
    assert found.verdict is verdict


def test_inbound_the_subnet_is_asked_first_and_its_no_ends_it():
    subnet = group(rule("no", 100, "Deny", ports=("443",)), on=Attachment.SUBNET)
    nic = group(rule("yes", 100, "Allow"))
    found = judge(packet("8.8.8.8"), [nic, subnet], KNOWN)
    assert found.verdict is Verdict.DENIED
    assert [a.group.attachment for a in found.answers] == [Attachment.SUBNET]
    both = judge(packet("8.8.8.8"), [nic, group(rule("ok", 100, "Allow"), on=Attachment.SUBNET)], KNOWN)
    assert both.verdict is Verdict.ALLOWED
    assert [a.group.attachment for a in both.answers] == [Attachment.SUBNET, Attachment.NIC]


def test_outbound_the_interface_is_asked_first():
    groups = [group(on=Attachment.SUBNET), group()]
    found = judge(packet("10.224.0.4", address("8.8.8.8")), groups, KNOWN, RuleDirection.OUTBOUND)
    assert found.verdict is Verdict.ALLOWED
    assert [a.group.attachment for a in found.answers] == [Attachment.NIC, Attachment.SUBNET]
    assert {a.rule.name for a in found.answers} == {"AllowInternetOutBound"}


def test_a_sure_no_of_the_interface_settles_what_the_subnet_leaves_open():
    subnet = group(rule("tag", 100, "Allow", sources=("AzureCloud",)), on=Attachment.SUBNET)
    assert judge(packet("8.8.8.8"), [subnet], KNOWN).verdict is Verdict.UNKNOWN
    assert judge(packet("8.8.8.8"), [subnet, group()], KNOWN).verdict is Verdict.DENIED


def test_a_tag_without_known_addresses_is_open_only_where_it_would_change_the_answer():
    tag = rule("tag", 100, "Allow", sources=("AzureCloud",))
    assert judge(packet("8.8.8.8"), [group(tag)], KNOWN).verdict is Verdict.UNKNOWN
    later = rule("all", 200, "Allow")
    assert judge(packet("8.8.8.8"), [group(tag, later)], KNOWN).verdict is Verdict.ALLOWED
    assert judge(packet("8.8.8.8", port=80), [group(replace(tag, ports=("443",)))], KNOWN).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("sources", "verdict"),
    [
        (("0.0.0.0/0",), Verdict.ALLOWED),
        (("Internet",), Verdict.ALLOWED),
        (("198.51.100.0/24",), Verdict.UNKNOWN),
        (("10.0.0.0/8",), Verdict.DENIED),
        (("::/0",), Verdict.DENIED),
    ],
)
def test_somebody_on_the_internet_is_judged_by_every_address_that_it_may_have(sources, verdict):
    found = judge(packet(Place.INTERNET), [group(rule("r", 100, "Allow", sources=sources))], KNOWN)
    assert found.verdict is verdict


def test_a_rule_for_certain_source_ports_is_open_until_the_port_is_said():
    nic = group(rule("r", 100, "Allow", source_ports=("1024-65535",)))
    sent = packet("8.8.8.8")
    assert judge(sent, [nic], KNOWN).verdict is Verdict.UNKNOWN
    assert judge(replace(sent, source_port=2000), [nic], KNOWN).verdict is Verdict.ALLOWED
    assert judge(replace(sent, source_port=53), [nic], KNOWN).verdict is Verdict.DENIED


def test_without_a_group_everything_passes():
    found = judge(packet("8.8.8.8"), [], KNOWN)
    assert found.verdict is Verdict.ALLOWED
    assert "no security group" in str(found)


def test_a_group_without_its_default_rules_answers_only_what_it_lists():
    bare = SecurityGroup("bare", Attachment.NIC, "test", (rule("r", 100, "Allow", ports=("80",)),))
    assert judge(packet("8.8.8.8"), [bare], KNOWN).verdict is Verdict.UNKNOWN
    assert judge(packet("8.8.8.8", port=80), [bare], KNOWN).verdict is Verdict.ALLOWED


def sent(snapshot, one: Packet, *more: SecurityGroup):
    provider = provider_group(snapshot)
    return judge_sent(one, snapshot, provider, [provider.group, *more], known_addresses(snapshot, provider))


def test_under_floating_ip_the_destination_stays_the_frontend_and_the_service_port():
    service = load_balancer("web", ServicePort(443, 8443, node_port=30443), frontends=("20.0.0.1",))
    snapshot = cluster(service, nodes=(node("n", "10.224.0.4"),))
    found = sent(snapshot, packet("8.8.8.8"))
    assert found.verdict is Verdict.ALLOWED
    assert found.service == service.ref
    assert [j.packet for j in found.judgements] == [found.sent]
    node_port = sent(snapshot, packet("8.8.8.8", address("10.224.0.4"), 30443))
    assert node_port.verdict is Verdict.DENIED


def test_without_floating_ip_each_node_gets_it_on_its_node_port():
    notes = {"azure-disable-load-balancer-floating-ip": "true"}
    service = load_balancer("web", ServicePort(443, 443, node_port=30443), frontends=("20.0.0.1",), notes=notes)
    snapshot = cluster(service, nodes=(node("n", "10.224.0.4"), node("m", "10.224.0.5")))
    found = sent(snapshot, packet("8.8.8.8"))
    assert found.verdict is Verdict.ALLOWED
    assert [(str(j.packet.destination), j.packet.port) for j in found.judgements] == [
        ("10.224.0.4", 30443),
        ("10.224.0.5", 30443),
    ]
    one = rule("no", 100, "Deny", destinations=("10.224.0.5",))
    closed = group(one, rule("yes", 200, "Allow"), on=Attachment.SUBNET)
    differs = sent(snapshot, packet("8.8.8.8"), closed)
    assert differs.verdict is Verdict.UNKNOWN
    assert "depends on the node" in str(differs)


def test_one_answer_at_every_known_node_is_not_told_to_differ_between_nodes():
    notes = {"azure-disable-load-balancer-floating-ip": "true"}
    service = load_balancer("web", ServicePort(443, 443, node_port=30443), frontends=("20.0.0.1",), notes=notes)
    found = sent(cluster(service, nodes=(node("n", "10.224.0.4"),), complete=False), packet("8.8.8.8"))
    assert found.verdict is Verdict.UNKNOWN
    assert "does not show the IPv4 addresses of other nodes" in str(found) and "depends on the node" not in str(found)


def test_a_node_port_or_nodes_that_are_not_in_the_input_leave_it_unknown():
    notes = {"azure-disable-load-balancer-floating-ip": "true"}
    service = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",), notes=notes)
    found = sent(cluster(service, nodes=(node("n", "10.224.0.4"),)), packet("8.8.8.8"))
    assert found.verdict is Verdict.UNKNOWN
    assert "node port of shop/web" in str(found)
    service = load_balancer("web", ServicePort(443, 443, node_port=30443), frontends=("20.0.0.1",), notes=notes)
    found = sent(cluster(service, complete=False), packet("8.8.8.8"))
    assert found.verdict is Verdict.UNKNOWN
    assert "nodes" in str(found)


def test_a_frontend_that_is_not_in_the_input_is_unknown_and_nobody_elses():
    services = (load_balancer("known", ServicePort(80, 80), frontends=("20.0.0.1",)), load_balancer("new"))
    snapshot = cluster(*services)
    stranger = sent(snapshot, packet("8.8.8.8", address("20.0.0.9"), 80))
    assert stranger.verdict is Verdict.UNKNOWN
    assert "the IPv4 frontend address of shop/new" in str(stranger)
    # Azure will not choose an address that is taken.
    assert sent(snapshot, packet("8.8.8.8", PUBLIC, 8080)).verdict is Verdict.DENIED
    named = load_balancer("new", ServicePort(8080, 8080), notes={"azure-pip-name": "shared"})
    shared = cluster(services[0], named)
    assert sent(shared, packet("8.8.8.8", PUBLIC, 8080)).verdict is Verdict.UNKNOWN


def test_an_address_of_nobody_is_denied_only_where_all_services_are_there():
    service = load_balancer("known", frontends=("20.0.0.1",))
    one = packet("8.8.8.8", address("20.0.0.9"), 80)
    assert sent(cluster(service), one).verdict is Verdict.DENIED
    found = sent(cluster(service, complete=False), one)
    assert found.verdict is Verdict.UNKNOWN
    assert "Services that are not in" in str(found)


def test_a_rule_that_closes_a_shared_frontend_closes_it_for_the_virtual_network():
    notes = {"azure-load-balancer-internal": "true"}
    closing = {**notes, "azure-deny-all-except-load-balancer-source-ranges": "true"}
    services = (
        load_balancer("a", frontends=("10.224.0.200",), notes=closing, ranges=("10.100.0.0/16",)),
        load_balancer("b", ServicePort(8080, 8080), frontends=("10.224.0.200",), notes=notes),
    )
    snapshot = cluster(*services, nodes=(node("n", "10.224.0.4"),))
    found = sent(snapshot, packet("10.224.0.4", PRIVATE, 8080))
    assert found.verdict is Verdict.DENIED
    assert "deny-all_IPv4 (4095)" in str(found)
    assert sent(cluster(services[1], nodes=snapshot.nodes), packet("10.224.0.4", PRIVATE, 8080)).verdict is (
        Verdict.ALLOWED
    )


def test_an_internal_ipv6_frontend_arrives_as_node_and_node_port():
    notes = {"azure-load-balancer-internal": "true"}
    service = load_balancer(
        "six", ServicePort(443, 443, node_port=30443), frontends=("fd00::200",), notes=notes, ip_families=(Family.IPV6,)
    )
    snapshot = cluster(service, nodes=(node("n", "fd00::4"),))
    found = sent(snapshot, packet("fd00::4", address("fd00::200")))
    assert [(str(j.packet.destination), j.packet.port) for j in found.judgements] == [("fd00::4", 30443)]
    assert found.verdict is Verdict.ALLOWED


def test_what_nodes_do_with_source_ranges_stands_beside_the_groups():
    service = load_balancer(
        "web",
        frontends=("10.224.0.200",),
        notes={"azure-load-balancer-internal": "true"},
        ranges=("10.100.0.0/16",),
        load_balancer_source_ranges=(ip_network("10.100.0.0/16"),),
    )
    snapshot = cluster(service, nodes=(node("n", "10.224.0.4"),))
    found = sent(snapshot, packet("10.224.0.4", PRIVATE, 80))
    assert found.verdict is Verdict.ALLOWED
    (note,) = found.notes
    assert "kube-proxy drops it" in note and "does not hold 10.224.0.4" in note
    assert not sent(snapshot, packet("10.100.0.1", PRIVATE, 80)).notes


def test_live_priorities_decide_where_they_are_given():
    web = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",))
    name = allow_name(Family.IPV4, "Tcp", ["Internet"], [443])
    live = group(
        rule(name, 900, "Allow", protocol="Tcp", sources=("Internet",), destinations=("20.0.0.1",), ports=("443",)),
        rule("mine", 600, "Deny", ports=("443",)),
    )
    snapshot = cluster(web)
    kept = provider_group(snapshot, live)
    known = known_addresses(snapshot, kept)
    found = judge_sent(packet("8.8.8.8"), snapshot, kept, [kept.group], known)
    assert found.verdict is Verdict.DENIED
    assert "mine (600)" in str(found)
    assert sent(snapshot, packet("8.8.8.8")).verdict is Verdict.ALLOWED


def test_whether_health_probes_pass_a_closed_node_is_left_open():
    """No source settles it; with floating IP the closed destinations are frontends, which no probe is sent to."""
    notes = {
        "azure-disable-load-balancer-floating-ip": "true",
        "azure-deny-all-except-load-balancer-source-ranges": "true",
    }
    port = ServicePort(443, 443, node_port=30443)
    closed = load_balancer("web", port, frontends=("20.0.0.1",), notes=notes, ranges=("20.9.0.0/16",))
    nodes = (node("n", "10.224.0.4"),)
    probe = packet(Place.PROBE, address("10.224.0.4"), 30443)
    found = sent(cluster(closed, nodes=nodes), probe)
    assert found.verdict is Verdict.UNKNOWN
    assert "no source says" in str(found)
    del notes["azure-disable-load-balancer-floating-ip"]
    floating = load_balancer("web", port, frontends=("20.0.0.1",), notes=notes, ranges=("20.9.0.0/16",))
    assert sent(cluster(floating, nodes=nodes), probe).verdict is Verdict.ALLOWED


def test_a_probe_of_a_service_port_goes_to_the_nodes_and_not_to_the_frontend_that_is_closed():
    """The rule that denies everybody names the frontend, "whereas probes go to the node IP, so they still pass"."""
    notes = {"azure-deny-all-except-load-balancer-source-ranges": "true"}
    ports = (ServicePort(443, 443, node_port=30443), ServicePort(443, 443, protocol=Protocol.UDP, node_port=30444))
    closed = load_balancer("web", *ports, frontends=("20.0.0.1",), notes=notes, ranges=("20.9.0.0/16",))
    snapshot = cluster(closed, nodes=(node("n", "10.224.0.4"),))
    found = sent(snapshot, packet(Place.PROBE))
    assert found.verdict is Verdict.ALLOWED
    (arriving,) = (j.packet for j in found.judgements)
    assert (str(arriving.destination), arriving.port, arriving.protocol) == ("10.224.0.4", 30443, Protocol.TCP)
    assert "each node's own address on port 30443" in found.notes[0]
    # UDP ports under the Cluster policy have no probe.
    assert "No health probe is sent" in sent(snapshot, packet(Place.PROBE, protocol="UDP")).notes[0]


def test_a_probe_to_nodes_or_a_port_that_the_input_does_not_show_is_not_settled():
    plain = load_balancer("web", ServicePort(443, 443), frontends=("20.0.0.1",))
    assert "does not show the probe's port" in str(sent(cluster(plain), packet(Place.PROBE)))
    allocated = load_balancer("web", ServicePort(443, 443, node_port=30443), frontends=("20.0.0.1",))
    assert "does not show the nodes' addresses" in str(sent(cluster(allocated), packet(Place.PROBE)))


def test_a_private_sender_whom_either_rule_lets_in_is_let_in_and_both_are_told():
    internet = rule("from-outside", 100, "Allow", sources=("Internet",))
    found = judge(packet("10.100.0.1", PRIVATE), [group(internet)], KNOWN)
    assert found.verdict is Verdict.ALLOWED
    said = str(found)
    assert said.startswith("Allowed either way: if 10.100.0.1 is in the virtual network, the default rule AllowVNet")
    assert "if 10.100.0.1 is outside the virtual network, rule from-outside (100)" in said
    assert {answer.rule.name for answer in found.deciding} == {"AllowVNetInBound", "from-outside"}
    assert [case for case, _ in found.by_case] == [
        "10.100.0.1 is in the virtual network",
        "10.100.0.1 is outside the virtual network",
    ]


def test_the_doubt_is_the_same_in_every_group_on_the_way():
    """The subnet's group refuses those in the network, the interface's those outside: nobody gets through both."""
    subnet = group(
        rule("no-network", 100, "Deny", sources=("VirtualNetwork",)),
        rule("others", 200, "Allow", sources=("Internet",)),
        on=Attachment.SUBNET,
    )
    nic = group(rule("no-internet", 100, "Deny", sources=("Internet",)))
    found = judge(packet("10.100.0.1", PRIVATE), [subnet, nic], KNOWN)
    assert found.verdict is Verdict.DENIED
    assert "Denied either way" in str(found)
    assert {answer.rule.name for answer in found.deciding} == {"no-network", "no-internet"}


def test_either_way_is_not_said_where_something_else_is_open_too():
    tag = rule("tag", 100, "Deny", sources=("AzureCloud",))
    found = judge(packet("10.100.0.1", PRIVATE), [group(tag, rule("all", 200, "Allow", sources=("Internet",)))], KNOWN)
    assert found.verdict is Verdict.UNKNOWN and not found.cases


def test_both_ends_may_be_in_the_network_or_not():
    to_private = packet("10.100.0.1", address("10.101.0.1"))
    every = rule("all", 200, "Allow", sources=("Internet", "VirtualNetwork"))
    found = judge(to_private, [group(every)], KNOWN)
    assert found.verdict is Verdict.ALLOWED
    assert judge(to_private, [group()], KNOWN).verdict is Verdict.UNKNOWN
