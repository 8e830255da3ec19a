"""What holds for every demand: sizes only grow, nothing overlaps, every address is accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_network
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ipplan.check_ranges import overlaps, within
from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ExtraSubnet,
    NetworkModel,
    NodePool,
    OtherAddresses,
    Subnet,
    Surge,
)  # fmt: skip
from lib.ipplan.plan import plan
from lib.ipplan.pod_subnet_dynamic import allotment, worst_allotment
from lib.ipplan.pools import default_max_pods
from lib.ipplan.result import AddressPlan
from lib.ipplan.serialise import to_json
from lib.ipplan.subnets import smallest_prefix, usable_ips

models = st.sampled_from(list(NetworkModel))
surges = st.one_of(st.builds(Surge, st.integers(0, 50)), st.builds(Surge, st.integers(0, 100), st.just(True)))
pools = st.builds(
    NodePool,
    name=st.uuids().map(str),
    nodes=st.integers(0, 200),
    nodes_max=st.none() | st.integers(200, 400),
    max_pods=st.none() | st.integers(10, 250),
    surge=st.none() | surges,
    replaced=st.booleans(),
    pods_expected=st.none() | st.integers(0, 5000),
    auto_provisioned=st.booleans(),
)
clusters = st.builds(
    ClusterDemand,
    name=st.uuids().map(str),
    model=models,
    pools=st.lists(pools, min_size=1, max_size=3).map(tuple),
    other=st.builds(OtherAddresses, st.integers(0, 20), st.integers(0, 20)),
    dual_stack=st.booleans(),
    api_server_vnet_integration=st.booleans(),
)
demands = st.builds(
    AddressPlanInput,
    clusters=st.lists(clusters, min_size=1, max_size=3).map(tuple),
    vnet=st.sampled_from([(), ("10.0.0.0/8",), ("10.20.0.0/16",), ("10.1.0.0/20", "10.9.0.0/16")]).map(
        lambda texts: tuple(ip_network(text) for text in texts)
    ),
    extra_subnets=st.lists(st.builds(ExtraSubnet, st.uuids().map(str), st.integers(20, 29)), max_size=3).map(tuple),
)


def more_of(surge: Surge | None, more: int) -> Surge:
    return Surge(1 + more) if surge is None else Surge(surge.amount + more, surge.is_percent)


def needs(result: AddressPlan) -> dict[str, int]:
    return {subnet.key: subnet.ips_needed + subnet.ips_other for subnet in result.subnets}


@given(demands)
def test_used_and_free_are_the_size_of_every_subnet(demand):
    for subnet in plan(demand).subnets:
        if subnet.prefix is not None:
            assert subnet.ips_with_reserved + subnet.available == subnet.size
            assert subnet.usable == subnet.size - 5
        assert subnet.ips_now <= subnet.ips_at_max <= subnet.ips_needed


@given(demands)
def test_the_suggested_size_fits_and_half_of_it_does_not(demand):
    for subnet in plan(demand).subnets:
        if subnet.prefix is not None and subnet.role.value != "other":
            assert subnet.available >= 0
            assert subnet.prefix == 29 or usable_ips(subnet.prefix + 1) < subnet.ips_needed + subnet.ips_other


@given(demands)
def test_the_layout_overlaps_nowhere_and_stays_in_the_virtual_network(demand):
    result = plan(demand)
    placed = [item.cidr for item in result.layout.placed]
    free = [item.cidr for item in (*result.layout.free, *result.layout.avoided)]
    for one, other in combinations([*placed, *free], 2):
        assert not one.overlaps(other)
    for block in (*placed, *free):
        assert any(within(block, space) for space in demand.vnet)
    if demand.vnet:
        total = sum(block.num_addresses for block in (*placed, *free))
        assert total == sum(space.num_addresses for space in demand.vnet)
        assert len(placed) + len(result.layout.unplaced) == len(result.subnets)


@given(demands)
def test_a_subnet_that_was_not_placed_would_fit_nowhere(demand):
    result = plan(demand)
    for subnet in result.layout.unplaced if demand.vnet else ():
        assert subnet.prefix is None or all(space.cidr.prefixlen > subnet.prefix for space in result.layout.free)


@given(clusters, st.integers(1, 300), st.integers(0, 2))
def test_more_nodes_never_need_fewer_addresses(cluster, more, which):
    index = which % len(cluster.pools)
    pool = cluster.pools[index]
    larger = replace(pool, nodes=pool.nodes + more, nodes_max=(pool.nodes_max or 0) + more)
    grown = replace(cluster, pools=(*cluster.pools[:index], larger, *cluster.pools[index + 1 :]))
    before, after = plan(cluster), plan(grown)
    assert all(needs(after)[key] >= need for key, need in needs(before).items())
    for small, large in zip(before.subnets, after.subnets, strict=True):
        assert large.prefix is None or (small.prefix is not None and large.prefix <= small.prefix)


@given(clusters, st.integers(1, 20))
def test_more_surge_never_helps(cluster, more):
    surging = tuple(replace(pool, surge=more_of(pool.surge, more)) for pool in cluster.pools)
    before, after = plan(cluster), plan(replace(cluster, pools=surging))
    assert all(needs(after)[key] >= need for key, need in needs(before).items())
    for one, other in zip(before.clusters, after.clusters, strict=True):
        if one.pod_cidr is not None and other.pod_cidr is not None:
            assert other.pod_cidr.nodes_needed >= one.pod_cidr.nodes_needed


@given(clusters, st.integers(1, 100))
def test_more_max_pods_never_need_fewer_addresses(cluster, more):
    def with_more(pool: NodePool) -> NodePool:
        return replace(pool, max_pods=(pool.max_pods or 30) + more)

    fixed = replace(cluster, pools=tuple(replace(pool, max_pods=pool.max_pods or 30) for pool in cluster.pools))
    before, after = plan(fixed), plan(replace(fixed, pools=tuple(with_more(pool) for pool in fixed.pools)))
    assert all(needs(after)[key] >= need for key, need in needs(before).items())


def with_nodes(pool: NodePool, more: int, default: int) -> NodePool:
    """The pool with more nodes at its maximum, and with as many pods on each as were expected of it."""
    top = max(pool.nodes, pool.nodes_max or 0)
    larger = replace(pool, nodes_max=top + more)
    if not pool.pods_expected:
        return larger
    if not top:
        return replace(larger, pods_expected=None)
    pods = min(pool.pods_expected, top * (default if pool.max_pods is None else pool.max_pods))
    return replace(larger, pods_expected=pods - (-pods * more // top))


@given(clusters)
def test_the_nodes_that_remain_to_a_limit_fit_and_one_more_does_not(cluster):
    for limit in plan(cluster).clusters[0].limits:
        if limit.more_nodes is None or limit.headroom < 0 or limit.more_nodes > 100_000:
            continue
        for more, expected in ((limit.more_nodes, True), (limit.more_nodes + 1, False)):
            fits = {}
            for index, pool in enumerate(cluster.pools):
                larger = with_nodes(pool, more, default_max_pods(cluster.model).number)
                grown = replace(cluster, pools=(*cluster.pools[:index], larger, *cluster.pools[index + 1 :]))
                again = next(item for item in plan(grown).clusters[0].limits if item.name == limit.name)
                fits[pool.name] = again.used <= limit.value
            if limit.name == "nodes_per_pool":
                assert fits[limit.pool] == expected
            else:
                assert all(fits.values()) == expected


@given(st.integers(0, 70_000))
def test_the_smallest_prefix_is_the_longest_that_offers_enough(ips):
    prefix = smallest_prefix(ips)
    assert prefix is not None
    assert 2 ** (32 - prefix) - 5 >= ips
    assert prefix == 29 or 2 ** (32 - prefix - 1) - 5 < ips


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("10.0.0.0/8", "10.1.0.0/16", True),
        ("10.1.0.0/16", "10.0.0.0/8", True),
        ("10.0.0.0/16", "10.1.0.0/16", False),
        ("fd00::/8", "fd12:3456:789a::/64", True),
        ("fd12:3456:789a::/64", "fd12:3456:789a:1::/108", False),
        ("0.0.0.0/0", "::/0", False),
    ],
)
def test_ranges_overlap_in_both_directions_and_only_within_a_family(one, other, expected):
    assert overlaps(ip_network(one), ip_network(other)) is expected
    assert overlaps(ip_network(other), ip_network(one)) is expected


def test_the_worst_spread_of_pods_is_the_worst_of_all_spreads():
    """Compared with trying every spread of the pods over the nodes."""
    for nodes, max_pods in product((1, 2, 3), (10, 17, 30)):
        for pods in range(0, min(nodes * max_pods, 45) + 1, 3):
            spreads = product(range(max_pods + 1), repeat=nodes - 1)
            rests = ((spread, pods - sum(spread)) for spread in spreads)
            worst = max(
                sum(allotment(n) for n in spread) + allotment(rest) for spread, rest in rests if 0 <= rest <= max_pods
            )
            assert worst_allotment(nodes, pods, max_pods) == worst, (nodes, max_pods, pods)


@given(demands)
def test_every_plan_can_be_written_as_json(demand):
    assert json.loads(json.dumps(to_json(plan(demand))))["schema"] == "netatlas.plan/1"


def test_two_pools_of_one_subnet_are_added_up_and_two_clusters_too():
    shared = Subnet("shared", ip_network("10.1.0.0/24"))
    first = ClusterDemand("a", pools=(NodePool("x", 10), NodePool("y", 20)), node_subnet=shared)
    second = ClusterDemand("b", pools=(NodePool("z", 30),), node_subnet=Subnet("other-name", ip_network("10.1.0.0/24")))
    found = plan(AddressPlanInput((first, second))).subnets
    assert len(found) == 1
    assert found[0].ips_needed == 10 + 1 + 20 + 1 + 30 + 1
    assert found[0].clusters == ("a", "b")


ipv6 = st.builds(
    lambda first, length: ip_network((first >> (128 - length) << (128 - length), length)),
    st.integers(0xFD << 120, (0xFD << 120) + (1 << 120) - 1),
    st.sampled_from([108, 112, 116, 120]),
)


@given(ipv6, st.integers(0, 1 << 14), st.sampled_from([48, 64, 112, 120]))
def test_ipv6_ranges_are_judged_as_ipv4_ranges_are(services, offset, length):
    """A pod range near the service range: reported exactly where they share an address."""
    first = min(int(services.network_address) + (offset << 6), (1 << 128) - 1)
    pods = ip_network((first >> (128 - length) << (128 - length), length))
    found = plan(ClusterDemand(dual_stack=True, service_cidr_ipv6=services, pod_cidr_ipv6=pods))
    shared = int(services[0]) <= int(pods[-1]) and int(pods[0]) <= int(services[-1])
    assert ("service-cidr-overlap" in {p.code for p in found.problems}) is shared


@given(demands, st.booleans())
def test_ipv6_beside_ipv4_takes_no_ipv4_address(demand, dual):
    both = replace(demand, clusters=tuple(replace(cluster, dual_stack=dual) for cluster in demand.clusters))
    assert needs(plan(both)) == needs(plan(demand))
