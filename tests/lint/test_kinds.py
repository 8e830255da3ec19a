"""Each kind of finding by example, with what must be said of it and what must not be claimed."""

from __future__ import annotations

import pytest

from lib.lint import LintKind, examine, lint
from lib.model.problem import Severity
from lib.policy.engines import profile
from tests.lint.examples import (
    DB,
    DENY_IN,
    FROM_WEB,
    OPS,
    WEB,
    found,
    kinds,
    to_db,
)
from tests.policy.build import admin_policy, engine_of, namespace, pod, policy


def test_a_policy_and_a_rule_that_count_are_not_reported() -> None:
    assert lint(engine_of(WEB, DB, OPS, to_db(FROM_WEB))) == ()


def test_a_policy_for_pods_yet_to_come_is_not_called_redundant() -> None:
    finding = found(engine_of(WEB, DB, policy("podSelector: {matchLabels: {app: new}}")))["policy"]
    assert (finding.kind, finding.kind.severity) == (LintKind.POLICY_SELECTS_NO_POD, Severity.WARNING)
    assert "until there is one: app=new" in finding.sentence


@pytest.mark.parametrize(
    "selector",
    [
        "{matchLabels: {app: db}, matchExpressions: [{key: app, operator: In, values: [web]}]}",
        "{matchLabels: {app: db}, matchExpressions: [{key: app, operator: NotIn, values: [db]}]}",
        "{matchLabels: {app: db}, matchExpressions: [{key: app, operator: DoesNotExist}]}",
        "{matchExpressions: [{key: x, operator: Exists}, {key: x, operator: DoesNotExist}]}",
    ],
)
def test_what_contradicts_itself_can_never_match(selector: str) -> None:
    engine = engine_of(WEB, DB, policy(f"podSelector: {selector}", name="never"))
    assert kinds(engine) == {"never": LintKind.POLICY_NEVER_SELECTS}
    engine = engine_of(WEB, DB, OPS, to_db(f"{FROM_WEB}, {{from: [{{podSelector: {selector}}}]}}"))
    assert kinds(engine) == {"policy spec.ingress[1]": LintKind.RULE_NEVER_MATCHES}


def test_a_block_without_an_address_can_never_match() -> None:
    empty = "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}}]}"
    assert kinds(engine_of(WEB, DB, to_db(f"{FROM_WEB}, {empty}"))) == {
        "policy spec.ingress[1]": LintKind.RULE_NEVER_MATCHES
    }


def test_a_rule_for_peers_yet_to_come_is_not_called_redundant() -> None:
    rules = f"{FROM_WEB}, {{from: [{{podSelector: {{matchLabels: {{app: new}}}}}}]}}"
    finding = found(engine_of(WEB, DB, OPS, to_db(rules)))["policy spec.ingress[1]"]
    assert finding.kind is LintKind.RULE_MATCHES_NOBODY
    assert "until there is one: spec.ingress[1], " in finding.sentence


def test_a_port_name_that_nobody_declares_is_told() -> None:
    engine = engine_of(WEB, DB, OPS, to_db(f"{FROM_WEB}, {{ports: [{{port: metrics}}]}}"))
    assert kinds(engine) == {"policy spec.ingress[1]": LintKind.RULE_MATCHES_NO_PORT}


def test_a_rule_that_a_wider_one_covers_for_any_pods_is_redundant() -> None:
    engine = engine_of(WEB, DB, OPS, DENY_IN, to_db(f"{FROM_WEB}, {{ports: [{{port: 80}}]}}, {{}}"))
    assert kinds(engine) == {
        "policy spec.ingress[0]": LintKind.RULE_REDUNDANT,
        "policy spec.ingress[1]": LintKind.RULE_REDUNDANT,
    }


def test_a_policy_that_permits_all_that_it_closes_has_no_effect_though_its_rule_counts() -> None:
    finding = found(engine_of(WEB, DB, to_db("{}")))["policy"]
    assert finding.kind is LintKind.POLICY_WITHOUT_EFFECT
    assert "its own rules permit all that only it closes" in finding.sentence


def test_the_cover_is_named_with_its_place() -> None:
    wide = to_db("{from: [{podSelector: {}}]}", name="wide")
    finding = found(engine_of(WEB, DB, OPS, pod("far", namespace="far"), to_db(FROM_WEB), wide))["policy"]
    assert finding.kind is LintKind.POLICY_REDUNDANT
    assert [str(place) for place in finding.covers] == [
        "shop/wide[NetworkPolicy]",
        "shop/wide[NetworkPolicy] spec.ingress[0]",
    ]
    assert finding.covers[1].source.path == ("spec", "ingress", 0)
    assert finding.either == ()
    assert "whatever pods there are" in finding.sentence


def test_a_cover_that_means_other_pods_too_is_one_for_today_only() -> None:
    by_tier = "{from: [{podSelector: {matchLabels: {tier: front}}}]}"
    web = pod("web", app="web", tier="front")
    rules = f"{by_tier}, {FROM_WEB}"
    finding = found(engine_of(web, pod("gate", tier="front"), DB, OPS, to_db(rules)))["policy spec.ingress[1]"]
    assert finding.kind is LintKind.RULE_REDUNDANT_NOW
    assert finding.kind.severity is Severity.INFO
    assert finding.example == "a new pod with app=web in namespace shop"


def test_of_two_that_say_the_same_either_can_go() -> None:
    findings = found(engine_of(WEB, DB, OPS, to_db(f"{FROM_WEB}, {FROM_WEB}")))
    assert {name: [p.rule for p in f.either] for name, f in findings.items()} == {
        "policy spec.ingress[0]": ["spec.ingress[1]"],
        "policy spec.ingress[1]": ["spec.ingress[0]"],
    }
    assert all("Either it or" in f.sentence and "not both" in f.sentence for f in findings.values())


def test_of_three_that_say_the_same_it_is_not_claimed_that_two_cannot_go() -> None:
    findings = found(engine_of(WEB, DB, OPS, to_db(", ".join([FROM_WEB] * 3))))
    assert len(findings) == 3
    assert all("run the lint again" in f.sentence for f in findings.values())


def test_a_union_of_rules_covers_what_none_of_them_covers_alone() -> None:
    ports = "{ports: [{port: 1, endPort: 50}]}, {ports: [{port: 51, endPort: 99}]}, {ports: [{port: 40, endPort: 60}]}"
    finding = found(engine_of(WEB, DB, to_db(ports)))["policy spec.ingress[2]"]
    assert finding.kind is LintKind.RULE_REDUNDANT
    assert [place.rule for place in finding.covers] == ["spec.ingress[0]", "spec.ingress[1]"]


def test_a_default_deny_that_others_make_needless_is_called_a_safety_net() -> None:
    each = [policy(f"podSelector: {{matchLabels: {{app: {a}}}}}\ningress: [{FROM_WEB}]", name=a) for a in ("web", "db")]
    finding = found(engine_of(WEB, DB, DENY_IN, pod("far", namespace="far"), *each))["deny"]
    assert finding.kind is LintKind.POLICY_SAFETY_NET
    assert "no fault" in finding.sentence
    assert "new pod" in finding.example


def test_a_rule_that_the_other_end_keeps_back_is_told_with_who_closes_it() -> None:
    out = policy("podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]", name="web-out")
    rules = f"{FROM_WEB}, {{from: [{{podSelector: {{matchLabels: {{app: ops}}}}}}]}}"
    finding = found(engine_of(WEB, DB, OPS, out, to_db(rules)))["policy spec.ingress[0]"]
    assert finding.kind is LintKind.RULE_BLOCKED
    assert "shop/web-out[NetworkPolicy]" in finding.sentence


def to_all(action: str, name: str, priority: int) -> str:
    """An AdminNetworkPolicy with one rule that lets every namespace in, or nobody."""
    return admin_policy(f"ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]", name, priority)


BASELINE = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""


def test_a_rule_that_an_earlier_one_shadows_is_told_with_that_one() -> None:
    first = to_all("Deny", "first", 1)
    second = to_all("Allow", "second", 2)
    finding = found(engine_of(WEB, DB, first, second))["second"]
    assert finding.kind is LintKind.POLICY_WITHOUT_EFFECT
    assert "pods of this input" in finding.sentence
    both = second.replace("ingress: [", "ingress: [{action: Deny, from: [{namespaces: {}}]}, ")
    shadowed = found(engine_of(WEB, DB, both))["second spec.ingress[1]"]
    assert shadowed.kind is LintKind.RULE_SHADOWED
    assert [p.rule for p in shadowed.covers] == ["spec.ingress[0]"]


def test_the_baseline_is_told_to_have_no_effect_where_network_policies_close_all() -> None:
    far = policy("podSelector: {}\npolicyTypes: [Ingress]", name="far", namespace="far")
    findings = found(engine_of(WEB, DB, DENY_IN, pod("pod", namespace="far"), far, BASELINE))
    assert findings["default"].kind is LintKind.POLICY_WITHOUT_EFFECT


def test_an_empty_rule_that_closes_a_direction_is_no_finding() -> None:
    closing = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: close, namespace: shop}
spec: {endpointSelector: {}, ingress: [{}]}
"""
    assert lint(engine_of(WEB, DB, closing)) == ()


def test_calicos_policies_are_looked_at_in_their_order() -> None:
    tiered = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: NAME}
spec:
  order: ORDER
  selector: app == 'db'
  types: [Ingress]
  ingress: [RULES]
"""
    allow, deny = "{action: Allow, source: {selector: app == 'web'}}", "{action: Deny}"
    first = tiered.replace("NAME", "first").replace("ORDER", "1").replace("RULES", f"{allow}, {deny}")
    late = allow.replace("web", "ops")
    second = tiered.replace("NAME", "second").replace("ORDER", "2").replace("RULES", late)
    findings = found(engine_of(WEB, DB, OPS, first, second))
    assert findings["second"].kind is LintKind.POLICY_WITHOUT_EFFECT
    assert set(findings) == {"second"}
    only = found(engine_of(WEB, DB, OPS, first))
    # What its Deny denies, the end of the tier would deny too.
    assert {name: f.kind for name, f in only.items()} == {"first spec.ingress[1]": LintKind.RULE_WITHOUT_EFFECT}
    assert "closed by first[GlobalNetworkPolicy]" in only["first spec.ingress[1]"].sentence


def test_staged_and_ignored_policies_are_told() -> None:
    staged = """
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: staged, namespace: shop}
spec: {selector: app == 'db', types: [Ingress]}
"""
    assert kinds(engine_of(WEB, DB, staged)) == {"staged": LintKind.POLICY_STAGED}
    engine = engine_of(WEB, DB, OPS, to_db(FROM_WEB), profile=profile("none"))
    assert kinds(engine) == {"policy": LintKind.POLICY_IGNORED}


def test_the_only_rule_of_a_direction_goes_without_its_direction() -> None:
    wide = to_db("{from: [{podSelector: {}}]}", name="wide")
    own = policy(
        f"podSelector: {{matchLabels: {{app: db}}}}\ningress: [{FROM_WEB}]\negress: [{{ports: [{{port: 1}}]}}]",
        name="own",
    )
    finding = found(engine_of(WEB, DB, OPS, pod("far", namespace="far"), wide, own))["own spec.ingress[0]"]
    assert finding.kind is LintKind.RULE_REDUNDANT
    assert "Keep Ingress in policyTypes" in finding.proof


def test_the_namespace_of_a_policy_counts_by_its_name() -> None:
    by_name = "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}"
    engine = engine_of(namespace("shop"), WEB, DB, OPS, pod("far", namespace="far"), to_db(f"{FROM_WEB}, {by_name}"))
    assert kinds(engine) == {"policy spec.ingress[0]": LintKind.RULE_REDUNDANT}


def test_the_work_is_bounded_and_says_where_it_stopped() -> None:
    report = examine(engine_of(WEB, DB, OPS, *(to_db(FROM_WEB, name=f"p{i}") for i in range(20))), steps=50)
    assert "stopped after 50 steps" in report.cut
    assert "of the 20 policies" in report.cut


def test_a_rule_that_is_shadowed_for_any_pods_is_told_apart_from_one_that_is_so_today() -> None:
    rules = "ingress: [{action: Deny, from: [{namespaces: {}}]}, {action: Allow, from: [{pods: PODS}]}"
    pods = "{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}"
    always = to_all("Deny", "admin", 1).replace("ingress: [", rules.replace("PODS", pods) + ", ")
    assert kinds(engine_of(WEB, DB, always))["admin spec.ingress[1]"] is LintKind.RULE_SHADOWED
    narrow = always.replace(
        "from: [{namespaces: {}}]", f"from: [{{pods: {pods.replace('web', 'web').replace('app', 'tier')}}}]", 1
    )
    today = kinds(engine_of(pod("web", app="web", tier="web"), DB, narrow))
    assert today["admin spec.ingress[1]"] is LintKind.RULE_SHADOWED_NOW


def test_a_policy_for_a_workload_scaled_to_zero_says_so() -> None:
    idle = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: idle, namespace: shop, labels: {app: other}}
        spec:
          replicas: 0
          selector: {matchLabels: {app: idle}}
          template:
            metadata: {labels: {app: idle}}
            spec: {containers: [{name: main, image: example.org/a}]}
    """
    finding = found(engine_of(WEB, DB, idle, policy("podSelector: {matchLabels: {app: idle}}")))["policy"]
    assert (finding.kind, finding.kind.severity) == (LintKind.POLICY_WAITS_FOR_PODS, Severity.INFO)
    assert "It is for the pods of shop/idle[Deployment] when they run" in finding.sentence
    finding = found(engine_of(WEB, DB, idle, policy("podSelector: {matchLabels: {app: other}}")))["policy"]
    assert finding.kind is LintKind.POLICY_SELECTS_NO_POD
