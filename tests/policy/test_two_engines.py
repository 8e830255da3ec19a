"""Policies of Calico's and of Cilium's in one input, where nobody chose the engine that enforces.

Each engine knows its own kinds alone, and NetworkPolicies: "Cilium … NetworkPolicy resources are supported"
(docs.cilium.io, "Network Policy"), "Calico … NetworkPolicy … supports Kubernetes network policies" (docs.tigera.io,
"Get started with Kubernetes network policy"). So whoever enforces, what both would allow is allowed.
"""

from __future__ import annotations

from ipaddress import ip_address

import pytest
import yaml

from lib.lint import examine
from lib.model.sets import Protocol
from lib.policy.decide import Reason
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from tests.policy.build import cilium_policy, engine_of, load, namespace, pod, policy, rows_of

PODS = (namespace("shop"), pod("web", app="web"), pod("db", app="db"))


def calico(spec: str, name: str = "default.c") -> str:
    return (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    )


def opens(engine: str, who: str = "db") -> str:
    """Lets TCP 5432 in to ``who`` and, by that, closes it for the rest."""
    if engine == "calico":
        rule = "{action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [5432]}}"
        return calico(f"{{selector: app == '{who}', types: [Ingress], ingress: [{rule}]}}")
    return cilium_policy(
        f"""
        endpointSelector: {{matchLabels: {{app: {who}}}}}
        ingress:
        - fromEndpoints: [{{matchLabels: {{app: web}}}}]
          toPorts: [{{ports: [{{port: "5432", protocol: TCP}}]}}]
        """
    )


CLOSES = {
    "calico": calico("{selector: app == 'db', types: [Ingress]}"),
    "cilium": cilium_policy("{endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}"),
}
ELSEWHERE = {"calico": opens("calico", "web"), "cilium": opens("cilium", "web")}


def verdict(engine: Engine, port: int = 5432) -> str:
    web, db = (next(p for p in engine.snapshot.pods if p.ref.name == name) for name in ("web", "db"))
    return engine.explain(web, db, Protocol.TCP, port).verdict


@pytest.mark.parametrize(
    ("of_calico", "of_cilium", "expected"),
    [
        (opens("calico"), opens("cilium"), "allowed"),
        (opens("calico"), CLOSES["cilium"], "unknown"),
        (CLOSES["calico"], opens("cilium"), "unknown"),
        (CLOSES["calico"], CLOSES["cilium"], "denied"),
        # One that says nothing of the pod leaves it open where its engine enforces.
        (CLOSES["calico"], ELSEWHERE["cilium"], "unknown"),
        (ELSEWHERE["calico"], CLOSES["cilium"], "unknown"),
        (ELSEWHERE["calico"], ELSEWHERE["cilium"], "allowed"),
    ],
)
def test_what_both_engines_would_say_holds_and_what_one_would_say_is_unknown(
    of_calico: str, of_cilium: str, expected: str
) -> None:
    engine = engine_of(*PODS, of_calico, of_cilium)
    assert verdict(engine) == expected
    alone = {verdict(engine_of(*PODS, of_calico, of_cilium, profile=profile(e))) for e in ("calico", "cilium")}
    assert alone == ({expected} if expected != "unknown" else {"allowed", "denied"})


def test_a_network_policy_counts_for_both_and_each_closes_the_rest_itself() -> None:
    allowed = policy("{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 80}]}]}")
    engine = engine_of(*PODS, allowed, opens("calico"), opens("cilium"))
    assert [verdict(engine, port) for port in (80, 5432, 443)] == ["allowed", "allowed", "denied"]


def test_a_port_that_only_one_of_them_allows_is_unknown_beside_one_that_both_do() -> None:
    more = CLOSES["cilium"].replace("ingress: [{}]", "ingress: [{fromEndpoints: [{}]}]")
    engine = engine_of(*PODS, opens("calico"), more)
    assert (verdict(engine, 5432), verdict(engine, 443)) == ("allowed", "unknown")
    rows = {(r.dst, r.verdict.value): r for r in rows_of(engine) if r.src == "shop/web[Pod]"}
    assert str(rows["shop/db[Pod]", "allowed"].ports) == "TCP 5432"
    assert "which engine enforces the policies" in rows["shop/db[Pod]", "unknown"].reason


def test_the_explanation_says_what_each_of_them_would_do() -> None:
    engine = engine_of(*PODS, opens("calico"), CLOSES["cilium"])
    web, db = (next(p for p in engine.snapshot.pods if p.ref.name == name) for name in ("web", "db"))
    answer = engine.explain(web, db, Protocol.TCP, 5432)
    (decision,) = answer.directions[1].decisions
    assert decision.reason is Reason.ENGINES_DIFFER
    words = str(decision)
    assert "Calico would say that it is allowed, as permitted by" in words
    assert "Cilium would say that it is denied, as" in words
    assert {(e.tier.rpartition(" (")[2], e.effect) for e in answer.directions[1].effects} == {
        ("if Calico enforces)", "permits"),
        ("if Cilium enforces)", "isolates"),
    }


def test_what_the_lint_finds_holds_whichever_of_them_enforces() -> None:
    """A rule that Calico's own covers is needed where Cilium enforces."""
    covered = policy(
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}]}"
    )
    first = calico(
        "{order: 1, selector: app == 'db', types: [Ingress], "
        "ingress: [{action: Allow, protocol: TCP, destination: {ports: [5432]}}]}"
    )
    unrelated = ELSEWHERE["cilium"]
    alone = examine(engine_of(*PODS, first, covered))
    either = examine(engine_of(*PODS, first, covered, unrelated))
    cilium = examine(engine_of(*PODS, first, covered, unrelated, profile=profile("cilium")))
    needless = [
        any(f.place.policy.kind == "NetworkPolicy" and f.place.policy.name == "policy" for f in report.findings)
        for report in (alone, cilium, either)
    ]
    assert needless == [True, False, False]
    assert (either.policies, either.rules) == (3, 3)


def test_what_the_lint_proves_of_each_engine_by_other_policies_is_said_of_each() -> None:
    covered = policy(
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 5432}]}]}"
    )
    of_calico = calico(
        "{order: 1, selector: app == 'db', types: [Ingress], "
        "ingress: [{action: Allow, protocol: TCP, destination: {ports: [5432]}}]}"
    )
    of_cilium = opens("cilium").replace("{matchLabels: {app: web}}", "{}").replace("name: policy", "name: of-cilium")
    found = examine(engine_of(*PODS, covered, of_calico, of_cilium)).findings
    (finding,) = (f for f in found if f.place.policy.kind == "NetworkPolicy")
    ours, theirs = finding.sentence.split(" If Cilium enforces: ")
    assert ours.startswith("If Calico enforces: ")
    assert "default.c[CalicoNetworkPolicy]" in ours
    assert "[CiliumNetworkPolicy]" not in ours
    assert "of-cilium[CiliumNetworkPolicy]" in theirs
    assert "default.c[CalicoNetworkPolicy]" not in theirs
    assert {place.policy.kind for place in finding.covers} == {"CalicoNetworkPolicy", "CiliumNetworkPolicy"}


def test_what_a_pod_sends_to_its_own_node_is_unknown_where_only_one_of_them_exempts_it() -> None:
    """Kubernetes says that pods can't block their resident node; Calico's policies judge what goes to it."""
    placed = "spec:\n  nodeName: node-1"
    node = (
        "apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n"
        "status: {addresses: [{type: InternalIP, address: 10.0.0.1}]}"
    )
    closes = calico("{selector: app == 'web', types: [Egress]}")
    web = pod("web", app="web").replace("spec:", placed)
    closed = policy("{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}")
    other = cilium_policy("{endpointSelector: {matchLabels: {app: x}}, ingress: [{}]}")

    def to_node(*documents: str) -> tuple[str, str]:
        engine = engine_of(namespace("shop"), web, node, *documents)
        found = engine.explain(engine.snapshot.pods[0], engine.snapshot.nodes[0], Protocol.TCP, 80)
        return found.verdict, found.directions[0].verdict

    assert to_node(closes) == ("denied", "denied")
    assert to_node(closed, other) == ("allowed", "allowed")
    assert to_node(closes, closed, other) == ("unknown", "unknown")


NODE = (
    "apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.1}]}"
)
HOST = (
    "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: node-1-all}\n"
    "spec: {node: node-1, interfaceName: '*', expectedIPs: [10.0.0.1]}"
)
NO_PROFILES = (
    "apiVersion: projectcalico.org/v3\nkind: WorkloadEndpoint\nmetadata: {name: node--1-k8s-db-eth0, namespace: shop}\n"
    "spec: {orchestrator: k8s, node: node-1, pod: db, endpoint: eth0, containerID: x, interfaceName: cali1, "
    "profiles: []}"
)


def test_a_host_endpoint_or_an_endpoint_without_profiles_closes_only_where_calico_enforces() -> None:
    """ "All traffic to/from the interface is blocked" ("Protect hosts", docs.tigera.io) is no word of Cilium's."""
    elsewhere = cilium_policy("{endpointSelector: {matchLabels: {app: x}}, ingress: [{}]}")
    found = {}
    for engine_id in ("kubernetes", "calico", "cilium"):
        engine = engine_of(*PODS, NODE, HOST, NO_PROFILES, elsewhere, profile=profile(engine_id))
        (node,) = engine.snapshot.nodes
        of_node = engine.explain(ip_address("8.8.8.8"), node, Protocol.TCP, 5432).verdict
        found[engine_id] = of_node, verdict(engine)
    assert found["calico"] == ("denied", "denied")
    assert found["cilium"] == ("allowed", "allowed")
    assert found["kubernetes"] == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("of_calico", "of_cilium"),
    [
        (CLOSES["calico"], ELSEWHERE["cilium"].replace("fromEndpoints", "fromNobody")),
        (ELSEWHERE["calico"].replace("Allow", "Permit"), CLOSES["cilium"]),
    ],
)
def test_a_rejected_policy_shows_an_engine_as_well(of_calico: str, of_cilium: str) -> None:
    """That the other one enforces, where nothing else closes the pod, is as possible as with a policy that is valid."""
    documents = (yaml.safe_load(text) for text in (*PODS, of_calico, of_cilium))
    engine = compile_engine(load(documents).snapshot)
    assert engine.snapshot.rejected_policies
    assert verdict(engine) == "unknown"
    (note,) = (n for n in engine.notes if n.code == "policies-of-two-engines")
    assert "where Calico enforces (1) and where Cilium does (1)" in note.message
