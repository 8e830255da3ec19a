"""Tiers of policies, one packet at a time: who is asked when, and what the end of a tier means.

Written from "Tier" and "Get started with policy tiers" of docs.tigera.io, which give every kind of Kubernetes a place;
Cilium has one list of policies: what one denies no other allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, permutations, product
from math import inf

from tests.naive.calico import CalicoPolicies, of_calico
from tests.naive.cilium import CiliumPolicies
from tests.naive.flow import Packet, Raw
from tests.naive.network_policy import NetworkPolicies
from tests.naive.objects import Objects

# "is automatically created during installation and has the order of 1,000 and a default action of Pass. This is fixed"
KNOWN = {
    "default": (1_000_000.0, "Deny"),
    "adminnetworkpolicy": (1_000.0, "Pass"),
    "baselineadminnetworkpolicy": (10_000_000.0, "Pass"),
}
KUBERNETES: Raw = {}
"""Stands for all NetworkPolicies among the policies of the default tier, which are at order 1000."""


class Tiers:
    """Calico's own tiers, with the NetworkPolicies in the default one and Cilium's rules around them."""

    def __init__(
        self, objects: Objects, calico: CalicoPolicies, kubernetes: NetworkPolicies, cilium: CiliumPolicies
    ) -> None:
        self._objects, self._calico, self._kubernetes, self._cilium = objects, calico, kubernetes, cilium
        self._tiers = dict(KNOWN)
        for tier in of_calico(objects, "Tier"):
            if tier["metadata"]["name"] not in KNOWN:
                order = tier["spec"].get("order")
                action = tier["spec"].get("defaultAction") or "Deny"
                self._tiers[tier["metadata"]["name"]] = (inf if order is None else float(order), action)
        self.names = sorted(self._tiers, key=lambda name: (self._tiers[name][0], name))

    def readings(self, name: str) -> Iterator[list[Raw]]:
        """The orders in which the policies of a tier may be asked.

        "applies the policy with the lowest value first", without one last; of equals the name decides, but whether
        that of a namespaced policy begins with its namespace, and where other kinds stand, is for Calico's version to
        say.
        """
        mine = [p for p in self._calico.policies if (p["spec"].get("tier") or "default") == name]
        entries = [(_order(p), p["metadata"]["name"], p) for p in mine]
        if name == "default":
            entries.append((1_000.0, "", KUBERNETES))
        entries.sort(key=lambda entry: entry[:2])
        choices = []
        for _, equals in groupby(entries, key=lambda entry: entry[0]):
            listed = [policy for _, _, policy in equals]
            mixed = len({policy.get("kind") for policy in listed}) > 1
            choices.append(list(permutations(listed)) if mixed else [tuple(listed)])
        for chosen in product(*choices):
            yield [policy for part in chosen for policy in part]

    def answers(self, name: str, packet: Packet) -> set[bool | None]:
        """What a tier may say of a packet: that it is allowed, denied, or that the next tier is asked."""
        return {self._answer(name, reading, packet) for reading in self.readings(name)}

    def _answer(self, name: str, policies: list[Raw], packet: Packet) -> bool | None:
        if name == "default" and self._cilium.deny(packet):
            return False
        closed = closed_by_calico = False
        for policy in policies:
            if policy is KUBERNETES:
                if self._cilium.permit(packet) or self._kubernetes.permit(packet):
                    return True
                closed = closed or self._cilium.isolate(packet) or self._kubernetes.isolate(packet)
            elif self._calico.applies(policy, packet):
                action = self._calico.action(policy, packet)
                if action:
                    return {"Allow": True, "Deny": False, "Pass": None}[action]
                # "If the Tier applies to the endpoint, but takes no action on the packet the packet is dropped. This
                # behaviour can be changed by setting the defaultAction of a tier to Pass."
                closed_by_calico = closed_by_calico or self._tiers[name][1] == "Deny"
        if closed_by_calico:
            return False
        # "traffic to and from the node where a Pod is running is always allowed", says Kubernetes of its own kind.
        return self._objects.own_node(packet.subject, packet.other) if closed else None


def _order(policy: Raw) -> float:
    order = policy["spec"].get("order")
    return inf if order is None else float(order)
