"""The form that the command line prints, and that other programs read."""

from __future__ import annotations

import json

import pytest

from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from lib.ipplan.serialise import to_json
from tests.ipplan.build import cluster, network_of, planned, pool


def written(**flags):
    reading = read_plan(flags)
    assert reading.demand is not None, reading.problems
    return json.loads(json.dumps(to_json(plan(reading.demand))))


def test_the_contracts_own_example():
    """--model node_subnet --nodes 50 --surge 1 --max-pods 30; AKS:concepts-network-ip-address-planning.md."""
    found = written(model="node_subnet", nodes="50", surge="1", max_pods="30")
    assert found["schema"] == "netatlas.plan/1"
    (one,) = found["clusters"]
    subnet = one["node_subnet"]
    expected = {
        "ips_needed": 1581, "ips_with_reserved": 1586, "prefix": 21, "usable": 2043, "available": 462,
        "utilization": 0.77, "ips_other": 0,
    }  # fmt: skip
    assert {key: subnet[key] for key in expected} == expected
    assert one["model"] == "node_subnet"
    assert one["pod_subnet"] is None and one["pod_cidr"] is None
    assert one["formula"].endswith("(50 + 1) + (50 + 1) × 30 = 1581")
    assert one["binding_limit"] == "node_subnet"
    assert found["problems"] == []


def test_the_pod_cidr_of_an_overlay():
    one = written(nodes=50, surge="1")["clusters"][0]
    assert one["pod_cidr"]["cidr"] == "10.244.0.0/16"
    assert (one["pod_cidr"]["nodes_max"], one["pod_cidr"]["nodes_needed"]) == (256, 51)
    assert one["service_cidr"]["cidr"] == "10.0.0.0/16"
    assert one["service_cidr"]["dns_service_ip"] == "10.0.0.10"


@pytest.mark.parametrize(
    ("services", "prefix"),
    # All addresses but the first and the last; /13 is the largest range, two Services are the cluster's own.
    [(0, 30), (2, 30), (3, 29), (254, 24), (255, 23), (300, 23), (524_286, 13), (524_287, None)],
)
def test_the_smallest_service_cidr_holds_the_services_that_are_expected(services, prefix):
    one = written(nodes=3, services=services)["clusters"][0]["service_cidr"]
    assert one["smallest_prefix"] == prefix
    assert one["utilization"] == round(services / 65_534, 2)
    without = written(nodes=3)["clusters"][0]
    assert without["service_cidr"]["smallest_prefix"] is without["service_cidr"]["utilization"] is None
    assert without["pod_cidr"]["utilization"] == round(4 / 256, 2)


def test_a_pod_subnet_is_written_like_a_node_subnet():
    one = written(model="pod_subnet_static_block", nodes=10, surge="1", max_pods=31)["clusters"][0]
    assert one["pod_subnet"]["ips_needed"] == 11 * 32
    assert one["node_subnet"].keys() == one["pod_subnet"].keys()


def test_other_addresses_count_into_the_reserved_sum_and_out_of_the_available():
    subnet = written(nodes=10, surge="1", internal_load_balancers=3, private_endpoints=1)["clusters"][0]["node_subnet"]
    assert (subnet["ips_needed"], subnet["ips_other"], subnet["ips_with_reserved"]) == (11, 4, 20)
    assert (subnet["prefix"], subnet["available"]) == (27, 27 - 11 - 4)


def test_every_limit_and_every_problem_has_its_keys_and_a_source():
    found = written(
        model="kubenet", nodes=300, surge="33%", pod_cidr="10.244.0.0/17", services=9, internal_load_balancers=1
    )
    for limit in found["clusters"][0]["limits"]:
        assert {"name", "value", "used", "headroom", "source"} <= limit.keys()
        assert limit["headroom"] == limit["value"] - limit["used"]
        assert limit["source"]
    assert {problem["code"] for problem in found["problems"]} == {"pod-cidr-too-small", "network-retires"}
    for problem in found["problems"]:
        assert {"code", "message", "rule", "source", "class"} <= problem.keys()
        assert problem["source"]


def test_limits_are_ordered_by_the_nodes_that_remain():
    limits = planned("azure_cni_overlay", pool(40, surge="33%", nodes_max=120), services=40).limits
    remaining = [limit.more_nodes for limit in limits]
    counted = [nodes for nodes in remaining if nodes is not None]
    assert counted == sorted(counted)
    assert remaining == counted + [None] * (len(remaining) - len(counted))


def test_the_binding_limit_of_the_default_overlay_is_the_pod_cidr_once_the_subnet_is_large():
    found = planned("azure_cni_overlay", pool(200, surge=1), node_subnet="10.1.0.0/22").binding_limit
    assert found is not None
    assert (found.name, found.more_nodes, found.more_pods) == ("pod_cidr", 55, 55 * 250)


def test_a_surge_in_percent_eats_into_what_remains():
    """251 usable: 188 nodes and 63 surge nodes (33 %, rounded up: 62.04) are 251; one node more needs 252."""
    found = planned("azure_cni_overlay", pool(100, surge="33%"), node_subnet="10.1.0.0/24").binding_limit
    assert found is not None
    assert (found.name, found.more_nodes) == ("node_subnet", 88)


def test_a_pool_that_is_replaced_takes_two_blocks_for_each_node_more_also_beside_one_that_is_not():
    """256 blocks of the default /16; a replaced pool has old and new nodes, so 128 of each."""
    limits = planned("azure_cni_overlay", pool(0, name="a"), pool(0, name="b", replaced=True)).limits
    found = next(limit for limit in limits if limit.name == "pod_cidr")
    assert (found.more_nodes, found.pool) == (128, "b")


def test_the_virtual_network_counts_the_addresses_of_all_clusters():
    clusters = [cluster("node_subnet", pool(100, max_pods=30), name=name) for name in ("a", "b")]
    limits = network_of(*clusters).clusters[0].limits
    found = next(limit for limit in limits if limit.name == "vnet_private_ips")
    assert found.used == 2 * 101 * 31


def test_what_was_left_open_is_said_with_its_source_and_what_others_say():
    assumed = {a["field"]: a for a in written(model="pod_subnet_dynamic", nodes=3)["clusters"][0]["assumptions"]}
    assert set(assumed) == {"service_cidr", "dns_service_ip", "max_pods", "surge"}
    assert "says 110" in assumed["max_pods"]["conflict"]
    assert "says 10%" in assumed["surge"]["conflict"]
    assert all(a["source"] for a in assumed.values())
    given = {"model": "pod_subnet_dynamic", "nodes": 3, "max_pods": 30, "surge": "1", "service_cidr": "10.9.0.0/24"}
    assert written(**given, dns_service_ip="10.9.0.10")["clusters"][0]["assumptions"] == []


def test_auto_provisioned_nodes_are_counted_to_the_limit_entered_and_it_is_said_that_replacements_count_in():
    """50 nodes at most, nothing for an upgrade unless a surge is given; 3 and a surge node of the system pool."""
    flags = {"node_pool": ["name=system,nodes=3,surge=1", "name=nap,nodes=0,nodes-max=50,auto-provisioned=true"]}
    one = written(**flags)["clusters"][0]
    assert (one["node_subnet"]["ips_now"], one["node_subnet"]["ips_needed"]) == (3, 3 + 1 + 50)
    assert "auto_provisioned" in {a["field"] for a in one["assumptions"]}
    flags["node_pool"][1] += ",surge=10%"
    assert written(**flags)["clusters"][0]["node_subnet"]["ips_needed"] == 3 + 1 + 50 + 5


def test_an_upgrade_in_place_needs_no_more_addresses():
    """AKS:upgrade-aks-node-pools-rolling.md: with maxSurge 0 and maxUnavailable nodes are upgraded where they are."""
    flags = {"nodes": 10, "mode": "user", "surge": "0", "max_unavailable": "1"}
    subnet = written(**flags)["clusters"][0]["node_subnet"]
    assert subnet["ips_at_max"] == subnet["ips_needed"] == 10


def test_clusters_with_api_server_integration_get_one_subnet_for_their_api_servers():
    """AKS:api-server-vnet-integration.md: at least /28 and nine addresses a cluster: 2 × 9 = 18 need a /27 (27)."""
    subnets = network_of(*(cluster(name=n, api_server_vnet_integration=True) for n in "ab"), vnet="10.1.0.0/16").subnets
    found = next(subnet for subnet in subnets if subnet.name == "api-server")
    assert (found.prefix, found.ips_needed, found.clusters) == (27, 18, ("a", "b"))
    alone = network_of(cluster(api_server_vnet_integration=True)).subnets[-1]
    assert (alone.prefix, alone.ips_needed) == (28, 9)


def test_private_link_services_take_as_many_addresses_as_each_has():
    subnet = written(nodes=3, private_link_services=2, private_link_ips=3)["clusters"][0]["node_subnet"]
    assert subnet["ips_other"] == 6


def test_the_figure_that_was_chosen_of_two_counts():
    """AKS:best-practices-performance-scale-large.md says 200 000 pods, AKS:plan-pod-networking.md 250 000."""
    for chosen, used in ((None, 200_000), (250_000, 250_000), (200_000, 200_000)):
        one = written(nodes=3, pods_ceiling=chosen)["clusters"][0]
        limit = next(limit for limit in one["limits"] if limit["name"] == "pods_per_cluster")
        assert limit["value"] == used
        assert "says" in limit["conflict"]
