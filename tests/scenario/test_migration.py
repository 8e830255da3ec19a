"""Why two engines differ on a flow, and what a move from one to the other asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from lib.facts.engines import Known, engine_facts
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from lib.scenario import Advisor, Change, FlowChange, arrival_changes, diff, documented, reasons, retirement
from lib.scenario.advice import own_node
from lib.tables.changes import migration_rows
from tests.policy.build import engine_of, namespace, pod, policy, snapshot_of_yaml
from tests.policy.switch_words import DUAL

CLIENT = pod("client", app="client") + "status: {phase: Running, podIP: 10.1.0.4}\n"
SERVER = pod("server", app="server") + "status: {phase: Running, podIP: 10.1.0.5}\n"
DENY = policy("podSelector: {}\npolicyTypes: [Ingress]", name="deny")
BALANCER = """
apiVersion: v1
kind: Service
metadata: {name: server, namespace: shop}
spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: server}, ports: [{port: 80}]}
"""
BY_ADDRESS = policy(
    "podSelector: {matchLabels: {app: server}}\ningress: [{from: [{ipBlock: {cidr: 10.1.0.4/32}}]}]", name="by-address"
)


def moved(old: str, new: str, *documents: str) -> tuple[Engine, Engine, list[FlowChange]]:
    snapshot = snapshot_of_yaml(namespace("shop"), *documents)
    before, after = (compile_engine(snapshot, profile(i)) for i in (old, new))
    return before, after, list(diff(before, after).rows(None))


def switches(old: Engine, new: Engine, rows: Iterable[FlowChange]) -> set[str]:
    advisor = Advisor(old, new)
    return {a.switch for row in rows for a in advisor.advise(row)}


def test_a_policy_that_means_pods_by_address_closes_under_cilium_and_the_advice_is_to_select_them() -> None:
    # "Cilium: ipBlock doesn't match pods or nodes" (aks/policy_engines.yaml); Azure NPM matches pod addresses.
    old, new, rows = moved("azure-npm", "cilium", CLIENT, SERVER, BY_ADDRESS)
    between = [r for r in rows if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]")]
    assert [r.change for r in between] == [Change.LOST]
    (advice,) = Advisor(old, new).advise(between[0])
    assert advice.switch == "ip_block_matches_pods"
    assert "shop/by-address[NetworkPolicy] spec.ingress[0]" in advice.remedy
    assert "podSelector" in advice.remedy


def test_where_nothing_enforces_afterwards_the_advice_is_another_engine() -> None:
    old, new, rows = moved("kubernetes", "none", CLIENT, SERVER, DENY)
    assert {r.change for r in rows} == {Change.GAINED}
    assert switches(old, new, rows) == {"enforces"}
    assert all("choose an engine" in a.remedy for r in rows for a in Advisor(old, new).advise(r))


def test_a_kind_that_the_new_engine_ignores_is_named_with_its_policy() -> None:
    calico = (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: closed}\n"
        "spec: {selector: app == 'server', types: [Ingress]}\n"
    )
    old, new, rows = moved("calico", "azure-npm", CLIENT, SERVER, calico)
    gained = [r for r in rows if r.dst == "shop/server[Pod]" and r.src == "shop/client[Pod]"]
    assert [r.change for r in gained] == [Change.GAINED]
    (advice,) = [a for a in Advisor(old, new).advise(gained[0]) if a.switch == "policy_kinds"]
    assert "GlobalNetworkPolicy" in advice.why
    assert "Azure Network Policy Manager" in advice.remedy


def test_of_two_engines_the_one_is_named_whose_documentation_is_silent() -> None:
    silent = replace(profile("calico"), own_node_egress_allowed=Known.UNKNOWN)
    old, new = (engine_of(CLIENT, profile=p) for p in (silent, profile("cilium")))
    for pair in ((old, new), (new, old)):
        why = own_node(*pair).why
        assert "the documentation of Calico does not settle whether Calico lets a pod reach its own node" in why
        assert "it is not so under Cilium" in why
    why = own_node(old, engine_of(CLIENT, profile=profile("azure-npm"))).why
    assert why.startswith("Azure Network Policy Manager lets") and "Calico does not settle it" in why


def test_two_readings_that_agree_ask_for_nothing() -> None:
    _, _, rows = moved("kubernetes", "kubernetes", CLIENT, SERVER, BY_ADDRESS)
    assert rows == []


def test_every_flow_that_differs_has_a_reason_and_counts_for_it() -> None:
    old, new, rows = moved("azure-npm", "cilium", CLIENT, SERVER, BY_ADDRESS)
    advisor = Advisor(old, new)
    advised = [(row, advisor.advise(row)) for row in rows]
    assert len(migration_rows(advised, str)) == len(rows)
    assert sum(r.flows for r in reasons(advised)) == sum(len(advice) for _, advice in advised)
    assert all(advice for _, advice in advised)


def test_an_engine_retires_on_the_days_that_its_facts_name() -> None:
    ends = {f.id: f.ends for f in engine_facts() if f.ends}
    found = retirement("azure-npm")
    assert found is not None
    assert found.ends == ends["azure-npm"]
    assert {(e.operating_system, e.last_day.isoformat()) for e in found.ends} == {
        ("windows", "2026-09-30"),
        ("linux", "2028-09-30"),
    }
    assert retirement("kubernetes") is None


@pytest.mark.parametrize("engine_id", [f.id for f in engine_facts()])
def test_what_else_is_documented_of_an_engine_has_words_and_a_source(engine_id: str) -> None:
    found = documented(engine_id)
    assert found is not None
    assert found.lines and all(line.endswith(".") for line in found.lines)
    assert "azure-aks-docs" in found.source
    assert documented("kubernetes") is None


def test_what_a_load_balancer_carries_opens_where_nothing_enforces() -> None:
    old, new, _ = moved("kubernetes", "none", CLIENT, SERVER, DENY, BALANCER)
    assert [(c.change, c.old.partition(":")[0], c.new.partition(":")[0]) for c in arrival_changes(old, new)] == [
        (Change.GAINED, "denied", "allowed")
    ]


@pytest.mark.parametrize("engine_id", ["azure-npm", "calico", "cilium", "kubernetes", "none"])
def test_what_a_load_balancer_carries_is_the_same_under_the_same_engine(engine_id: str) -> None:
    engine = engine_of(namespace("shop"), CLIENT, SERVER, DENY, BALANCER, profile=profile(engine_id))
    assert arrival_changes(engine, engine) == ()


def test_what_nobody_knows_of_ipv6_is_left_out_where_no_address_of_the_input_is_ipv6_and_that_is_said() -> None:
    # Azure NPM does not support IPv6, and what becomes of such traffic is not documented (aks/policy_engines.yaml).
    old, new, rows = moved("azure-npm", "cilium", CLIENT, SERVER, DENY)
    assert not [r for r in rows if "::" in r.src + r.dst]
    assert "IPv6" in diff(old, new).left_out
    dual = SERVER.replace("podIP: 10.1.0.5", "podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}, {ip: 'fd00::5'}]")
    old, new, rows = moved("azure-npm", "cilium", CLIENT, dual, DENY)
    assert [r.change for r in rows if "::" in r.src + r.dst]
    assert "IPv6" not in diff(old, new).left_out


def test_pods_that_have_ipv6_in_common_are_told_that_nobody_says_what_becomes_of_it() -> None:
    # Azure NPM does not support IPv6, and what becomes of such traffic is not documented (aks/policy_engines.yaml).
    client, server = (pod(name, app=name) + DUAL.format(i) for i, name in enumerate(("client", "server"), 4))
    old, new, rows = moved("azure-npm", "cilium", client, server, DENY)
    (row,) = (r for r in rows if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]"))
    assert row.change is Change.UNKNOWN
    assert [a.switch for a in Advisor(old, new).advise(row)] == ["judges_ipv6"]


@pytest.mark.parametrize(
    ("before", "after", "what"), [("cilium", "calico", "stay closed"), ("calico", "cilium", "Permit")]
)
def test_a_setting_that_closes_pods_is_no_kind_of_policy(before: str, after: str, what: str) -> None:
    told = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n"
    told += "data: {enable-policy: always}\n"
    old, new, rows = moved(before, after, CLIENT, SERVER, told)
    row = next(r for r in rows if (r.src, r.dst) == ("shop/client[Pod]", "shop/server[Pod]"))
    (advice,) = Advisor(old, new).advise(row)
    assert "close pods that no policy selects" in advice.why and what in advice.remedy
