"""NetworkPolicies, one packet at a time.

Written from the comments in ``k8s.io/api/networking/v1/types.go`` and the page "Network Policies" of kubernetes.io.
"""

from __future__ import annotations

from tests.naive.flow import AddressEnd, End, Packet, PodEnd, Raw
from tests.naive.objects import Objects, namespace_of
from tests.naive.selectors import in_block, selects


class NetworkPolicies:
    """All NetworkPolicies of a cluster; whether an ipBlock means pods or nodes is the engine's choice."""

    def __init__(self, objects: Objects, *, blocks_match_pods: bool, blocks_match_nodes: bool) -> None:
        self._objects = objects
        self._blocks_match_pods = blocks_match_pods
        self._blocks_match_nodes = blocks_match_nodes
        self._of_pods: dict[tuple[PodEnd, str], list[Raw]] = {}
        self._policies = objects.of_kind("networking.k8s.io", "NetworkPolicy")

    def isolate(self, packet: Packet) -> bool:
        """Whether some policy selects the subject for the direction."""
        return bool(self._selecting(packet))

    def permit(self, packet: Packet) -> bool:
        """Whether a rule of one of them permits the packet."""
        return any(
            self._names_peer(policy, rule.get("from" if packet.direction == "Ingress" else "to"), packet)
            and self._names_port(rule.get("ports"), packet)
            for policy in self._selecting(packet)
            for rule in policy["spec"].get(packet.direction.lower()) or []
        )

    def _selecting(self, packet: Packet) -> list[Raw]:
        key = (packet.subject, packet.direction)
        if key not in self._of_pods:
            self._of_pods[key] = [p for p in self._policies if self._selects(p, packet.subject, packet.direction)]
        return self._of_pods[key]

    def _selects(self, policy: Raw, pod: PodEnd, direction: str) -> bool:
        if namespace_of(policy) != pod.namespace:
            return False
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        return direction in types and selects(spec.get("podSelector") or {}, self._objects.labels(pod))

    def _names_peer(self, policy: Raw, peers: list[Raw] | None, packet: Packet) -> bool:
        if not peers:
            return True  # "If this field is empty or missing, this rule matches all sources"
        return any(self._is_peer(policy, peer, packet.other, packet.family) for peer in peers)

    def _is_peer(self, policy: Raw, peer: Raw, other: End, family: int) -> bool:
        if "ipBlock" in peer:
            return any(in_block(peer["ipBlock"], address) for address in self._addresses(other, family))
        if isinstance(other, AddressEnd) or self._objects.on_host(other):
            return False
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], self._objects.namespace_labels(other.namespace)):
                return False
        elif other.namespace != namespace_of(policy):
            return False  # "selects the Pods matching PodSelector in the policy's own namespace"
        return "podSelector" not in peer or selects(peer["podSelector"], self._objects.labels(other))

    def _addresses(self, end: End, family: int) -> list[str]:
        if isinstance(end, PodEnd):
            on_host = self._objects.on_host(end)
            if not (self._blocks_match_nodes if on_host else self._blocks_match_pods):
                return []
        return self._objects.address(end, family)

    def _names_port(self, ports: list[Raw] | None, packet: Packet) -> bool:
        if not ports:
            return True  # "If this field is empty or missing, this rule matches all ports"
        for item in ports:
            if item.get("protocol", "TCP") != packet.protocol:
                continue
            wanted = item.get("port")
            if wanted is None:
                return True  # "If this field is not provided, this matches all port names and numbers"
            if isinstance(wanted, str):
                if self._objects.declares(packet.destination, wanted, packet.protocol) == packet.port:
                    return True
            elif wanted <= packet.port <= item.get("endPort", wanted):
                return True
        return False
