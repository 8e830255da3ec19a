"""What Cilium's policies mean for nodes and for labels that are no part of an identity, each as a sentence.

Expectations are from docs.cilium.io ("Layer 3 Policies", "Entities based": "host: The host entity includes the local
host. This also includes all containers running in host networking mode on the local host. remote-node: Any node in any
of the connected clusters other than the local host"; "Limiting Identity-Relevant Labels").
"""

from __future__ import annotations

from itertools import product

import pytest

from lib.flows import class_flows
from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engine import Engine
from lib.policy.engines import profile
from tests.flows.test_classes import facts
from tests.policy.build import engine_of, pod, policy, rows_of
from tests.policy.cilium_rules import SELECTS, SHOP, cnp
from tests.policy.test_semantics import CLIENT, NODES, SERVER, on_node, ports_between

CILIUM, KUBERNETES = profile("cilium"), profile("kubernetes")
AGENTS = [on_node(pod(f"agent-{i}", host=True), f"node-{i}") for i in (1, 2)]


def verdict(engine: Engine, src: str, dst: str, port: int = 80) -> str:
    names = {w.ref.name: w for w in engine.snapshot.workloads} | {n.name: n for n in engine.snapshot.nodes}
    ends = (names.get(name) or parse_end(name, engine.snapshot) for name in (src, dst))
    return engine.explain(*ends, Protocol.TCP, port).verdict


def listed(engine: Engine, src: str, dst: str) -> str:
    """The verdict of the one row between two pods; "denied" where there is none."""
    found = [r.verdict.value for r in rows_of(engine) if (r.src, r.dst) == (f"shop/{src}[Pod]", f"shop/{dst}[Pod]")]
    return " ".join(found) or "denied"


@pytest.mark.parametrize(
    ("rule", "engine_id", "own", "other"),
    [
        ("egress: [{toEntities: [host]}]", "cilium", "allowed", "denied"),
        ("egress: [{toEntities: [remote-node]}]", "cilium", "denied", "allowed"),
        ("egress: [{toEntities: [host, remote-node]}]", "cilium", "allowed", "allowed"),
        ("egress: [{toEntities: [world]}]", "cilium", "denied", "denied"),
        # By the API's own words a pod can't be kept from its node, but what a rule denies is denied.
        ("egress: [{toEntities: [remote-node]}]", "kubernetes", "allowed", "allowed"),
        ("egressDeny: [{toEntities: [host]}], enableDefaultDeny: {egress: false}", "cilium", "denied", "allowed"),
        (
            "egressDeny: [{toEntities: [remote-node]}], enableDefaultDeny: {egress: false}",
            "cilium",
            "allowed",
            "denied",
        ),
        ("egressDeny: [{toEntities: [host]}], enableDefaultDeny: {egress: false}", "kubernetes", "denied", "allowed"),
    ],
)
def test_a_pods_own_node_is_the_host_and_all_others_are_remote_nodes(
    rule: str, engine_id: str, own: str, other: str
) -> None:
    engine = engine_of(SHOP, NODES, on_node(SERVER, "node-1"), *AGENTS, cnp(rule), profile=profile(engine_id))
    assert (verdict(engine, "server", "node-1"), verdict(engine, "server", "node-2")) == (own, other)
    assert (verdict(engine, "server", "agent-1"), verdict(engine, "server", "agent-2")) == (own, other)
    assert (listed(engine, "server", "agent-1"), listed(engine, "server", "agent-2")) == (own, other)


@pytest.mark.parametrize(
    ("rule", "own", "other"),
    [
        ("ingressDeny: [{fromEntities: [host]}], enableDefaultDeny: {ingress: false}", "denied", "allowed"),
        ("ingressDeny: [{fromEntities: [remote-node]}], enableDefaultDeny: {ingress: false}", "allowed", "denied"),
        ("ingress: [{fromEntities: [host]}]", "allowed", "denied"),
    ],
)
def test_the_same_holds_for_what_nodes_send(rule: str, own: str, other: str) -> None:
    engine = engine_of(SHOP, NODES, on_node(SERVER, "node-1"), *AGENTS, cnp(rule), profile=CILIUM)
    assert (verdict(engine, "node-1", "server"), verdict(engine, "node-2", "server")) == (own, other)
    assert (listed(engine, "agent-1", "server"), listed(engine, "agent-2", "server")) == (own, other)


def test_where_a_pod_runs_on_no_known_node_it_is_unknown_which_node_is_its_own() -> None:
    engine = engine_of(SHOP, NODES, SERVER, *AGENTS, cnp("egress: [{toEntities: [host]}]"), profile=CILIUM)
    answer = engine.explain(*(parse_end(n, engine.snapshot) for n in ("shop/server", "node/node-1")), Protocol.TCP, 80)
    assert answer.verdict == "unknown"
    assert "whether it is the pod's own node" in answer.directions[0].reason
    assert listed(engine, "server", "agent-1") == "unknown"


def test_ports_narrow_what_a_pod_may_send_to_its_node() -> None:
    # AKS:azure-cni-powered-by-cilium.md, the policy for LocalDNS.
    rule = cnp("egress: [{toEntities: [host], toPorts: [{ports: [{port: '53', protocol: UDP}]}]}]")
    engine = engine_of(SHOP, NODES, on_node(SERVER, "node-1"), *AGENTS, rule, profile=CILIUM)
    assert ports_between(engine, "shop/server", "shop/agent-1") == {"UDP": [[53, 53]]}
    assert ports_between(engine, "shop/server", "shop/agent-2") == {}


def test_a_workload_on_several_nodes_reaches_the_agents_of_its_own_ones() -> None:
    def owned(kind: str, name: str, i: int, host: bool) -> str:
        owner = f"ownerReferences: [{{apiVersion: apps/v1, kind: {kind}, name: {name}, uid: u, controller: true}}]"
        labels = {} if host else {"app": "server"}
        return on_node(pod(f"{name}-{i}", host=host, **labels).replace("labels:", f"{owner}, labels:"), f"node-{i}")

    pods = [
        owned(k, n, i, h) for k, n, h in (("DaemonSet", "cni", True), ("StatefulSet", "app", False)) for i in (1, 2)
    ]
    engine = engine_of(SHOP, NODES, *pods, cnp("egress: [{toEntities: [host]}]"), profile=CILIUM)
    (row,) = [r for r in rows_of(engine) if (r.src, r.dst) == ("shop/app[StatefulSet]", "shop/cni[DaemonSet]")]
    assert (row.verdict.value, row.pods) == ("partial", "2/4")


def test_rows_and_explanations_agree_wherever_pods_run() -> None:
    nodes = ("node-1", "node-2", "")
    rules = [f"{part}: [{{toEntities: [{e}]}}]" for part in ("egress", "egressDeny") for e in ("host", "remote-node")]
    for rule, mine, theirs, engine_id in product(rules, nodes, nodes, ("cilium", "kubernetes")):
        sender, agent = SERVER, pod("agent", host=True)
        sender, agent = on_node(sender, mine) if mine else sender, on_node(agent, theirs) if theirs else agent
        engine = engine_of(SHOP, NODES, sender, agent, cnp(rule), profile=profile(engine_id))
        assert listed(engine, "server", "agent") == verdict(engine, "server", "agent"), (rule, mine, theirs)


BY_HASH = "{matchLabels: {pod-template-hash: abc}}"
COPY = pod("client", app="client").replace("labels: {", "labels: {pod-template-hash: abc, ")


class TestLabels:
    """ "By default, Cilium considers all labels to be relevant for identities, with the following exceptions"."""

    @pytest.mark.parametrize(
        ("peer", "expected"),
        [
            ("{matchLabels: {pod-template-hash: abc}}", "denied"),
            ("{matchLabels: {pod-template-hash: other}}", "denied"),
            ("{matchExpressions: [{key: pod-template-hash, operator: Exists}]}", "denied"),
            ("{matchExpressions: [{key: pod-template-hash, operator: NotIn, values: [abc]}]}", "allowed"),
            ("{matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}", "allowed"),
            ("{matchLabels: {app: client}}", "allowed"),
            ("{matchLabels: {pod-template-hash: abc, app: client}}", "denied"),
        ],
    )
    def test_a_label_that_is_no_part_of_identities_counts_as_absent(self, peer: str, expected: str) -> None:
        # AKS:azure-cni-powered-by-cilium.md: "Only label exclusion is supported", so none of them can be told to count.
        by_cilium = cnp(f"ingress: [{{fromEndpoints: [{peer}]}}]")
        by_kubernetes = policy(
            f"podSelector: {{matchLabels: {{app: server}}}}\ningress: [{{from: [{{podSelector: {peer}}}]}}]"
        )
        for rule in (by_cilium, by_kubernetes):
            assert verdict(engine_of(SHOP, COPY, SERVER, rule, profile=CILIUM), "client", "server") == expected

    @pytest.mark.parametrize(
        "key",
        [
            "statefulset.kubernetes.io/pod-name",
            "apps.kubernetes.io/pod-index",
            "batch.kubernetes.io/job-completion-index",
            "batch.kubernetes.io/controller-uid",
            "controller-revision-hash",
            "controller-uid",
            "pod-template-generation",
            "beta.kubernetes.io/arch",
            "kubernetes.io/arch",
            "k8s.io/x",
            "io.kubernetes.x",
            "annotation.x",
            "etcd_node",
        ],
    )
    def test_the_documented_exceptions_are_ignored(self, key: str) -> None:
        assert CILIUM.ignores_label(key)
        assert not KUBERNETES.ignores_label(key)

    @pytest.mark.parametrize(
        "key", ["app", "app.kubernetes.io/name", "topology.kubernetes.io/zone", "my-pod-template-hash"]
    )
    def test_patterns_are_anchored_at_the_start_of_the_key(self, key: str) -> None:
        # "Label patterns are regular expressions that are implicitly anchored at the start of the label."
        assert not CILIUM.ignores_label(key)

    def test_elsewhere_cilium_may_be_told_to_use_such_a_label_and_the_answer_says_so(self) -> None:
        engine = engine_of(SHOP, COPY, SERVER, cnp(f"ingress: [{{fromEndpoints: [{BY_HASH}]}}]"), profile=KUBERNETES)
        (row,) = [r for r in rows_of(engine) if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")]
        assert row.verdict.value == "unknown"
        assert "uses the label pod-template-hash for identities" in row.reason

    @pytest.mark.parametrize(("engine_id", "expected"), [("cilium", "allowed"), ("kubernetes", "unknown")])
    def test_whom_a_policy_selects_hangs_on_it_too(self, engine_id: str, expected: str) -> None:
        rule = cnp("ingress: [{}]", selects=f"endpointSelector: {BY_HASH}")
        engine = engine_of(SHOP, COPY, SERVER, rule, profile=profile(engine_id))
        assert verdict(engine, "server", "client") == expected

    def test_a_selector_by_such_a_label_is_told_where_the_engine_ignores_it(self) -> None:
        rule = policy(f"podSelector: {BY_HASH}")
        (note,) = [n for n in engine_of(COPY, rule, profile=CILIUM).notes if n.code == "labels-ignored"]
        assert "pod-template-hash" in note.message
        assert not [n for n in engine_of(COPY, rule, profile=KUBERNETES).notes if n.code == "labels-ignored"]


IPV4_ONLY = SERVER + "status: {phase: Running, podIP: 10.244.0.9}\n"


@pytest.mark.parametrize("entity", ["cluster", "kube-apiserver"])
def test_the_api_server_has_an_address_of_a_family_that_the_cluster_uses(entity: str) -> None:
    # pkg/policy/api/entity.go, InitEntities: endpointSelectorKubeAPIServer is among the cluster's ends.
    rule = cnp(f"egress: [{{toEntities: [{entity}]}}]", selects=SELECTS)
    engine = engine_of(SHOP, CLIENT, IPV4_ONLY, rule, profile=CILIUM)
    assert verdict(engine, "server", "203.0.113.9") == "unknown"
    assert verdict(engine, "server", "2001:db8::1") == "denied"


@pytest.mark.parametrize("rule", ["egress: [{toEntities: [host]}]", "ingressDeny: [{fromEntities: [host]}]"])
def test_flows_by_class_tell_pods_on_different_nodes_apart(rule: str) -> None:
    pods = [on_node(pod(name, app="server"), name_of_node) for name, name_of_node in (("a", "node-1"), ("b", "node-2"))]
    engine = engine_of(SHOP, NODES, *pods, *AGENTS, cnp(rule), profile=CILIUM)
    found = class_flows(engine)
    members = {c.name: tuple(map(str, c.members)) for c in found.classes}
    assert facts(found.rows, members) == facts(rows_of(engine), {})
