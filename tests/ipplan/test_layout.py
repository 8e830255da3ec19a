"""The virtual network cut up: no layout wastes less, nothing overlaps, and what does not change does not move."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address, IPv4Network, ip_network, summarize_address_range
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ipplan.blocks import Block, FreeBlocks, aligned, fits, merged, without
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ConnectedNetwork, ExtraSubnet, Subnet
from lib.ipplan.layout import Avoided, Layout, lay_out
from lib.ipplan.plan import plan
from lib.ipplan.subnets import SubnetPlan, SubnetRole
from tests.ipplan.build import cluster, codes, net, network_of, pool

# The exhaustive search works on 16 addresses; a layout does not care how small a virtual network is.
SPACE = IPv4Network("10.9.8.0/28")
PREFIXES = (28, 29, 30, 31, 32)


def subnet_plan(index: int, prefix: int, cidr: IPv4Network | None = None, role=SubnetRole.OTHER) -> SubnetPlan:
    name = f"subnet{index}"
    return SubnetPlan(str(cidr or name), name, role, cidr, prefix, 0, 0, 0, 0, ())


def laid(prefixes, taken=(), pinned=(), role=SubnetRole.OTHER, kept=()) -> Layout:
    subnets = [subnet_plan(i, prefix, None, role) for i, prefix in enumerate(prefixes)]
    subnets += [subnet_plan(100 + i, cidr.prefixlen, cidr) for i, cidr in enumerate(pinned)]
    demand = AddressPlanInput((ClusterDemand(),), (SPACE,), kept=tuple(kept))
    return lay_out(demand, tuple(subnets), tuple(Avoided("elsewhere", cidr) for cidr in taken))


def bits(cidr: IPv4Network) -> int:
    start = int(cidr.network_address) - int(SPACE.network_address)
    return ((1 << cidr.num_addresses) - 1) << start


def blocks_of(prefix: int) -> list[int]:
    return [bits(block) for block in SPACE.subnets(new_prefix=prefix)]


@cache
def ends(free: int, prefixes: tuple[int, ...]) -> frozenset[int]:
    """What may be left of ``free`` once every prefix has a place, tried in every way; empty if there is no way."""
    if not prefixes:
        return frozenset({free})
    found: set[int] = set()
    for block in blocks_of(prefixes[0]):
        if block & free == block:
            found |= ends(free & ~block, prefixes[1:])
    return frozenset(found)


def slots(free: int, prefix: int) -> int:
    return sum(block & free == block for block in blocks_of(prefix))


lengths = st.lists(st.sampled_from(PREFIXES[1:]), max_size=5)
holes = st.lists(st.sampled_from([block for prefix in (30, 31, 32) for block in SPACE.subnets(new_prefix=prefix)]))


@given(lengths, st.lists(st.sampled_from(list(SPACE.subnets(new_prefix=31))), max_size=4))
def test_no_layout_leaves_more_room_for_a_subnet_of_any_size(prefixes, taken):
    free = bits(SPACE)
    for cidr in taken:
        free &= ~bits(cidr)
    result = laid(prefixes, taken)
    every_way = ends(free, tuple(sorted(prefixes)))
    assert bool(result.unplaced) == (not every_way)
    if every_way:
        left = sum(bits(space.cidr) for space in result.free)
        for prefix in PREFIXES:
            assert slots(left, prefix) == max(slots(way, prefix) for way in every_way)


@given(lengths, st.lists(st.sampled_from(list(SPACE.subnets(new_prefix=31))), max_size=3))
def test_as_many_subnets_as_can_have_room_to_double_have_it(prefixes, taken):
    free = bits(SPACE)
    for cidr in taken:
        free &= ~bits(cidr)
    result = laid(prefixes, taken, role=SubnetRole.NODES)
    roomy = sum(placed.room != placed.cidr for placed in result.placed)
    most = 0
    for count in range(len(prefixes) + 1):
        for chosen in combinations(range(len(prefixes)), count):
            doubled = tuple(sorted(p - 1 if i in chosen else p for i, p in enumerate(prefixes)))
            if ends(free, doubled):
                most = count
    assert roomy == most
    for placed in result.placed:
        assert placed.cidr.subnet_of(placed.room)
        assert placed.room.prefixlen in (placed.cidr.prefixlen, placed.cidr.prefixlen - 1)
        assert placed.cidr.network_address == placed.room.network_address
    for one, other in combinations(result.placed, 2):
        assert not one.room.overlaps(other.room)


@given(lengths, holes, st.lists(st.sampled_from(list(SPACE.subnets(new_prefix=30))), max_size=2, unique=True))
def test_used_free_and_avoided_are_the_whole_network(prefixes, taken, pinned):
    result = laid(prefixes, taken, pinned)
    parts = [placed.cidr for placed in result.placed if not placed.is_chosen]
    parts += [cidr for cidr in pinned] + [space.cidr for space in result.free] + [item.cidr for item in result.avoided]
    assert sum(part.num_addresses for part in parts) == SPACE.num_addresses
    for one, other in combinations(parts, 2):
        assert not one.overlaps(other)
    for placed in result.placed:
        if not placed.is_chosen:
            assert not any(placed.cidr.overlaps(hole) for hole in taken)
    assert [placed.cidr for placed in result.placed if placed.is_chosen] == sorted(pinned)


def places(result: Layout) -> dict[str, IPv4Network]:
    return {placed.plan.name: placed.cidr for placed in result.placed}


@given(lengths, st.data())
def test_with_kept_places_changing_one_subnet_moves_no_other(prefixes, data):
    before = places(laid(prefixes, role=SubnetRole.NODES))
    if not before:
        return
    index = data.draw(st.integers(0, len(prefixes) - 1))
    changed = [*prefixes]
    changed[index] = data.draw(st.sampled_from(PREFIXES))
    after = places(laid(changed, role=SubnetRole.NODES, kept=before.items()))
    for name, cidr in before.items():
        if name != f"subnet{index}":
            assert after[name] == cidr


@given(lengths, st.data())
def test_a_kept_subnet_doubles_into_the_room_that_was_kept_for_it(prefixes, data):
    result = laid(prefixes, role=SubnetRole.NODES)
    roomy = [placed for placed in result.placed if placed.room != placed.cidr]
    if not roomy:
        return
    grown = data.draw(st.sampled_from(roomy))
    changed = [p - (f"subnet{i}" == grown.plan.name) for i, p in enumerate(prefixes)]
    after = places(laid(changed, role=SubnetRole.NODES, kept=places(result).items()))
    assert after == places(result) | {grown.plan.name: grown.room}


@given(lengths)
def test_kept_places_stay_as_they_are_when_nothing_changes(prefixes):
    before = laid(prefixes, role=SubnetRole.NODES)
    assert places(laid(prefixes, role=SubnetRole.NODES, kept=places(before).items())) == places(before)


@given(lengths, st.sampled_from(PREFIXES[2:]))
def test_a_subnet_more_at_the_end_moves_none_before_it(prefixes, more):
    before, after = places(laid(prefixes)), places(laid([*prefixes, more]))
    assert {name: after[name] for name in before} == before


@given(st.integers(0, 255), st.integers(1, 256))
def test_a_span_is_cut_into_the_fewest_aligned_blocks(start, size):
    found = [IPv4Network((block.start, block.prefix)) for block in aligned(start, start + size, 32)]
    assert found == list(summarize_address_range(IPv4Address(start), IPv4Address(start + size - 1)))


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


@given(st.tuples(st.integers(0, 40), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1])), spans)
def test_spans_without_others_are_the_addresses_that_remain(space, gone):
    wanted = set(range(*space)) - {address for span in gone for address in range(*span)}
    found = list(without(space, merged(gone)))
    assert {address for span in found for address in range(*span)} == wanted
    assert all(one[1] < other[0] for one, other in pairwise(found))


def test_the_counts_with_a_block_taken_are_those_after_taking_it():
    free = FreeBlocks(32, [(0, 256)], [(0, 8)])
    block = Block(64, 29, 32)
    foretold = free.counts_without(block)
    assert free.take_this(block) and free.counts() == foretold
    assert not free.take_this(block) and free.counts_without(block) is None


def test_what_fits_is_what_can_be_cut():
    counts = FreeBlocks(32, [(0, 16)], [(0, 4)]).counts()
    wanted = [0] * 33
    wanted[30] = 3
    assert fits(counts, wanted)
    wanted[29] = 1
    assert not fits(counts, wanted)


# Whole plans.


def test_a_suggestion_keeps_out_of_connected_networks_and_of_the_clusters_own_ranges():
    result = network_of(
        cluster("azure_cni_overlay", name="a", service_cidr="10.20.0.0/20", pod_cidr="10.20.64.0/18"),
        vnet="10.20.0.0/16",
        connected=(ConnectedNetwork("hq", net("10.20.16.0/20")),),
    )
    (placed,) = result.layout.placed
    assert not any(placed.cidr.overlaps(net(text)) for text in ("10.20.0.0/20", "10.20.16.0/20", "10.20.64.0/18"))
    assert {(item.name, str(item.cidr)) for item in result.layout.avoided} == {
        ("service CIDR", "10.20.0.0/20"),
        ("connected network hq", "10.20.16.0/20"),
        ("pod CIDR", "10.20.64.0/18"),
    }


def test_a_suggestion_lies_in_one_address_space_even_where_two_are_neighbours():
    # A subnet is a part of one address prefix of the network, so the check of chosen subnets holds for suggestions.
    result = network_of(cluster("node_subnet", pool(2, max_pods=30)), vnet="10.1.0.0/25 10.1.0.128/25")
    assert [problem.code for problem in result.layout.problems] == []
    assert all(placed.cidr.subnet_of(net("10.1.0.0/25")) or placed.cidr.subnet_of(net("10.1.0.128/25"))
               for placed in result.layout.placed)  # fmt: skip
    large = network_of(cluster("node_subnet", pool(3, max_pods=30)), vnet="10.1.0.0/25 10.1.0.128/25")
    assert "vnet-full" in codes(large)


def test_a_pinned_prefix_stays_and_others_lie_beside_it():
    result = network_of(
        cluster("pod_subnet_dynamic", pool(3), node_subnet=Subnet("nodes", net("10.1.0.0/24"))),
        vnet="10.1.0.0/16",
        extra_subnets=(ExtraSubnet("AzureBastionSubnet", 26, IPv4Network("10.1.255.0/26")),),
    )
    found = places(result.layout)
    assert (str(found["nodes"]), str(found["AzureBastionSubnet"])) == ("10.1.0.0/24", "10.1.255.0/26")
    assert codes(result) == set()


def test_a_dual_stack_cluster_gets_ipv6_prefixes_from_the_networks_ipv6_space():
    # AKS, "Use dual-stack networking": nodes receive an IPv4 and an IPv6 address of the subnet. Such a subnet is a /64.
    result = network_of(
        cluster("azure_cni_overlay", name="two", dual_stack=True),
        cluster("azure_cni_overlay", name="one"),
        vnet="10.1.0.0/16 fd00:1::/56",
    )
    found = {placed.plan.name: placed.ipv6 for placed in result.layout.placed}
    assert found == {"two-nodes": ip_network("fd00:1::/64"), "one-nodes": None}


@given(st.integers(1, 12), st.integers(61, 64), st.booleans())
def test_ipv6_prefixes_are_disjoint_lie_in_the_network_and_are_refused_when_it_is_full(count, space, other):
    clusters = [cluster("azure_cni_overlay", name=f"c{i}", dual_stack=i % 2 == 0 or other) for i in range(count)]
    result = network_of(*clusters, vnet=f"10.0.0.0/12 fd00:1::/{space}")
    found = [placed.ipv6 for placed in result.layout.placed if placed.ipv6 is not None]
    assert all(prefix.prefixlen == 64 and prefix.subnet_of(net(f"fd00:1::/{space}")) for prefix in found)
    assert len(set(found)) == len(found)
    dual = sum(item.dual_stack for item in clusters)
    assert len(found) == min(dual, 2 ** (64 - space))
    assert ("IPv6" in " ".join(p.message for p in result.layout.problems)) == (dual > len(found))


def test_two_subnets_of_one_name_have_a_place_each():
    extras = (ExtraSubnet("same", 26), ExtraSubnet("same", 26))
    result = network_of(cluster(), vnet="10.1.0.0/24", extra_subnets=extras)
    cidrs = [placed.cidr for placed in result.layout.placed]
    assert len(cidrs) == len(set(cidrs)) == 3


@pytest.mark.parametrize("vnet", ["", "fd00:1::/48"])
def test_without_ipv4_space_nothing_is_placed_and_nothing_is_wrong(vnet):
    result = network_of(cluster(), vnet=vnet)
    assert result.layout.placed == () and result.layout.problems == ()
    assert len(result.layout.unplaced) == 1


def test_many_clusters_are_laid_out_at_once():
    pools = tuple(replace(pool(3), name=f"p{i}", node_subnet=Subnet(f"s{i}")) for i in range(10))
    clusters = tuple(ClusterDemand(name=f"c{i}", pools=tuple(
        replace(p, node_subnet=Subnet(f"c{i}-{p.name}")) for p in pools)) for i in range(100))  # fmt: skip
    result = plan(AddressPlanInput(clusters, (net("10.0.0.0/8"),)))
    assert len(result.layout.placed) == 1000


def test_a_network_that_is_full_of_what_subnets_keep_out_of_says_so():
    # Three nodes and one more while upgrading; a /29 offers three addresses.
    found = network_of(cluster(service_cidr="10.0.0.0/16"), vnet="10.0.0.0/16").problems
    assert [problem.message for problem in found if problem.code == "vnet-full"] == [
        "The virtual network has no free block /28 for the subnet cluster-nodes; "
        "none is placed in 10.0.0.0/16 (service CIDR)."
    ]
