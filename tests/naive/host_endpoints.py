"""Nodes with a host endpoint of Calico's, one packet at a time.

Written from "Host endpoint" and "Protect hosts" of docs.tigera.io. Of a node with several host endpoints, and of
policies with doNotTrack, preDNAT or applyOnForward, nothing is said here.
"""

from __future__ import annotations

from tests.naive.calico import of_calico
from tests.naive.flow import Packet
from tests.naive.objects import Objects
from tests.naive.tiers import Tiers

# "The following ports are open by default", seen from the host; FelixConfiguration may say otherwise.
FAILSAFE = {
    "Ingress": {("TCP", p) for p in (22, 179, 2379, 2380, 5473, 6443, 6666, 6667)} | {("UDP", 68)},
    "Egress": {("TCP", p) for p in (179, 2379, 2380, 5473, 6443, 6666, 6667)} | {("UDP", 53), ("UDP", 67)},
}


class HostEndpoints:
    """What is allowed to and from what runs on a node's network; ``tiers`` hold Calico's policies alone."""

    def __init__(self, objects: Objects, tiers: Tiers) -> None:
        self._objects, self._tiers = objects, tiers
        self._by_node = {h["spec"]["node"]: h["spec"] for h in of_calico(objects, "HostEndpoint")}

    def answers(self, packet: Packet) -> set[bool]:
        """What may become of a packet of the host's; more than one answer where a setting decides."""
        spec = self._by_node.get(self._objects.node(packet.subject))
        if spec is None:
            return {True}  # "Traffic to/from other interfaces is ignored"
        everywhere = spec["interfaceName"] == "*"
        own_pod = self._objects.own_node(packet.subject, packet.other)
        if own_pod and (packet.direction == "Egress" or not everywhere):
            # "Traffic from a host to its workload endpoints … is always allowed, despite any policy in place"; and
            # what a workload sends to its own host comes through no interface of the fabric.
            return {True}
        # "will have allow-all semantics instead of deny-all in the absence of policy"
        said = self._tiers.answers(packet, undecided="projectcalico-default-allow" in spec["profiles"])
        failsafe = (packet.protocol, packet.port) in FAILSAFE[packet.direction]
        return said | {True} if own_pod or failsafe or not everywhere else said
