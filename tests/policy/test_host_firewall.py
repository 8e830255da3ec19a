"""Cilium's policies about nodes, each rule of theirs as a sentence.

Expectations are from docs.cilium.io ("Host Policies", "Host Firewall"): they are enforced where the host firewall is
enabled, which no manifest of the cluster's objects shows.
"""

from __future__ import annotations

import pytest

from lib.model.sets import Protocol
from tests.policy.cilium_rules import ccnp
from tests.policy.test_host_endpoints import AGENT, FAR, NEAR, ONE, OUTSIDE, TWO, engine, verdict

LABELLED = "nodeSelector: {matchLabels: {zone: a}}"
ALL_NODES = "nodeSelector: {}"
OPENS_PORT = "ingress: [{fromEntities: [all], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]"
CLOSES = "ingress: [{}], egress: [{}]"


@pytest.mark.parametrize("host", [ONE, AGENT])
@pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO])
def test_what_a_policy_closes_hangs_on_the_host_firewall(host: str, peer: str) -> None:
    asked = engine(ccnp(CLOSES, selects=ALL_NODES), engine_id="cilium")
    assert verdict(asked, peer, host) == verdict(asked, host, peer) == "unknown"


@pytest.mark.parametrize("host", [ONE, AGENT])
def test_what_it_allows_is_allowed_in_either_case(host: str) -> None:
    asked = engine(ccnp(OPENS_PORT, selects=ALL_NODES), engine_id="cilium")
    assert verdict(asked, OUTSIDE, host) == verdict(asked, FAR, host) == "allowed"
    assert verdict(asked, OUTSIDE, host, 9090) == "unknown"
    assert verdict(asked, host, OUTSIDE, 9090) == "allowed"


def test_what_another_denies_is_open_all_the_same() -> None:
    denying = ccnp("ingressDeny: [{fromEntities: [world]}]", "denying", ALL_NODES)
    asked = engine(ccnp(OPENS_PORT, selects=ALL_NODES), denying, engine_id="cilium")
    assert verdict(asked, OUTSIDE, ONE) == "unknown"
    assert verdict(asked, FAR, ONE) == "allowed"


def test_nodes_with_other_labels_are_left_alone() -> None:
    asked = engine(ccnp(CLOSES, selects=LABELLED), engine_id="cilium")
    assert verdict(asked, OUTSIDE, ONE) == verdict(asked, ONE, OUTSIDE) == "allowed"


def test_labels_that_cilium_may_not_keep_select_perhaps() -> None:
    """Cilium leaves labels such as kubernetes.io/... out of the host endpoint's too."""
    selects = "nodeSelector: {matchLabels: {kubernetes.io/os: linux}}"
    asked = engine(ccnp(OPENS_PORT, selects=selects), ccnp(CLOSES, "closing", ALL_NODES), engine_id="cilium")
    assert verdict(asked, OUTSIDE, ONE) == "unknown"


def test_pods_with_addresses_of_their_own_are_left_alone() -> None:
    asked = engine(ccnp(CLOSES, selects=ALL_NODES), engine_id="cilium")
    assert verdict(asked, OUTSIDE, NEAR) == verdict(asked, NEAR, OUTSIDE) == verdict(asked, NEAR, FAR) == "allowed"


@pytest.mark.parametrize(("engine_id", "expected"), [("kubernetes", "unknown"), ("calico", "allowed")])
def test_only_engines_with_the_kind_judge_it(engine_id: str, expected: str) -> None:
    assert verdict(engine(ccnp(CLOSES, selects=ALL_NODES), engine_id=engine_id), OUTSIDE, ONE) == expected


def test_it_is_told_and_the_explanation_names_the_policy() -> None:
    asked = engine(ccnp(CLOSES, selects=ALL_NODES), engine_id="cilium")
    (policy,) = asked.snapshot.cilium_policies
    assert [n.subject for n in asked.notes if n.code == "host-firewall-unknown"] == [policy.ref]
    ends = asked.snapshot.nodes[0], asked.snapshot.workloads[0]
    found = asked.explain(*ends, Protocol.TCP, 8080)
    assert policy.ref in {e.policy for d in found.directions for e in d.effects if e.effect == "undecided"}
