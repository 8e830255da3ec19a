"""Worked examples: printed by the documentation, held by the projects' own tests, or derived from a stated rule.

Each row ends with the source key that lib/facts/sources.yaml explains; "derived" marks a number that no source prints.
"""

from __future__ import annotations

import pytest

from lib.ipplan import ranges
from lib.ipplan.node_subnet import nodes_that_fit
from lib.ipplan.plan import plan
from lib.ipplan.pod_subnet_dynamic import allotment, max_free, min_free
from lib.ipplan.pod_subnet_static_block import blocks_per_node
from lib.ipplan.subnets import smallest_prefix, usable_ips
from tests.ipplan.build import cluster, codes, net, network_of, planned, pool

PLANNING = "AKS:concepts-network-ip-address-planning.md"
OVERLAY = "AKS:concepts-network-azure-cni-overlay.md"
POD_SUBNET = "AKS:concepts-network-azure-cni-pod-subnet.md"
IPAM = "ACN:docs/feature/ipammath/1-ipam-math.md"
IPAM_TEST = "ACN:cns/ipampool/v2/math_test.go"


@pytest.mark.parametrize(
    ("nodes", "surge", "max_pods", "ips", "prefix", "source"),
    [
        (50, 1, 30, 1581, 21, PLANNING),
        (60, 1, 30, 1891, 21, PLANNING),
        (10, 1, 250, 2761, 20, "derived: 11 + 11 × 250"),
    ],
)
def test_node_subnet_needs_a_nodes_and_all_its_pods_addresses(nodes, surge, max_pods, ips, prefix, source):
    found = planned("node_subnet", pool(nodes, surge=surge, max_pods=max_pods)).node_subnets[0]
    assert (found.ips_needed, found.prefix) == (ips, prefix), source
    assert found.ips_with_reserved == ips + 5


def test_a_slash_24_node_subnet_holds_8_nodes_with_30_pods():
    """AKS:configure-kubenet.md, AKS:concepts-network-legacy-cni.md."""
    assert nodes_that_fit(usable_ips(24), 30) == 8
    assert 8 * 30 == 240
    held = planned("node_subnet", pool(7, surge=1, max_pods=30), node_subnet="10.1.0.0/24")
    assert held.node_subnets[0].available == 251 - 8 * 31
    assert held.binding_limit is not None and (held.binding_limit.name, held.binding_limit.more_nodes) == (
        "node_subnet",
        0,
    )


def test_a_slash_24_kubenet_subnet_holds_251_nodes_and_27610_pods():
    """AKS:configure-kubenet.md."""
    found = planned("kubenet", pool(250, surge=1, max_pods=110), node_subnet="10.1.0.0/24")
    assert found.node_subnets[0].usable == 251
    assert found.node_subnets[0].available == 0
    assert 251 * 110 == 27610


@pytest.mark.parametrize(("nodes", "pods"), [(20, 2200), (25, 2750)])
def test_a_slash_27_kubenet_subnet_holds_20_to_25_nodes(nodes, pods):
    """AKS:configure-kubenet.md; 27 usable addresses leave room for an upgrade."""
    found = planned("kubenet", pool(nodes, surge=1, max_pods=110), node_subnet="10.1.0.0/27")
    assert found.node_subnets[0].available >= 0
    assert found.pods_max == pods


def test_kubenet_gives_every_node_a_slash_24_of_the_pod_cidr():
    """AKS:configure-kubenet.md: 10.244.0.0/24, 10.244.1.0/24, 10.244.2.0/24."""
    blocks = list(net("10.244.0.0/16").subnets(new_prefix=24))
    assert [str(block) for block in blocks[:3]] == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    assert ranges.nodes_that_fit(net("10.244.0.0/16"), "kubenet") == len(blocks)


def test_kubenet_ends_at_400_nodes():
    """AKS:configure-kubenet.md: 400 routes in a route table."""
    roomy = {"pod_cidr": "10.128.0.0/14", "node_subnet": "10.1.0.0/22"}
    assert "cluster-too-large" not in codes(plan(cluster("kubenet", pool(399), **roomy)))
    assert "cluster-upgrade-blocked" in codes(plan(cluster("kubenet", pool(400), **roomy)))
    assert "cluster-too-large" in codes(plan(cluster("kubenet", pool(401), **roomy)))


@pytest.mark.parametrize(
    ("prefix", "usable", "source"),
    [(24, 251, OVERLAY), (29, 3, "derived: 8 - 5"), (28, 11, "derived: 16 - 5"), (27, 27, "derived: 32 - 5")],
)
def test_azure_keeps_five_addresses_of_a_subnet(prefix, usable, source):
    assert usable_ips(prefix) == usable, source
    assert smallest_prefix(usable) == prefix
    assert smallest_prefix(usable + 1) == prefix - 1


def test_an_overlay_node_has_256_addresses_and_250_pods():
    """AKS:concepts-network-azure-cni-overlay.md, AKS:concepts-network-ip-address-planning.md."""
    found = planned("azure_cni_overlay", pool(1))
    assert found.pools[0].max_pods == 250
    assert ranges.nodes_that_fit(net("10.244.0.0/24"), "azure_cni_overlay") == 1


@pytest.mark.parametrize(("prefix", "nodes"), [(18, 64), (16, 256), (12, 4096), (11, 8192)])
def test_a_pod_cidr_holds_one_node_a_slash_24(prefix, nodes):
    """Derived: 2 ** (24 - prefix)."""
    cidr = f"10.0.0.0/{prefix}"
    assert ranges.nodes_that_fit(net(cidr), "azure_cni_overlay") == nodes
    assert ranges.smallest_pod_cidr_prefix(nodes, "azure_cni_overlay") == prefix
    assert ranges.smallest_pod_cidr_prefix(nodes + 1, "azure_cni_overlay") == prefix - 1


def test_5000_overlay_nodes_need_a_slash_11_pod_cidr_and_a_slash_19_subnet():
    """Derived: 8192 >= 5001 and 8192 - 5 >= 5001."""
    found = planned("azure_cni_overlay", *(pool(1000, surge=0, name=f"p{i}") for i in range(4)), pool(1000, name="e"))
    assert found.pod_cidr is not None and found.pod_cidr.smallest_prefix == 11
    assert found.node_subnets[0].prefix == 19


def test_the_default_pod_cidr_caps_a_cluster_at_256_nodes_with_surge():
    """Derived from the default 10.244.0.0/16 and one /24 a node."""
    assert "pod-cidr-too-small" not in codes(plan(cluster("azure_cni_overlay", pool(255, surge=1))))
    assert "pod-cidr-too-small" in codes(plan(cluster("azure_cni_overlay", pool(256, surge=1))))


def test_a_pod_cidr_over_a_reserved_range_is_refused():
    """AKS:concepts-network-cni-overview.md, CL:210: 172.16.0.0/12 contains 172.30.0.0/16 and 172.31.0.0/16."""
    found = [p for p in plan(cluster(pod_cidr="172.16.0.0/12")).problems if p.code == "reserved-range"]
    assert len(found) == 1
    assert found[0].problem_class.value == "refused"
    assert "172.30.0.0/16 and 172.31.0.0/16" in found[0].message


def test_the_pod_cidr_must_keep_off_the_whole_virtual_network():
    """AKS:update-azure-cni.md: a virtual network 10.0.0.0/8 excludes every pod CIDR inside it."""
    found = network_of(
        cluster(pod_cidr="10.244.0.0/16", node_subnet="10.240.0.0/16", service_cidr="172.20.0.0/16"), vnet="10.0.0.0/8"
    )
    assert codes(found) == {"pod-cidr-in-vnet"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"pod_cidr": "10.244.0.0/16", "node_subnet": "10.244.1.0/24"}, {"pod-cidr-overlap"}),
        ({"service_cidr": "10.0.0.0/16", "node_subnet": "10.0.10.0/24"}, {"service-cidr-overlap"}),
        ({"pod_cidr": "10.244.0.0/16", "service_cidr": "10.0.0.0/16", "node_subnet": "10.1.0.0/24"}, set()),
    ],
)
def test_ranges_of_the_node_auto_provisioning_page(fields, expected):
    """AKS:node-auto-provisioning-networking.md."""
    assert codes(plan(cluster("azure_cni_overlay", **fields))) == expected


@pytest.mark.parametrize(
    ("used", "allocated", "source"),
    [
        (0, 16, f"{POD_SUBNET}; {IPAM_TEST}"),
        (8, 16, IPAM_TEST),
        (16, 32, IPAM_TEST),
        (25, 48, IPAM),
        (32, 48, IPAM_TEST),
        (48, 64, IPAM_TEST),
        (500, 250, IPAM_TEST),
    ],
)
def test_a_node_holds_batches_for_its_pods(used, allocated, source):
    assert allotment(used) == allocated, source


def test_batches_come_below_8_free_and_go_above_24():
    """ACN:docs/feature/ipammath/0-background.md."""
    assert (min_free(), max_free()) == (8, 24)


def test_the_dynamic_example_of_the_documentation_is_valid():
    """AKS:configure-azure-cni-dynamic-ip-allocation.md."""
    chosen = cluster(
        "pod_subnet_dynamic", pool(2, max_pods=250), node_subnet="10.240.0.0/16", pod_subnet="10.241.0.0/16",
        service_cidr="172.20.0.0/16",
    )  # fmt: skip
    assert codes(network_of(chosen, vnet="10.0.0.0/8")) == set()


@pytest.mark.parametrize(
    ("max_pods", "blocks", "ips_for_pods", "wasted", "source"),
    [
        (30, 2, 31, 1, POD_SUBNET),
        (31, 2, 31, 0, POD_SUBNET),
        (32, 3, 47, 15, POD_SUBNET),
        (250, 16, 255, 5, "derived"),
    ],
)
def test_a_node_takes_whole_blocks(max_pods, blocks, ips_for_pods, wasted, source):
    found = blocks_per_node(max_pods)
    assert (found.count, found.ips_for_pods, found.wasted) == (blocks, ips_for_pods, wasted), source
    warned = "block-waste" in codes(plan(cluster("pod_subnet_static_block", pool(3, max_pods=max_pods))))
    assert warned == (max_pods == 32)


def test_the_static_block_example_of_the_documentation_is_valid():
    """AKS:configure-azure-cni-static-block-allocation.md."""
    chosen = cluster(
        "pod_subnet_static_block", pool(2, max_pods=250), node_subnet="10.240.0.0/16", pod_subnet="10.40.0.0/13",
        service_cidr="172.20.0.0/16",
    )  # fmt: skip
    assert codes(network_of(chosen, vnet="10.0.0.0/8")) == set()


def test_ten_pods_a_node_need_three_nodes():
    """AKS:concepts-network-ip-address-planning.md."""
    assert "pool-too-few-pods" in codes(plan(cluster("azure_cni_overlay", pool(2, max_pods=10))))
    assert "pool-too-few-pods" not in codes(plan(cluster("azure_cni_overlay", pool(3, max_pods=10))))


def test_five_pools_of_four_nodes_surge_by_ten_at_half():
    """AKS:upgrade-aks-node-pools-rolling.md: 50 % of four nodes, five times."""
    found = planned("azure_cni_overlay", *(pool(4, surge="50%", name=f"p{i}") for i in range(5)))
    assert found.nodes_peak - 20 == 10
