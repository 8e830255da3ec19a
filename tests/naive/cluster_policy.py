"""Cluster-wide policies of Kubernetes, one packet at a time.

Written from the comments on the types of ``policy.networking.k8s.io``.
"""

from __future__ import annotations

from tests.naive.flow import AddressEnd, End, Packet, PodEnd, Raw
from tests.naive.objects import Objects
from tests.naive.selectors import inside, selects

GROUP = "policy.networking.k8s.io"


class ClusterPolicies:
    """AdminNetworkPolicies, BaselineAdminNetworkPolicies and ClusterNetworkPolicies of both tiers."""

    def __init__(self, objects: Objects, *, networks_match_pods: bool) -> None:
        self._objects = objects
        self._networks_match_pods = networks_match_pods
        newer = objects.of_kind(GROUP, "ClusterNetworkPolicy")
        older = objects.of_kind(GROUP, "AdminNetworkPolicy"), objects.of_kind(GROUP, "BaselineAdminNetworkPolicy")
        self.admin = older[0] + [p for p in newer if p["spec"]["tier"] == "Admin"]
        self.baseline = older[1] + [p for p in newer if p["spec"]["tier"] == "Baseline"]

    def action(self, policy: Raw, packet: Packet) -> str | None:
        """What the first rule that matches does: Allow, Deny or Pass; None where none does."""
        spec = policy["spec"]
        if not self._is_group(spec["subject"], packet.subject):
            return None
        for rule in spec.get(packet.direction.lower()) or []:
            peers = rule["from" if packet.direction == "Ingress" else "to"]
            if not any(self._is_peer(peer, packet.other, packet.family) for peer in peers):
                continue
            ports = rule.get("ports") or rule.get("protocols")
            if ports and not any(self._is_port(item, packet) for item in ports):
                continue
            return "Allow" if rule["action"] == "Accept" else str(rule["action"])
        return None

    def _is_group(self, group: Raw, pod: PodEnd) -> bool:
        """``namespaces``, or ``pods`` with both selectors."""
        pods = group.get("pods") or {"namespaceSelector": group.get("namespaces"), "podSelector": {}}
        return selects(pods["namespaceSelector"], self._objects.namespace_labels(pod.namespace)) and selects(
            pods["podSelector"], self._objects.labels(pod)
        )

    def _is_peer(self, peer: Raw, other: End, family: int) -> bool:
        if "networks" in peer:
            addresses = self._addresses(other, family)
            return any(inside(network, address) for network in peer["networks"] for address in addresses)
        if isinstance(other, AddressEnd):
            return False
        if "nodes" in peer:
            return self._objects.on_host(other) and selects(
                peer["nodes"], self._objects.node_labels[self._objects.node(other)]
            )
        return not self._objects.on_host(other) and self._is_group(peer, other)

    def _addresses(self, end: End, family: int) -> list[str]:
        """Networks may be "cluster-internal" ones too, unless the engine was asked not to read them so."""
        if isinstance(end, PodEnd) and not self._objects.on_host(end) and not self._networks_match_pods:
            return []
        return self._objects.address(end, family)

    def _is_port(self, item: Raw, packet: Packet) -> bool:
        name = item.get("namedPort") or item.get("destinationNamedPort")
        if name is not None:
            return self._objects.declares(packet.destination, name, packet.protocol) == packet.port
        old = item.get("portNumber") or item.get("portRange")
        if old is not None:
            return bool(
                old.get("protocol", "TCP") == packet.protocol
                and old.get("start", old.get("port")) <= packet.port <= old.get("end", old.get("port"))
            )
        ((word, means),) = item.items()
        wanted = means["destinationPort"]
        span = wanted.get("range") or {"start": wanted["number"], "end": wanted["number"]}
        return word.upper() == packet.protocol and bool(span["start"] <= packet.port <= span["end"])
