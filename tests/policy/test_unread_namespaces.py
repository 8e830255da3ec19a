"""Namespaces that the server did not give: what hangs on their labels is unknown, and never as if they had none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model.sets import Protocol
from lib.model.snapshot import Coverage
from lib.policy.ends import parse_end
from lib.policy.engine import Engine, compile_engine
from tests.naive.clusters import PROTOCOLS, calico_clusters, clusters, mixed_clusters
from tests.naive.draw.words import NAMESPACES
from tests.naive.evaluator import NaiveCluster
from tests.policy.build import namespace, pod, policy, snapshot_of, snapshot_of_yaml
from tests.policy.test_against_naive import PROBED_PORTS, Answers, Ports, Raw, flows

PODS = [pod("db", app="db"), pod("web", app="web"), pod("far", "ops", app="far")]


def cluster_policy(subject: str, rule: str) -> str:
    return f"""
        apiVersion: policy.networking.k8s.io/v1alpha1
        kind: AdminNetworkPolicy
        metadata: {{name: p}}
        spec: {{priority: 1, subject: {{namespaces: {subject}}}, ingress: [{rule}]}}
    """


def calico(spec: str) -> str:
    return f"""
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {{name: default.p}}
        spec: {{{spec}, types: [Ingress]}}
    """


def cilium(selector: str, rule: str) -> str:
    return f"""
        apiVersion: cilium.io/v2
        kind: CiliumClusterwideNetworkPolicy
        metadata: {{name: p}}
        spec: {{endpointSelector: {selector}, ingress: [{rule}]}}
    """


OF_TEAM = "namespaceSelector: {matchLabels: {team: b}}"
LABEL = "'k8s:io.cilium.k8s.namespace.labels.team': b"
NET_SET = """
    apiVersion: projectcalico.org/v3
    kind: NetworkSet
    metadata: {name: s, namespace: ops}
    spec: {nets: [203.0.113.0/24]}
"""
BY_TEAM = "{action: Allow, source: {namespaceSelector: team == 'b'}}"
DB = "podSelector: {matchLabels: {app: db}}"
# The documents, the source of a flow to shop/db, and what it is where the namespaces are known to have no label.
CASES = {
    "a peer of a NetworkPolicy": ([policy(f"{{{DB}, ingress: [{{from: [{{{OF_TEAM}}}]}}]}}")], "ops/far", "denied"),
    "a peer that needs the label's absence": (
        [
            policy(
                f"{{{DB}, ingress: [{{from: [{{namespaceSelector: "
                "{matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}"
            )
        ],
        "ops/far",
        "allowed",
    ),
    "a peer of an AdminNetworkPolicy": (
        [cluster_policy("{}", "{action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}")],
        "ops/far",
        "allowed",
    ),
    "the subject of an AdminNetworkPolicy": (
        [cluster_policy("{matchLabels: {team: b}}", "{action: Deny, from: [{namespaces: {}}]}")],
        "ops/far",
        "allowed",
    ),
    "a source of Calico's": (
        [calico(f"selector: app == 'db', ingress: [{BY_TEAM}]")],
        "ops/far",
        "denied",
    ),
    "the subject of a policy of Calico's": (
        [calico("namespaceSelector: team == 'b', ingress: []")],
        "ops/far",
        "allowed",
    ),
    "a NetworkSet by its namespace's labels": (
        [
            calico("selector: app == 'db', ingress: [{action: Allow, source: {namespaceSelector: team == 'b'}}]"),
            NET_SET,
        ],
        "203.0.113.7",
        "denied",
    ),
    "a peer of Cilium's": (
        [cilium("{matchLabels: {app: db}}", f"{{fromEndpoints: [{{matchLabels: {{{LABEL}}}}}]}}")],
        "ops/far",
        "denied",
    ),
    "the subject of a policy of Cilium's": ([cilium(f"{{matchLabels: {{{LABEL}}}}}", "{}")], "ops/far", "allowed"),
}


def engine(documents: list[str], coverage: Coverage) -> Engine:
    snapshot = snapshot_of_yaml(*PODS, *documents)
    return compile_engine(replace(snapshot, coverage={**snapshot.coverage, "Namespace": coverage}))


def verdict(asked: Engine, src: str) -> tuple[str, str]:
    ends = (parse_end(end, asked.snapshot) for end in (src, "shop/db"))
    answer = asked.explain(*ends, Protocol.TCP, 80)
    return answer.verdict, answer.directions[1].reason


@pytest.mark.parametrize("coverage", [Coverage.REFUSED, Coverage.UNFINISHED])
@pytest.mark.parametrize("case", CASES)
def test_what_hangs_on_labels_that_the_server_did_not_give_is_unknown(case: str, coverage: Coverage) -> None:
    documents, src, _ = CASES[case]
    found, reason = verdict(engine(documents, coverage), src)
    assert found == "unknown"
    assert "the labels of namespaces, which the server did not give" in reason


@pytest.mark.parametrize("case", CASES)
def test_files_without_the_namespaces_count_as_before(case: str) -> None:
    documents, src, expected = CASES[case]
    assert verdict(engine(documents, Coverage.NOT_SUPPLIED), src)[0] == expected


def test_names_of_namespaces_are_known_all_the_same() -> None:
    for name, expected in (("ops", "allowed"), ("other", "denied")):
        by_name = f"{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}]}}"
        asked = engine([policy(f"{{{DB}, ingress: [{by_name}]}}")], Coverage.REFUSED)
        assert verdict(asked, "ops/far")[0] == expected


def test_a_name_that_rules_a_namespace_out_settles_it() -> None:
    both = "{matchLabels: {kubernetes.io/metadata.name: other, team: b}}"
    asked = engine([policy(f"{{{DB}, ingress: [{{from: [{{namespaceSelector: {both}}}]}}]}}")], Coverage.REFUSED)
    assert verdict(asked, "ops/far")[0] == "denied"


def test_a_namespace_that_the_server_did_give_is_known() -> None:
    documents, src, _ = CASES["a peer of a NetworkPolicy"]
    for team, expected in (("b", "allowed"), ("c", "denied")):
        assert verdict(engine([*documents, namespace("ops", team=team)], Coverage.UNFINISHED), src)[0] == expected


def test_flows_and_notes_say_it_too() -> None:
    documents, *_ = CASES["a peer of a NetworkPolicy"]
    asked = engine(documents, Coverage.REFUSED)
    (note,) = [n for n in asked.notes if n.code == "namespace-labels-not-supplied"]
    assert "what hangs on their labels is unknown" in note.message
    assert "Permit the login to list Namespaces" in note.remedy


@given(st.one_of(clusters(), mixed_clusters(), calico_clusters()), st.sets(st.sampled_from(NAMESPACES)))
def test_what_is_sure_without_some_namespaces_is_so_with_them(objects: list[Raw], given_by_server: set[str]) -> None:
    """Whatever labels the others have: those that were drawn are as good as any."""
    held = [o for o in objects if o["kind"] != "Namespace" or o["metadata"]["name"] in given_by_server]
    snapshot = snapshot_of(held)
    partly = compile_engine(replace(snapshot, coverage={**snapshot.coverage, "Namespace": Coverage.UNFINISHED}))
    whole = compile_engine(snapshot_of(objects))
    said = {verdict: (Answers(partly, verdict), Answers(whole, verdict)) for verdict in ("allowed", "unknown")}
    for src, dst in flows(NaiveCluster(objects)):
        for protocol in PROTOCOLS:
            for port in PROBED_PORTS:
                before, after = (
                    next((v for v in said if holds(said[v][i].ports(src, dst), protocol, port)), "denied")
                    for i in range(2)
                )
                assert before in ("unknown", after), (src, dst, protocol, port)


def holds(ports: Ports, protocol: str, port: int) -> bool:
    """Whether a port is among the ports."""
    return any(first <= port <= last for first, last in ports.get(protocol, ()))
