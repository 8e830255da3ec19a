"""Cilium's policies, one packet at a time. Written from docs.cilium.io."""

from __future__ import annotations

from typing import Any

from tests.naive.flow import AddressEnd, Packet, PodEnd, Raw
from tests.naive.objects import Objects
from tests.naive.selectors import in_block, selects

_NAMESPACE = "io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels."


class CiliumPolicies:
    """CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies."""

    def __init__(self, objects: Objects, *, api_server_keeps_address: bool) -> None:
        self._objects = objects
        self._keeps_address = api_server_keeps_address
        self._policies = [
            *objects.of_kind("cilium.io", "CiliumNetworkPolicy"),
            *objects.of_kind("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ]
        self._of_pods: dict[PodEnd, list[tuple[Raw, Raw]]] = {}
        self._api_server = [
            address
            for obj in objects.of_kind("discovery.k8s.io", "EndpointSlice")
            for endpoint in obj["endpoints"]
            for address in endpoint["addresses"]
        ]

    def deny(self, packet: Packet) -> bool:
        """Whether a deny rule means the packet."""
        return self._any(packet, f"{packet.direction.lower()}Deny")

    def permit(self, packet: Packet) -> bool:
        """Whether a rule that allows means the packet."""
        return self._any(packet, packet.direction.lower())

    def isolate(self, packet: Packet) -> bool:
        """ "the default is true for each traffic direction that has rules, and false otherwise" """
        field = packet.direction.lower()
        for _, spec in self._specs(packet.subject):
            stated = (spec.get("enableDefaultDeny") or {}).get(field)
            if bool(spec.get(field) or spec.get(f"{field}Deny")) if stated is None else stated:
                return True
        return False

    def _any(self, packet: Packet, field: str) -> bool:
        return any(
            self._is_rule(policy, rule, packet)
            for policy, spec in self._specs(packet.subject)
            for rule in spec.get(field) or []
        )

    def _specs(self, pod: PodEnd) -> list[tuple[Raw, Raw]]:
        if pod not in self._of_pods:
            self._of_pods[pod] = self._selecting(pod)
        return self._of_pods[pod]

    def _selecting(self, pod: PodEnd) -> list[tuple[Raw, Raw]]:
        return [
            (policy, spec)
            for policy in self._policies
            if policy["metadata"].get("namespace") in (None, pod.namespace)
            for spec in ([policy["spec"]] if "spec" in policy else policy["specs"])
            if selects(_kubernetes(spec["endpointSelector"]), self._labels(pod))
        ]

    def _labels(self, pod: PodEnd) -> dict[str, str]:
        of_namespace = self._objects.namespace_labels(pod.namespace)
        names = {_NAMESPACE_LABELS + key: value for key, value in of_namespace.items()}
        return {**self._objects.labels(pod), **names, _NAMESPACE: pod.namespace}

    def _is_rule(self, policy: Raw, rule: Raw, packet: Packet) -> bool:
        prefix = "from" if packet.direction == "Ingress" else "to"
        given = {key.removeprefix(prefix): items for key, items in rule.items() if key not in ("toPorts", "icmps")}
        if not given and not rule.get("toPorts") and not rule.get("icmps"):
            return False  # "ingress: [{}]" closes the direction and lets nobody in
        matches = not given or any(
            self._is_peer(policy, kind, item, packet) for kind, items in given.items() for item in items
        )
        if rule.get("icmps"):
            messages = [field for element in rule["icmps"] for field in element["fields"]]
            return matches and any(_is_message(field, packet) for field in messages)
        items = [item for element in rule.get("toPorts") or [] for item in element["ports"]]
        return matches and (not items or any(self._is_port(item, packet) for item in items))

    def _is_peer(self, policy: Raw, kind: str, item: Any, packet: Packet) -> bool:
        other = packet.other
        if kind in ("CIDR", "CIDRSet"):
            # "Only connections which do *not* originate from the cluster or from the local host are subject to CIDR
            # rules."
            block = {"cidr": item} if kind == "CIDR" else item
            return isinstance(other, AddressEnd) and in_block(block, other.address)
        if kind == "Entities":
            return self._is_entity(item, packet)
        if isinstance(other, AddressEnd) or self._objects.on_host(other):
            return False
        selector, labels = _kubernetes(item), self._labels(other)
        keys = [*(selector.get("matchLabels") or {}), *(e["key"] for e in selector.get("matchExpressions") or [])]
        namespace = policy["metadata"].get("namespace")
        stated = any(key.startswith((_NAMESPACE, _NAMESPACE_LABELS)) for key in keys)
        if namespace is not None and not stated and other.namespace != namespace:
            return False  # "If omitted, we limit the scope to the namespace the policy lives in."
        return selects(selector, labels)

    def _is_entity(self, word: str, packet: Packet) -> bool:
        other = packet.other
        outside = isinstance(other, AddressEnd)
        host = isinstance(other, PodEnd) and self._objects.on_host(other)
        own = self._objects.own_node(packet.subject, other)
        answers = {
            "all": True,
            "world": outside,
            "world-ipv4": outside and packet.family == 4,
            "world-ipv6": outside and packet.family == 6,
            "cluster": not outside or self._is_api_server(packet),
            "host": host and own,
            "remote-node": host and not own,
        }
        return answers[word]

    def _is_api_server(self, packet: Packet) -> bool:
        """The API server's addresses, as its Service shows them, count to the cluster.

        The documentation calls the entity kube-apiserver unreliable for ingress where the cloud translates what the
        API server sends; then nobody comes with its address.
        """
        other = packet.other
        known = isinstance(other, AddressEnd) and other.address in self._api_server
        return known and (packet.direction == "Egress" or self._keeps_address)

    def _is_port(self, item: Raw, packet: Packet) -> bool:
        if packet.protocol not in ("TCP", "UDP", "SCTP"):
            return False
        if item.get("protocol", "ANY") not in ("ANY", packet.protocol):
            return False
        if not item["port"].isdigit():
            return self._objects.declares(packet.destination, item["port"], packet.protocol) == packet.port
        number = int(item["port"])
        return number == 0 or number <= packet.port <= int(item.get("endPort", number))


def _is_message(field: Raw, packet: Packet) -> bool:
    """ICMP of a family, IPv4 unless it says otherwise; the packet's port is the type."""
    name = "ICMPv6" if field.get("family", "IPv4") == "IPv6" else "ICMP"
    return (name, field["type"]) == (packet.protocol, packet.port)


def _kubernetes(selector: Raw) -> Raw:
    """The selector without the source that its keys may name."""

    def bare(key: str) -> str:
        return key.removeprefix("k8s:").removeprefix("any:")

    return {
        "matchLabels": {bare(k): v for k, v in (selector.get("matchLabels") or {}).items()},
        "matchExpressions": [{**e, "key": bare(e["key"])} for e in selector.get("matchExpressions") or []],
    }
