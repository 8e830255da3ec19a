"""The planner and the naive count of addresses say the same of every demand."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from itertools import combinations
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lib.ipplan.demand import NetworkModel
from lib.ipplan.plan import plan
from lib.ipplan.pod_subnet_dynamic import worst_allotment
from lib.ipplan.read import read_plan
from lib.ipplan.serialise import to_json
from tests.naive import addresses as naive

Demand = dict[str, Any]
MODELS = [model.value for model in NetworkModel]
START = date(2027, 1, 1)


def given_only(**fields: Any) -> Any:
    return st.fixed_dictionaries({}, optional=fields)


pools = given_only(
    nodes=st.integers(0, 12),
    max_pods=st.integers(10, 250),
    surge=st.integers(0, 15) | st.integers(0, 100).map(lambda percent: f"{percent}%"),
    replaced=st.booleans(),
    auto_provisioned=st.booleans(),
    pods_expected=st.integers(0, 90),
    node_subnet=st.sampled_from(["shared", "10.20.4.0/22", "apps 10.20.4.0/22"]),
    pod_subnet=st.sampled_from(["shared-pods", "10.20.64.0/18"]),
)
grown = st.tuples(pools, st.none() | st.integers(0, 8)).map(
    lambda drawn: drawn[0] if drawn[1] is None else {**drawn[0], "nodes_max": drawn[0].get("nodes", 1) + drawn[1]}
)
clusters = st.tuples(
    st.sampled_from(MODELS),
    st.lists(grown, min_size=1, max_size=3),
    given_only(
        pod_cidr=st.sampled_from(["10.244.0.0/16", "10.200.0.0/20", "10.240.0.0/12", "10.201.0.0/25"]),
        service_cidr=st.sampled_from(["10.0.0.0/16", "172.20.0.0/24", "172.20.0.0/28"]),
        node_subnet=st.sampled_from(["shared", "10.20.0.0/24"]),
        internal_load_balancers=st.integers(0, 20),
        private_endpoints=st.integers(0, 5),
        dual_stack=st.booleans(),
        api_server_vnet_integration=st.booleans(),
    ),
).map(
    lambda drawn: {
        "model": drawn[0],
        **drawn[2],
        "pools": [{"name": f"pool{n}", **pool} for n, pool in enumerate(drawn[1])],
    }
)
demands = st.tuples(
    st.lists(clusters, min_size=1, max_size=3),
    st.sampled_from([[], ["10.20.0.0/16"], ["10.20.0.0/16", "fd00:20::/56"]]),
).map(
    lambda drawn: {
        "vnet": drawn[1],
        "clusters": [{**cluster, "name": f"cluster{n}"} for n, cluster in enumerate(drawn[0])],
    }
)


def answer(demand: Demand) -> Demand:
    reading = read_plan(demand, START)
    assert reading.demand is not None, reading.problems
    return to_json(plan(reading.demand))


@given(demands)
def test_every_subnet_takes_what_the_naive_count_takes(demand):
    found = {subnet["cidr"] or subnet["name"]: subnet for subnet in answer(demand)["subnets"]}
    servers = sum(bool(cluster.get("api_server_vnet_integration")) for cluster in demand["clusters"])
    assert found.pop("api-server", {"ips_needed": 0})["ips_needed"] == 9 * servers
    expected = naive.subnets(demand)
    assert found.keys() == expected.keys()
    for key, counts in expected.items():
        said = found[key]
        assert [said[f"ips_{moment}"] for moment in naive.MOMENTS] == [counts[moment] for moment in naive.MOMENTS]
        taken = counts["needed"] + counts["other"]
        assert (said["ips_other"], said["ips_with_reserved"]) == (counts["other"], taken + 5)
        assert said["smallest_prefix"] == naive.smallest(taken)
        assert said["prefix"] == (ip_network(key).prefixlen if "/" in key else naive.smallest(taken))
        usable = max(0, ip_network(f"0.0.0.0/{said['prefix']}").num_addresses - 5)
        assert (said["usable"], said["available"]) == (usable, usable - taken)


@given(demands)
def test_pod_and_service_ranges_hold_what_the_naive_count_says(demand):
    for own, said in zip(demand["clusters"], answer(demand)["clusters"], strict=True):
        services = said["service_cidr"]
        expected = naive.service_addresses(own.get("service_cidr", "10.0.0.0/16"))
        assert (services["size"], services["usable"], services["static_band"]) == expected
        assert services["available"] == services["usable"]
        if own["model"] in ("azure_cni_overlay", "azure_cni_overlay_cilium", "kubenet"):
            moments = {moment: sum(naive.nodes(pool, moment) for pool in own["pools"]) for moment in naive.MOMENTS}
            blocks = said["pod_cidr"]
            assert {moment: blocks[f"nodes_{moment}"] for moment in naive.MOMENTS} == moments
            assert blocks["nodes_max"] == naive.pod_cidr_nodes(own.get("pod_cidr", "10.244.0.0/16"))
            smallest = blocks["smallest_prefix"]
            assert 2 ** (24 - smallest) >= moments["needed"]
            assert smallest == 24 or 2 ** (24 - smallest - 1) < moments["needed"]
        else:
            assert said["pod_cidr"] is None


@given(demands)
def test_the_room_of_a_limit_is_what_trying_more_nodes_finds(demand):
    for number, said in enumerate(answer(demand)["clusters"]):
        own = demand["clusters"][number]["pools"]
        names = [pool["name"] for pool in own]
        for limit in said["limits"]:
            name, more = limit["name"], limit["more_nodes"]
            if name not in ("nodes_per_cluster", "pod_cidr", "pods_per_cluster", "vnet_private_ips", "nodes_per_pool"):
                continue
            assert limit["used"] == naive.used(demand, number, name)
            if more is None or more > 400:
                # Counting thousands of nodes one by one takes too long here; the large limits are tried below.
                continue
            fastest = names.index(limit["pool"])
            after = [naive.used(naive.with_more(demand, number, pool, more), number, name) for pool in range(len(own))]
            assert more == 0 or all(value <= limit["value"] for value in after)
            beyond = naive.used(naive.with_more(demand, number, fastest, more + 1), number, name)
            assert beyond > limit["value"]


@given(demands)
def test_every_subnet_of_a_dual_stack_cluster_has_a_64_of_its_own(demand):
    said = answer(demand)
    v6 = [ip_network(space) for space in demand["vnet"] if ":" in space]
    dual = {cluster["name"] for cluster in demand["clusters"] if cluster.get("dual_stack")}
    users: dict[str, set[str]] = {}
    for cluster in demand["clusters"]:
        for key in naive.subnets({"clusters": [cluster]}):
            users.setdefault(key, set()).add(cluster["name"])
    given_out = []
    for subnet in said["subnets"]:
        placed = subnet["cidr"] or subnet["suggested_cidr"]
        if v6 and placed and users.get(subnet["cidr"] or subnet["name"], set()) & dual:
            network = ip_network(subnet["cidr_ipv6"])
            assert network.prefixlen == 64
            assert any(network.subnet_of(space) for space in v6)
            given_out.append(network)
        else:
            assert subnet["cidr_ipv6"] is None
    assert not any(one.overlaps(other) for one, other in combinations(given_out, 2))


@given(st.integers(0, 4), st.integers(0, 260), st.integers(10, 250))
@example(2, 450, 250)
def test_no_spread_of_pods_takes_more_batches_than_the_dearest_one(count, pods, max_pods):
    pods = min(pods, count * max_pods)
    assert worst_allotment(count, pods, max_pods) == naive.dearest(count, pods, max_pods)


growths = st.one_of(
    st.integers(1, 400).map(str),
    st.decimals("0.1", "40", places=1).map(str),
    st.integers(1, 100).map(lambda p: f"{p}%"),
)


@given(st.sampled_from(MODELS), st.integers(1, 300), st.integers(0, 100), growths)
@example("kubenet", 100, 299, "10%")
def test_the_month_of_the_last_node_is_the_one_that_counting_months_finds(model, now, more, growth):
    own = {"name": "one", "model": model, "growth_per_month": growth,
        "pools": [{"name": "apps", "nodes": now, "nodes_max": now + more, "surge": 1}]}  # fmt: skip
    said = answer({"clusters": [own]})["clusters"][0]
    limit = next(found for found in said["limits"] if found["name"] == "nodes_per_cluster")
    assert limit["value"] == naive.NODES_PER_CLUSTER.get(model, 5000)
    assert limit["months"] == naive.month_of(own, limit["value"])
