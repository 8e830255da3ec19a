"""To whom workloads are open beyond the pods of the input, each with the rule that lets them in."""

from __future__ import annotations

import pytest
import yaml

from lib.exposure import ExposedTo, exposed_to, exposures
from lib.model.policies import Direction
from lib.policy import hypothetical
from lib.policy.engine import compile_engine
from tests.policy.build import admin_policy, engine_of, load, namespace, pod, policy

SHOP = namespace("shop", team="a")
WEB = pod("web", ports="[{name: http, containerPort: 8080}]", app="web")
TO_WEB = "podSelector: {matchLabels: {app: web}}"
FROM_API = policy(f"{TO_WEB}\ningress: [{{from: [{{podSelector: {{matchLabels: {{app: api}}}}}}]}}]")
ALL = "all ports"


def rows(*documents: str, direction: Direction = Direction.INGRESS) -> list[ExposedTo]:
    """What is said of the pod ``web``."""
    found = exposed_to(engine_of(SHOP, WEB, *documents))
    return [row for row in found if row.workload.name == "web" and row.direction is direction]


def told(found: list[ExposedTo]) -> dict[str, tuple[str, str]]:
    """Whom → what all of them have, and what only some."""
    return {row.peer: (str(row.ports) if row.ports else "", str(row.some) if row.some else "") for row in found}


def test_without_policies_everybody_is_let_in_and_no_rule_is_named() -> None:
    found = rows()
    assert told(found) == {"any address outside": (ALL, ""), "any pod of any namespace": (ALL, "")}
    assert [row.rules for row in found] == [(), ()]


def test_a_policy_without_rules_lets_nobody_in() -> None:
    assert rows(policy("podSelector: {}")) == []


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("{podSelector: {matchLabels: {app: api}}}", {"pods with app=api in namespace shop": ("TCP 80", "")}),
        ("{podSelector: {}}", {"all pods in namespace shop": ("TCP 80", "")}),
        ("{namespaceSelector: {}}", {"any pod of any namespace": ("TCP 80", "")}),
        (
            "{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: api}}}",
            {"pods with app=api in namespaces with team=b": ("TCP 80", "")},
        ),
        (
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}",
            {"all pods in namespace other": ("TCP 80", "")},
        ),
        (
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop, team: b}}}",
            {},  # the namespace shop is there, and has another team
        ),
        (
            "{podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}, "
            "{key: tier, operator: Exists}]}}",
            {"pods with app in (a,b),tier in namespace shop": ("TCP 80", "")},
        ),
        (
            "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}",
            {"pods with !app in namespace shop": ("TCP 80", "")},
        ),
        (
            "{podSelector: {matchLabels: {app: a}, matchExpressions: [{key: app, operator: NotIn, values: [a]}]}}",
            {},  # nobody can be both
        ),
        ("{ipBlock: {cidr: 10.0.0.0/8}}", {"outside: 10.0.0.0-10.255.255.255": ("TCP 80", "")}),
    ],
)
def test_whom_a_rule_names_is_let_in_be_there_such_a_pod_or_not(
    peer: str, expected: dict[str, tuple[str, str]]
) -> None:
    found = rows(policy(f"{TO_WEB}\ningress: [{{from: [{peer}], ports: [{{port: 80}}]}}]"))
    assert told(found) == expected
    for row in found:
        (rule,) = row.rules
        assert (rule.policy.name, rule.effect, rule.rule) == ("policy", "permits", "spec.ingress[0]")
        assert rule.source.path_text == "spec.ingress[0]"


def test_what_only_some_of_the_pods_of_a_selector_have_stands_apart() -> None:
    """A pod with ``app`` may have app=x, which the other rule leaves out."""
    found = rows(
        policy(f"""
        {TO_WEB}
        ingress:
        - from: [{{podSelector: {{matchExpressions: [{{key: app, operator: Exists}}]}}}}]
          ports: [{{port: 1}}]
        - from: [{{podSelector: {{matchExpressions: [{{key: app, operator: NotIn, values: [x]}}]}}}}]
          ports: [{{port: 2}}]
        """)
    )
    assert told(found) == {
        "pods with app in namespace shop": ("TCP 1", "TCP 2"),
        "pods with app!=x in namespace shop": ("TCP 2", "TCP 1"),
    }


def test_a_rule_that_speaks_of_absence_does_not_open_to_anybody() -> None:
    found = rows(policy(f"{TO_WEB}\ningress: [{{from: [{{namespaceSelector: {NO_TEAM}}}]}}]"))
    assert told(found) == {"all pods in namespaces with !team": (ALL, "")}


NO_TEAM = "{matchExpressions: [{key: team, operator: DoesNotExist}]}"


def test_only_the_side_of_the_workload_counts() -> None:
    """Whether the other end may send is the matter of its own policies."""
    deny_egress = policy("podSelector: {matchLabels: {app: api}}\npolicyTypes: [Egress]", name="deny")
    found = rows(
        policy(f"{TO_WEB}\ningress: [{{from: [{{podSelector: {{matchLabels: {{app: api}}}}}}]}}]"), deny_egress
    )
    assert told(found) == {"pods with app=api in namespace shop": (ALL, "")}


def test_workloads_that_fulfil_a_selector_today_are_named() -> None:
    (row,) = rows(
        pod("api", app="api"),
        policy(f"{TO_WEB}\ningress: [{{from: [{{podSelector: {{matchLabels: {{app: api}}}}}}]}}]"),
    )
    assert [str(ref) for ref in row.present] == ["shop/api[Pod]"]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("[{port: metrics}]", "TCP metrics"),
        ("[{port: metrics}, {port: 80}]", "TCP 80, TCP metrics"),
        ("[{port: metrics, protocol: UDP}]", "UDP metrics"),
        ("[{port: 1, endPort: 65535}, {port: metrics}]", "TCP all"),
    ],
)
def test_a_port_name_is_told_as_a_name_since_each_new_pod_gives_it_a_number(ports: str, expected: str) -> None:
    found = rows(
        policy(f"podSelector: {{}}\npolicyTypes: [Egress]\negress: [{{to: [{{podSelector: {{}}}}], ports: {ports}}}]"),
        direction=Direction.EGRESS,
    )
    assert told(found) == {"all pods in namespace shop": (expected, "")}


def test_who_is_let_in_less_than_anybody_is_listed_with_the_rule_that_denies() -> None:
    rule = "ingress: [{name: x, action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}]"
    found = rows(admin_policy(rule, "gate"))
    assert told(found) == {
        "any address outside": (ALL, ""),
        "any pod of any namespace but those listed apart": (ALL, ""),
        "all pods in namespaces with team=b": ("", ""),
    }
    assert [(r.effect, r.rule) for r in found[-1].rules] == [("denies", "spec.ingress[0]")]


def test_a_port_name_that_is_denied_is_told_as_an_exception() -> None:
    rule = "egress: [{name: x, action: Deny, to: [{namespaces: {}}], ports: [{namedPort: metrics}]}]"
    found = rows(admin_policy(rule, "gate"), direction=Direction.EGRESS)
    assert told(found)["any pod of any namespace"][0] == f"{ALL} but TCP metrics, UDP metrics, SCTP metrics"


def test_selectors_of_calico_and_cilium_are_asked_as_well() -> None:
    calico = """
    apiVersion: projectcalico.org/v3
    kind: NetworkPolicy
    metadata: {name: default.c, namespace: shop}
    spec:
      selector: app == 'web'
      types: [Ingress]
      ingress:
      - {action: Allow, protocol: TCP, source: {selector: app == 'api' && !has(old)}, destination: {ports: [80]}}
      - {action: Allow, protocol: TCP, source: {selector: app contains 'x'}, destination: {ports: [81]}}
    """
    found = rows(calico)
    assert told(found)["pods with app=api,!old in namespace shop"] == ("TCP 80", "")
    (unsure,) = [row for row in found if row.doubt]
    assert unsure.doubt.startswith("which pods fulfil")
    assert 'app contains "x"' in unsure.doubt
    cilium = """
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: c, namespace: shop}
    spec:
      endpointSelector: {matchLabels: {app: web}}
      ingress: [{fromEndpoints: [{matchLabels: {app: api}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]
    """
    assert told(rows(cilium)) == {"pods with app=api in namespace shop": ("TCP 80", "")}


def test_where_not_every_choice_of_labels_is_tried_nothing_is_claimed_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypothetical, "CHOICES_UP_TO", 2)
    several = "{podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b, c]}]}}"
    (row,) = rows(policy(f"{TO_WEB}\ningress: [{{from: [{several}], ports: [{{port: 80}}]}}]"))
    assert (str(row.ports), str(row.some), row.doubt) == ("", "TCP 80", "not every choice of labels was tried")


def test_a_workload_that_no_policy_speaks_of_is_unprotected_by_direction() -> None:
    rule = "ingress: [{name: x, action: Deny, from: [{namespaces: {}}]}]"
    (found,) = exposures(engine_of(SHOP, WEB, admin_policy(rule, "gate")))
    assert (found.ingress.unprotected, found.egress.unprotected) == (False, True)


def test_a_rejected_policy_that_could_change_a_row_is_named() -> None:
    broken = policy(f"{TO_WEB}\ningress: [{{ports: [{{port: 80, endPort: 79}}]}}]", name="broken")
    text = "\n---\n".join([SHOP, WEB, policy("podSelector: {}"), broken])
    found = list(exposed_to(compile_engine(load(yaml.safe_load_all(text)).snapshot)))
    ingress = [row for row in found if row.direction is Direction.INGRESS]
    assert told(ingress) == {"any pod of any namespace": ("", "")}
    assert ingress[0].doubt == "computed without the rejected policy shop/broken[NetworkPolicy]"


def test_selectors_of_calicos_profiles_are_asked_as_well() -> None:
    named = """
    apiVersion: projectcalico.org/v3
    kind: WorkloadEndpoint
    metadata: {name: node--1-k8s-vm-eth0, namespace: shop, labels: {app: vm}}
    spec: {orchestrator: k8s, pod: vm, node: node-1, endpoint: eth0, profiles: [own], ipNetworks: [10.0.0.9/32]}
    ---
    apiVersion: projectcalico.org/v3
    kind: Profile
    metadata: {name: own}
    spec: {ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'api'}, destination: {ports: [80]}}]}
    """
    found = [r for r in exposed_to(engine_of(SHOP, named)) if r.direction is Direction.INGRESS]
    assert told(found) == {"pods with app=api in all namespaces": ("TCP 80", "")}
    assert [(r.policy.kind, r.rule) for r in found[0].rules] == [("Profile", "spec.ingress[0]")]
