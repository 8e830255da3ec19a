"""Growth: the month in which a limit is passed, and the space of a virtual network as such a limit.

Expected numbers are worked out beside each case: a subnet offers its size less five.
"""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.ipplan.demand import ConnectedNetwork, ExtraSubnet, Growth
from lib.ipplan.growth import HORIZON_MONTHS, add_months, months_between
from lib.ipplan.plan import plan
from lib.ipplan.read import read_plan
from lib.ipplan.result import ClusterPlan, Limit
from tests.ipplan.build import cluster, net, network_of, pool

FIVE = Growth(Fraction(5))


def limit(found: ClusterPlan, name: str) -> Limit:
    return next(item for item in found.limits if item.name == name)


def test_the_month_is_the_first_that_needs_more_than_there_is():
    """251 usable hold 250 nodes and one surge node; 40 + 5 × 42 = 250 still fit, the month after does not."""
    found = network_of(cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/24", growth=FIVE))
    reached = limit(found.clusters[0], "node_subnet")
    assert (reached.more_nodes, reached.months, reached.month) == (210, 43, None)


def test_months_are_dated_where_it_is_known_when_growth_begins():
    found = network_of(
        cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/24", growth=FIVE), start=date(2026, 11, 26)
    )
    assert limit(found.clusters[0], "node_subnet").month == date(2030, 6, 1)


def test_the_autoscalers_room_is_used_up_before_anything_is_missing():
    """Planned for 120 nodes and one more: 130 fit besides, so 250 in all; from 40 that is 42 months of 5."""
    found = network_of(cluster("azure_cni_overlay", pool(40, nodes_max=120), node_subnet="10.1.0.0/24", growth=FIVE))
    reached = limit(found.clusters[0], "node_subnet")
    assert (reached.more_nodes, reached.months) == (130, 43)


def test_a_percentage_compounds():
    """40 nodes at 10 % a month are 236 after 18.7 months: 40 × 1.1^19 = 244.6 fit 250, 40 × 1.1^20 = 269.1 don't."""
    growing = Growth(Fraction(10), is_percent=True)
    found = network_of(cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/24", growth=growing))
    assert limit(found.clusters[0], "node_subnet").months == 20


def test_what_is_passed_already_is_passed_in_month_0_and_what_does_not_grow_never():
    small = network_of(cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/27", growth=FIVE))
    assert limit(small.clusters[0], "node_subnet").months == 0
    still = network_of(cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/24", growth=Growth(Fraction(0))))
    assert limit(still.clusters[0], "node_subnet").months is None
    slow = Growth(Fraction(1, 1000))
    assert limit(plan(cluster("azure_cni_overlay", pool(40), growth=slow)).clusters[0], "pod_cidr").months is None


def test_clusters_that_share_a_subnet_use_it_up_together():
    """251 usable: 2 × (40 + 1) now, 169 left; 10 a month together: 16 months fit (160), the 17th does not."""
    both = [cluster("azure_cni_overlay", pool(40), name=n, node_subnet="10.1.0.0/24", growth=FIVE) for n in "ab"]
    found = network_of(*both)
    assert [limit(one, "node_subnet").months for one in found.clusters] == [17, 17]


def test_a_cluster_that_stays_is_told_when_its_neighbour_takes_the_last_address():
    """251 - 82 = 169 left for one that grows by 5: 33 months fit (165), the 34th does not."""
    found = network_of(
        cluster("azure_cni_overlay", pool(40), name="a", node_subnet="10.1.0.0/24", growth=FIVE),
        cluster("azure_cni_overlay", pool(40), name="b", node_subnet="10.1.0.0/24"),
    )
    assert [limit(one, "node_subnet").months for one in found.clusters] == [34, 34]


def test_a_virtual_network_that_is_too_small_binds():
    """50 × 31 addresses need a /21, and a /22 has no room for it."""
    found = network_of(cluster("node_subnet", pool(50, max_pods=30)), vnet="10.1.0.0/22").clusters[0]
    binding = found.binding_limit
    assert binding is not None
    assert (binding.name, binding.more_nodes, binding.value, binding.used) == ("vnet_space", 0, 1024, 2048)


def test_a_subnet_that_the_plan_sizes_grows_until_the_virtual_network_is_full():
    """A /24 network: 251 usable for nodes once the whole of it is the subnet; 41 are planned for."""
    found = network_of(cluster("azure_cni_overlay", pool(40)), vnet="10.1.0.0/24").clusters[0]
    assert limit(found, "vnet_space").more_nodes == 210


def test_other_subnets_stay_where_they_are():
    """10.1.0.0/24 less a /26 that the person pinned at its end: the largest block beside it is a /25 with 123."""
    found = network_of(
        cluster("azure_cni_overlay", pool(40)), vnet="10.1.0.0/24", extra_subnets=(ExtraSubnet("x", 26, net("10.1.0.192/26")),)
    )  # fmt: skip
    assert limit(found.clusters[0], "vnet_space").more_nodes == 123 - 41


def test_a_connected_network_takes_room_away():
    """10.1.0.0/24 whose upper half is on premises too: 123 usable in the lower one."""
    connected = (ConnectedNetwork("hq", net("10.1.0.128/25")),)
    found = network_of(cluster("azure_cni_overlay", pool(40)), vnet="10.1.0.0/24", connected=connected)
    assert limit(found.clusters[0], "vnet_space").more_nodes == 123 - 41


def test_a_chosen_subnet_does_not_grow_into_the_network():
    found = network_of(cluster("azure_cni_overlay", pool(40), node_subnet="10.1.0.0/25"), vnet="10.1.0.0/16")
    assert limit(found.clusters[0], "vnet_space").more_nodes is None


def test_two_clusters_grow_into_the_same_space():
    """A /24: two subnets of /26 (59 usable, 41 needed). At 5 a month each /26 lasts 3 months (56 fit, 61 don't), and
    each /25 until 123 are needed: 41 + 5 × 16 = 121 fit, so the 17th month is too much."""
    both = [cluster("azure_cni_overlay", pool(40), name=n, growth=FIVE) for n in "ab"]
    found = network_of(*both, vnet="10.1.0.0/24")
    assert [limit(one, "vnet_space").months for one in found.clusters] == [17, 17]


@settings(max_examples=40)
@given(st.integers(1, 100), st.integers(0, 60), st.integers(5, 30), st.integers(24, 26))
def test_the_month_agrees_with_planning_each_month_anew(nodes, room, growth, prefix):
    """The naive answer: raise the pool month by month until the subnet is too small."""
    fields = {"node_subnet": f"10.1.0.0/{prefix}"}
    demand = cluster(
        "azure_cni_overlay", pool(nodes, nodes_max=nodes + room), growth=Growth(Fraction(growth)), **fields
    )
    told = limit(plan(demand).clusters[0], "node_subnet").months
    month = 0
    while (
        plan(cluster("azure_cni_overlay", pool(max(nodes + room, nodes + growth * month)), **fields))
        .subnets[0]
        .available
        >= 0
    ):
        month += 1
    assert told == month


@given(
    st.integers(1, 60), st.lists(st.integers(0, 63), max_size=5, unique=True), st.lists(st.integers(27, 29), max_size=3)
)
def test_the_room_in_a_network_is_that_of_the_largest_block_beside_all_other_subnets(nodes, pinned, suggested):
    """The naive answer: try every block of the network, of every size, against the subnets where they lie."""
    space = net("10.1.0.0/22")
    extras = [ExtraSubnet(f"x{i}", 28, net(f"10.1.{i // 16}.{i % 16 * 16}/28")) for i in pinned]
    extras += [ExtraSubnet(f"y{i}", prefix) for i, prefix in enumerate(suggested)]
    found = network_of(cluster("azure_cni_overlay", pool(nodes)), vnet=str(space), extra_subnets=tuple(extras))
    told = limit(found.clusters[0], "vnet_space").more_nodes
    if found.layout.unplaced:
        assert told == 0
        return
    others = [item.cidr for item in found.layout.placed if item.plan.name != "cluster-nodes"]
    fitting = [
        block.num_addresses - 5
        for prefix in range(22, 30)
        for block in space.subnets(new_prefix=prefix)
        if not any(block.overlaps(other) for other in others)
    ]
    # Every node takes one address, and one surge node comes on top.
    assert told == max(fitting) - (nodes + 1)


def growth_of(**fields):
    reading = read_plan({"nodes": 40, "nodes_max": 120, **fields}, date(2026, 11, 26))
    assert reading.demand is not None, reading.problems
    return reading.demand.clusters[0].growth


def test_a_target_date_is_a_growth_that_reaches_the_maximum_then():
    """80 nodes in the 16 months from November 2026 to March 2028."""
    assert growth_of(target_date="2028-03") == Growth(Fraction(5))
    assert growth_of(target_date="2028-03-31", start="2027-11-01") == Growth(Fraction(20))
    assert growth_of(growth_per_month="2.5") == Growth(Fraction(5, 2))
    assert growth_of(growth_per_month="10%") == Growth(Fraction(10), is_percent=True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"growth_per_month": "-1"}, "growth_per_month is '-1'. It must be a number of nodes a month such as 2.5, or a percentage up to 100%."),
        ({"growth_per_month": "101%"}, "growth_per_month is '101%'. It must be a number of nodes a month such as 2.5, or a percentage up to 100%."),
        ({"target_date": "soon"}, "target_date is 'soon'. It must be a day such as 2027-03-31 or a month such as 2027-03, from 2000 to 2200."),
        ({"target_date": "2026-11-30"}, "target_date 2026-11-30 is not in a later month than the start 2026-11-26."),
        ({"target_date": "2028-03", "growth_per_month": 5}, "target_date stands beside a growth per month."),
        ({"target_date": "2028-03", "nodes_max": None}, "target_date says by when the nodes grow, and no pool has a nodes_max to grow to."),
        ({"start": "2026-13"}, "start is '2026-13'. It must be a day such as 2027-03-31 or a month such as 2027-03, from 2000 to 2200."),
    ],
)  # fmt: skip
def test_bad_growth_is_answered_with_a_sentence(fields, sentence):
    reading = read_plan({"nodes": 40, "nodes_max": 120, **fields}, date(2026, 11, 26))
    assert sentence in [problem.message for problem in reading.problems]


@given(st.dates(date(2000, 1, 1), date(2200, 1, 1)), st.integers(0, HORIZON_MONTHS))
def test_months_are_counted_by_the_calendar(start, months):
    assert months_between(start, add_months(start, months)) == months
    assert add_months(start, months).day == 1
