"""Exposure: isolated or not and by whom, and who of the unforeseen gets in."""

from __future__ import annotations

import pytest
import yaml

from lib.exposure import Exposure, Isolation, exposures
from lib.policy.engine import compile_engine
from lib.tables.exposure import exposure_rows
from tests.policy.build import admin_policy, cilium_policy, engine_of, load, namespace, pod, policy

WEB = pod("web", app="web")
ALL = {"TCP": [[1, 65535]], "UDP": [[1, 65535]], "SCTP": [[1, 65535]]}
TCP_80 = {"TCP": [[80, 80]]}


def of_web(*specs: str) -> Exposure:
    policies = (policy(s, name=f"p{i}") for i, s in enumerate(specs))
    engine = engine_of(namespace("shop"), WEB, *policies)
    (found,) = exposures(engine)
    return found


def test_a_workload_without_policies_is_open_to_everybody_both_ways() -> None:
    found = of_web()
    for side in (found.ingress, found.egress):
        assert (side.isolation, side.policies) == (Isolation.NONE, ())
        for connections in (side.internet, side.outside, side.any_namespace, side.own_namespace):
            assert connections.is_all


def test_the_isolating_policies_are_named_by_direction() -> None:
    found = of_web("podSelector: {}", "podSelector: {}\npolicyTypes: [Egress]", "podSelector: {matchLabels: {app: x}}")
    assert [p.name for p in found.ingress.policies] == ["p0"]
    assert [p.name for p in found.egress.policies] == ["p1"]
    assert found.ingress.isolation is found.egress.isolation is Isolation.ALL
    assert not found.ingress.internet
    assert not found.egress.outside


@pytest.mark.parametrize(
    ("peer", "internet", "any_namespace", "own_namespace"),
    [
        ("{ipBlock: {cidr: 0.0.0.0/0}}", TCP_80, {}, {}),
        ("{ipBlock: {cidr: 10.0.0.0/8}}", {}, {}, {}),
        ("{ipBlock: {cidr: 203.0.113.7/32}}", {}, {}, {}),
        ("{ipBlock: {cidr: 20.1.2.3/32}}", TCP_80, {}, {}),
        ("{ipBlock: {cidr: '2603:1000::/24'}}", TCP_80, {}, {}),
        ("{ipBlock: {cidr: 'fd00::/8'}}", {}, {}, {}),
        ("{namespaceSelector: {}}", {}, TCP_80, TCP_80),
        ("{podSelector: {}}", {}, {}, TCP_80),
        ("{podSelector: {matchLabels: {app: x}}}", {}, {}, {}),
        ("{namespaceSelector: {matchLabels: {team: a}}}", {}, {}, {}),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}", {}, {}, TCP_80),
        ("{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}", {}, TCP_80, TCP_80),
    ],
)
def test_who_of_the_unforeseen_gets_in(
    peer: str, internet: object, any_namespace: object, own_namespace: object
) -> None:
    side = of_web(f"podSelector: {{}}\ningress: [{{from: [{peer}], ports: [{{port: 80}}]}}]").ingress
    assert side.internet.to_json() == internet
    assert side.any_namespace.to_json() == any_namespace
    assert side.own_namespace.to_json() == own_namespace
    assert bool(side.internet_addresses) == bool(internet)


def test_a_new_pod_of_the_same_namespace_is_bound_by_the_namespaces_own_egress_policies() -> None:
    deny_egress = "podSelector: {}\npolicyTypes: [Egress]"
    side = of_web("podSelector: {}\ningress: [{from: [{podSelector: {}}]}]", deny_egress).ingress
    assert not side.own_namespace


def test_a_host_network_workload_is_not_covered_by_policies() -> None:
    (found,) = exposures(engine_of(namespace("shop"), pod("agent", host=True), policy("podSelector: {}")))
    assert found.host_network
    assert found.ingress.isolation is Isolation.NOT_SELECTABLE
    assert found.ingress.internet.is_all


def test_a_filter_limits_the_workloads() -> None:
    engine = engine_of(WEB, pod("other", namespace="other"))
    assert [e.workload.name for e in exposures(engine, {"other"})] == ["other"]


# policy.networking.k8s.io: rules of the Admin tier come before every NetworkPolicy.
def admin(action: str, namespaces: str) -> str:
    return admin_policy(f"ingress: [{{action: {action}, from: [{{namespaces: {namespaces}}}]}}]")


FROM_ALL = "podSelector: {}\ningress: [{from: [{namespaceSelector: {}}]}]"
UNLESS_TEAM = (
    "podSelector: {}\ningress: "
    "[{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]"
)
NOT_BLUE = UNLESS_TEAM.replace("operator: DoesNotExist", "operator: NotIn, values: [blue]")


@pytest.mark.parametrize(
    ("documents", "open_to_some", "but_not_all"),
    [
        ([policy(FROM_ALL)], True, False),
        ([], True, False),
        ([policy("podSelector: {}")], False, False),
        ([policy(UNLESS_TEAM)], True, True),
        ([policy(NOT_BLUE)], True, True),
        ([policy(FROM_ALL), admin("Deny", "{matchLabels: {team: red}}")], True, True),
        ([admin("Deny", "{matchLabels: {team: red}}")], True, True),
        ([admin("Deny", "{matchLabels: {team: red, env: dev}}")], True, True),
        ([policy("podSelector: {}"), admin("Allow", "{matchLabels: {team: red}}")], False, False),
        ([policy(FROM_ALL), policy(UNLESS_TEAM, name="other")], True, False),
        # A namespace that is there and is denied by its name is a counterexample too.
        ([namespace("dark"), admin("Deny", "{matchLabels: {kubernetes.io/metadata.name: dark}}")], True, True),
    ],
)
def test_what_a_new_namespace_has_is_not_said_of_every_namespace_where_labels_decide(
    documents: list[str], open_to_some: bool, but_not_all: bool
) -> None:
    (found,) = exposures(engine_of(namespace("shop"), WEB, *documents))
    assert (bool(found.ingress.any_namespace), found.ingress.not_every_namespace) == (open_to_some, but_not_all)
    (row,) = exposure_rows([found], lambda _: "")
    assert str(row["from_any_namespace"]).endswith("(not from every namespace)") is but_not_all


def test_what_is_not_settled_is_not_called_closed() -> None:
    """Of a domain name no input shows the addresses: "–" would say that the workload reaches nothing outside."""
    rule = cilium_policy("""
        endpointSelector: {matchLabels: {app: web}}
        egress: [{toFQDNs: [{matchName: api.example.com}], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}]
    """)
    (found,) = exposures(engine_of(pod("web", app="web"), rule))
    assert not found.egress.internet
    assert found.egress.unsettled.internet.to_json() == {"TCP": [[443, 443]]}
    assert not found.ingress.unsettled.internet
    (row,) = exposure_rows([found], str)
    assert (row["to_internet"], row["from_internet"]) == ("TCP 443 (unknown)", "all ports")


def test_what_was_rejected_is_named_beside_the_answer() -> None:
    misspelt = policy("podSelector: {}\ningres: []", name="typo")
    loaded = load(d for text in (WEB, misspelt) for d in yaml.safe_load_all(text))
    (row,) = exposure_rows(exposures(compile_engine(loaded.snapshot)), str)
    assert row["note"] == "computed without the rejected policy shop/typo[NetworkPolicy]"
    (row,) = exposure_rows([of_web("podSelector: {}")], str)
    assert row["note"] == ""
