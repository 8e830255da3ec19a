"""Whether health probes get through security groups: at each node's own address, port by port, as the rules say."""

from __future__ import annotations

import time
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.azure.probe_access import probe_accesses
from lib.azure.security_group import provider_group
from lib.azure.security_group_arrival import known_addresses
from lib.azure.security_group_judge import judge
from lib.azure.security_group_match import Packet, Place
from lib.azure.security_group_subnet import Through, group_of_ones_own
from lib.azure.subnet_faults import subnet_faults
from lib.facts.nsg import default_rules, probe_address
from lib.model.policies import Verdict
from lib.model.security_rules import ANY, Access, Attachment, RuleDirection, SecurityRule
from lib.model.services import ServicePort, TrafficPolicy
from lib.model.sets import Family, parse_address
from lib.model.snapshot import Snapshot
from tests.azure.nsg import cluster, load_balancer, node

NODES = ("10.224.0.4", "10.224.0.5", "10.224.0.9")


def rule(priority: int, access: str, *sources: str, ports: str = ANY, to: str = ANY) -> SecurityRule:
    return SecurityRule(
        f"r{priority}",
        priority,
        RuleDirection.INBOUND,
        Access(access),
        sources=sources or (ANY,),
        ports=(ports,),
        destinations=(to,),
    )


def snapshot_of(*services, addresses: tuple[str, ...] = NODES) -> Snapshot:
    return cluster(*services, nodes=tuple(node(f"n{i}", a) for i, a in enumerate(addresses)))


WEB = load_balancer("web", ServicePort(80, 80, node_port=30080), frontends=("20.0.0.1",))


def asked(snapshot: Snapshot, *rules: SecurityRule):
    provider = provider_group(snapshot)
    known = known_addresses(snapshot, provider)
    subnet = (group_of_ones_own("mine", rules, (), Attachment.SUBNET),) if rules else ()
    return list(probe_accesses(snapshot, provider, (*subnet, provider.group), known))


def test_without_a_group_on_the_subnet_the_default_rules_let_probes_in():
    assert {r.name for r in default_rules("inbound") if r.source == "AzureLoadBalancer"}
    (found,) = asked(snapshot_of(WEB))
    assert (found.through, found.probe.port) == (Through.ALL, 30080)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((rule(200, "Deny"),), Through.NONE),
        ((rule(200, "Deny", "Internet"),), Through.ALL),
        ((rule(100, "Allow", "AzureLoadBalancer"), rule(200, "Deny")), Through.ALL),
        ((rule(100, "Allow", probe_address()), rule(200, "Deny")), Through.ALL),
        ((rule(100, "Allow", "AzureLoadBalancer", ports="80"), rule(200, "Deny")), Through.NONE),
        ((rule(100, "Allow", "AzureLoadBalancer", ports="30000-32767"), rule(200, "Deny")), Through.ALL),
        ((rule(100, "Allow", "AzureLoadBalancer", to="20.0.0.1"), rule(200, "Deny")), Through.NONE),
        ((rule(200, "Deny", to="10.224.0.4/31"),), Through.SOME),
        ((rule(200, "Deny", "Storage"),), Through.UNKNOWN),
    ],
    ids=str,
)
def test_a_probe_is_judged_at_the_nodes_address_and_the_probes_port(rules, expected):
    """The destination is the node and its port, not the frontend: nsg.yaml, health_probe_rule."""
    (found,) = asked(snapshot_of(WEB), *rules)
    assert found.through is expected
    assert ("mine on the subnet" in str(found)) or expected is Through.ALL


def test_what_the_input_does_not_hold_is_named():
    (found,) = asked(snapshot_of(load_balancer("web", frontends=("20.0.0.1",))), rule(200, "Deny"))
    assert found.through is Through.UNKNOWN and "allocate" in found.why
    (found,) = asked(cluster(WEB, complete=False), rule(200, "Deny"))
    assert found.through is Through.UNKNOWN and "nodes" in found.why


def test_each_family_of_a_dual_stack_service_has_its_own_probe_and_nodes():
    both = load_balancer(
        "web",
        ServicePort(80, 80, node_port=30080),
        frontends=("20.0.0.1", "2001:db8::1"),
        ip_families=(Family.IPV4, Family.IPV6),
    )
    found = asked(snapshot_of(both, addresses=("10.224.0.4", "fd00::4")), rule(200, "Deny", to="10.224.0.0/16"))
    assert {(at.family, at.through) for at in found} == {(Family.IPV4, Through.NONE), (Family.IPV6, Through.ALL)}


def test_of_the_local_policy_the_one_probe_of_all_ports_is_judged_once():
    local = load_balancer(
        "web",
        ServicePort(80, 80, node_port=30080),
        ServicePort(443, 443, node_port=30443),
        frontends=("20.0.0.1",),
        external_traffic_policy=TrafficPolicy.LOCAL,
        health_check_node_port=32000,
    )
    (found,) = asked(snapshot_of(local))
    assert found.probe.port == 32000


PREFIXES = st.sampled_from(["*", "10.224.0.4/31", "10.224.0.9", "10.224.0.0/16", "20.0.0.1", "AzureLoadBalancer"])
SOURCES = st.sampled_from(["*", "AzureLoadBalancer", "VirtualNetwork", "Internet", probe_address(), "10.0.0.0/8"])
RULES = st.lists(
    st.builds(
        rule,
        st.integers(100, 4096),
        st.sampled_from(["Allow", "Deny"]),
        SOURCES,
        ports=st.sampled_from(["*", "80", "30080", "30000-31000"]),
        to=PREFIXES,
    ),
    max_size=6,
    unique_by=lambda r: r.priority,
)


@given(RULES)
def test_judging_classes_of_nodes_by_narrowed_groups_is_judging_every_node_by_the_whole_group(rules):
    snapshot = snapshot_of(WEB)
    provider = provider_group(snapshot)
    known = known_addresses(snapshot, provider)
    group = group_of_ones_own("mine", rules, (), Attachment.SUBNET)
    packets = (Packet(Place.PROBE, parse_address(address), 30080) for address in NODES)
    verdicts = {judge(packet, (group, provider.group), known).verdict for packet in packets}
    (found,) = probe_accesses(snapshot, provider, (group, provider.group), known)
    several = Through.SOME if Verdict.DENIED in verdicts else Through.UNKNOWN
    words = {Verdict.ALLOWED: Through.ALL, Verdict.DENIED: Through.NONE, Verdict.UNKNOWN: Through.UNKNOWN}
    assert found.through is (several if len(verdicts) > 1 else words[verdicts.pop()])


def test_many_services_and_nodes_are_judged_in_bounded_time():
    """300 Services on 5,000 nodes: a few rules are settled, a group that names hundreds of nodes is too much."""
    services = [
        load_balancer(f"s{i}", ServicePort(80, 80, node_port=30000 + i), frontends=(f"20.0.{i >> 8}.{i & 255}",))
        for i in range(300)
    ]
    snapshot = snapshot_of(*services, addresses=tuple(str(ip_network("10.0.0.0/8")[i + 4]) for i in range(5_000)))
    began = time.process_time()
    found = asked(snapshot, rule(100, "Allow", "AzureLoadBalancer", to="10.0.0.0/21"), rule(4000, "Deny"))
    assert {at.through for at in found} == {Through.SOME}
    each = [rule(100 + i, "Allow", "AzureLoadBalancer", to=f"10.0.{i >> 8}.{i & 255}") for i in range(900)]
    found = asked(snapshot, *each, rule(4000, "Deny"))
    assert {at.through for at in found} == {Through.UNKNOWN} and "too large" in found[0].why
    assert time.process_time() - began < 20


def test_what_is_blocked_is_a_finding_at_the_port():
    found = list(subnet_faults((), asked(snapshot_of(WEB), rule(200, "Deny"))))
    (fault,) = found
    assert fault.code == "azure-health-probe-denied" and dict(fault.evidence)["port"] == "30080"
