"""Tiers of policies, one packet at a time: who is asked when, and what the end of a tier means.

Written from "Tier" and "Get started with policy tiers" of docs.tigera.io, which give every kind of Kubernetes a place;
Cilium has one list of policies: what one denies no other allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, permutations, product
from math import inf

from tests.naive.calico import CalicoPolicies, of_calico
from tests.naive.cilium import CiliumPolicies
from tests.naive.cluster_policy import ClusterPolicies
from tests.naive.flow import Packet, Raw
from tests.naive.network_policy import NetworkPolicies
from tests.naive.objects import Objects

# "automatically created during installation", "the order of 1,000 and a default action of Pass. This is fixed"; the
# tiers of ClusterNetworkPolicies, which are newer than that page, are in api/pkg/apis/projectcalico/v3/tier.go.
KNOWN = {
    "default": (1_000_000.0, "Deny"),
    "adminnetworkpolicy": (1_000.0, "Pass"),
    "kube-admin": (1_000.0, "Pass"),
    "baselineadminnetworkpolicy": (10_000_000.0, "Pass"),
    "kube-baseline": (10_000_000.0, "Pass"),
}


@dataclass(frozen=True)
class Entry:
    """A policy at its place in a tier: what it does with a packet, and whether it closes the packet's direction."""

    order: float
    name: str
    kind: str
    action: Callable[[Packet], str | None]
    closes: Callable[[Packet], bool]


class Tiers:
    """Calico's own tiers, with the policies of Kubernetes in theirs and Cilium's rules around the NetworkPolicies."""

    def __init__(
        self,
        objects: Objects,
        calico: CalicoPolicies,
        kubernetes: NetworkPolicies,
        cluster_wide: ClusterPolicies,
        cilium: CiliumPolicies,
        own_node_egress_allowed: bool,
    ) -> None:
        self._objects, self._cilium = objects, cilium
        self._own_node_egress_allowed = own_node_egress_allowed
        self._tiers = dict(KNOWN)
        for tier in of_calico(objects, "Tier"):
            if tier["metadata"]["name"] not in KNOWN:
                order = tier["spec"].get("order")
                action = tier["spec"].get("defaultAction") or "Deny"
                self._tiers[tier["metadata"]["name"]] = (inf if order is None else float(order), action)
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        for policy in calico.policies:
            self._entries[policy["spec"].get("tier") or "default"].append(_of_calico(policy, calico))
        # "You manage all Kubernetes network policies" in the default tier; "All … are converted to order 1000".
        allowing = Entry(
            1_000.0,
            "",
            "",
            lambda packet: "Allow" if cilium.permit(packet) or kubernetes.permit(packet) else None,
            lambda packet: cilium.isolate(packet) or kubernetes.isolate(packet),
        )
        self._entries["default"].append(allowing)
        for newer, older, policies in (
            ("kube-admin", "adminnetworkpolicy", cluster_wide.admin),
            ("kube-baseline", "baselineadminnetworkpolicy", cluster_wide.baseline),
        ):
            name = newer if all(policy["kind"] == "ClusterNetworkPolicy" for policy in policies) else older
            self._entries[name] += [_of_cluster(policy, cluster_wide) for policy in policies]
        self._readings = {
            name: list(_readings(self._entries[name]))
            for name in sorted(self._entries, key=lambda name: (self._tiers[name][0], name))
        }

    def answers(self, packet: Packet, undecided: bool = True) -> set[bool]:
        """What all tiers, one after the other, may say of a packet; ``undecided`` where none says anything."""
        found: set[bool] = set()
        for name, readings in self._readings.items():
            said = {self._answer(name, reading, packet) for reading in readings}
            found |= {answer for answer in said if answer is not None}
            if None not in said:
                return found
        return found | {undecided}  # "By default, a pod is non-isolated"; the profile of its namespace allows

    def _answer(self, name: str, entries: list[Entry], packet: Packet) -> bool | None:
        """Allowed, denied, or None: the next tier is asked."""
        if name == "default" and self._cilium.deny(packet):
            return False
        passes = self._tiers[name][1] == "Pass"
        closed = closed_by_calico = False
        for entry in entries:
            action = entry.action(packet)
            if action:
                # "Pass": "the next Tier containing a Policy that applies to the endpoint processes the packet."
                return {"Allow": True, "Deny": False, "Pass": None}[action]
            if not passes and entry.closes(packet):
                # "If the Tier applies to the endpoint, but takes no action on the packet the packet is dropped. This
                # behaviour can be changed by setting the defaultAction of a tier to Pass."
                closed, closed_by_calico = True, closed_by_calico or bool(entry.name)
        if closed_by_calico:
            return False
        if not closed:
            return None
        # "traffic to and from the node where a Pod is running is always allowed", says Kubernetes of its own kind;
        # not every engine does so with traffic to it.
        exempt = packet.direction == "Ingress" or self._own_node_egress_allowed
        return exempt and self._objects.own_node(packet.subject, packet.other)


def _of_calico(policy: Raw, calico: CalicoPolicies) -> Entry:
    return Entry(
        _number(policy["spec"].get("order")),
        policy["metadata"]["name"],
        policy["kind"],
        lambda packet: calico.action(policy, packet) if calico.applies(policy, packet) else None,
        lambda packet: calico.applies(policy, packet),
    )


def _of_cluster(policy: Raw, cluster_wide: ClusterPolicies) -> Entry:
    """ "The AdminNetworkPolicy priority field maps to the order field … so that the two … can be ordered together"

    and "The BaselineAdminNetworkPolicy is treated as if it had an order of 1,000".
    """
    order = policy["spec"].get("priority", 1_000)
    return Entry(order, "", policy["kind"], lambda packet: cluster_wide.action(policy, packet), lambda packet: False)


def _readings(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The orders in which the policies of a tier may be asked.

    "applies the policy with the lowest value first", without one last; of equals the name decides, but whether that of
    a namespaced policy begins with its namespace, and where other kinds stand, is for Calico's version to say.
    """
    choices = []
    for _, group in groupby(sorted(entries, key=lambda e: (e.order, e.name)), key=lambda e: e.order):
        equals = list(group)
        mixed = len({entry.kind for entry in equals}) > 1
        choices.append(list(permutations(equals)) if mixed else [tuple(equals)])
    for chosen in product(*choices):
        yield [entry for part in chosen for entry in part]


def _number(order: float | None) -> float:
    return inf if order is None else float(order)
