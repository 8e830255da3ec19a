"""The models side by side: the same demand, each model's own answer."""

from __future__ import annotations

from datetime import date

import pytest

from lib.facts.engines import Known
from lib.ipplan.compare import compare_models
from lib.ipplan.demand import AddressPlanInput, NetworkModel, OperatingSystem, PoolMode
from tests.ipplan.build import cluster, net, pool


def rows(*args, **fields):
    return {row.model: row for row in compare_models(cluster(*args, **fields))}


def test_every_model_has_a_row_and_one_is_the_demands():
    found = rows("node_subnet", pool(50, max_pods=30))
    assert list(found) == list(NetworkModel)
    assert [model for model, row in found.items() if row.is_current] == [NetworkModel.NODE_SUBNET]


@pytest.mark.parametrize(
    ("model", "ips", "node_prefix", "pod_prefix", "cidr_prefix"),
    [
        # 51 nodes: 51 + 5; /26 offers 59. 64 blocks of /24 are a /18.
        ("azure_cni_overlay", 51 + 5, 26, None, 18),
        ("kubenet", 51 + 5, 26, None, 18),
        ("byo_cni", 51 + 5, 26, None, None),
        # AKS:concepts-network-ip-address-planning.md: 1,581.
        ("node_subnet", 1581 + 5, 21, None, None),
        # 16 × ceil(0.5 + 30 / 16) = 48 a node; two blocks of 16 for 30 pods and the address that is kept.
        ("pod_subnet_dynamic", 51 + 5 + 51 * 48 + 5, 26, 20, None),
        ("pod_subnet_static_block", 51 + 5 + 51 * 32 + 5, 26, 21, None),
    ],
)
def test_what_each_model_takes_for_fifty_nodes_with_thirty_pods(model, ips, node_prefix, pod_prefix, cidr_prefix):
    row = rows("node_subnet", pool(50, max_pods=30))[NetworkModel(model)]
    assert row.vnet_ips == ips
    assert (row.node_subnet_prefix, row.pod_subnet_prefix, row.pod_cidr_prefix) == (
        node_prefix,
        pod_prefix,
        cidr_prefix,
    )


def test_max_pods_stays_what_the_demands_own_model_makes_of_it():
    """A pool without max pods has 250 in the overlay, and is compared with 250 in every model."""
    assert rows("azure_cni_overlay", pool(50))[NetworkModel.NODE_SUBNET].vnet_ips == 51 + 51 * 250 + 5


def test_ceilings_and_words_come_from_the_facts():
    found = rows("azure_cni_overlay", pool(50))
    kubenet = found[NetworkModel.KUBENET]
    assert (kubenet.nodes_max, kubenet.retires) == (400, date(2028, 3, 31))
    assert "Calico" in kubenet.policy_engines
    assert kubenet.windows is Known.NO
    overlay = found[NetworkModel.AZURE_CNI_OVERLAY]
    assert (overlay.nodes_max, overlay.pods_max) == (5000, 200_000)
    assert "250000" in overlay.pods_max_conflict
    assert overlay.pods_reachable_from_vnet is Known.NO
    assert found[NetworkModel.NODE_SUBNET].pods_reachable_from_vnet is Known.YES


def test_a_model_that_aks_would_refuse_does_not_fit():
    windows = pool(3, name="win", mode=PoolMode.USER, operating_system=OperatingSystem.WINDOWS, max_pods=30)
    found = rows("azure_cni_overlay", pool(3, max_pods=30), windows)
    assert not found[NetworkModel.KUBENET].fits
    assert not found[NetworkModel.AZURE_CNI_OVERLAY_CILIUM].fits
    assert found[NetworkModel.NODE_SUBNET].fits


def test_the_demands_own_ranges_do_not_spoil_the_comparison():
    found = rows("azure_cni_overlay", pool(50), pod_cidr="10.244.0.0/24", node_subnet="10.1.0.0/28")
    assert all(problem.code == "network-retires" for row in found.values() for problem in row.problems)


@pytest.mark.parametrize(
    ("vnet", "ranges"),
    [
        # The defaults of AKS, 10.0.0.0/16 and 10.244.0.0/16, lie in this network; the plan itself chose others.
        ("10.0.0.0/8", {"service_cidr": "172.20.0.0/16", "pod_cidr": "192.168.0.0/16"}),
        ("10.0.0.0/8", {}),
        ("10.244.0.0/16", {}),
        ("10.20.0.0/16", {"service_cidr": "10.20.0.0/20", "pod_cidr": "10.16.0.0/12"}),
        ("10.20.0.0/16", {"service_cidr": "172.16.0.0/12"}),
        ("10.20.0.0/16", {"service_cidr": "10.9.0.0/24", "dns_service_ip": "10.8.0.1"}),
        ("10.20.0.0/16", {"service_cidr": "fd00::/108", "pod_cidr": "fd00:1::/64"}),
        ("10.20.0.0/16", {"pod_cidr": "10.244.0.0/16", "pod_cidr_now": net("10.240.0.0/18")}),
    ],
)
def test_where_the_cidrs_lie_says_nothing_of_a_model(vnet, ranges) -> None:
    demand = cluster("azure_cni_overlay", pool(50), **ranges)
    found = compare_models(demand, AddressPlanInput((demand,), vnet=(net(vnet),)))
    assert [row.label for row in found if not row.fits] == []
    assert {problem.code for row in found for problem in row.problems} == {"network-retires"}


def test_a_model_that_does_not_fit_into_the_virtual_network_does_not_fit() -> None:
    # 2 nodes of 250 pods and one surge node take 753 addresses of a node subnet, a /24 has 256; an overlay takes 3.
    demand = cluster("node_subnet", pool(2, max_pods=250))
    within = AddressPlanInput((demand,), vnet=(net("10.1.0.0/24"),))
    fits = {row.model: row.fits for row in compare_models(demand, within)}
    assert not fits[NetworkModel.NODE_SUBNET]
    assert fits[NetworkModel.AZURE_CNI_OVERLAY]
    assert {row.model: row.fits for row in compare_models(demand)}[NetworkModel.NODE_SUBNET]
