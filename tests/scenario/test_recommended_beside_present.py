"""Recommended beside present policies: what of them is kept, what stays open, and what was rejected."""

from __future__ import annotations

import pytest
import yaml

from lib.model.policies import Verdict
from lib.policy.engine import compile_engine
from lib.scenario import Change
from lib.scenario.recommendation import summarise
from tests.policy.build import admin_policy, load, policy
from tests.scenario.recommending import (
    COREDNS,
    DB,
    FROM_WEB,
    WEB,
    asked,
    flows,
    questions,
    recommended,
    written,
)


def test_a_rejected_policy_that_stays_is_told() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    engine = compile_engine(load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot)
    assert "shop/broken[NetworkPolicy] could not be read" in questions(asked(engine))
    assert "shop/broken[NetworkPolicy] could not be read" not in questions(asked(engine, replace=True))


@pytest.mark.parametrize(
    ("peer", "is_kept"),
    [
        ("{podSelector: {matchLabels: {app: web}}}", True),
        ("{podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}", True),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}", True),
        ("{podSelector: {}}", False),
        ("{namespaceSelector: {}}", False),
        ("{podSelector: {matchExpressions: [{key: legacy, operator: DoesNotExist}]}}", False),
        ("{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [other]}]}}", False),
        ("{ipBlock: {cidr: 0.0.0.0/0}}", False),
    ],
)
def test_a_present_rule_is_kept_where_it_names_somebody(peer: str, is_kept: bool) -> None:
    found = recommended(WEB, DB, policy(FROM_WEB % peer), replace=True)
    assert ("shop/web[Pod] → shop/db[Pod] TCP 5432" in flows(found)) is is_kept
    assert bool(found.not_kept) is not is_kept
    for rule in found.not_kept:
        assert rule.source.path[:2] == ("spec", "ingress")


def test_prefixes_that_present_rules_name_are_kept_with_their_exceptions() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}]}]"
    )
    (rule,) = written(recommended(WEB, out, replace=True))["shop/netatlas-web"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]


def test_both_families_of_addresses_are_written_as_what_they_are() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{ipBlock: {cidr: '::/0', except: ['fd00::/8']}}, {ipBlock: {cidr: 192.0.2.0/24}}]}]"
    )
    (rule,) = written(recommended(WEB, out, replace=True))["shop/netatlas-web"]["egress"]
    assert rule["to"] == [
        {"ipBlock": {"cidr": "192.0.2.0/24"}},
        {"ipBlock": {"cidr": "::/0", "except": ["fd00::/8"]}},
    ]
    assert "ports" not in rule


def test_a_rule_of_one_side_that_nothing_answers_is_told_and_left_closed() -> None:
    out = policy(
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\n"
        "egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]", name="out"
    )  # fmt: skip
    shut = policy("podSelector: {matchLabels: {app: db}}\npolicyTypes: [Ingress]", name="shut")
    found = recommended(WEB, DB, out, shut)
    assert "which is closed today (ingress: shop/shut[NetworkPolicy] isolates" in questions(found)
    assert "shop/web=shop/db:5432" in questions(found)
    stated = recommended(WEB, DB, out, shut, needs=("shop/web=shop/db:5432",))
    assert "which is closed today" not in questions(stated)


def test_beside_present_policies_what_they_permit_stays_open_and_is_said_with_the_rule() -> None:
    wide = policy("podSelector: {matchLabels: {app: db}}\ningress: [{from: [{podSelector: {}}]}]", name="wide")
    own = policy("podSelector: {}\npolicyTypes: [Egress]\negress: [{}]", name="out")
    beside = recommended(WEB, DB, wide, own).proof
    assert beside is not None
    (flow,) = [f for f in beside.open if f.dst == "shop/db[Pod]"]
    assert (flow.src, flow.verdict) == ("shop/web[Pod]", Verdict.ALLOWED)
    assert "shop/wide[NetworkPolicy] spec.ingress[0]" in flow.why
    found = recommended(WEB, DB, wide, own, replace=True)
    assert found.proof is not None
    assert found.proof.open == ()
    assert found.removal == ("kubectl delete networkpolicy -n shop out wide",)
    assert any(c.change is Change.LOST and c.dst == "shop/db[Pod]" for c in found.proof.changes)


def test_what_an_admin_policy_allows_stays_open_whatever_is_recommended() -> None:
    admin = admin_policy(
        """
        ingress: [{action: Allow, from: [{namespaces: {}}]}]
        egress: [{action: Allow, to: [{namespaces: {}}]}]
        """,
        "monitor",
    )
    proof = recommended(WEB, DB, admin, replace=True).proof
    assert proof is not None
    assert {(f.src, f.dst) for f in proof.open} >= {("shop/web[Pod]", "shop/db[Pod]")}
    assert "monitor[AdminNetworkPolicy]" in proof.open[0].why


def test_a_need_that_an_admin_policy_denies_is_not_proven() -> None:
    admin = admin_policy("ingress: [{action: Deny, from: [{namespaces: {}}]}]", "never")
    found = recommended(WEB, DB, COREDNS, admin, needs=("shop/web=shop/db:5432",))
    assert found.proof is not None
    denied = {str(n.need): n.reason for n in found.proof.needs if n.verdict is Verdict.DENIED}
    assert "never[AdminNetworkPolicy] spec.ingress[0]" in denied["shop/web[Pod] → shop/db[Pod] (TCP 5432)"]
    assert not found.proof.holds
    assert summarise(found, "X").proven[0].startswith("Not proven")


def test_names_are_not_those_of_present_policies() -> None:
    taken = policy("podSelector: {}", name="netatlas-default-deny")
    assert "shop/netatlas-default-deny-2" in written(recommended(WEB, taken))


def test_a_rejected_policy_goes_by_its_name_and_nothing_is_proven_while_one_stays() -> None:
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="broken")
    snapshot = load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot
    stays = summarise(asked(compile_engine(snapshot)), "Kubernetes")
    assert not any(line.startswith("Proven: no other flow") for line in stays.proven)
    gone = asked(compile_engine(snapshot), replace=True)
    assert gone.removal == ("kubectl delete networkpolicy -n shop broken",)
    assert "kubectl delete networkpolicy -n shop broken" in gone.text
    assert any(line.startswith("Proven: no other flow") for line in summarise(gone, "Kubernetes").proven)


def test_a_rejected_policy_without_a_name_of_its_own_stays_and_is_told() -> None:
    # No object in a cluster can have this name, and a shell would take it for two commands.
    broken = policy("podSelector: {}\ningress: [{ports: [{port: 70000}]}]", name="'a.yaml:3; true'")
    snapshot = load([d for text in (WEB, broken) for d in yaml.safe_load_all(text)]).snapshot
    assert len(snapshot.rejected_policies) == 1
    found = asked(compile_engine(snapshot), replace=True)
    assert found.removal == ()
    assert "could not be read" in questions(found)
    assert not any(line.startswith("Proven: no other") for line in summarise(found, "Kubernetes").proven)
