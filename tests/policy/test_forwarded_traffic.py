"""What nodes with host endpoints of Calico's forward for their pods, and what they ask before DNAT.

Expectations are from docs.tigera.io: "Apply on forwarded traffic", "Apply policy to forwarded traffic", "Pre-DNAT
policy", "Host endpoint" and "Summary" of the host endpoints' reference.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.model.sets import Protocol
from lib.model.snapshot import Coverage
from lib.policy import forward_filters
from lib.policy.engine import compile_engine
from tests.policy.test_calico_policies import of
from tests.policy.test_host_endpoints import (
    AGENT,
    ALLOWS_PORT,
    CLOSES,
    FAR,
    GOVERNED,
    NAMED,
    NEAR,
    ONE,
    OPEN,
    OTHER_AGENT,
    OUTSIDE,
    PORT,
    TWO,
    WILDCARD,
    endpoint,
    ends_of,
    engine,
    gnp,
    placed,
    verdict,
)


def early(field: str, rule: str) -> str:
    return gnp(f"{field}: true, applyOnForward: true, types: [Ingress], ingress: [{rule}]", "early")


class TestBeforeDnat:
    """ "Pre-DNAT policy": "applied before any DNAT", "no 'default drop' semantic"; "Summary": "If a packet is
    explicitly allowed by pre-DNAT policy, it skips over any normal policy."
    """

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO])
    def test_what_a_rule_about_sources_allows_and_denies_is_settled(self, peer: str) -> None:
        closed = gnp(CLOSES)
        for host in GOVERNED:
            assert verdict(engine(WILDCARD, early("preDNAT", "{action: Allow}"), closed), peer, host) == "allowed"
            assert verdict(engine(OPEN, early("preDNAT", "{action: Deny}"), gnp(ALLOWS_PORT)), peer, host) == "denied"

    def test_what_no_rule_matches_goes_on(self) -> None:
        other = early("preDNAT", "{action: Deny, source: {nets: [198.51.100.0/24]}}")
        assert verdict(engine(OPEN, other, gnp(ALLOWS_PORT)), OUTSIDE, ONE) == "allowed"
        assert verdict(engine(OPEN, other), OUTSIDE, NEAR) == "allowed"
        assert verdict(engine(OPEN, other), "198.51.100.1", NEAR) == "denied"

    RULE = "{action: Deny, protocol: TCP, destination: {ports: [30080]}}"

    @pytest.mark.parametrize("host", [ONE, AGENT, NEAR])
    def test_from_outside_a_packet_may_have_come_for_the_port_of_a_service(self, host: str) -> None:
        """ "in terms of a packet's original destination IP address and port"."""
        asked = engine(OPEN, early("preDNAT", self.RULE))
        assert verdict(asked, OUTSIDE, host) == verdict(asked, OUTSIDE, host, 30080) == "unknown"
        assert verdict(asked, OUTSIDE, host, protocol=Protocol.UDP) == "allowed"

    @pytest.mark.parametrize("host", [ONE, AGENT, NEAR])
    def test_from_another_node_its_destination_is_the_one_that_it_has(self, host: str) -> None:
        asked = engine(OPEN, early("preDNAT", self.RULE))
        assert verdict(asked, FAR, host) == verdict(asked, TWO, host) == "allowed"
        assert verdict(asked, FAR, host, 30080) == verdict(asked, TWO, host, 30080) == "denied"

    def test_a_failsafe_port_is_perhaps_open(self) -> None:
        asked = engine(OPEN, early("preDNAT", "{action: Deny}"))
        assert verdict(asked, OUTSIDE, NEAR, 22) == verdict(asked, OUTSIDE, ONE, 22) == "unknown"

    def test_it_skips_policies_for_forwarded_traffic_but_not_those_of_the_pod(self) -> None:
        """ "will then be accepted or dropped according to workload policy (if it is going to a local workload)"."""
        forward = gnp("applyOnForward: true, types: [Ingress]", "forward")
        allows = early("preDNAT", "{action: Allow}")
        assert verdict(engine(OPEN, forward), OUTSIDE, NEAR) == "denied"
        assert verdict(engine(OPEN, forward, allows), OUTSIDE, NEAR) == "allowed"
        closed = gnp("types: [Ingress]", "pods", "app == 'near'")
        assert verdict(engine(OPEN, forward, allows, closed), OUTSIDE, NEAR) == "denied"

    def test_what_pods_send_meets_none_on_a_named_interface(self) -> None:
        """ "For packets that are sent from a local workload out of a host interface: No untracked or pre-DNAT host
        endpoint policies apply", but "With it set to *, policies … apply regardless of the interface".
        """
        assert verdict(engine(NAMED, early("preDNAT", "{action: Deny}")), NEAR, OUTSIDE) == "allowed"
        assert verdict(engine(OPEN, early("preDNAT", "{action: Deny}")), NEAR, OUTSIDE) == "unknown"

    def test_after_a_rule_that_passes_nothing_is_settled(self) -> None:
        rules = early("preDNAT", "{action: Pass, source: {nets: [203.0.113.0/24]}}, {action: Deny}")
        assert verdict(engine(OPEN, rules), OUTSIDE, ONE) == verdict(engine(OPEN, rules), OUTSIDE, NEAR) == "unknown"

    def test_on_a_named_interface_it_counts_perhaps(self) -> None:
        asked = engine(NAMED, early("preDNAT", "{action: Deny}"), gnp(ALLOWS_PORT))
        assert verdict(asked, OUTSIDE, ONE) == verdict(asked, OUTSIDE, NEAR) == "unknown"

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO])
    def test_what_it_allows_on_a_named_interface_is_allowed_through_any(self, peer: str) -> None:
        """What comes through another interface "is ignored", so that it is let in, too."""
        for host in GOVERNED:
            assert verdict(engine(NAMED, early("preDNAT", "{action: Allow}"), gnp(CLOSES)), peer, host) == "allowed"


class TestUntracked:
    """ "Host endpoints with interfaceName: * do not support untracked policy"; "Summary"."""

    @pytest.mark.parametrize("action", ["Allow", "Deny"])
    def test_of_all_interfaces_it_has_no_effect(self, action: str) -> None:
        asked = engine(WILDCARD, early("doNotTrack", f"{{action: {action}}}"), gnp(ALLOWS_PORT))
        assert verdict(asked, OUTSIDE, ONE) == verdict(asked, OUTSIDE, NEAR) == "allowed"
        assert verdict(asked, OUTSIDE, ONE, 9090) == "denied"

    def test_of_a_named_interface_it_is_open(self) -> None:
        asked = engine(NAMED, early("doNotTrack", "{action: Deny}"), gnp(ALLOWS_PORT))
        assert verdict(asked, OUTSIDE, ONE) == verdict(asked, OUTSIDE, NEAR) == "unknown"

    def test_for_pods_what_it_allows_is_as_if_it_were_not_there(self) -> None:
        """ "in practice it is as if untracked policies do not apply to this flow"."""
        asked = engine(NAMED, early("doNotTrack", "{action: Allow}"), gnp("types: [Ingress]", "p", "app == 'near'"))
        assert verdict(asked, OUTSIDE, NEAR) == "denied"

    def test_what_pods_send_does_not_meet_it(self) -> None:
        assert verdict(engine(NAMED, early("doNotTrack", "{action: Deny}")), NEAR, OUTSIDE) == "allowed"


ALLOWING = "[projectcalico-default-allow]"
NEIGHBOUR = placed("neighbour", "one", address="10.244.1.6")
NEXT = "shop/neighbour"
ONLY_PORT = "ingress: [{action: Allow, protocol: TCP, destination: {ports: [8080]}}]"


class TestForwarded:
    """ "If there are applyOnForward: true policies that select the host endpoint and direction, but no rules in the
    policies allow the traffic, the traffic is denied."
    """

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO, OTHER_AGENT])
    def test_what_comes_to_the_pods_of_the_node_meets_ingress_policies(self, peer: str) -> None:
        """ "Traffic that comes in via a host endpoint and is forwarded to a local workload"."""
        asked = engine(WILDCARD, gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"))
        assert verdict(asked, peer, NEAR) == "allowed"
        assert verdict(asked, peer, NEAR, 9090) == "denied"

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO, OTHER_AGENT])
    def test_what_its_pods_send_meets_egress_policies(self, peer: str) -> None:
        """ "Traffic from a local workload that is forwarded out via a host endpoint"."""
        rule = ONLY_PORT.replace("ingress", "egress")
        asked = engine(WILDCARD, gnp(f"applyOnForward: true, types: [Egress], {rule}"))
        assert verdict(asked, NEAR, peer) == "allowed"
        assert verdict(asked, NEAR, peer, 9090) == "denied"

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO])
    def test_whether_all_interfaces_are_those_of_the_pods_too_is_open(self, peer: str) -> None:
        """ "including the interfaces between the host to any WEPs on that host", says one page, and another: "the
        egress rules of the normal policies that apply to the outgoing interface".
        """
        ingress, egress = (engine(WILDCARD, gnp(f"applyOnForward: true, types: [{t}]")) for t in ("Ingress", "Egress"))
        assert verdict(ingress, NEAR, peer) == verdict(egress, peer, NEAR) == "unknown"

    @pytest.mark.parametrize("peer", [OUTSIDE, FAR, TWO])
    def test_through_a_named_interface_traffic_may_not_pass(self, peer: str) -> None:
        asked = engine(NAMED, gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"))
        assert verdict(asked, peer, NEAR) == "allowed"
        assert verdict(asked, peer, NEAR, 9090) == "unknown"
        assert verdict(asked, NEAR, peer, 9090) == "allowed"

    def test_the_pods_of_other_nodes_are_left_alone(self) -> None:
        asked = engine(WILDCARD, gnp("applyOnForward: true, types: [Ingress]"))
        assert verdict(asked, OUTSIDE, FAR) == verdict(asked, FAR, OUTSIDE) == "allowed"

    def test_a_node_and_its_own_pods_forward_nothing(self) -> None:
        asked = engine(WILDCARD, gnp("applyOnForward: true, types: [Ingress, Egress]"))
        assert verdict(asked, ONE, NEAR) == verdict(asked, AGENT, NEAR) == "allowed"

    def test_pods_of_one_node_do_not_pass_its_named_interface(self) -> None:
        closes = gnp("applyOnForward: true, types: [Ingress, Egress]")
        assert verdict(engine(NAMED, NEIGHBOUR, closes), NEAR, NEXT) == "allowed"
        assert verdict(engine(WILDCARD, NEIGHBOUR, closes), NEAR, NEXT) == "unknown"

    def test_a_packet_between_two_nodes_meets_both(self) -> None:
        """ "must pass ingress policy on the first host endpoint and egress policy on the second": here of two nodes."""
        other = endpoint(name="other", where="two")
        rule = "{action: Allow, protocol: TCP, destination: {ports: [%s]}}"
        lets = f"applyOnForward: true, types: [Egress], egress: [{rule}]"
        into = f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"
        for port, expected in (("8080", "allowed"), ("9090", "denied")):
            first = gnp(lets % port, "first", "hep == 'other'")
            asked = engine(WILDCARD, other, first, gnp(into, "second", "hep == 'hep'"))
            assert verdict(asked, FAR, NEAR) == expected

    def test_what_the_pods_policies_deny_stays_denied(self) -> None:
        """ "if an applyOnForward: true host endpoint policy allows the traffic, but workload endpoint policy denies it,
        the packet is still dropped".
        """
        closed = gnp("types: [Ingress]", "pods", "app == 'near'")
        asked = engine(WILDCARD, closed, gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"))
        assert verdict(asked, OUTSIDE, NEAR) == "denied"

    def test_without_such_policies_forwarded_traffic_is_allowed(self) -> None:
        """ "Forwarded traffic is allowed by default if no policies apply to the endpoint and direction"."""
        asked = engine(WILDCARD, gnp(CLOSES))
        assert verdict(asked, OUTSIDE, NEAR) == verdict(asked, NEAR, OUTSIDE) == verdict(asked, FAR, NEAR) == "allowed"

    def test_the_profiles_are_not_asked(self) -> None:
        assert verdict(engine(OPEN, gnp("applyOnForward: true, types: [Ingress]")), OUTSIDE, NEAR) == "denied"

    def test_no_port_is_a_failsafe_port(self) -> None:
        """ "No fail-safe chains for forward traffic" (felix/rules/endpoints.go of projectcalico/calico)."""
        asked = engine(WILDCARD, gnp("applyOnForward: true, types: [Ingress]"))
        assert verdict(asked, OUTSIDE, NEAR, 22) == "denied"

    def test_of_a_pod_on_an_unknown_node_it_is_open(self) -> None:
        asked = engine(WILDCARD, gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"), placed("lost", ""))
        assert verdict(asked, OUTSIDE, "shop/lost", 9090) == verdict(asked, "shop/lost", NEAR, 9090) == "unknown"
        assert verdict(asked, OUTSIDE, "shop/lost") == "allowed"

    def test_where_all_nodes_ask_the_same_it_is_settled_towards_addresses_outside(self) -> None:
        heps = endpoint(name="a"), endpoint(name="b", where="two")
        forward = gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}")
        asked = engine(*heps, forward, placed("lost", ""))
        known = compile_engine(replace(asked.snapshot, coverage={"Node": Coverage.COMPLETE}), asked.profile)
        for each, expected in ((asked, "unknown"), (known, "denied")):
            assert verdict(each, OUTSIDE, "shop/lost", 9090) == expected
            assert verdict(each, FAR, "shop/lost", 9090) == verdict(each, TWO, "shop/lost", 9090) == "unknown"
            assert verdict(each, OUTSIDE, "shop/lost") == "allowed"

    def test_of_very_many_nodes_only_addresses_outside_are_settled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forward_filters, "NODES_UP_TO", 1)
        heps = (endpoint(profiles=ALLOWING, name=name, where=node) for name, node in (("a", "one"), ("b", "two")))
        asked = engine(*heps, gnp(f"applyOnForward: true, types: [Ingress], {ONLY_PORT}"))
        known = compile_engine(replace(asked.snapshot, coverage={"Node": Coverage.COMPLETE}), asked.profile)
        for each, expected in ((asked, "unknown"), (known, "denied")):
            assert verdict(each, OUTSIDE, NEAR, 9090) == expected
            assert verdict(each, FAR, NEAR, 9090) == verdict(each, TWO, NEAR, 9090) == "unknown"
            assert verdict(each, FAR, NEAR) == verdict(each, OUTSIDE, NEAR) == "allowed"
        ends = ends_of(asked, FAR, NEAR)
        assert "very many nodes" in asked.explain(*ends, Protocol.TCP, 9090).directions[1].reason

    def test_tiers_and_orders_count(self) -> None:
        tier = of("Tier", "order: 5", "first")
        spec = "applyOnForward: true, types: [Ingress], order: %s, ingress: [{action: %s}]"
        denies, allows = gnp(spec % (2, "Deny"), "denies"), gnp(spec % (1, "Allow"), "allows")
        assert verdict(engine(OPEN, denies, allows), OUTSIDE, NEAR) == "allowed"
        in_tier = gnp("tier: first, " + spec % (9, "Deny"), "first.denies")
        assert verdict(engine(OPEN, tier, in_tier, allows), OUTSIDE, NEAR) == "denied"

    def test_what_follows_a_pass_is_open(self) -> None:
        spec = "applyOnForward: true, types: [Ingress], ingress: [{action: Pass, source: {nets: [203.0.113.0/24]}}]"
        asked = engine(OPEN, gnp(spec))
        assert verdict(asked, OUTSIDE, NEAR) == "unknown"
        assert verdict(asked, "198.51.100.1", NEAR) == "denied"

    def test_host_endpoints_that_are_selected_differently_count_perhaps(self) -> None:
        both = endpoint("eth0", name="a"), endpoint(name="b")
        asked = engine(*both, gnp("applyOnForward: true, types: [Ingress]", selector="hep == 'b'"))
        assert verdict(asked, OUTSIDE, NEAR) == "unknown"

    def test_a_profile_that_is_not_in_the_input_may_have_labels_that_are_selected(self) -> None:
        asked = engine(
            endpoint(profiles="[mine]"), gnp("applyOnForward: true, types: [Ingress]", selector="zone == 'x'")
        )
        assert verdict(asked, OUTSIDE, NEAR) == "unknown"

    def test_the_explanation_names_the_policy_that_the_node_asks(self) -> None:
        asked = engine(WILDCARD, gnp("applyOnForward: true, types: [Ingress]"))
        found = asked.explain(*ends_of(asked, OUTSIDE, NEAR), Protocol.TCP, PORT)
        (entering,) = (d for d in found.directions if d.verdict == "denied")
        assert "denied by nodes[GlobalNetworkPolicy]" in entering.reason
        (policy,) = asked.snapshot.calico_policies
        assert policy.source in {effect.source for effect in entering.effects}
