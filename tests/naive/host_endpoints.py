"""Nodes with a host endpoint of Calico's, one packet at a time.

Written from "Host endpoint", "Protect hosts", "Apply on forwarded traffic", "Pre-DNAT policy", "Apply policy to
forwarded traffic" and "Summary" of docs.tigera.io. Of a node with several host endpoints nothing is said here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Literal

from tests.naive.calico import CalicoPolicies, of_calico
from tests.naive.flow import AddressEnd, Packet, Raw
from tests.naive.objects import Objects
from tests.naive.tiers import KNOWN, Tiers

# "The following ports are open by default", seen from the host; FelixConfiguration may say otherwise.
FAILSAFE = {
    "Ingress": {("TCP", p) for p in (22, 179, 2379, 2380, 5473, 6443, 6666, 6667)} | {("UDP", 68)},
    "Egress": {("TCP", p) for p in (179, 2379, 2380, 5473, 6443, 6666, 6667)} | {("UDP", 53), ("UDP", 67)},
}


BOTH = {True, False}


class HostEndpoints:
    """What is allowed to and from what runs on a node's network, and what nodes forward for their pods.

    ``tiers`` hold Calico's policies alone, without those that are asked before DNAT and without tracking.
    """

    def __init__(self, objects: Objects, tiers: Tiers, calico: CalicoPolicies) -> None:
        self._objects, self._tiers, self._calico = objects, tiers, calico
        self._by_node = {h["spec"]["node"]: h for h in of_calico(objects, "HostEndpoint")}
        known = {**KNOWN, **{t["metadata"]["name"]: _tier(t) for t in of_calico(objects, "Tier")}}
        self._tier_of = {name: place for name, place in known.items() if name not in KNOWN} | KNOWN
        self._ordered = sorted(
            (policy for policy in calico.policies if policy["spec"].get("applyOnForward")), key=self._place
        )

    def _place(self, policy: Raw) -> tuple[float, str, float, str]:
        spec, name = policy["spec"], policy["metadata"]["name"]
        tier, order = spec.get("tier") or "default", spec.get("order")
        return self._tier_of[tier][0], tier, inf if order is None else order, name

    def answers(self, packet: Packet) -> set[bool]:
        """What may become of a packet of the host's; more than one answer where a setting decides."""
        host = self._by_node.get(self._objects.node(packet.subject))
        if host is None:
            return {True}  # "Traffic to/from other interfaces is ignored"
        spec = host["spec"]
        everywhere = spec["interfaceName"] == "*"
        own_pod = self._objects.own_node(packet.subject, packet.other)
        if own_pod and (packet.direction == "Egress" or not everywhere):
            # "Traffic from a host to its workload endpoints … is always allowed, despite any policy in place"; and
            # what a workload sends to its own host comes through no interface of the fabric.
            return {True}
        # "will have allow-all semantics instead of deny-all in the absence of policy"
        said = self._tiers.answers(packet, undecided="projectcalico-default-allow" in spec["profiles"])
        if packet.direction == "Ingress":
            # "If a packet is explicitly allowed by pre-DNAT policy, it skips over any normal policy."
            local = self._objects.node(packet.subject)
            translated = not isinstance(packet.other, AddressEnd) and self._objects.node(packet.other) != local
            early = self._before_dnat(packet, host, translated)
            said = {a for e in early for a in ({True} if e == "Allow" else {False} if e == "Deny" else said)}
        if not everywhere:
            said = said | {action == "Allow" for action in self._untracked(packet, host)}
        failsafe = (packet.protocol, packet.port) in FAILSAFE[packet.direction]
        return said | {True} if own_pod or failsafe or not everywhere else said

    def forwarded(self, packet: Packet) -> set[bool]:
        """What the node of a pod may let through of what it forwards to it and from it."""
        if not self._by_node:
            return {True}
        node = self._objects.node(packet.subject)
        host = self._by_node.get(node)
        if host is None or self._objects.own_node(packet.subject, packet.other):
            return {True}
        everywhere = host["spec"]["interfaceName"] == "*"
        near = not isinstance(packet.other, AddressEnd) and self._objects.node(packet.other) == node
        answers = {True}
        for side in ("Ingress", "Egress"):
            crosses = side == packet.direction
            # A named interface is one of the fabric. Whether "regardless of the interface" holds against "the policies
            # that apply to the outgoing interface" for those of the pods themselves, the pages leave open.
            if (near or not crosses) and not everywhere:
                continue
            translated = crosses and side == "Ingress" and not near and not isinstance(packet.other, AddressEnd)
            said = self._filter(side, packet, host, translated)
            if not (crosses and everywhere) or near:
                said = said | {True}
            answers = {a and b for a in answers for b in said}
        return answers

    def _selecting(self, host: Raw) -> Iterator[Raw]:
        for policy in self._ordered:
            if self._calico.selects_host(policy, host):
                yield policy

    def _filter(self, side: Literal["Ingress", "Egress"], packet: Packet, host: Raw, translated: bool) -> set[bool]:
        """One direction of a host endpoint, asked about a packet that passes it."""
        seen = replace(packet, direction=side)
        if side != packet.direction:
            seen = replace(seen, subject=packet.other, other=packet.subject)  # type: ignore[arg-type]
        early = self._before_dnat(seen, host, translated) if side == "Ingress" else {""}
        if (packet.protocol, packet.port) in FAILSAFE["Ingress"] and "Deny" in early:
            early = early | {""}
        normal = self._normal(seen, host)
        said = {a for e in early for a in ({True} if e == "Allow" else {False} if e == "Deny" else normal)}
        if side == "Ingress" and host["spec"]["interfaceName"] != "*" and "Deny" in self._untracked(seen, host):
            # "in practice it is as if untracked policies do not apply to this flow", but for what they drop.
            return said | {False}
        return said

    def _untracked(self, packet: Packet, host: Raw) -> set[str]:
        """What rules that are asked without tracking do with a packet; which of them counts is not told here.

        "Host endpoints with interfaceName: * do not support untracked policy".
        """
        return {
            rule["action"]
            for policy in self._selecting(host)
            if policy["spec"].get("doNotTrack") and self._calico.is_about(policy, packet.direction)
            for rule in policy["spec"].get(packet.direction.lower()) or []
            if rule["action"] != "Log" and self._calico.is_rule(policy, rule, packet)
        }

    def _normal(self, packet: Packet, host: Raw) -> set[bool]:
        """ "If there are applyOnForward: true policies that select the host endpoint and direction, but no rules in the
        policies allow the traffic, the traffic is denied."
        """
        about = [p for p in self._selecting(host) if not _early(p) and self._calico.is_about(p, packet.direction)]
        tiers: dict[str, list[Raw]] = {}
        for policy in about:
            tiers.setdefault(policy["spec"].get("tier") or "default", []).append(policy)
        for tier, policies in tiers.items():
            action = next(filter(None, (self._calico.action(policy, packet) for policy in policies)), None)
            if action == "Pass":
                # What comes after the tier, if anything, the pages do not say of forwarded traffic.
                return BOTH
            if action:
                return {action == "Allow"}
            if self._tier_of[tier][1] == "Deny":
                return {False}
        return BOTH if tiers else {True}

    def _before_dnat(self, packet: Packet, host: Raw, translated: bool) -> set[str]:
        """ "applied before any DNAT": Allow, Deny, or "" where no rule decides.

        A packet that was not translated before may have come for a Service, so that a condition on its destination may
        hold then, and may not.
        """
        found: set[str] = set()
        for policy in self._selecting(host):
            if not policy["spec"].get("preDNAT"):
                continue
            for rule in policy["spec"].get("ingress") or []:
                if rule["action"] == "Log":
                    continue
                bare = {key: value for key, value in rule.items() if key != "destination"}
                if translated or not rule.get("destination"):
                    if self._calico.is_rule(policy, rule, packet):
                        return found | {rule["action"]}
                elif self._calico.is_rule(policy, bare, packet):
                    found.add(rule["action"])
        return found | {""}


def _early(policy: Raw) -> bool:
    return bool(policy["spec"].get("preDNAT") or policy["spec"].get("doNotTrack"))


def _tier(tier: Raw) -> tuple[float, str]:
    order = tier["spec"].get("order")
    return inf if order is None else float(order), tier["spec"].get("defaultAction") or "Deny"
