"""Outbound ports in a plan: the sources' worked examples, and what a plan says of them."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import pytest

from lib.facts.snat import snat_examples
from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from lib.ipplan.result import AddressPlan, ClusterPlan
from lib.ipplan.serialise import to_json
from lib.ipplan.write import to_document
from tests.ipplan.build import codes


def written(**fields) -> AddressPlan:
    reading = read_plan({"pod_cidr": "10.128.0.0/12", **fields})
    assert reading.demand is not None, reading.problems
    assert read_plan(to_document(reading.demand)).demand == reading.demand
    return plan(reading.demand)


def one(**fields) -> ClusterPlan:
    return written(**fields).clusters[0]


@pytest.mark.parametrize("example", snat_examples(), ids=str)
def test_a_worked_example_comes_out_in_a_plan(example):
    given, expected = example.given, example.expected
    fields = {
        "outbound_type": "loadBalancer",
        "outbound_ips": given.get("ips"),
        "outbound_ports_per_node": given.get("ports"),
        "nodes": given.get("nodes", 3),
        "surge": given.get("surge", 1),
    }
    found = one(**fields)
    assert found.outbound is not None
    ports = found.outbound.steps[0].ports
    assert {name: getattr(ports, name) for name in expected} == dict(expected)
    if "max_nodes" in expected:
        limit = next(limit for limit in found.limits if limit.name == "outbound_ports")
        assert limit.value == expected["max_nodes"]
        assert limit.more_nodes == expected["max_nodes"] - 4, "three nodes and one surge node"


def test_a_plan_that_says_nothing_of_the_way_out_counts_no_ports():
    found = written(nodes=50)
    assert found.clusters[0].outbound is None
    assert to_json(found)["clusters"][0]["outbound"] is None


@pytest.mark.parametrize(
    ("breaks", "keeps", "code"),
    [
        ({"outbound_ports_per_node": 1001}, {"outbound_ports_per_node": 1000}, "outbound-allocation"),
        ({"outbound_ips": 101}, {"outbound_ips": 100}, "outbound-allocation"),
        ({"outbound_type": "managedNATGateway", "outbound_ips": 17}, {"outbound_type": "managedNATGateway", "outbound_ips": 16}, "outbound-allocation"),
        ({"outbound_ports_per_node": 4000, "nodes": 16}, {"outbound_ports_per_node": 4000, "nodes": 15}, "outbound-ports-lacking"),
        ({"outbound_ips": 1, "nodes": 50}, {"outbound_ips": 1, "nodes": 49}, "outbound-ports-fall"),
        ({"outbound_ips": 1, "nodes": 40, "nodes_max": 60}, {"outbound_ips": 1, "nodes": 40, "nodes_max": 49}, "outbound-ports-fall"),
        # AKS:egress-outboundtype.md: managed NAT gateways and block are for networks that AKS makes.
        ({"outbound_type": "managedNATGateway", "vnet": "10.20.0.0/16"}, {"outbound_type": "managedNATGateway"}, "outbound-network"),
        ({"outbound_type": "managedNATGatewayV2", "vnet": "10.20.0.0/16"}, {"outbound_type": "userAssignedNATGateway", "vnet": "10.20.0.0/16"}, "outbound-network"),
        ({"outbound_type": "block", "vnet": "10.20.0.0/16"}, {"outbound_type": "none", "vnet": "10.20.0.0/16"}, "outbound-network"),
        # AKS:azure-cni-overlay.md: no dual stack with the Standard NAT gateway.
        ({"outbound_type": "managedNATGateway", "dual_stack": True}, {"outbound_type": "managedNATGatewayV2", "dual_stack": True}, "outbound-dual-stack"),
        # AKS:configure-kubenet.md: no network isolated cluster with kubenet.
        ({"outbound_type": "none", "model": "kubenet"}, {"outbound_type": "none"}, "outbound-kubenet"),
        ({"outbound_type": "block", "model": "kubenet"}, {"outbound_type": "userDefinedRouting", "model": "kubenet"}, "outbound-kubenet"),
        ({"outbound_ips": 1, "nodes": 1000}, {"outbound_ips": 1, "nodes": 999}, "outbound-ports-not-stated"),
    ],
)  # fmt: skip
def test_a_rule_is_told_where_it_is_broken_and_only_there(breaks, keeps, code):
    assert code in codes(written(**{"nodes": 3, "surge": 1, **breaks}))
    assert code not in codes(written(**{"nodes": 3, "surge": 1, **keeps}))


def test_other_ways_out_have_no_ports_of_their_own():
    found = one(nodes=3, outbound_type="userDefinedRouting").outbound
    assert found is not None and found.steps == () and found.gateway is None
    gateway = one(nodes=3, outbound_type="managedNATGateway", outbound_ips=2).outbound
    # AKS:nat-gateway.md: 64,512 ports an address.
    assert gateway is not None and gateway.gateway is not None and gateway.gateway.ports == 2 * 64_512


def test_a_way_out_that_is_none_is_answered_with_a_sentence():
    (problem,) = read_plan({"nodes": 3, "outbound_type": "carrier-pigeon"}).problems
    assert problem.message.startswith("outbound_type is 'carrier-pigeon'. It must be one of loadbalancer")
