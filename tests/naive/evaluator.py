"""Policies evaluated naively: raw objects, one source, one destination, one protocol, one port at a time.

Written from the documentation of each kind, which its module names, and deliberately slow and plain. It imports nothing
of NetAtlas.
"""

from __future__ import annotations

from typing import Literal

from tests.naive.calico import CalicoPolicies
from tests.naive.cilium import CiliumPolicies
from tests.naive.cluster_policy import ClusterPolicies
from tests.naive.flow import AddressEnd, End, Packet, PodEnd, Raw
from tests.naive.host_endpoints import HostEndpoints
from tests.naive.network_policy import NetworkPolicies
from tests.naive.objects import Objects
from tests.naive.tiers import Tiers

__all__ = ["AddressEnd", "End", "NaiveCluster", "PodEnd"]


class NaiveCluster:
    """Raw objects, asked one flow at a time."""

    def __init__(
        self,
        objects: list[Raw],
        *,
        ip_block_matches_pods: bool = False,
        ip_block_matches_nodes: bool = True,
        own_node_egress_allowed: bool = True,
        tells_own_nodes: bool = True,
        enforced_by_calico: bool = False,
    ) -> None:
        self._objects = Objects(objects, tells_own_nodes=tells_own_nodes)
        cluster_wide = ClusterPolicies(self._objects, networks_match_pods=ip_block_matches_pods)
        kubernetes = NetworkPolicies(
            self._objects, blocks_match_pods=ip_block_matches_pods, blocks_match_nodes=ip_block_matches_nodes
        )
        calico = CalicoPolicies(self._objects, networks_match_pods=ip_block_matches_pods)
        self._by_calico = enforced_by_calico or bool(calico.policies)
        # Each ignores the other's policies, and nothing in the objects says which of the two enforces: both are asked.
        self._engines = (
            [
                NaiveCluster(
                    [o for o in objects if group not in o["apiVersion"]],
                    ip_block_matches_pods=ip_block_matches_pods,
                    ip_block_matches_nodes=ip_block_matches_nodes,
                    own_node_egress_allowed=own_node_egress_allowed,
                    tells_own_nodes=tells_own_nodes,
                )
                for group in ("cilium.io", "projectcalico.org")
            ]
            if calico.policies and _holds_ciliums(objects) and not enforced_by_calico
            else []
        )
        # Whether the API server's traffic keeps its address depends on how the cluster was made.
        ways = (True, False) if any(o["apiVersion"].startswith("cilium.io") for o in objects) else (True,)
        self._tiers = [
            Tiers(
                self._objects,
                calico,
                kubernetes,
                cluster_wide,
                CiliumPolicies(self._objects, api_server_keeps_address=keeps),
                own_node_egress_allowed,
            )
            for keeps in ways
        ]
        self._hosts = HostEndpoints(self._objects, _of_calico_alone(objects, ip_block_matches_pods), calico)

    @property
    def pods(self) -> dict[PodEnd, Raw]:
        """The pods that are ends of flows."""
        return self._objects.pods

    def families(self, end: End) -> set[int]:
        """The families of an end's addresses."""
        return self._objects.families(end)

    def allows(self, src: End, dst: End, protocol: str, port: int) -> bool:
        """Whether a new connection from ``src`` to ``port`` of ``dst`` is permitted, which must not be in doubt."""
        (answer,) = self.answers(src, dst, protocol, port)
        return answer

    def answers(self, src: End, dst: End, protocol: str, port: int) -> set[bool]:
        """Whether it is permitted for some family, in each way in which the documentation can be read."""
        found = {False}
        for of_family in self.answers_by_family(src, dst, protocol, port).values():
            found = {before or here for before in found for here in of_family}
        return found

    def verdict(self, src: End, dst: End, protocol: str, port: int) -> str:
        """What is true of packets of every family that both ends speak.

        ``allowed``, ``denied`` or ``unknown`` where all of them say so; ``partial`` where some family is surely allowed
        and another is not.
        """
        words = set(self.words_by_family(src, dst, protocol, port).values())
        if len(words) == 1:
            return words.pop()
        return "partial" if "allowed" in words else "unknown"

    def words_by_family(self, src: End, dst: End, protocol: str, port: int) -> dict[int, str]:
        """The same for each family; under 0 where the ends have none in common."""
        answers = self.answers_by_family(src, dst, protocol, port)
        named = {(True,): "allowed", (False,): "denied", (False, True): "unknown"}
        return {family: named[tuple(sorted(found))] for family, found in answers.items()}

    def answers_by_family(self, src: End, dst: End, protocol: str, port: int) -> dict[int, set[bool]]:
        """Whether packets of each family that both ends speak are permitted, in each way of reading."""
        if src == dst:
            return {0: {True}}  # "a Pod cannot block access to itself"
        # A packet is of one family, and each policy judges the packet. Between pods without a common family there is
        # no packet; then the policies are asked about both.
        outside = [self.families(end) for end in (src, dst) if isinstance(end, AddressEnd)]
        common = outside[0] if outside else self.families(src) & self.families(dst)
        found = {}
        for family in sorted(common or {4, 6}):
            leaving = self.side("Egress", src, dst, protocol, port, family)
            entering = self.side("Ingress", dst, src, protocol, port, family)
            found[family] = {a and b for a in leaving for b in entering}
        if not common:
            return {0: {a or b for a in found[4] for b in found[6]}}
        return found

    def side(
        self,
        direction: Literal["Ingress", "Egress"],
        subject: End,
        other: End,
        protocol: str,
        port: int,
        family: int,
    ) -> set[bool]:
        """What the policies of one end may say of a packet of one family."""
        if self._engines:
            said = (e.side(direction, subject, other, protocol, port, family) for e in self._engines)
            return set().union(*said)
        if isinstance(subject, AddressEnd):
            return {True}
        if self._objects.on_host(subject):
            return self._hosts.answers(Packet(direction, subject, other, protocol, port, family))
        if self._by_calico and direction == "Ingress" and self._objects.own_node(subject, other):
            # "Calico allows all connections from processes running on the host to guest workloads on the host."
            return {True}
        packet = Packet(direction, subject, other, protocol, port, family)
        forwarded = self._hosts.forwarded(packet)
        return {a and b for tiers in self._tiers for a in tiers.answers(packet) for b in forwarded}


def _holds_ciliums(objects: list[Raw]) -> bool:
    return any(o["apiVersion"].startswith("cilium.io") and o["kind"].endswith("NetworkPolicy") for o in objects)


def _of_calico_alone(objects: list[Raw], networks_match_pods: bool) -> Tiers:
    """The tiers of a host: policies of Kubernetes and of Cilium for pods say nothing of it."""
    kept = Objects(
        [o for o in objects if not o["kind"].endswith("NetworkPolicy") or "projectcalico" in o["apiVersion"]]
    )
    return Tiers(
        kept,
        CalicoPolicies(kept, networks_match_pods=networks_match_pods),
        NetworkPolicies(kept, blocks_match_pods=networks_match_pods, blocks_match_nodes=True),
        ClusterPolicies(kept, networks_match_pods=networks_match_pods),
        CiliumPolicies(kept, api_server_keeps_address=True),
        False,
    )
