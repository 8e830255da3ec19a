"""The virtual network in address order: every address once, room and forbidden ranges told apart, lines that fill."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from lib.figures.address_blocks import SpaceBlock, in_lines, merged_free, space_blocks
from lib.figures.address_rows import Part
from lib.figures.address_space import LINES_MAX, address_space
from lib.ipplan.demand import ConnectedNetwork, ExtraSubnet
from lib.tables.plan_space import space_rows
from tests.ipplan.build import cluster, net, network_of, pool

SPACE = IPv4Network("10.1.0.0/16")


def example():
    return network_of(
        cluster("pod_subnet_dynamic", pool(3), name="a"),
        vnet=str(SPACE),
        connected=(ConnectedNetwork("hq", net("10.1.128.0/20")),),
        extra_subnets=(ExtraSubnet("AzureBastionSubnet", 26),),
    )


def test_every_address_of_the_network_is_in_one_block():
    blocks = space_blocks(example(), SPACE)
    assert blocks[0].first == int(SPACE[0]) and blocks[-1].last == int(SPACE[-1])
    assert all(one.last + 1 == other.first for one, other in itertools.pairwise(blocks))


def test_merging_free_blocks_loses_no_address_and_no_name():
    blocks = space_blocks(example(), SPACE)
    merged = merged_free(blocks)
    assert (merged[0].first, merged[-1].last) == (blocks[0].first, blocks[-1].last)
    assert all(one.last + 1 == other.first for one, other in itertools.pairwise(merged))
    assert all(not (one.part is other.part is Part.FREE) for one, other in itertools.pairwise(merged))
    assert [b for b in merged if b.part is not Part.FREE] == [b for b in blocks if b.part is not Part.FREE]


def test_room_and_ranges_that_are_not_for_subnets_are_told_apart_from_free_space():
    blocks = space_blocks(example(), SPACE)
    named = {block.lines[0]: block.part for block in blocks}
    assert named == {
        "free": Part.FREE, "room": Part.ROOM, "a-nodes": Part.SUBNET, "a-pods": Part.SUBNET,
        "AzureBastionSubnet": Part.SUBNET, "connected network hq": Part.AVOIDED,
    }  # fmt: skip
    rows = {(row["name"], row["for"]) for row in space_rows(example())}
    assert {("a-nodes", "room to grow"), ("a-pods", "room to grow"), ("connected network hq", "avoided")} <= rows
    assert sum(int(str(row["size"])) for row in space_rows(example())) == SPACE.num_addresses


def blocks_of(lengths: list[int]) -> list[SpaceBlock]:
    return [SpaceBlock(i, i, Part.SUBNET, ("x" * length,), "") for i, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 22), max_size=80))
def test_lines_hold_every_block_in_order_and_no_line_is_too_long(lengths):
    blocks = blocks_of(lengths)
    lines = list(in_lines(blocks, 72))
    assert [block for line in lines for block in line] == blocks
    assert all(line and sum(block.length for block in line) <= 72 for line in lines)


def test_lines_are_about_equally_full():
    lines = list(in_lines(blocks_of([9] * 8), 72))
    assert [len(line) for line in lines] == [4, 4]


def test_the_figure_of_a_very_full_network_stays_bounded():
    extras = tuple(ExtraSubnet(f"subnet-number-{i}", 28) for i in range(2000))
    result = network_of(cluster(), vnet="10.0.0.0/12", extra_subnets=extras)
    labels = list(address_space(result).layout.yaxis.ticktext)
    assert sum("not to scale" in label for label in labels) == LINES_MAX
    assert len(set(labels)) == len(labels)
