"""Every worked example of examples.yaml: printed by the documentation, held by projects' tests, or derived from a rule.

The file is a data set of its own, with the source of each number; nothing in it comes from this planner. Each kind of
example has a reader here, and an example that none of them reads fails.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from lib.ipplan import ranges
from lib.ipplan.demand import PoolMode
from lib.ipplan.limits import egress_gateway_nodes
from lib.ipplan.node_subnet import nodes_that_fit
from lib.ipplan.plan import plan
from lib.ipplan.pod_subnet_dynamic import allotment, batch_size, max_free, min_free
from lib.ipplan.pod_subnet_static_block import blocks_per_node
from lib.ipplan.problems import exit_code
from lib.ipplan.subnets import smallest_prefix, usable_ips
from tests.ipplan.build import cluster, codes, net, network_of, planned, pool

Example = dict[str, Any]
FILE = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text("utf-8"))
ROWS = [
    pytest.param(section, row, id=row.get("id", f"{section}-{row.get('prefix')}"))
    for section, rows in FILE.items()
    for row in rows
]


def node_subnet(given: Example, expected: Example) -> None:
    if "nodes" in given:
        found = planned("node_subnet", pool(given["nodes"], surge=given["surge"], max_pods=given["max_pods"]))
        subnet = found.node_subnets[0]
        assert (subnet.ips_needed, subnet.prefix) == (expected["ips"], expected["prefix"])
    else:
        nodes = nodes_that_fit(usable_ips(given["subnet_prefix"]), given["max_pods"])
        assert (nodes, nodes * given["max_pods"]) == (expected["max_nodes"], expected["max_pods_total"])


def kubenet(given: Example, expected: Example) -> None:
    if "pod_cidr" in given:
        blocks = list(net(given["pod_cidr"]).subnets(new_prefix=24))
        assert [str(block) for block in blocks[:3]] == expected["node_blocks"]
        assert ranges.nodes_that_fit(net(given["pod_cidr"]), "kubenet") == len(blocks)
    elif "routes_per_table" in given:
        roomy = {"pod_cidr": "10.128.0.0/14", "node_subnet": "10.1.0.0/22"}
        limits = {limit.name: limit for limit in planned("kubenet", pool(10), **roomy).limits}
        assert limits["nodes_per_cluster"].value == given["routes_per_table"] == expected["max_nodes"]
    else:
        totals = expected.get("nodes_range") or [expected["max_nodes"]]
        pods = expected.get("pods_range") or [expected["max_pods_total"]]
        subnet = f"10.1.0.0/{given['subnet_prefix']}"
        for nodes, total in zip(totals, pods, strict=True):
            # The pages count nodes without an upgrade's: a pool that is upgraded in place needs none.
            found = planned("kubenet", pool(nodes, surge=0, max_pods=given["max_pods"]), node_subnet=subnet)
            assert found.node_subnets[0].available >= 0
            assert found.pods_max == total
        if "max_nodes" in expected:
            assert usable_ips(given["subnet_prefix"]) == expected["max_nodes"]


def overlay(given: Example, expected: Example) -> None:
    if "usable" in expected:
        assert usable_ips(given["subnet_prefix"]) == expected["usable"]
        assert 2 ** (32 - given["subnet_prefix"]) == expected["addresses"]
    elif "per_node_prefix" in given:
        assert ranges.nodes_that_fit(net(f"10.244.0.0/{given['per_node_prefix']}"), "azure_cni_overlay") == 1
        assert 2 ** (32 - given["per_node_prefix"]) == expected["addresses_per_node"]
        assert planned("azure_cni_overlay", pool(1)).pools[0].max_pods == expected["max_pods"]
    elif "from" in given:
        changed = plan(cluster(pod_cidr=given["to"], pod_cidr_now=net(given["from"])))
        assert ("pod-cidr-expansion" not in codes(changed)) is expected["allowed"]
        back = plan(cluster(pod_cidr=given["from"], pod_cidr_now=net(given["to"])))
        assert "pod-cidr-expansion" in codes(back)
    elif "allowed" in expected:
        found = plan(cluster(pod_cidr=given["pod_cidr"]))
        assert (exit_code(found.problems) < 2) is expected["allowed"]
        reason = next(p.message for p in found.problems if p.code == "reserved-range")
        assert all(word in reason for word in expected["reason"].split() if "/" in word)
    elif "rule" in expected:
        fields = {"node_subnet": given["node_subnet"], "service_cidr": "172.20.0.0/16"}
        inside = network_of(cluster(pod_cidr="10.244.0.0/16", **fields), vnet=given["vnet"])
        assert "pod-cidr-in-vnet" in codes(inside)
        services = network_of(cluster(pod_cidr="172.20.128.0/17", **fields), vnet=given["vnet"])
        assert "service-cidr-overlap" in codes(services)
        apart = network_of(cluster(pod_cidr="192.168.0.0/16", **fields), vnet=given["vnet"])
        assert codes(apart) == set()
    elif "pod_cidr_prefix" in given:
        cidr = net(f"10.0.0.0/{given['pod_cidr_prefix']}")
        assert ranges.nodes_that_fit(cidr, "azure_cni_overlay") == expected["max_nodes"]
    elif "nodes" in given:
        pools = [pool(1000, surge=0, name=f"p{index}") for index in range(given["nodes"] // 1000 - 1)]
        found = planned("azure_cni_overlay", *pools, pool(1000, surge=given["surge"], name="last"))
        assert found.pod_cidr is not None
        assert found.pod_cidr.smallest_prefix == expected["pod_cidr_prefix"]
        assert found.node_subnets[0].prefix == expected["node_subnet_prefix"]
    else:
        found = plan(cluster("azure_cni_overlay", **given))
        assert (codes(found) == set()) is expected["valid"]


def pod_subnet_dynamic(given: Example, expected: Example) -> None:
    if "used" in given:
        assert allotment(given["used"], given.get("max")) == expected["allocated"]
    elif "batch" in given:
        assert batch_size() == given["batch"]
        assert (min_free(), max_free()) == (expected["min_free"], expected["max_free"])
    else:
        valid_subnets("pod_subnet_dynamic", given, expected)


def pod_subnet_static_block(given: Example, expected: Example) -> None:
    if "blocks" in expected:
        found = blocks_per_node(given["max_pods"])
        assert (found.count, found.ips_for_pods, found.wasted) == (
            expected["blocks"], expected["ips_for_pods"], expected["wasted"],
        )  # fmt: skip
        warned = "block-waste" in codes(plan(cluster("pod_subnet_static_block", pool(3, max_pods=given["max_pods"]))))
        assert warned is ("not recommended" in expected.get("verdict", ""))
    else:
        valid_subnets("pod_subnet_static_block", given, expected)


def valid_subnets(model: str, given: Example, expected: Example) -> None:
    chosen = cluster(
        model, pool(given["nodes"], max_pods=given["max_pods"]), node_subnet=given["node_subnet"],
        pod_subnet=given["pod_subnet"], service_cidr="172.20.0.0/16",
    )  # fmt: skip
    assert (codes(network_of(chosen, vnet=given.get("vnet", "10.0.0.0/8"))) == set()) is expected["valid"]


def azure_subnets(given: Example, expected: Example) -> None:
    assert usable_ips(given["prefix"]) == expected["usable"]
    assert smallest_prefix(expected["usable"]) == given["prefix"]


def max_pods_min_rule(given: Example, expected: Example) -> None:
    least = expected["min_nodes_per_pool"]
    for nodes, broken in ((least - 1, True), (least, False)):
        found = plan(cluster("azure_cni_overlay", pool(nodes, max_pods=given["max_pods"])))
        assert ("pool-too-few-pods" in codes(found)) is broken


def load_balancer_scale(given: Example, expected: Example) -> None:
    pools = [pool(1000, surge=0, name="a"), pool(1000, surge=0, name="b")]
    assert given["nodes"] == 2000
    found = planned("azure_cni_overlay", *pools, load_balancer_ports=given["services"] * given["ports"])
    limit = next(item for item in found.limits if item.name == "load_balancer_backend_ip_configurations")
    assert limit.used == expected["backend_ip_configurations"]
    assert (limit.headroom == 0) is expected["at_limit"]


def static_egress_gateway(row: Example) -> None:
    assert ip_network(f"10.0.0.0/{row['prefix']}").num_addresses == row["ips"]
    assert egress_gateway_nodes(row["prefix"]) == row["max_nodes"]
    for nodes, broken in ((row["max_nodes"], False), (row["max_nodes"] + 1, True)):
        found = plan(cluster("azure_cni_overlay", pool(nodes, mode=PoolMode.GATEWAY, egress_prefix=row["prefix"])))
        assert ("egress-gateway-too-large" in codes(found)) is broken


READERS: dict[str, Callable[[Example, Example], None]] = {
    "node_subnet": node_subnet, "kubenet": kubenet, "overlay": overlay, "pod_subnet_dynamic": pod_subnet_dynamic,
    "pod_subnet_static_block": pod_subnet_static_block, "azure_subnets": azure_subnets,
    "max_pods_min_rule": max_pods_min_rule, "load_balancer_scale": load_balancer_scale,
}  # fmt: skip


@pytest.mark.parametrize(("section", "row"), ROWS)
def test_a_worked_example_comes_out_as_its_source_says(section: str, row: Example):
    if section == "static_egress_gateway":
        static_egress_gateway(row)
    else:
        READERS[section](row["inputs"], row["expected"])


def test_every_example_says_where_its_number_comes_from():
    for section, rows in FILE.items():
        for row in rows:
            if section != "static_egress_gateway":
                assert row["origin"] in ("docs", "code_test", "derived")
                assert row["origin"] == "derived" or row["source"]
