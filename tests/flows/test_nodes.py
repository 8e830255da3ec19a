"""Flows to and from nodes: a node answers as a pod on its network does, and as ``explain`` says."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.flows import FlowRow, RowVerdict, flow_rows
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import KUBERNETES, profile
from tests.lint.without import on_every_node
from tests.naive.clusters import PROTOCOLS, calico_clusters, clusters, hosted_clusters, mixed_clusters
from tests.naive.draw.workloads import NODES
from tests.naive.evaluator import PodEnd
from tests.policy.build import engine_of, pod, policy
from tests.policy.test_against_naive import PROBED_PORTS, engine_and_naive

Raw = dict[str, Any]
# Each example judges thousands of packets one by one.
FEWER = settings(max_examples=settings().max_examples // 3)


def with_nodes(objects: list[Raw]) -> list[Raw]:
    """The objects with every Node and all its addresses, and a pod on its network to ask the naive evaluator about."""
    nodes = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels_of(objects, name)},
            "status": {"addresses": [{"type": "InternalIP", "address": ip} for ip in ips]},
        }
        for name, ips in NODES.items()
    ]
    return on_every_node([*(o for o in objects if o["kind"] != "Node"), *nodes])


def labels_of(objects: list[Raw], node: str) -> dict[str, str]:
    found = (o["metadata"].get("labels") for o in objects if o["kind"] == "Node" and o["metadata"]["name"] == node)
    return next(found, None) or {}


@FEWER
@given(
    clusters() | mixed_clusters() | calico_clusters() | hosted_clusters(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([KUBERNETES, profile("calico")]),
)
def test_every_flow_of_a_node_is_judged_as_the_naive_evaluator_judges_that_of_a_pod_on_it(
    objects: list[Raw], matches_pods: bool, matches_nodes: bool, read_by: Any
) -> None:
    if any(o["kind"] == "HostEndpoint" for o in objects):
        matches_nodes = True
    engine, naive = engine_and_naive(with_nodes(objects), matches_pods, matches_nodes, read_by)
    held: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in flow_rows(engine, nodes=True):
        assert row.verdict is not RowVerdict.PARTIAL or not row.pods
        held[row.src, row.dst][row.verdict.value] = row.ports.to_json()
    for name in NODES:
        agent = PodEnd("alpha", f"agent-{name}")
        for end in naive.pods:
            if end.name.startswith("agent-"):
                continue
            if naive.pods[end]["spec"].get("hostNetwork"):
                continue
            called = f"{end.namespace}/{end.name}[Pod]", f"node/{name}[Node]"
            for (src, dst), pair in (((end, agent), called), ((agent, end), called[::-1])):
                for protocol in PROTOCOLS:
                    for port in PROBED_PORTS:
                        said = [
                            verdict
                            for verdict, ports in held[pair].items()
                            if any(a <= port <= b for a, b in ports.get(protocol, ()))
                        ]
                        assert naive.verdict(src, dst, protocol, port) == (said[0] if said else "denied"), (
                            pair,
                            protocol,
                            port,
                        )


def node(name: str, *addresses: str) -> str:
    listed = ", ".join(f"{{type: InternalIP, address: '{a}'}}" for a in addresses)
    return f"apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\nstatus: {{addresses: [{listed}]}}\n"


def placed(name: str, where: str, address: str = "10.244.0.9", *, host: bool = False) -> str:
    text = pod(name, host=host, app=name).replace("spec:\n", f"spec:\n  nodeName: {where}\n")
    return text + f"status: {{phase: Running, podIPs: [{{ip: '{address}'}}]}}\n"


ONE, TWO = node("one", "10.240.0.4"), node("two", "10.240.0.5")
NODES_BLOCK = policy(
    "podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 10.240.0.0/16}}], ports: [{port: 10250}]}]"
)


def to_nodes(engine: Engine) -> dict[tuple[str, str], tuple[str, str, str]]:
    rows = [r for r in flow_rows(engine, nodes=True) if "node/" in r.src + r.dst]
    assert all((r.src_ref is None) != (r.dst_ref is None) for r in rows)
    return {(short(r.src), short(r.dst)): (r.verdict.value, str(r.ports), r.pods) for r in rows}


def short(name: str) -> str:
    return name.split("/", 1)[1].split("[")[0]


def test_without_being_asked_for_no_node_is_listed() -> None:
    engine = engine_of(ONE, placed("metrics", "one"))
    assert not [r for r in flow_rows(engine) if "node/" in r.src + r.dst]


@pytest.mark.parametrize(
    ("engine", "to_own", "to_other"),
    [
        # migrate-from-npm-to-cilium-network-policy.md: under NPM egress to the own node is not blocked and an ipBlock
        # allows nodes; under Cilium "egress to the node IP is blocked unless you permit it", ipBlocks mean no nodes.
        ("azure-npm", ("allowed", "all ports", ""), ("allowed", "TCP 10250", "")),
        ("cilium", None, None),
    ],
)
def test_a_block_of_node_addresses_opens_nodes_where_the_engine_says_so(
    engine: str, to_own: object, to_other: object
) -> None:
    found = to_nodes(engine_of(ONE, TWO, placed("metrics", "one"), NODES_BLOCK, profile=profile(engine)))
    assert found.get(("metrics", "one")) == to_own
    assert found.get(("metrics", "two")) == to_other


def test_a_node_reaches_its_own_pods_only_and_the_row_says_how_many() -> None:
    # "Traffic to and from the node where a Pod is running is always allowed" (kubernetes.io, Network Policies).
    closed = policy("podSelector: {}\npolicyTypes: [Ingress]")
    owner = "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, controller: true, uid: a}], name:"
    pods = [placed(f"web-{n}", where, f"10.244.0.{n}") for n, where in ((1, "one"), (2, "two"), (3, "two"))]
    owned = [text.replace("name:", owner, 1) for text in pods]
    engine = engine_of(ONE, TWO, node("three", "10.240.0.6"), closed, *owned)
    found = to_nodes(engine)
    assert found["one", "web"] == ("partial", "all ports", "1/3")
    assert found["two", "web"] == ("partial", "all ports", "2/3")
    assert ("three", "web") not in found
    assert found["web", "three"] == ("allowed", "all ports", "")


def test_a_pod_on_its_nodes_network_and_that_node_are_one_end() -> None:
    found = to_nodes(engine_of(ONE, TWO, placed("agent", "one", "10.240.0.4", host=True)))
    assert set(found) == {("agent", "two"), ("two", "agent")}


def test_families_of_node_and_block_must_meet() -> None:
    dual = node("one", "10.240.0.4", "fd00::4")
    six = policy("podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 'fd00::/64'}}]}]")
    for address, expected in (("fd00:1::9", ("allowed", "all ports", "")), ("10.244.0.9", None)):
        found = to_nodes(engine_of(TWO, dual, placed("web", "two", address), six))
        assert found.get(("web", "one")) == expected


def test_rows_of_nodes_say_what_explain_says() -> None:
    engine = engine_of(ONE, TWO, placed("metrics", "one"), placed("other", "two", "10.244.0.8"), NODES_BLOCK)
    rows: dict[tuple[str, str], FlowRow] = {(r.src, r.dst): r for r in flow_rows(engine, nodes=True)}
    for workload in ("shop/metrics[Pod]", "shop/other[Pod]"):
        for name in ("node/one[Node]", "node/two[Node]"):
            for pair in ((workload, name), (name, workload)):
                said = engine.explain(*(parse_end(end, engine.snapshot) for end in pair), None, None)
                assert (rows[pair].ports if pair in rows else None) == (said.connections or None), pair
