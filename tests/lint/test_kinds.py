"""Each kind of finding by example, with what must be said of it and what must not be claimed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from lib.lint import LintFinding, LintKind, examine, lint
from lib.model.problem import Severity
from lib.model.snapshot import Coverage
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from tests.policy.build import engine_of, load, namespace, pod, policy

WEB, DB, OPS = pod("web", app="web"), pod("db", app="db"), pod("ops", app="ops")
FROM_WEB = "{from: [{podSelector: {matchLabels: {app: web}}}]}"
DENY_IN = policy("podSelector: {}\npolicyTypes: [Ingress]", name="deny")


def to_db(rules: str, name: str = "policy") -> str:
    return policy(f"podSelector: {{matchLabels: {{app: db}}}}\ningress: [{rules}]", name=name)


def found(engine: Engine) -> dict[str, LintFinding]:
    return {f"{f.place.policy.name} {f.place.rule}".rstrip(): f for f in lint(engine)}


def kinds(engine: Engine) -> dict[str, LintKind]:
    return {name: finding.kind for name, finding in found(engine).items()}


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


ADMIN = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec:
  priority: {priority}
  subject: {{namespaces: {{}}}}
  ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]
"""
BASELINE = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""


def test_a_rule_that_an_earlier_one_shadows_is_told_with_that_one() -> None:
    first = ADMIN.format(name="first", priority=1, action="Deny")
    second = ADMIN.format(name="second", priority=2, action="Allow")
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


def test_what_an_unknown_decides_is_not_claimed() -> None:
    names = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: names, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  egress: [{toFQDNs: [{matchName: a.example.com}]}, {toFQDNs: [{matchName: b.example.com}]}]
"""
    report = examine(engine_of(WEB, DB, names))
    assert report.findings == ()
    # Both may mean the same addresses, so that neither is proven to count, nor to be redundant.
    assert {place.rule for place in report.unproven} == {"spec.egress[0]", "spec.egress[1]"}


def test_a_rejected_policy_may_make_others_count() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    texts = [WEB, DB, OPS, to_db(f"{FROM_WEB}, {FROM_WEB}"), broken]
    engine = compile_engine(load(d for t in texts for d in yaml.safe_load_all(t) if d).snapshot)
    report = examine(engine)
    assert not any(f.kind in (LintKind.RULE_REDUNDANT, LintKind.RULE_REDUNDANT_NOW) for f in report.findings)
    assert len(report.unproven) >= 2


def test_a_rule_that_layer_7_narrows_neither_covers_nor_is_covered() -> None:
    narrowed = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: l7, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress:
  - {fromEndpoints: [{matchLabels: {app: web}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}
  - fromEndpoints: [{matchLabels: {app: web}}]
    toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]
"""
    report = examine(engine_of(WEB, DB, OPS, narrowed))
    assert report.findings == ()
    assert {place.rule for place in report.unproven} == {"spec.ingress[0]", "spec.ingress[1]"}


def test_an_empty_rule_that_closes_a_direction_is_no_finding() -> None:
    closing = """
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: close, namespace: shop}
spec: {endpointSelector: {}, ingress: [{}]}
"""
    assert lint(engine_of(WEB, DB, closing)) == ()


def test_rules_about_icmp_alone_are_not_judged() -> None:
    icmp = """
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: ping, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress: [{action: Allow, protocol: ICMP}, {action: Log}, {action: Allow, source: {selector: app == 'web'}}]
"""
    assert lint(engine_of(WEB, DB, OPS, icmp)) == ()


@pytest.mark.parametrize(("engine_id", "proven"), [("azure-npm", False), ("kubernetes", True)])
def test_a_rule_about_ipv6_is_left_open_where_nobody_says_what_becomes_of_ipv6(engine_id: str, proven: bool) -> None:
    """ "Azure NPM doesn't support IPv6" (policy_readings.yaml); what becomes of such packets it does not say."""
    rules = "{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}, {from: [{ipBlock: {cidr: '::/0'}}]}"
    report = examine(engine_of(WEB, DB, to_db(rules), profile=profile(engine_id)))
    assert report.findings == ()
    assert ("spec.ingress[1]" in {p.rule for p in report.unproven}) is not proven


CALICO = """
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: NAME}
spec: {order: ORDER, selector: SELECTOR, types: [Ingress], ingress: [RULES]}
"""


def calico(rules: str, order: int = 1, selector: str = "app == 'db'", name: str = "policy") -> str:
    text = CALICO.replace("NAME", name).replace("ORDER", str(order))
    return text.replace("SELECTOR", selector).replace("RULES", rules)


OF_TCP, OF_UDP, OF_SCTP = (
    f"{{action: Allow, protocol: {p}, source: {{selector: app == 'web'}}}}" for p in ("TCP", "UDP", "SCTP")
)
OF_ALL = OF_TCP.replace("protocol: TCP, ", "")


@pytest.mark.parametrize(
    ("rules", "idle", "unproven"),
    [
        pytest.param(f"{OF_TCP}, {OF_UDP}, {OF_SCTP}, {OF_ALL}", {0, 1, 2}, {3}, id="all protocols, covered in three"),
        pytest.param(f"{OF_ALL}, {OF_ALL}", {0, 1}, set(), id="all protocols, covered in all"),
        pytest.param(f"{OF_ALL}, {{action: Deny, protocol: ICMP}}, {OF_ALL}", {2}, {0}, id="with ICMP between"),
    ],
)  # fmt: skip
def test_a_rule_about_all_protocols_is_idle_only_where_it_is_so_for_each(
    rules: str, idle: set[int], unproven: set[int]
) -> None:
    """Calico: a rule without protocol is about every one, ICMP among them."""
    report = examine(engine_of(WEB, DB, OPS, calico(rules)))
    assert {f.place.rule for f in report.findings} == {f"spec.ingress[{n}]" for n in idle}
    assert {place.rule for place in report.unproven} == {f"spec.ingress[{n}]" for n in unproven}


def test_a_policy_that_denies_icmp_is_not_called_idle() -> None:
    """Its rules let all of TCP, UDP and SCTP through, so that for these alone it could go."""
    report = examine(engine_of(WEB, DB, OPS, calico("{action: Deny, protocol: ICMP}, {action: Allow}")))
    assert report.findings == ()
    assert [place.rule for place in report.unproven] == [""]


def test_a_policy_that_may_select_a_host_endpoint_is_not_called_idle() -> None:
    host = """
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: host, labels: {role: host}}
spec: {node: node-1, interfaceName: "*", expectedIPs: [10.9.0.4]}
"""
    first = calico(OF_ALL, 1, "has(app)", "first")
    for selector, expected in (("all()", False), ("has(app)", True)):
        report = examine(engine_of(WEB, DB, OPS, host, first, calico(OF_ALL, 2, selector, "second")))
        told = {f.place.policy.name for f in report.findings if not f.place.rule}
        assert ("second" in told) is expected
        assert ("second" in {p.policy.name for p in report.unproven if not p.rule}) is not expected


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


def test_without_a_pod_only_what_can_never_match_is_told() -> None:
    never = policy("podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: DoesNotExist}]}", "never")
    report = examine(engine_of(namespace("shop"), DENY_IN, to_db(FROM_WEB), never))
    assert [f.kind for f in report.findings] == [LintKind.POLICY_NEVER_SELECTS]
    assert "no pod" in report.cut


def test_a_rule_that_is_shadowed_for_any_pods_is_told_apart_from_one_that_is_so_today() -> None:
    rules = "ingress: [{action: Deny, from: [{namespaces: {}}]}, {action: Allow, from: [{pods: PODS}]}"
    pods = "{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}"
    always = ADMIN.format(name="admin", priority=1, action="Deny").replace(
        "ingress: [", rules.replace("PODS", pods) + ", "
    )
    assert kinds(engine_of(WEB, DB, always))["admin spec.ingress[1]"] is LintKind.RULE_SHADOWED
    narrow = always.replace(
        "from: [{namespaces: {}}]", f"from: [{{pods: {pods.replace('web', 'web').replace('app', 'tier')}}}]", 1
    )
    today = kinds(engine_of(pod("web", app="web", tier="web"), DB, narrow))
    assert today["admin spec.ingress[1]"] is LintKind.RULE_SHADOWED_NOW


DNS = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53}]}"
DNS_OF_ANY = "{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53}]}"
OUT = "podSelector: {}\npolicyTypes: [Egress]\negress: "


@pytest.mark.parametrize("rule", [DNS, DNS_OF_ANY])
def test_a_rule_about_a_namespace_that_was_not_supplied_is_not_checked(rule: str) -> None:
    documents = (WEB, DB, policy(f"{OUT}[{rule}]", name="dns"), policy(f"{OUT}[]", name="deny"))
    snapshot = engine_of(*documents).snapshot
    report = examine(compile_engine(snapshot))
    # Taking the policy out would cut the pods off from their DNS, of which the input just does not hold the pods.
    assert not [f for f in report.findings if f.place.policy.name == "dns"]
    assert {(p.policy.name, p.rule) for p in report.not_checked} == {("dns", ""), ("dns", "spec.egress[0]")}
    whole = replace(snapshot, coverage={"Pod": Coverage.COMPLETE, "Namespace": Coverage.COMPLETE})
    report = examine(compile_engine(whole))
    assert {f.place.policy.name for f in report.findings} >= {"dns"}
    assert report.not_checked == ()


@pytest.mark.parametrize("rule", [DNS, DNS_OF_ANY])
def test_nor_is_the_single_rule_of_a_policy_that_counts(rule: str) -> None:
    report = examine(engine_of(WEB, DB, policy(f"{OUT}[{rule}]", name="dns")))
    assert report.findings == ()
    assert {p.rule for p in report.not_checked} == {"spec.egress[0]"}


def test_a_rule_about_pods_of_a_supplied_namespace_is_checked() -> None:
    report = examine(engine_of(WEB, DB, to_db("{from: [{podSelector: {matchLabels: {app: nobody}}}]}")))
    assert [f.kind for f in report.findings] == [LintKind.RULE_MATCHES_NOBODY]
    dns = pod("dns", namespace="kube-system", **{"k8s-app": "other"})
    report = examine(
        engine_of(WEB, DB, dns, policy(f"{OUT}[{DNS.replace('}}}]', '}}, podSelector: {matchLabels: {x: y}}}]')}]"))
    )
    assert [f.kind for f in report.findings] == [LintKind.RULE_MATCHES_NOBODY]


@pytest.mark.parametrize(("complete", "kinds"), [(False, []), (True, [LintKind.POLICY_SELECTS_NO_POD])])
def test_a_policy_of_a_namespace_that_was_not_supplied_is_not_checked(complete: bool, kinds: list[LintKind]) -> None:
    snapshot = engine_of(WEB, DB, policy("podSelector: {}", namespace="elsewhere")).snapshot
    coverage = dict.fromkeys(("Pod", "Namespace"), Coverage.COMPLETE) if complete else {}
    report = examine(compile_engine(replace(snapshot, coverage=coverage)))
    assert [f.kind for f in report.findings] == kinds
    assert len(report.not_checked) == (0 if complete else 1)


def test_calico_and_cilium_rules_about_what_was_not_supplied_are_not_checked_either() -> None:
    calico = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: dns, namespace: shop}
        spec:
          selector: all()
          types: [Egress]
          egress: [{action: Allow, destination: {namespaceSelector: x == "y", selector: k8s-app == "kube-dns"}}]
    """
    cilium = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: dns, namespace: shop}
        spec:
          endpointSelector: {}
          egress: [{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]}]
    """
    for text in (calico, cilium):
        report = examine(engine_of(WEB, DB, text))
        assert report.findings == (), report.findings
        assert len(report.not_checked) == 1
    here = calico.replace('namespaceSelector: x == "y", ', "")
    assert [f.kind for f in examine(engine_of(WEB, DB, here)).findings] == [LintKind.RULE_MATCHES_NOBODY]


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


EACH = ", ".join(f"{{protocol: {protocol}}}" for protocol in ("TCP", "UDP", "SCTP"))
FROM_WEB_EACH = f"{{from: [{{podSelector: {{matchLabels: {{app: web}}}}}}], ports: [{EACH}]}}"
RANGES = ", ".join(f"{{portRange: {{protocol: {p}, start: 1, end: 65535}}}}" for p in ("TCP", "UDP", "SCTP"))
PING_ANP = f"""
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: admin}}
spec:
  priority: 1
  subject: {{namespaces: {{}}}}
  ingress:
  - {{action: Allow, from: [{{namespaces: {{}}}}], ports: [{RANGES}]}}
  - {{action: Allow, from: [{{namespaces: {{}}}}]}}
"""


def test_a_rule_about_all_traffic_is_not_covered_by_rules_about_three_protocols() -> None:
    """ "NetworkPolicies apply to layer 4 connections … For all the other protocols, the behaviour may vary across
    network plugins" (kubernetes.io, "Network Policies"): without it a ping may be lost.
    """
    report = examine(engine_of(WEB, DB, OPS, to_db(f"{FROM_WEB_EACH}, {FROM_WEB}")))
    assert {f.place.rule for f in report.findings} == {"spec.ingress[0]"}
    assert {p.rule for p in report.unproven} == {"spec.ingress[1]"}
    report = examine(engine_of(WEB, DB, OPS, to_db(f"{FROM_WEB}, {FROM_WEB}")))
    assert {f.place.rule for f in report.findings} == {"spec.ingress[0]", "spec.ingress[1]"}
    assert report.unproven == ()


def test_nor_is_one_of_a_cluster_wide_policy() -> None:
    report = examine(engine_of(WEB, DB, OPS, DENY_IN, PING_ANP))
    assert "spec.ingress[1]" not in {f.place.rule for f in report.findings}
    assert "spec.ingress[1]" in {p.rule for p in report.unproven}
