"""The engine profiles, and what shows which engine a cluster runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.facts.engines import engine_facts
from lib.model.snapshot import Coverage
from lib.policy.engine import compile_engine
from lib.policy.engines import DetectedEngine, detect_engine, profile, profiles
from tests.policy.build import pod, policy, snapshot_of_yaml


def daemon_set(name: str, namespace: str = "kube-system") -> str:
    return f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: a, image: example.org/a}}]}}
"""


CILIUM_NODE = """
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {kubernetes.azure.com/ebpf-dataplane: cilium}}
"""


def test_the_default_profile_is_the_apis_own_words() -> None:
    assert profiles()[0].id == "kubernetes"


def test_every_engine_of_the_facts_has_a_profile_that_says_the_same() -> None:
    for facts in engine_facts():
        found = profile(facts.id)
        assert found.ip_block_matches_pods is facts.ip_block_matches_pods
        assert found.ip_block_matches_nodes is facts.ip_block_matches_nodes
        assert found.own_node_egress_allowed is facts.own_node_egress_allowed
        assert found.sources == facts.sources


def test_an_unknown_name_is_no_profile() -> None:
    with pytest.raises(KeyError):
        profile("iptables")


@pytest.mark.parametrize(
    ("documents", "name"),
    [
        ([daemon_set("cilium")], "cilium"),
        ([daemon_set("azure-npm")], "azure-npm"),
        ([daemon_set("calico-node", "calico-system")], "calico"),
        ([CILIUM_NODE], "cilium"),
        ([daemon_set("cilium"), CILIUM_NODE], "cilium"),
        ([daemon_set("cilium", namespace="shop")], None),
        ([daemon_set("cilium"), daemon_set("azure-npm")], None),
        ([pod("web")], None),
        ([daemon_set("kube-proxy")], None),
    ],
)
def test_only_an_agent_or_a_node_label_proves_an_engine(documents: list[str], name: str | None) -> None:
    found = detect_engine(snapshot_of_yaml(*documents))
    assert found.name == name
    assert found.evidence
    assert (found.source is not None) == (name is not None)


def test_no_agent_in_a_complete_input_proves_that_nothing_enforces() -> None:
    snapshot = snapshot_of_yaml(daemon_set("kube-proxy"))
    complete = replace(snapshot, coverage=dict.fromkeys(("DaemonSet", "Pod"), Coverage.COMPLETE))
    assert detect_engine(complete).name == "none"


@pytest.mark.parametrize(("kinds", "codes"), [(("DaemonSet", "Pod"), ["policies-not-enforced"]), ((), [])])
def test_where_nothing_enforces_the_policies_every_result_says_so(kinds: tuple[str, ...], codes: list[str]) -> None:
    snapshot = snapshot_of_yaml(daemon_set("kube-proxy"), pod("web"), policy("podSelector: {}"))
    snapshot = replace(snapshot, coverage=snapshot.coverage | dict.fromkeys(kinds, Coverage.COMPLETE))
    notes = compile_engine(snapshot, profile("kubernetes")).notes
    assert [n.code for n in notes if n.code == "policies-not-enforced"] == codes
    assert not compile_engine(snapshot, profile("none")).notes


def test_a_complete_input_without_system_workloads_proves_nothing() -> None:
    snapshot = snapshot_of_yaml(pod("web"))
    complete = replace(snapshot, coverage=dict.fromkeys(("DaemonSet", "Pod"), Coverage.COMPLETE))
    assert isinstance(detect_engine(complete), DetectedEngine)
    assert detect_engine(complete).name is None
