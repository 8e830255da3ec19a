"""Verdict and explanation: every Reason has a case, and the policies named are the ones that decided."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address

import pytest

from lib.model.errors import ModelError
from lib.model.policies import Direction
from lib.model.sets import AddressSet, Protocol
from lib.policy.decide import Decision, Evidence, Reason
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES, profile
from lib.policy.explain import Explanation
from lib.policy.judge import decide
from lib.policy.points import points_of
from tests.policy.build import cilium_policy, engine_of, load, pod, policy, rows_of
from tests.policy.test_semantics import CLIENT, NODES, SERVER, TO_SERVER, dual, on_node

DENY = policy("podSelector: {}\npolicyTypes: [Ingress, Egress]", name="deny")
HOST = on_node(pod("agent", host=True), "node-1")
CALICO_DENY = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: deny}
spec: {selector: all(), ingress: [{action: Deny}]}
"""
BLOCK = "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"

CILIUM_CLOSES = cilium_policy("{endpointSelector: {}, ingress: [{}]}", name="closes")
CALICO_OPENS = CALICO_DENY.replace("name: deny", "name: open").replace("Deny", "Allow")


def admin(name: str, action: str) -> str:
    """An AdminNetworkPolicy of priority 5; of two such "the behavior … is undefined" (its API)."""
    rule = f"{{action: {action}, from: [{{namespaces: {{}}}}]}}"
    return f"""
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec: {{priority: 5, subject: {{namespaces: {{}}}}, ingress: [{rule}]}}
"""


# Reason → (engine, documents, source, destination, direction)
CASES = {
    Reason.NOT_ENFORCED: ("none", [CLIENT, SERVER, DENY], "client", "server", Direction.INGRESS),
    Reason.SAME_POD: ("kubernetes", [SERVER, DENY], "server", "server", Direction.INGRESS),
    Reason.OUTSIDE: ("kubernetes", [SERVER, DENY], "192.0.2.1", "server", Direction.EGRESS),
    Reason.NODE_SIDE: ("kubernetes", [NODES, HOST, SERVER, DENY], "agent", "server", Direction.EGRESS),
    Reason.OWN_NODE: (
        "kubernetes",
        [NODES, HOST, on_node(SERVER, "node-1"), DENY],
        "agent",
        "server",
        Direction.INGRESS,
    ),
    Reason.NOT_ISOLATED: ("kubernetes", [CLIENT, SERVER], "client", "server", Direction.INGRESS),
    Reason.RULE_PERMITS: (
        "kubernetes",
        [CLIENT, SERVER, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 80}}]}}]")],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.RULE_PERMITS_SOME: (
        "kubernetes",
        [CLIENT, SERVER, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 80}}]}}]")],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.NODE_UNKNOWN: ("kubernetes", [NODES, HOST, SERVER, DENY], "agent", "server", Direction.INGRESS),
    Reason.NODE_UNKNOWN_DENIED: (
        "kubernetes",
        [NODES, HOST, SERVER, CALICO_DENY],
        "agent",
        "server",
        Direction.INGRESS,
    ),
    Reason.UNDECIDABLE: (
        "calico",
        [CLIENT, SERVER, policy(f"{TO_SERVER}\n{BLOCK}")],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.NO_COMMON_FAMILY: (
        "calico",
        [
            dual(CLIENT, 1),
            dual(SERVER, 2),
            policy("podSelector: {}\npolicyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"),
            policy("podSelector: {}\ningress: [{from: [{ipBlock: {cidr: '::/0'}}]}]", name="arriving"),
        ],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.ENGINES_DIFFER: (
        "kubernetes",
        [CLIENT, SERVER, CALICO_OPENS, CILIUM_CLOSES],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.EQUALS_DISAGREE: (
        "kubernetes",
        [CLIENT, SERVER, admin("a", "Deny"), admin("b", "Allow")],
        "client",
        "server",
        Direction.INGRESS,
    ),
    Reason.NO_RULE_PERMITS: ("kubernetes", [CLIENT, SERVER, DENY], "client", "server", Direction.INGRESS),
}


# Only rules with an order can give these; tests/policy/test_tiers.py reaches them.
OF_TIERS = (Reason.NOT_DECIDED, Reason.PASSED_ON, Reason.DENIED_IN_PART, Reason.RULE_DENIES)


@pytest.mark.parametrize("reason", [r for r in Reason if r not in OF_TIERS], ids=lambda r: r.name.lower())
def test_every_reason_is_reached_and_says_a_whole_sentence(reason: Reason) -> None:
    engine_id, documents, src, dst, direction = CASES[reason]
    engine = engine_of(*documents, profile=profile(engine_id))
    workloads = {w.ref.name: w for w in engine.snapshot.workloads}
    a, b = ((workloads.get(name) or ip_address(name)) for name in (src, dst))
    mask = engine.spaces.port_mask(Protocol.TCP, 80)
    asked = engine.spaces.ports.all if reason is Reason.RULE_PERMITS_SOME else mask
    decision = decide(engine, direction, points_of(engine, a)[0], points_of(engine, b)[0], asked)
    assert decision.reason is reason
    assert decision.verdict is reason.verdict
    sentence = str(decision)
    assert "{" not in sentence
    assert "()" not in sentence


def test_rows_say_too_that_policies_of_equal_precedence_disagree() -> None:
    engine = engine_of(CLIENT, SERVER, admin("a", "Deny"), admin("b", "Allow"))
    (row,) = [r for r in rows_of(engine) if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")]
    assert row.verdict.value == "unknown"
    assert "which of a[AdminNetworkPolicy] and b[AdminNetworkPolicy], of equal precedence" in row.reason


def test_only_policies_that_do_different_things_are_said_to_disagree() -> None:
    alike = [admin("a", "Allow"), admin("b", "Allow"), admin("c", "Deny")]
    assert contested(*alike) == ["which of a[AdminNetworkPolicy] and c[AdminNetworkPolicy]"]
    assert contested(*alike[:2]) == []


def contested(*policies: str) -> list[str]:
    doubts = engine_of(CLIENT, SERVER, *policies).doubts
    return [doubt.partition(", of equal precedence")[0] for doubt in doubts if "equal precedence" in doubt]


def test_the_sentence_names_at_most_three_policies() -> None:
    many = [policy("podSelector: {}", name=f"deny-{i}") for i in range(5)]
    assert "and 2 more" in explained(*many).directions[1].reason


def explained(*policies: str, port: int | None = 80, protocol: Protocol | None = Protocol.TCP) -> Explanation:
    engine = engine_of(CLIENT, SERVER, *policies)
    workloads = {w.ref.name: w for w in engine.snapshot.workloads}
    return engine.explain(workloads["client"], workloads["server"], protocol, port)


def effects(answer: Explanation) -> list[tuple[str, str, str, str]]:
    return [(d.direction.field, str(e.policy), e.effect, e.rule) for d in answer.directions for e in d.effects]


def test_an_allowed_direction_names_every_permitting_rule_and_no_other_policy() -> None:
    silent = policy("podSelector: {}", name="silent")
    first = policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 1}}]}}, {{ports: [{{port: 80}}]}}]", name="first")
    second = policy(f"{TO_SERVER}\ningress: [{{}}]", name="second")
    answer = explained(silent, first, second)
    assert answer.verdict == "allowed"
    assert effects(answer) == [
        ("ingress", "shop/first[NetworkPolicy]", "permits", "spec.ingress[1]"),
        ("ingress", "shop/second[NetworkPolicy]", "permits", "spec.ingress[0]"),
    ]


def test_a_denied_direction_names_every_policy_that_isolates() -> None:
    answer = explained(DENY, policy(TO_SERVER, name="other"))
    assert answer.verdict == "denied"
    assert effects(answer) == [
        ("egress", "shop/deny[NetworkPolicy]", "isolates", ""),
        ("ingress", "shop/deny[NetworkPolicy]", "isolates", ""),
        ("ingress", "shop/other[NetworkPolicy]", "isolates", ""),
    ]


def test_where_nobody_isolates_no_policy_is_named() -> None:
    answer = explained()
    assert answer.verdict == "allowed"
    assert effects(answer) == []


def test_every_effect_leads_to_its_place_in_the_input() -> None:
    answer = explained(policy(f"{TO_SERVER}\ningress: [{{}}, {{}}]"))
    assert [e.source.path_text for e in answer.directions[1].effects] == ["spec.ingress[0]", "spec.ingress[1]"]


def test_a_near_miss_tells_the_first_condition_that_failed() -> None:
    spec = (
        f"{TO_SERVER}\ningress: [{{from: [{{podSelector: {{matchLabels: {{app: x}}}}}}]}}, {{ports: [{{port: 81}}]}}]"
    )
    misses = explained(policy(spec)).directions[1].near_misses
    assert [(m.rule, m.failed) for m in misses] == [
        ("spec.ingress[0]", "podSelector app=x of from[0] does not match shop/client[Pod]"),
        ("spec.ingress[1]", "it names other ports: TCP 81"),
    ]


def test_without_a_port_the_answer_tells_the_permitted_ports() -> None:
    answer = explained(policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 80}}]}}]"), port=None, protocol=None)
    assert answer.verdict == "allowed"
    assert answer.connections.to_json() == {"TCP": [[80, 80]]}
    assert "only some ports" in answer.directions[1].reason


def test_a_port_beside_a_permitted_one_is_not_permitted() -> None:
    spec = policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: 80, endPort: 90}}]}}]")
    assert [explained(spec, port=p).verdict for p in (79, 80, 90, 91)] == ["denied", "allowed", "allowed", "denied"]


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(ModelError, match="1-65535"):
        explained(port=65536)


def test_a_prefix_that_is_only_partly_permitted_is_partial() -> None:
    engine = engine_of(SERVER, policy(f"{TO_SERVER}\n{BLOCK}"))
    server = engine.snapshot.workloads[0]
    for text, verdict in (("10.1.0.0/16", "allowed"), ("8.0.0.0/6", "partial"), ("11.0.0.0/8", "denied")):
        prefix = AddressSet.from_networks([IPv4Network(text)])
        assert engine.explain(prefix, server, Protocol.TCP, 80).verdict == verdict


REJECTED = "podSelector: {matchLabels: {app: server}}\ningress: [{ports: [{port: 80, endPort: 79}]}]"


def test_a_rejected_policy_is_named_in_every_verdict_that_it_could_change() -> None:
    import yaml

    text = "\n---\n".join([CLIENT, SERVER, pod("third"), policy(REJECTED, name="broken")])
    engine = compile_engine(load(yaml.safe_load_all(text)).snapshot, KUBERNETES)
    noted = {(r.src, r.dst): r.reason for r in rows_of(engine) if "External" not in r.src + r.dst}
    note = "computed without the rejected policy shop/broken[NetworkPolicy]"
    for (src, dst), reason in noted.items():
        # Without policyTypes in an unreadable policy both directions may be meant.
        assert reason == (note if "server" in src + dst else ""), (src, dst)
    workloads = {w.ref.name: w for w in engine.snapshot.workloads}
    answer = engine.explain(workloads["client"], workloads["server"], Protocol.TCP, 80)
    assert note in answer.directions[1].reason
    assert note not in answer.directions[0].reason


def test_a_decision_is_derived_from_its_evidence_alone() -> None:
    evidence = Evidence(Direction.INGRESS, subject="a", peer="b", engine="e")
    assert Decision(evidence).reason is Reason.NOT_ISOLATED
    assert str(Decision(evidence)) == "no policy selects a for ingress"


OWNER = "ownerReferences: [{{apiVersion: apps/v1, kind: DaemonSet, name: {0}, uid: u, controller: true}}]"


def daemon(name: str, node: str, host: bool) -> str:
    """One pod of a DaemonSet, on a node ("" where the input does not show it)."""
    text = pod(f"{name}-{node or 'x'}", host=host).replace("labels:", f"{OWNER.format(name)}, labels:")
    return on_node(text, node) if node else text


@pytest.mark.parametrize(
    ("agents", "apps", "verdict"),
    [
        (["node-1"], ["node-1"], "allowed"),
        (["node-1"], ["node-2"], "denied"),
        (["node-1", "node-2"], ["node-1", "node-2"], "partial"),
        (["node-1"], ["node-1", "node-2"], "partial"),
        (["node-1"], [""], "unknown"),
        ([""], ["node-1"], "unknown"),
    ],
)
def test_workloads_on_many_nodes_are_asked_once_for_each_relation(
    agents: list[str], apps: list[str], verdict: str
) -> None:
    pods = [*(daemon("agent", n, True) for n in agents), *(daemon("app", n, False) for n in apps)]
    engine = engine_of(NODES, *pods, DENY)
    workloads = {w.ref.name: w for w in engine.snapshot.workloads}
    answer = engine.explain(workloads["agent"], workloads["app"], Protocol.TCP, 80)
    assert answer.verdict == verdict
    assert len(answer.directions[1].decisions) <= 3


def test_a_workload_and_itself_is_about_its_different_pods() -> None:
    pods = [daemon("app", node, False) for node in ("node-1", "node-2")]
    engine = engine_of(NODES, *pods, DENY)
    (app,) = engine.snapshot.workloads
    assert engine.explain(app, app, Protocol.TCP, 80).verdict == "denied"


def test_sentences_agree_with_the_number_of_policies() -> None:
    one, two = explained(policy(TO_SERVER)), explained(policy(TO_SERVER), policy("podSelector: {}", name="second"))
    assert one.directions[1].reason == (
        "shop/policy[NetworkPolicy] isolates shop/server[Pod] for ingress, and no rule of it permits the flow"
    )
    assert two.directions[1].reason == (
        "shop/policy[NetworkPolicy], shop/second[NetworkPolicy] isolate shop/server[Pod] for ingress, and no rule of "
        "theirs permits the flow"
    )


def test_where_pods_differ_each_reason_has_an_example() -> None:
    owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u, controller: true}]"
    pods = [pod(f"db-{i}", app="server", index=str(i)).replace("labels:", f"{owner}, labels:") for i in range(2)]
    first = "podSelector: {matchLabels: {index: '0'}}\ningress: [{ports: [{port: 80}]}]"
    engine = engine_of(CLIENT, *pods, policy(TO_SERVER), policy(first, name="first"))
    workloads = {w.ref.name: w for w in engine.snapshot.workloads}
    egress, ingress = engine.explain(workloads["client"], workloads["db"], Protocol.TCP, 80).directions
    assert egress.reason == "no policy selects shop/client[Pod] for egress"
    assert ingress.verdict == "partial"
    assert ingress.reason.split("; ") == [
        "permitted by shop/first[NetworkPolicy] spec.ingress[0] (for example shop/client[Pod] → shop/db-0[Pod])",
        "shop/policy[NetworkPolicy] isolates shop/db[StatefulSet] for ingress, and no rule of it permits the flow "
        "(for example shop/client[Pod] → shop/db-1[Pod])",
    ]


@pytest.mark.parametrize("engine_id", ["kubernetes", "calico"])
def test_what_a_node_only_sends_on_is_not_let_in_by_its_own_pods(engine_id: str) -> None:
    """Its own processes are: types.go, "the pod's local node"; CALD:calico/network-policy/hosts/protect-hosts.mdx."""
    found = engine_of(NODES, on_node(SERVER, "node-1"), DENY, profile=profile(engine_id))
    node = next(n for n in found.snapshot.nodes if n.name == "node-1")
    (server,) = found.snapshot.workloads
    assert found.explain(node, server, Protocol.TCP, 80).verdict == "allowed"
    assert found.explain(node, server, Protocol.TCP, 80, sent_on=True).verdict == "denied"
