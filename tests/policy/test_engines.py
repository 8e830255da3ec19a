"""The engine profiles, and what shows which engine a cluster runs."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from lib.facts.engines import Known
from lib.facts.readings import SeenAs, Switches, readings
from lib.flows.load_balancers import arrivals
from lib.model.snapshot import Coverage
from lib.policy.engine import compile_engine
from lib.policy.engines import DetectedEngine, detect_engine, profile, profiles
from lib.policy.notes import IGNORED_BY_CLUSTER
from tests.policy.build import admin_policy, engine_of, pod, policy, snapshot_of_yaml
from tests.policy.switch_words import DENY, WEB, balancer, node


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


def test_every_reading_of_the_facts_has_a_profile_that_says_the_same() -> None:
    for found in readings():
        mine = profile(found.id)
        assert all(getattr(mine, f.name) == getattr(found.switches, f.name) for f in fields(Switches))
        assert mine.bases == found.bases


@pytest.mark.parametrize(
    ("versions", "known"),
    [
        # AKS:azure-cni-powered-by-cilium.md: Kubernetes 1.31 has at least Cilium 1.16.16, Kubernetes 1.32 1.17.9.
        (["v1.32.0"], Known.YES),
        (["v1.36.2", "v1.33.1-aks"], Known.YES),
        (["v1.31.9"], Known.UNKNOWN),
        (["v1.32.0", "v1.31.9"], Known.UNKNOWN),
        (["v1.32.0", ""], Known.UNKNOWN),
        (["v1.320000000.1"], Known.UNKNOWN),
        (["latest"], Known.UNKNOWN),
        ([], Known.UNKNOWN),
    ],
)
def test_the_versions_of_the_nodes_settle_what_hangs_on_them(versions: list[str], known: Known) -> None:
    nodes = [node(f"n{i}", "10.1.0.4", version or "''") for i, version in enumerate(versions)]
    assert engine_of(pod("web"), *nodes, profile=profile("cilium")).profile.end_port is known


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


NETWORK_POLICY = ("networking.k8s.io", "NetworkPolicy")
ADMIN = ("policy.networking.k8s.io", "AdminNetworkPolicy")
CILIUM = ("cilium.io", "CiliumNetworkPolicy")
CALICO = ("projectcalico.org", "GlobalNetworkPolicy")


@pytest.mark.parametrize(
    ("engine_id", "enforced", "ignored"),
    [
        ("kubernetes", {NETWORK_POLICY, ADMIN, CILIUM, CALICO}, set()),
        # AKS:use-network-policies.md names NetworkPolicy alone.
        ("azure-npm", {NETWORK_POLICY}, {ADMIN, CILIUM, CALICO}),
        # CALD:calico/network-policy/policy-tiers/tiered-policy.mdx.
        ("calico", {NETWORK_POLICY, ADMIN, CALICO}, {CILIUM}),
        # CIL:network/kubernetes/policy.rst: "Three formats are available".
        ("cilium", {NETWORK_POLICY, CILIUM}, {ADMIN, CALICO}),
        ("none", set(), {NETWORK_POLICY, ADMIN, CILIUM, CALICO}),
    ],
)
def test_each_engine_enforces_the_kinds_that_its_documentation_names(
    engine_id: str, enforced: set[tuple[str, str]], ignored: set[tuple[str, str]]
) -> None:
    found = profile(engine_id)
    assert {kind for kind in enforced | ignored if found.enforces_kind(*kind)} == enforced


OTHER_KINDS = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: everywhere}
spec: {selector: all()}
"""


@pytest.mark.parametrize(
    ("engine_id", "named"),
    [
        ("kubernetes", None),
        ("calico", None),
        ("azure-npm", "1 GlobalNetworkPolicy"),
        ("cilium", "1 GlobalNetworkPolicy"),
    ],
)
def test_kinds_that_an_engine_ignores_are_named_and_counted(engine_id: str, named: str | None) -> None:
    notes = engine_of(pod("web"), OTHER_KINDS, profile=profile(engine_id)).notes
    ignored = [n.message for n in notes if n.code == "policies-ignored"]
    assert len(ignored) == (named is not None)
    assert all(str(named) in message for message in ignored)


@pytest.mark.parametrize(
    ("engine_id", "lacking"),
    [
        # AKS:use-network-policies.md: "In Windows, Azure NPM doesn't support the following features".
        ("azure-npm", "named ports, SCTP, negative label and namespace selectors, ipBlock except"),
        # AKS:migrate-from-npm-to-cilium-network-policy.md: "isn't currently supported for Windows nodes in AKS".
        ("cilium", "any policy"),
        ("calico", None),
        ("kubernetes", None),
    ],
)
def test_what_an_engine_lacks_on_windows_nodes_is_told_where_there_are_some(
    engine_id: str, lacking: str | None
) -> None:
    windows = node("win", "10.1.0.9").replace("{name: win}", "{name: win, labels: {kubernetes.io/os: windows}}")
    for nodes, expected in (([windows], lacking), ([node("lin", "10.1.0.8")], None)):
        notes = engine_of(WEB, *nodes, profile=profile(engine_id)).notes
        found = [n.message for n in notes if n.code == "windows-not-judged"]
        assert len(found) == (expected is not None)
        assert all(f"does not support {expected} on Windows nodes" in message for message in found)


def test_without_the_nodes_in_the_input_their_traffic_is_unknown_unless_everybody_may_enter() -> None:
    seen_as_node = replace(profile("cilium"), cluster_policy_source=SeenAs.NODE)
    for rules, verdict in ((DENY, "unknown"), ("", "allowed")):
        (found,) = arrivals(engine_of(WEB, balancer("Cluster"), rules, profile=seen_as_node))
        assert found.verdict == verdict


NPM_AGENT = daemon_set("azure-npm")


@pytest.mark.parametrize(
    ("documents", "engine", "told"),
    [
        ((NPM_AGENT, admin_policy("ingress: []")), "kubernetes", True),
        ((NPM_AGENT, admin_policy("ingress: []")), "cilium", False),
        ((NPM_AGENT, admin_policy("ingress: []")), "azure-npm", False),
        ((NPM_AGENT, policy("podSelector: {}")), "kubernetes", False),
        ((admin_policy("ingress: []"),), "kubernetes", False),
    ],
)
def test_without_a_choice_it_is_said_that_the_clusters_engine_ignores_what_is_judged(
    documents: tuple[str, ...], engine: str, told: bool
) -> None:
    """Of Azure NPM the documentation names no kind but NetworkPolicy."""
    found = [n.message for n in engine_of(*documents, profile=profile(engine)).notes if n.code == IGNORED_BY_CLUSTER]
    assert bool(found) == told
    assert all("Azure Network Policy Manager" in m and "1 AdminNetworkPolicy" in m for m in found)
