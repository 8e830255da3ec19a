"""Flows with nodes on the page Policy flows, and what of them an engine migration changes."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.app import open_page

CLUSTER = b"""
apiVersion: v1
kind: Node
metadata: {name: one}
status: {addresses: [{type: InternalIP, address: 10.240.0.4}]}
---
apiVersion: v1
kind: Node
metadata: {name: two}
status: {addresses: [{type: InternalIP, address: 10.240.0.5}]}
---
apiVersion: v1
kind: Pod
metadata: {name: metrics, namespace: mon, labels: {app: metrics}}
spec: {nodeName: one, containers: [{name: main, image: example.org/a}]}
status: {phase: Running, podIP: 10.244.0.9, podIPs: [{ip: 10.244.0.9}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: metrics, namespace: mon}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 10.240.0.0/16}}], ports: [{port: 10250}]}]
"""
FILES = {"cluster.yaml": CLUSTER}


def ends(page: AppTest) -> set[tuple[str, str, str]]:
    tables = (d.value for d in page.dataframe if {"from", "to", "ports"} <= set(d.value.columns))
    return {(r["from"], r["to"], r["ports"]) for table in tables for r in table.to_dict("records")}


def test_flows_with_nodes_are_listed_when_they_are_opened() -> None:
    closed, opened = open_page("policy_flows", files=FILES), open_page("policy_flows", files=FILES, nodes="true")
    assert not [row for row in ends(closed) if "node/" in row[0] + row[1]]
    assert {row for row in ends(opened) if "node/" in row[1]} == {
        ("mon/metrics[Pod]", "node/one[Node]", "all ports"),
        ("mon/metrics[Pod]", "node/two[Node]", "TCP 10250"),
    }


def test_that_the_input_holds_no_node_is_said() -> None:
    page = open_page(
        "policy_flows", files={"pod.yaml": CLUSTER[CLUSTER.index(b"---\napiVersion: v1\nkind: Pod") :]}, nodes="true"
    )
    assert "The input holds no Node." in [c.value for c in page.caption]


def test_what_a_migration_takes_from_the_way_to_other_nodes_is_listed_with_reason_and_remedy() -> None:
    page = open_page("engine_migration", files=FILES)
    (table,) = (d.value for d in page.dataframe if "what_to_do" in d.value.columns and "from" in d.value.columns)
    (row,) = table.to_dict("records")
    assert (row["change"], row["from"], row["to"]) == ("lost", "mon/metrics[Pod]", "node/two[Node]")
    assert "means nodes by their addresses under Azure Network Policy Manager" in row["why"]
    assert "remote-node" in row["what_to_do"]
    assert "cluster.yaml:" in row["because"]
