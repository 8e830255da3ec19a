"""The ends of a flow as people write them, above all the addresses that they copy from logs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.sets import AddressSet
from lib.model.snapshot import Coverage
from lib.policy.ends import parse_end
from lib.policy.engine import compile_engine
from lib.policy.points_of_family import parse_flow
from tests.policy.build import pod, policy, snapshot_of_yaml

CLUSTER = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.244.0.5, hostIP: 10.0.0.4}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: a, labels: {app: db}}
spec: {nodeName: n2, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.244.1.5, hostIP: 10.0.0.5}
---
apiVersion: v1
kind: Pod
metadata: {name: done, namespace: a, labels: {app: job}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Succeeded, podIP: 10.244.1.9}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: a}
spec: {clusterIP: 10.0.200.1, clusterIPs: [10.0.200.1], selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.0.0.4}]}
"""
SNAPSHOT = snapshot_of_yaml(*CLUSTER.split("---\n"), policy("podSelector: {matchLabels: {app: db}}", namespace="a"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a/web", Workload),
        (" a/web ", Workload),
        ("a/Pod/web", Workload),
        ("a/web[Pod]", Workload),
        ("node/n1", Node),
        ("node/n1[Node]", Node),
        ("192.0.2.0/24", AddressSet),
        ("2001:db8::/32", AddressSet),
        ("0.0.0.0-255.255.255.255[External]", AddressSet),
    ],
)
def test_each_form_is_understood(text: str, kind: type) -> None:
    assert isinstance(parse_end(text, SNAPSHOT), kind)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a/nobody", "a/web[Pod]"),
        ("node/n9", "node/n1"),
        ("a", "no reference"),
        ("", "no reference"),
        ("10.0.0.300", "no reference"),
        ("2.0.0.0-1.0.0.0[External]", "no range"),
        ("a/done", "ended"),
        ("a/Service/db", "a/db[Pod]"),
        ("10.0.200.1", "a/db[Pod]"),
        ("10.0.0.5", "that node is not in the input"),
    ],
)
def test_what_cannot_be_asked_about_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ModelError, match=said.replace("[", r"\[")):
        parse_end(text, SNAPSHOT)


@pytest.mark.parametrize("dst", ["10.244.1.5", "10.244.1.5/32", "[10.244.1.5]"])
def test_the_address_of_a_pod_means_the_pod(dst: str) -> None:
    engine = compile_engine(SNAPSHOT)
    verdicts = {
        engine.explain(parse_end("a/web", SNAPSHOT), parse_end(end, SNAPSHOT)).verdict for end in (dst, "a/db[Pod]")
    }
    assert verdicts == {"denied"}
    assert engine.explain(parse_end("a/web", SNAPSHOT), parse_end(dst, SNAPSHOT)).dst == "a/db[Pod]"


def test_the_address_of_a_node_means_the_node_and_may_always_reach_its_own_pods() -> None:
    engine = compile_engine(SNAPSHOT)
    by_address = engine.explain(parse_end("10.0.0.4", SNAPSHOT), parse_end("a/web", SNAPSHOT))
    by_name = engine.explain(parse_end("node/n1", SNAPSHOT), parse_end("a/web", SNAPSHOT))
    assert (by_address.verdict, by_name.verdict) == ("allowed", "allowed")


def test_a_pod_that_has_ended_gave_its_address_back() -> None:
    assert not isinstance(parse_end("10.244.1.9", SNAPSHOT), Pod | Workload)


def test_a_name_alone_is_enough_where_only_one_workload_is_called_so() -> None:
    snapshot = snapshot_of_yaml(pod("web", namespace="a"), pod("db", namespace="a"), pod("db", namespace="b"))
    found = parse_end("web", snapshot)
    assert isinstance(found, Workload)
    assert str(found.ref) == "a/web[Pod]"
    with pytest.raises(ModelError, match=r"(?s)ambiguous.*a/db\[Pod\].*b/db\[Pod\]"):
        parse_end("db", snapshot)
    with pytest.raises(ModelError, match="no reference"):
        parse_end("nobody", snapshot)


@pytest.mark.parametrize("kind", ["Pod", "Node"])
def test_whose_address_it_is_stays_open_where_the_server_did_not_give_pods_or_nodes(kind: str) -> None:
    snapshot = replace(SNAPSHOT, coverage={**SNAPSHOT.coverage, kind: Coverage.REFUSED})
    with pytest.raises(ModelError, match=f"whose address 10.244.7.7 is, is not known.*{kind} .refused"):
        parse_flow("a/web", "10.244.7.7", snapshot)
    for known in ("10.244.1.5", "8.8.8.8", "internet"):
        parse_flow("a/web", known, snapshot)
    parse_flow("a/web", "10.244.7.7", SNAPSHOT)
