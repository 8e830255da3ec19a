"""The engine profiles, and what shows which engine a cluster runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.facts.engines import Known, engine_facts
from lib.flows.load_balancers import arrivals
from lib.model.snapshot import Coverage
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import DetectedEngine, detect_engine, profile, profiles
from tests.policy.build import engine_of, pod, policy, rows_of, snapshot_of_yaml


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


CLIENTS = pod("web", app="web"), pod("db", app="db", ports="[{name: db, containerPort: 5432}]")
NODE = """
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 10.1.0.4}]}
"""
PLACED = [
    document.replace("spec:\n", "spec:\n  nodeName: node-1\n").replace("kind: Pod", f"kind: Pod\nstatus: {status}")
    for document, status in zip(
        CLIENTS,
        ("{phase: Running, podIP: 10.2.0.5, hostIP: 10.1.0.4}", "{phase: Running, podIP: 10.2.0.6, hostIP: 10.1.0.4}"),
        strict=True,
    )
]
AGENT = pod("agent", host=True).replace("spec:\n", "spec:\n  nodeName: node-1\n")
TO_DB = "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
ELSEWHERE = pod("other", app="other", ports="[{name: db, containerPort: 6432}]")
DENY_WEB = policy("podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress, Egress]", name="deny")


def flow(engine: Engine, src: str, dst: str) -> str:
    """The verdicts of one pair of ends, ``denied`` where it has no row."""
    found = [row.verdict.value for row in rows_of(engine) if (row.src, row.dst) == (src, dst)]
    return " ".join(found) or "denied"


@pytest.mark.parametrize(
    ("switch", "documents", "src", "dst", "answers"),
    [
        (
            # AKS:migrate-from-npm-to-cilium-network-policy.md: an ipBlock of 0.0.0.0/0 lets traffic to pods and nodes
            # through under Azure NPM; under Cilium "network policies cannot use ipBlock to allow access to node or pod
            # IPs". The API: "These should be cluster-external IPs".
            "ip_block_matches_pods",
            [*PLACED, policy(TO_DB + "egress: [{to: [{ipBlock: {cidr: 10.2.0.0/16}}]}]")],
            "shop/web[Pod]",
            "shop/db[Pod]",
            {
                "kubernetes": "denied",
                "azure-npm": "allowed",
                "cilium": "denied",
                "none": "allowed",
                "calico": "unknown",
            },
        ),
        (
            # The same page; AKS:use-network-policies.md for the pod's own node.
            "own_node_egress_allowed",
            [NODE, PLACED[0], AGENT, DENY_WEB],
            "shop/web[Pod]",
            "shop/agent[Pod]",
            {
                "kubernetes": "allowed",
                "azure-npm": "allowed",
                "cilium": "denied",
                "none": "allowed",
                "calico": "unknown",
            },
        ),
        (
            # AKS:migrate-from-npm-to-cilium-network-policy.md, as above; the pod runs on another node.
            "ip_block_matches_nodes",
            [
                NODE,
                PLACED[0].replace("node-1", "node-2"),
                AGENT,
                policy(TO_DB + "egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}]}]"),
            ],
            "shop/web[Pod]",
            "shop/agent[Pod]",
            {"kubernetes": "allowed", "azure-npm": "allowed", "cilium": "denied", "none": "allowed"},
        ),
        (
            # CIL:configuration/sctp: a beta feature that is off unless turned on. AKS:use-network-policies.md: Azure
            # NPM supports all of the specification on Linux but IPv6.
            "judges_sctp",
            [*CLIENTS, policy(TO_DB + "egress: [{ports: [{port: 5432, protocol: SCTP}]}]")],
            "shop/web[Pod]",
            "shop/db[Pod]",
            {"kubernetes": "allowed", "azure-npm": "allowed", "cilium": "unknown", "none": "allowed"},
        ),
        (
            # CILPR:30003: one name for several numbers is not enforced; CILPR:12567: "For egress the policy rule using
            # the conflicting port is now ignored".
            "tells_port_names_apart",
            [*CLIENTS, ELSEWHERE, policy(TO_DB + "egress: [{ports: [{port: db}]}]")],
            "shop/web[Pod]",
            "shop/db[Pod]",
            {"kubernetes": "allowed", "azure-npm": "allowed", "cilium": "unknown", "none": "allowed"},
        ),
        (
            # AKS:use-network-policies.md: Azure NPM does not support IPv6, and does not say what becomes of it.
            "judges_ipv6",
            [CLIENTS[0], DENY_WEB],
            "shop/web[Pod]",
            "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]",
            {"kubernetes": "denied", "azure-npm": "unknown", "cilium": "denied", "calico": "denied", "none": "allowed"},
        ),
    ],
)
def test_each_switch_of_the_profiles_changes_a_verdict_as_its_source_says(
    switch: str, documents: list[str], src: str, dst: str, answers: dict[str, str]
) -> None:
    for engine_id, verdict in answers.items():
        assert flow(engine_of(*documents, profile=profile(engine_id)), src, dst) == verdict, engine_id
    # And it is this switch that does it: with the other answer the API's own reading changes too.
    turned = replace(profile("kubernetes"), **{switch: _other(getattr(profile("kubernetes"), switch))})
    assert flow(engine_of(*documents, profile=turned), src, dst) != answers["kubernetes"]


def _other(known: Known) -> Known:
    return Known.YES if known is Known.NO else Known.UNKNOWN if known is Known.YES else Known.NO


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec:
  type: LoadBalancer
  externalTrafficPolicy: %s
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
FROM_OUTSIDE = policy(
    "podSelector: {matchLabels: {app: web}}\n"
    "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]",
    name="in",
)


@pytest.mark.parametrize(
    ("engine_id", "traffic_policy", "rules", "answer"),
    [
        # AKS:migrate-from-npm-to-cilium-network-policy.md: with Cluster, Azure NPM does not subject it to ingress
        # policies; Cilium does, and a default deny stops it. The API leaves the order of translation open
        # (K8S:concepts/services-networking/network-policies.md), and so does Calico's part of the AKS documentation.
        ("azure-npm", "Cluster", DENY_WEB, ("node", "allowed")),
        ("cilium", "Cluster", DENY_WEB, ("node or client", "denied")),
        ("kubernetes", "Cluster", DENY_WEB, ("node", "unknown")),
        ("calico", "Cluster", DENY_WEB, ("node", "unknown")),
        # AKS:configure-load-balancer-standard.md: with Local the pod sees the client's address. Whether Azure NPM
        # then applies its policies is not stated.
        ("azure-npm", "Local", DENY_WEB, ("client", "unknown")),
        ("azure-npm", "Local", "", ("client", "allowed")),
        ("cilium", "Local", DENY_WEB, ("client", "denied")),
        ("kubernetes", "Local", DENY_WEB, ("client", "denied")),
        ("cilium", "Local", FROM_OUTSIDE, ("client", "allowed")),
        # CILPR:33574: a backend on the node that was reached sees the client, one elsewhere a remote node, which
        # under Cilium no ipBlock means.
        ("cilium", "Cluster", FROM_OUTSIDE, ("node or client", "some")),
        ("none", "Cluster", DENY_WEB, ("node", "allowed")),
    ],
)
def test_what_comes_through_a_load_balancer_is_judged_by_whom_the_pod_takes_for_its_source(
    engine_id: str, traffic_policy: str, rules: str, answer: tuple[str, str]
) -> None:
    engine = engine_of(NODE, PLACED[0], SERVICE % traffic_policy, rules, profile=profile(engine_id))
    (found,) = arrivals(engine)
    assert (found.seen_as, found.verdict) == answer
    assert found.reason


def test_without_the_nodes_in_the_input_their_traffic_is_unknown_unless_everybody_may_enter() -> None:
    seen_as_node = replace(profile("cilium"), cluster_policy_source="node")
    for rules, verdict in ((DENY_WEB, "unknown"), ("", "allowed")):
        (found,) = arrivals(engine_of(CLIENTS[0], SERVICE % "Cluster", rules, profile=seen_as_node))
        assert found.verdict == verdict
