"""The picture of the address space: every range is drawn whole, nothing is cut off, names are taken literally."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.figures.address_rows import Part, range_rows
from lib.figures.address_space import ROWS_MAX, address_space, hidden_rows
from lib.ipplan.demand import ExtraSubnet, NetworkModel, Subnet
from tests.ipplan.build import cluster, net, network_of, pool


def drawn(result) -> dict:
    return json.loads(address_space(result).to_json())


def labels(result) -> list[str]:
    return drawn(result)["layout"]["yaxis"]["ticktext"]


def widths(result) -> dict[float, float]:
    """The summed width of the bars of every row."""
    found: dict[float, float] = {}
    for trace in address_space(result).data:
        for y, x in zip(trace.y, trace.x, strict=True):
            found[y] = found.get(y, 0.0) + x
    return found


def test_a_row_holds_what_is_used_now_grown_surged_reserved_and_free():
    (subnet, _) = range_rows(network_of(cluster("node_subnet", pool(50, nodes_max=60, max_pods=30))))
    assert {segment.part: segment.amount for segment in subnet.segments} == {
        Part.NOW: 50 * 31,
        Part.GROWTH: 10 * 31,
        Part.UPGRADE: 31,
        Part.RESERVED: 5,
        Part.FREE: 2048 - 61 * 31 - 5,
    }
    assert subnet.summary == "152 free · 93 % used"


def test_what_does_not_fit_is_missing():
    subnet, cidr, _ = range_rows(
        network_of(cluster("azure_cni_overlay", pool(30), node_subnet="10.1.0.0/27", pod_cidr="10.244.0.0/20"))
    )
    amounts = {segment.part: segment.amount for segment in subnet.segments}
    assert amounts == {Part.NOW: 30, Part.UPGRADE: 1, Part.RESERVED: 1, Part.MISSING: 4}
    assert subnet.summary == "✖ 4 missing"
    assert (cidr.missing, cidr.summary) == (15, "✖ 15 nodes missing")


def test_the_rows_are_the_subnets_and_each_clusters_ranges():
    result = network_of(
        cluster("azure_cni_overlay", name="a", node_subnet="10.1.0.0/24"),
        cluster("pod_subnet_dynamic", name="b"),
        vnet="10.1.0.0/16",
    )
    assert [row.title for row in range_rows(result)] == [
        "a: nodes", "b-nodes", "b-pods", "a: pod CIDR", "a, b: service CIDR",
    ]  # fmt: skip
    assert labels(result)[0].split("<br>")[0] == "<b>Virtual network</b>"


def test_ranges_of_several_clusters_that_look_alike_are_one_row():
    clusters = [cluster(name=name) for name in ("a", "b", "c")]
    clusters.append(cluster("azure_cni_overlay", pool(9), name="d", services=7))
    assert [row.title for row in range_rows(network_of(*clusters))][4:] == [
        "3 clusters: pod CIDR", "3 clusters: service CIDR", "d: pod CIDR", "d: service CIDR",
    ]  # fmt: skip


def test_a_chosen_and_a_suggested_subnet_are_told_apart():
    result = network_of(cluster("pod_subnet_dynamic", node_subnet="10.1.0.0/24"), vnet="10.1.0.0/16")
    assert [row.detail for row in range_rows(result)[:2]] == ["10.1.0.0/24 · nodes", "10.1.8.0/22 · pods · suggested"]
    assert "smallest that fits" in range_rows(network_of(cluster()))[0].detail


@given(st.sampled_from(list(NetworkModel)), st.integers(1, 300), st.integers(1, 50), st.integers(18, 29), st.booleans())
def test_every_row_is_exactly_one_range_wide(model, nodes, surge, prefix, chosen):
    fields = {"node_subnet": f"10.1.0.0/{prefix}"} if chosen else {}
    result = network_of(cluster(model.value, pool(nodes, surge=surge, max_pods=30), **fields), vnet="10.1.0.0/16")
    for row in range_rows(result):
        assert sum(segment.amount for segment in row.segments) == row.capacity + row.missing
        assert all(segment.amount > 0 for segment in row.segments)
        assert (row.missing > 0) == (row.fullness > 1)
    # A subnet that does not lie in the virtual network is not drawn in it, and leaves a gap there.
    assert all(width == pytest.approx(1) for width in widths(result).values())


def test_every_row_has_a_label_and_the_axis_shows_them_all():
    figure = drawn(network_of(cluster("pod_subnet_dynamic"), vnet="10.1.0.0/16"))
    axis = figure["layout"]["yaxis"]
    assert len(axis["ticktext"]) == len(axis["tickvals"]) == len(set(axis["ticktext"]))
    low, high = axis["range"]
    assert all(low < value < high for value in axis["tickvals"])
    assert axis["automargin"] is True


def test_names_are_shown_letter_by_letter():
    result = network_of(
        cluster(node_subnet=Subnet("<a href='http://x'>y</a>")),
        vnet="10.1.0.0/20",
        extra_subnets=(ExtraSubnet("<b>x</b>", 24),),
    )
    text = json.dumps(drawn(result))
    assert "<a " not in text and "<b>x" not in text
    assert "&lt;a href" in text and "&lt;b&gt;x" in text


def test_subnets_too_small_for_their_names_are_drawn_again_readable():
    small = network_of(cluster("azure_cni_overlay"), cluster("node_subnet", name="two"), vnet="10.1.0.0/16")
    assert any("In address order" in label for label in labels(small))
    large = network_of(cluster("azure_cni_overlay", node_subnet="10.1.0.0/17"), vnet="10.1.0.0/16")
    assert not any("In address order" in label for label in labels(large))


def test_free_space_and_subnets_of_a_space_lie_where_their_addresses_are():
    result = network_of(cluster(node_subnet="10.1.128.0/17"), vnet="10.1.0.0/16")
    bars = {trace.name: trace for trace in address_space(result).data}
    assert (bars["subnet"].base[0], bars["subnet"].x[0]) == (0.5, 0.5)
    assert (bars["free"].base[0], bars["free"].x[0]) == (0.0, 0.5)


def test_ipv6_spaces_are_not_drawn_to_scale_with_ipv4():
    result = network_of(cluster(), vnet="10.1.0.0/16 fd00:1::/48")
    assert sum("Virtual network" in label for label in labels(result)) == 1


def test_of_many_ranges_the_fullest_are_drawn():
    clusters = [cluster(name=f"c{i}", node_subnet=f"10.1.{i}.0/24", service_cidr=f"10.0.{i}.0/24") for i in range(20)]
    clusters.append(cluster("azure_cni_overlay", pool(30), name="full", node_subnet="10.2.0.0/27"))
    result = network_of(*clusters)
    # 21 subnets and service CIDRs, and the pod CIDR of the 20 clusters that use it alike, and of the other one.
    assert hidden_rows(result) == 21 + 21 + 2 - ROWS_MAX
    assert len(labels(result)) == ROWS_MAX
    assert "full" in labels(result)[0]


def test_nothing_is_painted_behind_and_no_part_is_told_by_colour_alone():
    figure = drawn(network_of(cluster("node_subnet", pool(3, nodes_max=9), services=3), vnet="10.1.0.0/16"))
    assert figure["layout"]["paper_bgcolor"] == figure["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
    looks = [(trace["marker"]["color"], trace["marker"]["pattern"]["shape"]) for trace in figure["data"]]
    assert len(set(looks)) == len(looks)
    assert all(trace["marker"]["line"]["width"] == 1 for trace in figure["data"])
    assert "font" not in figure["layout"] or "color" not in figure["layout"]["font"]


def test_a_plan_that_fits_nowhere_is_drawn_all_the_same():
    result = network_of(cluster("node_subnet", pool(70_000, max_pods=250)), vnet="10.1.0.0/16")
    assert range_rows(result)[0].detail == "no prefix is large enough"
    assert range_rows(result)[0].capacity == 0
    assert "✖" in json.dumps(drawn(result), ensure_ascii=False)


def test_a_subnet_outside_the_virtual_network_is_not_drawn_inside_it():
    result = network_of(cluster(node_subnet="10.9.0.0/24"), vnet="10.1.0.0/16")
    names = [trace.name for trace in address_space(result).data]
    assert "subnet" not in names
    assert net("10.9.0.0/24") in [placed.cidr for placed in result.layout.placed]
