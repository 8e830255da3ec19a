"""From which engine the page Engine migration starts, and what it says of that."""

from __future__ import annotations

import pytest

from tests.pages.app import open_page, words

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: [{name: main, image: example.org/a}]}
"""
AGENT = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: NAME, namespace: SPACE}
spec:
  selector: {matchLabels: {k8s-app: NAME}}
  template:
    metadata: {labels: {k8s-app: NAME}}
    spec: {hostNetwork: true, containers: [{name: agent, image: example.org/agent}]}
"""
# The label that AKS gives to the nodes of a cluster with the Cilium data plane.
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.azure.com/ebpf-dataplane: cilium}}
"""


def agent(name: str, space: str) -> str:
    return AGENT.replace("NAME", name).replace("SPACE", space)


@pytest.mark.parametrize(
    ("shown", "old", "new", "says"),
    [
        (agent("cilium", "kube-system"), "cilium", "calico", "the DaemonSet kube-system/cilium is its agent (a.yaml:"),
        (NODE, "cilium", "calico", "node n1 has the label"),
        (agent("calico-node", "calico-system"), "calico", "cilium", "the DaemonSet calico-system/calico-node is"),
        (agent("azure-npm", "kube-system"), "azure-npm", "cilium", "the DaemonSet kube-system/azure-npm is its agent"),
        ("", "azure-npm", "cilium", "Which engine the cluster runs is not shown"),
    ],
)
def test_the_comparison_starts_from_the_engine_that_the_input_shows(shown: str, old: str, new: str, says: str) -> None:
    app = open_page("engine_migration", files={"a.yaml": (POD + shown).encode()})
    assert [box.value for box in app.selectbox if box.label in ("From", "To")] == [old, new]
    said = words(app)
    assert says in said
    assert ("so the comparison starts from it" in said) is bool(shown)


def test_a_link_wins_over_what_the_input_shows() -> None:
    files = {"a.yaml": (POD + agent("cilium", "kube-system")).encode()}
    app = open_page("engine_migration", files=files, old_engine="azure-npm", new_engine="cilium")
    assert [box.value for box in app.selectbox if box.label in ("From", "To")] == ["azure-npm", "cilium"]
    assert "; the comparison starts from another" in words(app)
