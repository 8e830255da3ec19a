"""Explanations over several tiers: what took part stands in the order of the tiers, what nearly did with its reason."""

from __future__ import annotations

import pytest

from lib.model.sets import Protocol
from lib.policy.ends import parse_end
from lib.policy.engines import KUBERNETES, profile
from lib.policy.explain import DirectionAnswer
from tests.policy.build import admin_policy, engine_of, namespace, pod, policy

CLIENT = pod("client", app="client")
SERVER = pod("server", ports="[{name: http, containerPort: 80}]", app="server")
AGENT = pod("agent", host=True, app="client")
CLUSTER = [namespace("shop", team="a"), CLIENT, SERVER, AGENT]
UNSURE_OF_SCTP = "cilium"
TO_SERVER = "podSelector: {matchLabels: {app: server}}"


def ingress(*documents: str, src: str = "shop/client", port: int = 80, engine: str = "kubernetes") -> DirectionAnswer:
    """How what arrives at the server is judged."""
    found = engine_of(*CLUSTER, *documents, profile=profile(engine))
    ends = (parse_end(name, found.snapshot) for name in (src, "shop/server"))
    return found.explain(*ends, Protocol.TCP, port).directions[1]


def failed(answer: DirectionAnswer) -> list[tuple[str, str]]:
    return [(miss.rule.removeprefix("spec."), miss.failed) for miss in answer.near_misses]


@pytest.mark.parametrize(
    ("rule", "src", "why"),
    [
        (
            "from: [{podSelector: {matchLabels: {app: client, role: x}}}]",
            "shop/client",
            "podSelector role=x of from[0] does not match shop/client[Pod]",
        ),
        (
            "from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: x}}}]",
            "shop/client",
            "namespaceSelector team=b of from[0] does not match shop/client[Pod]",
        ),
        (
            "from: [{podSelector: {matchLabels: {a: x}}}, {namespaceSelector: {}, podSelector: {matchLabels: {b: c}}}]",
            "shop/client",
            "podSelector a=x of from[0] does not match shop/client[Pod], and no other of its 2 peers comes nearer",
        ),
        (
            "from: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}]",
            "192.0.2.1",
            "ipBlock 10.0.0.0/8 of from[1] does not match 192.0.2.1, and no other of its 2 peers comes nearer",
        ),
        (
            "from: [{podSelector: {}}]",
            "192.0.2.1",
            "namespace shop of from[0] means no address outside the cluster",
        ),
        (
            "from: [{podSelector: {}}]",
            "shop/agent",
            "namespace shop of from[0] means no node, and no pod on its node's network",
        ),
        (
            "from: [{ipBlock: {cidr: 0.0.0.0/0}}]",
            "shop/client",
            "ipBlock 0.0.0.0/0 of from[0] means no pod",
        ),
        ("ports: [{port: 81}]", "shop/client", "it names other ports: TCP 81"),
        (
            "ports: [{port: metrics}]",
            "shop/client",
            "it names no port of shop/server[Pod]: other protocols, or names that it does not declare",
        ),
    ],
)
def test_a_rule_of_a_network_policy_says_which_condition_fails_first(rule: str, src: str, why: str) -> None:
    assert failed(ingress(policy(f"{TO_SERVER}\ningress: [{{{rule}}}]"), src=src)) == [("ingress[0]", why)]


TIERS = """
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 500}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: security.watch}
spec:
  tier: security
  order: 1
  selector: all()
  types: [Ingress]
  ingress:
  - action: Deny
    source: {selector: app == 'client' && has(bad)}
  - action: Allow
    protocol: TCP
    source: {nets: [10.0.0.0/8]}
    destination: {selector: app == 'client', ports: [80]}
  - action: Pass
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: gate}
spec:
  priority: 5
  subject: {namespaces: {}}
  ingress:
  - {name: others, action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}
  - {name: ours, action: Pass, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}}]}
  - {name: late, action: Allow, from: [{namespaces: {}}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress:
  - {name: rest, action: Deny, from: [{namespaces: {}}]}
"""


def test_every_tier_is_listed_in_order_with_what_took_part_and_what_nearly_did() -> None:
    answer = ingress(TIERS, policy(f"{TO_SERVER}\ningress: [{{ports: [{{port: http}}]}}, {{ports: [{{port: 81}}]}}]"))
    assert answer.verdict == "allowed"
    assert [(e.tier, e.policy.name, e.effect, e.rule) for e in answer.effects] == [
        ("tier security", "security.watch", "passes", "spec.ingress[2]"),
        ("Admin tier", "gate", "passes", "spec.ingress[1]"),
        ("NetworkPolicy", "policy", "permits", "spec.ingress[0]"),
    ]
    assert [(m.tier, *pair) for m, pair in zip(answer.near_misses, failed(answer), strict=True)] == [
        (
            "tier security",
            "ingress[0]",
            "source.selector has(bad) does not match shop/client[Pod]",
        ),
        (
            "tier security",
            "ingress[1]",
            'destination.selector app == "client" does not match shop/server[Pod]',
        ),
        (
            "Admin tier",
            "ingress[0]",
            "namespaceSelector team=b of from[0] does not match shop/client[Pod]",
        ),
        (
            "Admin tier",
            "ingress[2]",
            "gate[AdminNetworkPolicy] spec.ingress[1] has decided its ports before it is asked",
        ),
        ("NetworkPolicy", "ingress[1]", "it names other ports: TCP 81"),
        (
            "Baseline tier",
            "ingress[0]",
            "shop/policy[NetworkPolicy] spec.ingress[0] has decided its ports before it is asked",
        ),
    ]


def test_what_comes_after_an_isolating_policy_is_not_asked() -> None:
    answer = ingress(TIERS, policy(TO_SERVER))
    assert [(e.tier, e.effect) for e in answer.effects][-1] == ("NetworkPolicy", "isolates")
    assert failed(answer)[-1] == ("ingress[0]", "shop/policy[NetworkPolicy] has denied its ports before it is asked")


def test_what_is_denied_in_an_early_tier_stands_before_what_is_permitted_in_a_late_one() -> None:
    deny = admin_policy(
        "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 80}}]}]"
    )
    found = engine_of(*CLUSTER, deny, policy(f"{TO_SERVER}\ningress: [{{}}]"), profile=KUBERNETES)
    ends = (parse_end(name, found.snapshot) for name in ("shop/client", "shop/server"))
    answer = found.explain(*ends).directions[1]
    assert [(e.tier, e.effect) for e in answer.effects] == [("Admin tier", "denies"), ("NetworkPolicy", "permits")]


def test_a_rule_of_cilium_says_which_condition_fails_first() -> None:
    cilium = """
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: c, namespace: shop}
    spec:
      endpointSelector: {matchLabels: {app: server}}
      ingressDeny:
      - fromEndpoints: [{matchLabels: {app: client, io.kubernetes.pod.namespace: other}}]
      ingress:
      - fromEndpoints: [{matchLabels: {app: x}}]
      - fromEntities: [world]
      - toPorts: [{ports: [{port: "81"}]}]
    """
    answer = ingress(cilium)
    assert [(e.tier, e.effect) for e in answer.effects] == [("Cilium policies", "isolates")]
    assert [(m.tier, m.rule, m.failed) for m in answer.near_misses] == [
        (
            "Cilium's deny rules",
            "spec.ingressDeny[0]",
            "namespace label kubernetes.io/metadata.name=other does not match shop/client[Pod]",
        ),
        ("Cilium policies", "spec.ingress[0]", "label app=x does not match shop/client[Pod]"),
        (
            "Cilium policies",
            "spec.ingress[1]",
            "world means no pod",
        ),
        ("Cilium policies", "spec.ingress[2]", "it names other ports: TCP 81; UDP 81; SCTP 81"),
    ]


@pytest.mark.parametrize(
    ("beside", "tier"),
    [
        ("", "NetworkPolicy"),
        (
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, namespace: shop}\n"
            "spec: {endpointSelector: {}, ingress: [{fromEntities: [world]}]}",
            "NetworkPolicy and Cilium policies",
        ),
        (
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\n"
            "spec: {selector: app == 'server', ingress: [{action: Allow, protocol: SCTP}]}",
            "tier default",
        ),
        (
            "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: security}\nspec: {order: 100}\n---\n"
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: security.g}\n"
            "spec: {tier: security, selector: app == 'other', ingress: [{action: Allow}]}",
            "NetworkPolicy",
        ),
    ],
)
def test_a_tier_is_called_by_what_stands_in_it(beside: str, tier: str) -> None:
    answer = ingress(policy(TO_SERVER), *filter(None, [beside]))
    (isolating,) = {e.tier for e in answer.effects if e.policy.kind == "NetworkPolicy"}
    assert isolating == tier


def test_a_rule_that_fails_closed_is_listed() -> None:
    """An Accept rule with a peer of an unknown type is treated "as matching no traffic", and does not vanish."""
    unknown = """
    apiVersion: policy.networking.k8s.io/v1alpha2
    kind: ClusterNetworkPolicy
    metadata: {name: cnp, uid: stored}
    spec:
      tier: Admin
      priority: 3
      subject: {namespaces: {}}
      ingress:
      - {name: x, action: Accept, from: [{moons: {}}]}
    """
    answer = ingress(unknown)
    assert answer.verdict == "allowed"
    assert failed(answer) == [("ingress[0]", "a peer of an unknown type of from[0] does not match shop/client[Pod]")]


@pytest.mark.parametrize(("port", "took_part"), [(81, True), (80, False)])
def test_a_rule_that_is_compiled_in_parts_is_told_once(port: int, took_part: bool) -> None:
    """What an engine does with SCTP is not known, so that its ports of SCTP are a part of their own."""
    rule = "ingress: [{ports: [{port: 81}, {port: 81, protocol: SCTP}]}]"
    answer = ingress(policy(f"{TO_SERVER}\n{rule}"), port=port, engine=UNSURE_OF_SCTP)
    assert [e.rule for e in answer.effects if e.rule] == ["spec.ingress[0]"] * took_part
    assert [m.rule for m in answer.near_misses] == ["spec.ingress[0]"] * (not took_part)


def test_a_rule_whose_conditions_hold_for_different_addresses_of_a_pod_says_so() -> None:
    dual = pod("both", app="both") + "status: {phase: Running, podIPs: [{ip: 10.2.0.1}, {ip: 'fd00::1'}]}\n"
    rule = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: some}
        spec:
          selector: app == 'server'
          types: [Ingress]
          ingress: [{action: Allow, source: {nets: [0.0.0.0/0], notNets: [10.0.0.0/8]}}]
    """
    # IPv4 is among the nets and taken out again, IPv6 is not among them.
    assert failed(ingress(dual, rule, src="shop/both")) == [
        ("ingress[0]", "no one address of shop/both[Pod] meets all its conditions")
    ]


LOGS = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: default.log, namespace: shop}
spec:
  selector: app == 'server'
  types: [Ingress]
  ingress:
  - {action: Log, protocol: TCP, source: {selector: app == 'client'}}
  - {action: Log, protocol: UDP}
  - {action: Allow, protocol: TCP, destination: {ports: [80]}}
  - {action: Log}
"""


LOGGING = "shop/default.log[CalicoNetworkPolicy]"


def test_a_rule_that_only_logs_takes_part_and_decides_nothing() -> None:
    """What Log matches goes on to the next rule (docs.tigera.io, "Network policy", on the actions of a rule)."""
    answer = ingress(LOGS)
    assert answer.verdict == "allowed"
    assert [(e.effect, e.rule) for e in answer.effects] == [("logs", "spec.ingress[0]"), ("permits", "spec.ingress[2]")]
    assert [e.rule for e in answer.deciding] == ["spec.ingress[2]"]
    assert failed(answer) == [
        ("ingress[1]", "it names other ports: UDP all"),
        (
            "ingress[3]",
            f"{LOGGING} spec.ingress[2] has decided its ports before it is asked",
        ),
    ]
    denied = ingress(LOGS, port=81)
    assert [(e.effect, e.rule) for e in denied.effects] == [
        ("logs", "spec.ingress[0]"),
        ("logs", "spec.ingress[3]"),
        ("isolates", ""),
    ]


def test_a_log_rule_leaves_what_it_may_match_as_sure_as_it_was() -> None:
    """Of a source port nobody knows before a connection is made, so that the rule may log it."""
    perhaps = LOGS.replace("source: {selector: app == 'client'}", "source: {ports: [7]}")
    answer = ingress(perhaps)
    assert answer.verdict == "allowed"
    assert [(e.effect, e.rule) for e in answer.effects] == [
        ("may log", "spec.ingress[0]"),
        ("permits", "spec.ingress[2]"),
    ]
