"""What the lint does not claim: what an unknown decides, other protocols, and what was not supplied."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from lib.lint import LintKind, examine, lint
from lib.model.snapshot import Coverage
from lib.policy.engine import compile_engine
from lib.policy.engines import profile
from tests.lint.examples import DB, DENY_IN, FROM_WEB, OPS, WEB, to_db
from tests.policy.build import admin_policy, cilium_policy, engine_of, load, namespace, pod, policy


def test_what_an_unknown_decides_is_not_claimed() -> None:
    names = cilium_policy("""
        endpointSelector: {matchLabels: {app: web}}
        egress: [{toFQDNs: [{matchName: a.example.com}]}, {toFQDNs: [{matchName: b.example.com}]}]
    """)
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


def test_without_a_pod_only_what_can_never_match_is_told() -> None:
    never = policy("podSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: DoesNotExist}]}", "never")
    report = examine(engine_of(namespace("shop"), DENY_IN, to_db(FROM_WEB), never))
    assert [f.kind for f in report.findings] == [LintKind.POLICY_NEVER_SELECTS]
    assert "no pod" in report.cut


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


EACH = ", ".join(f"{{protocol: {protocol}}}" for protocol in ("TCP", "UDP", "SCTP"))
FROM_WEB_EACH = f"{{from: [{{podSelector: {{matchLabels: {{app: web}}}}}}], ports: [{EACH}]}}"
RANGES = ", ".join(f"{{portRange: {{protocol: {p}, start: 1, end: 65535}}}}" for p in ("TCP", "UDP", "SCTP"))
PING_ANP = admin_policy(f"""
ingress:
- {{action: Allow, from: [{{namespaces: {{}}}}], ports: [{RANGES}]}}
- {{action: Allow, from: [{{namespaces: {{}}}}]}}
""")


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
