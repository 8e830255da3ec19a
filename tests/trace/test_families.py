"""Dual stack: a packet that may be IPv4 or IPv6 is traced over both, and the verdict depends where the two differ."""

from __future__ import annotations

from typing import Any

import pytest

from lib.model.errors import ModelError
from lib.trace.hop import HopKind, HopVerdict
from tests.trace.build import FRONT, cluster, policy, service, verdicts, walk

ALLOWED, DENIED, DEPENDS = HopVerdict.ALLOWED, HopVerdict.DENIED, HopVerdict.DEPENDS
FRONT6 = "2001:db8:1::10"


def dual(*more: dict[str, Any], **spec: Any) -> list[dict[str, Any]]:
    """The small cluster with a second address of IPv6 for everything."""
    families = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    made = service(
        kind="LoadBalancer",
        status=[{"ip": FRONT}, {"ip": FRONT6}],
        clusterIPs=["10.0.0.80", "fd00:10::80"],
        **families,
        **spec,
    )
    objects = cluster(made, *more)
    for each in objects:
        if each["kind"] == "Node":
            number = each["metadata"]["name"][1:]
            each["status"]["addresses"].append({"type": "InternalIP", "address": f"fd00:224::{number}"})
        if each["kind"] == "Pod":
            last = each["status"]["podIP"].rpartition(".")[2]
            each["status"]["podIPs"].append({"ip": f"fd00:244::{last}"})
    return objects


@pytest.mark.parametrize("src", ["internet", "vnet"])
def test_both_frontends_of_a_service_are_traced(src):
    found = walk(dual(), src, "svc/shop/web:80")
    assert [(way.family, way.own_verdict) for way in found.by_family] == [("IPv4", ALLOWED), ("IPv6", ALLOWED)]
    assert found.verdict is ALLOWED
    assert FRONT in found.hops[0].subject and FRONT6 in found.others[0].hops[0].subject


def test_where_the_families_differ_the_verdict_depends_and_says_so():
    """FACTS 2.2: 0.0.0.0/0 alone closes the IPv6 side of a dual-stack Service."""
    found = walk(dual(loadBalancerSourceRanges=["0.0.0.0/0"]), "internet", "svc/shop/web:80")
    assert [(way.family, way.own_verdict) for way in found.by_family] == [("IPv4", ALLOWED), ("IPv6", DENIED)]
    assert found.verdict is DEPENDS
    assert found.sentence.startswith("Depends: it depends on the IP family. IPv4: Allowed")
    assert "IPv6: Denied at security rules" in found.sentence


@pytest.mark.parametrize(("src", "front"), [("198.51.100.7", FRONT), ("2001:db8:9::7", FRONT6)])
def test_a_senders_address_has_one_family(src, front):
    found = walk(dual(), src, "svc/shop/web:80")
    assert not found.others and found.verdict is ALLOWED
    assert front in found.hops[0].subject


def test_a_way_that_is_the_same_for_both_families_is_told_once():
    found = walk(dual(), "shop/client", "svc/shop/web:80")
    assert (found.family, found.others, found.verdict) == ("", (), ALLOWED)


def test_ends_without_a_family_in_common_are_denied():
    found = walk(cluster(service(kind="LoadBalancer", status=[{"ip": FRONT}])), "2001:db8::9", "svc/shop/web:80")
    assert (found.verdict, [hop.kind for hop in found.hops]) == (DENIED, [HopKind.ADDRESS])
    with pytest.raises(ModelError, match="no IP family in common"):
        walk(dual(), "2001:db8::9", f"{FRONT}:80")


def test_source_ranges_are_asked_about_the_packets_own_family():
    """The list holds the pods' IPv6 addresses; what they send to the IPv4 address comes from another one."""
    objects = dual(loadBalancerSourceRanges=["fd00:244::/64"])
    assert walk(objects, "shop/client", f"[{FRONT6}]:80").verdict is ALLOWED
    assert verdicts(walk(objects, "shop/client", f"{FRONT}:80"))[HopKind.SERVICE] is ALLOWED
    assert walk(objects, "shop/client", f"{FRONT}:80").stopped_at.kind is HopKind.SERVICE


def test_a_name_outside_is_asked_for_over_both_families_of_the_sender():
    out = policy("out", app="client", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])
    found = walk(dual(out), "shop/client", "example.org:443")
    outside = {way.family: verdicts(way)[HopKind.EGRESS] for way in found.by_family}
    assert outside == {"IPv4": ALLOWED, "IPv6": DENIED}


@pytest.mark.parametrize("src", ["node", "node/n1", "shop/client"])
def test_nodes_are_reached_by_the_address_of_the_packets_family(src):
    found = walk(dual(), src, "node/n2:10250")
    assert found.verdict is ALLOWED


def test_a_family_that_no_endpoint_has_ends_at_the_node():
    """Nodes send IPv6 packets to endpoints with IPv6 addresses alone (Service, "IPv4/IPv6 dual-stack")."""
    objects = dual()
    (web,) = (o for o in objects if o["kind"] == "Pod" and o["metadata"]["name"] == "web")
    web["status"]["podIPs"] = web["status"]["podIPs"][:1]
    for src in ("internet", "shop/client"):
        found = walk(objects, src, "svc/shop/web:80")
        assert {way.family: way.own_verdict for way in found.by_family} == {"IPv4": ALLOWED, "IPv6": DENIED}
        assert found.others[0].stopped_at.kind is HopKind.SERVICE


@pytest.mark.parametrize(("engine", "matches"), [("calico", True), ("cilium", False)])
def test_a_rule_that_means_pods_by_addresses_counts_for_its_own_family(engine, matches):
    """policy_engines.yaml: for Calico an ipBlock means pods by their addresses, for Cilium never."""
    out = policy("out", app="client", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]}])
    for address, expected in (("10.244.1.10", ALLOWED if matches else DENIED), ("[fd00:244::10]", DENIED)):
        assert walk(dual(out), "shop/client", f"{address}:8080", engine).verdict is expected
    found = walk(dual(out), "shop/client", "shop/web:8080", engine)
    assert found.verdict is (DEPENDS if matches else DENIED)
