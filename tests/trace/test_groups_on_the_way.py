"""Security groups for what leaves the cluster, and a group of one's own between its nodes.

Expectations follow Azure's default rules (nsg.yaml) and the rules that each test writes itself: first match by
priority, outbound for who sends, inbound for who receives.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from lib.azure.security_group_subnet import group_of_ones_own
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityGroup, SecurityRule
from lib.model.sets import AddressSet
from lib.trace.hop import Hop, HopKind, HopVerdict, Trace
from tests.trace.build import FRONT, NODES, cluster, pod, service, walk

ALLOWED, DENIED, UNKNOWN, DEPENDS = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.UNKNOWN, HopVerdict.DEPENDS
OUT, IN = RuleDirection.OUTBOUND, RuleDirection.INBOUND
PODS, NODE_RANGE = "10.244.0.0/16", "10.224.0.0/16"


def rule(
    priority: int,
    access: Access,
    direction: RuleDirection = OUT,
    src: tuple[str, ...] = ("*",),
    dst: tuple[str, ...] = ("*",),
    ports: tuple[str, ...] = ("*",),
) -> SecurityRule:
    return SecurityRule(f"r{priority}", priority, direction, access, "*", src, ("*",), dst, ports)


def own(*rules: SecurityRule) -> SecurityGroup:
    return group_of_ones_own("mine", rules, (), Attachment.SUBNET)


ALLOW, DENY = Access.ALLOW, Access.DENY
NO_INTERNET = rule(200, DENY, dst=("Internet",))


def security(found: Trace) -> Hop:
    return next(hop for hop in found.hops if hop.kind is HopKind.SECURITY)


@pytest.mark.parametrize("src", ["shop/client", "node", "node/n1"])
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ((), ALLOWED),
        ((NO_INTERNET,), DENIED),
        ((rule(100, ALLOW, ports=("443",)), NO_INTERNET), ALLOWED),
        ((rule(300, ALLOW, ports=("443",)), NO_INTERNET), DENIED),
        # Which addresses the tag has is not known, and it would decide otherwise.
        ((rule(100, ALLOW, dst=("Storage",)), NO_INTERNET), UNKNOWN),
        # Rules about packets that come in do not count for what leaves.
        ((rule(100, DENY, IN),), ALLOWED),
    ],
)
def test_outbound_rules_of_a_group_of_ones_own_decide_over_what_leaves(src, rules, expected):
    found = walk(cluster(), src, "192.0.2.50:443", subnet_group=own(*rules), outbound_type="loadBalancer")
    assert (security(found).verdict, found.verdict) == (expected, expected)


def test_without_a_group_of_ones_own_azures_default_rules_let_out_and_say_so():
    hop = security(walk(cluster(), "shop/client", "192.0.2.50:443"))
    assert hop.verdict is ALLOWED
    assert any("AllowInternetOutBound" in decider.name for decider in hop.deciders)
    assert any("none given" in note for note in hop.notes)


@pytest.mark.parametrize(
    ("model", "expected"),
    # Overlay and kubenet: the node's address (networks.yaml: snat). Else pods may be seen as themselves.
    [("azure_cni_overlay", ALLOWED), ("kubenet", ALLOWED), ("node_subnet", UNKNOWN), ("", UNKNOWN)],
)
def test_a_rule_about_pods_addresses_counts_where_they_are_seen(model, expected):
    found = walk(
        cluster(), "shop/client", "192.0.2.50:443", subnet_group=own(rule(200, DENY, src=(PODS,))), network_model=model
    )
    assert security(found).verdict is expected


@pytest.mark.parametrize(("kind", "expected"), [("loadBalancer", DENIED), ("userDefinedRouting", UNKNOWN)])
def test_with_a_default_route_everything_may_be_in_the_tag_of_the_network(kind, expected):
    """service_tags of nsg.yaml: VirtualNetwork holds "the prefixes of user-defined routes (a default route too)"."""
    given = {"subnet_group": own(NO_INTERNET), "outbound_type": kind}
    assert security(walk(cluster(), "shop/client", "192.0.2.50:443", **given)).verdict is expected


def test_a_rule_about_one_node_denies_only_what_that_node_sends():
    group = own(rule(200, DENY, src=(NODES["n1"],)))
    given = {"subnet_group": group, "network_model": "azure_cni_overlay"}
    assert walk(cluster(), "node/n1", "192.0.2.50:443", **given).verdict is DENIED
    assert walk(cluster(), "node/n2", "192.0.2.50:443", **given).verdict is ALLOWED


def test_a_name_without_known_addresses_is_judged_at_every_part_that_rules_tell_apart():
    group = own(rule(200, DENY, dst=("8.0.0.0/8",)))
    assert security(walk(cluster(), "shop/client", "example.org:443", subnet_group=group)).verdict is UNKNOWN
    assert security(walk(cluster(), "shop/client", "example.org:443", subnet_group=own(NO_INTERNET))).verdict is DENIED


def test_private_addresses_outside_are_let_out_whether_or_not_they_are_of_the_network():
    """AllowVnetOutBound or AllowInternetOutBound: one of the two holds them."""
    for model in ("", "azure_cni_overlay", "node_subnet"):
        assert walk(cluster(), "shop/client", "10.9.0.7:443", network_model=model).verdict is ALLOWED


EVERYTHING = tuple(rule(100, ALLOW, way, (PODS, NODE_RANGE), (PODS, NODE_RANGE)) for way in (IN, OUT))


@pytest.mark.parametrize(
    ("rules", "model", "expected"),
    [
        # What concepts-network.md asks for: nodes and pods to each other on every port.
        (EVERYTHING, "azure_cni_overlay", ALLOWED),
        ((rule(200, DENY, IN),), "azure_cni_overlay", DENIED),
        ((rule(200, DENY, OUT),), "azure_cni_overlay", DENIED),
        # Pods of a flat model have addresses of the network, which the default rules let through.
        ((), "node_subnet", ALLOWED),
        # No source says whether the tag VirtualNetwork holds the pod CIDR of an overlay.
        ((), "azure_cni_overlay", UNKNOWN),
    ],
)
def test_between_nodes_a_group_of_ones_own_on_the_subnet_sees_the_pods(rules, model, expected):
    found = walk(
        cluster(service()), "shop/client", "svc/shop/web:80", subnet_group=own(*rules), network_model=model,
        virtual_network=AddressSet.from_networks([ip_network("10.224.0.0/12")]),
    )  # fmt: skip
    assert (security(found).verdict, found.verdict) == (expected, expected)


def test_on_one_node_no_group_is_on_the_way():
    near = pod("near", "10.244.1.99", "n1")
    found = walk(cluster(service(), near), "shop/near", "svc/shop/web:80", subnet_group=own(rule(200, DENY, IN)))
    assert found.verdict is ALLOWED
    both = walk(cluster(service()), "node", "svc/shop/web:80", subnet_group=own(rule(200, DENY, IN)))
    assert both.verdict is DEPENDS


@pytest.mark.parametrize(("ports", "expected"), [(("53",), DENIED), (("54",), ALLOWED)])
def test_names_are_asked_for_through_the_group_as_well(ports, expected):
    """The DNS server runs on n1, the client on n2."""
    group = own(rule(90, DENY, IN, ports=ports), *EVERYTHING)
    found = walk(cluster(service()), "shop/client", "svc/shop/web:80", subnet_group=group)
    assert (found.hops[0].kind, found.hops[0].verdict) == (HopKind.NAME, expected)


def balanced(**more: Any) -> dict[str, Any]:
    return service(kind="LoadBalancer", status=[{"ip": FRONT}], **more)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # AllowAzureLoadBalancerInBound lets probes in.
        ((rule(100, ALLOW, IN, src=("Internet",)),), ALLOWED),
        # A rule of one's own that denies everything else stands before it.
        ((rule(100, ALLOW, IN, src=("Internet",)), rule(200, DENY, IN)), DENIED),
        ((rule(100, ALLOW, IN, src=("Internet", "AzureLoadBalancer")), rule(200, DENY, IN)), ALLOWED),
    ],
)
def test_a_probe_that_a_group_keeps_out_takes_all_nodes_down(rules, expected):
    found = walk(cluster(balanced()), "internet", f"{FRONT}:80", subnet_group=own(*rules))
    probe = next(hop for hop in found.hops if hop.kind is HopKind.PROBE)
    assert (probe.verdict, found.verdict) == (expected, expected)


@pytest.mark.parametrize(
    ("policy", "health_port", "expected"),
    # service_traffic.yaml, without_node_ports: with floating IP Local works, and Cluster without a shared probe not.
    [("Local", {"healthCheckNodePort": 31000}, ALLOWED), ("Cluster", {}, DENIED)],
)
def test_without_node_ports_only_local_has_something_to_probe(policy, health_port, expected):
    made = balanced(allocateLoadBalancerNodePorts=False, externalTrafficPolicy=policy, **health_port)
    made["spec"]["ports"][0].pop("nodePort")
    found = walk(cluster(made), "internet", f"{FRONT}:80")
    assert found.verdict is expected
    assert expected is ALLOWED or found.stopped_at.kind is HopKind.PROBE
