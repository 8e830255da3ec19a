"""Policies evaluated naively: raw objects, one source, one destination, one protocol, one port at a time.

Written from the comments in ``k8s.io/api/networking/v1/types.go``, the "Network Policies" page of kubernetes.io and the
comments on the types of ``policy.networking.k8s.io``, and deliberately slow and plain. It imports nothing of NetAtlas.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

Raw = dict[str, Any]


@dataclass(frozen=True)
class PodEnd:
    """A pod as one end of a flow."""

    namespace: str
    name: str


@dataclass(frozen=True)
class AddressEnd:
    """An address outside the cluster as one end of a flow."""

    address: str


End = PodEnd | AddressEnd


class NaiveCluster:
    """Raw objects, asked one flow at a time."""

    def __init__(
        self, objects: list[Raw], *, ip_block_matches_pods: bool = False, ip_block_matches_nodes: bool = True
    ) -> None:
        self.ip_block_matches_pods = ip_block_matches_pods
        self.ip_block_matches_nodes = ip_block_matches_nodes
        self.pods: dict[PodEnd, Raw] = {}
        self.policies: list[Raw] = []
        self.cilium: list[Raw] = []
        self.api_server: list[str] = []
        self.admin: list[Raw] = []
        self.baseline: list[Raw] = []
        self.node_labels: dict[str, dict[str, str]] = {}
        self.namespace_labels: dict[str, dict[str, str]] = {}
        for obj in objects:
            meta = obj["metadata"]
            namespace = meta.get("namespace") or "default"
            if obj["kind"] == "Pod" and _lives(obj):
                self.pods[PodEnd(namespace, meta["name"])] = obj
            elif obj["kind"] == "NetworkPolicy":
                self.policies.append(obj)
            elif obj["kind"] in ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"):
                self.cilium.append(obj)
            elif obj["kind"] == "AdminNetworkPolicy":
                self.admin.append(obj)
            elif obj["kind"] == "BaselineAdminNetworkPolicy":
                self.baseline.append(obj)
            elif obj["kind"] == "ClusterNetworkPolicy":
                (self.admin if obj["spec"]["tier"] == "Admin" else self.baseline).append(obj)
            elif obj["kind"] == "EndpointSlice":
                self.api_server += [a for endpoint in obj["endpoints"] for a in endpoint["addresses"]]
            elif obj["kind"] == "Node":
                self.node_labels[meta["name"]] = dict(meta.get("labels") or {})
            elif obj["kind"] == "Namespace":
                self.namespace_labels[meta["name"]] = dict(meta.get("labels") or {})

    def allows(self, src: End, dst: End, protocol: str, port: int) -> bool:
        """Whether a new connection from ``src`` to ``port`` of ``dst`` is permitted."""
        if src == dst:
            return True  # "a Pod cannot block access to itself"
        # A packet is of one family, and each policy judges the packet. Between pods without a common family there is
        # no packet; then the policies are asked about both.
        outside = [self._families(end) for end in (src, dst) if isinstance(end, AddressEnd)]
        common = outside[0] if outside else self._families(src) & self._families(dst)
        return any(
            self._side("Egress", src, dst, dst, protocol, port, family)
            and self._side("Ingress", dst, src, dst, protocol, port, family)
            for family in common or {4, 6}
        )

    def _families(self, end: End) -> set[int]:
        if isinstance(end, AddressEnd):
            return {ip_address(end.address).version}
        status = self.pods[end]["status"]
        return {ip_address(a["ip"]).version for a in status["hostIPs" if self._on_host(end) else "podIPs"]}

    def _side(self, direction: str, subject: End, other: End, dst: End, protocol: str, port: int, family: int) -> bool:
        if isinstance(subject, AddressEnd) or self._on_host(subject):
            return True
        flow = (direction, subject, other, dst, protocol, port, family)
        for answer in (self._first(self.admin, *flow), self._permits(*flow), self._first(self.baseline, *flow)):
            if answer is not None:
                return answer
        return True  # "By default, a pod is non-isolated"

    def _permits(
        self, direction: str, subject: PodEnd, other: End, dst: End, protocol: str, port: int, family: int
    ) -> bool | None:
        """What the NetworkPolicies and Cilium's policies say together; None where none closes the direction."""
        # "Deny policies take precedence over allow policies, regardless of whether they are a Cilium Network Policy,
        # a Clusterwide Cilium Network Policy or a Kubernetes Network Policy." (docs.cilium.io, Deny Policies)
        specs = [(policy, spec) for policy in self.cilium for spec in self._cilium_specs(policy, subject)]
        flow = (direction, subject, other, dst, protocol, port, family)
        if any(self._cilium_rule(policy, rule, *flow) for policy, spec in specs for rule in _rules(spec, direction, 1)):
            return False
        if any(self._cilium_rule(policy, rule, *flow) for policy, spec in specs for rule in _rules(spec, direction, 0)):
            return True
        selecting = [p for p in self.policies if self._selects(p, subject, direction)]
        if not selecting and not any(_closes(spec, direction) for _, spec in specs):
            return None
        if self._own_node(subject, other):
            return True  # "traffic to and from the node where a Pod is running is always allowed"
        for policy in selecting:
            for rule in policy["spec"].get(direction.lower()) or []:
                peers = rule.get("from" if direction == "Ingress" else "to")
                if self._names_peer(policy, peers, other, family) and self._names_port(
                    rule.get("ports"), dst, protocol, port
                ):
                    return True
        return False

    def _cilium_specs(self, policy: Raw, pod: PodEnd) -> list[Raw]:
        namespace = policy["metadata"].get("namespace")
        if namespace not in (None, pod.namespace):
            return []
        found = [policy["spec"]] if "spec" in policy else policy["specs"]
        return [s for s in found if selects(_kubernetes(s["endpointSelector"]), self._cilium_labels(pod))]

    def _cilium_labels(self, pod: PodEnd) -> dict[str, str]:
        names = {f"io.cilium.k8s.namespace.labels.{k}": v for k, v in self._namespace_labels(pod).items()}
        return {**self._labels(pod), **names, "io.kubernetes.pod.namespace": pod.namespace}

    def _cilium_rule(
        self,
        policy: Raw,
        rule: Raw,
        direction: str,
        subject: PodEnd,
        other: End,
        dst: End,
        protocol: str,
        port: int,
        family: int,
    ) -> bool:
        prefix = "from" if direction == "Ingress" else "to"
        given = {key.removeprefix(prefix): items for key, items in rule.items() if key != "toPorts"}
        if not given and not rule.get("toPorts"):
            return False  # "ingress: [{}]" closes the direction and lets nobody in
        matches = not given or any(
            self._is_cilium_peer(policy, kind, item, subject, other, family)
            for kind, items in given.items()
            for item in items
        )
        items = [item for element in rule.get("toPorts") or [] for item in element["ports"]]
        return matches and (not items or any(self._is_cilium_port(item, dst, protocol, port) for item in items))

    def _is_cilium_peer(self, policy: Raw, kind: str, item: Any, subject: PodEnd, other: End, family: int) -> bool:
        if kind in ("CIDR", "CIDRSet"):
            # "Only connections which do *not* originate from the cluster or from the local host are subject to CIDR
            # rules."
            block = {"cidr": item} if kind == "CIDR" else item
            return isinstance(other, AddressEnd) and _in_block(block, other.address)
        outside = isinstance(other, AddressEnd)
        host = isinstance(other, PodEnd) and self._on_host(other)
        if kind == "Entities":
            own = self._own_node(subject, other)
            answers = {
                "all": True,
                "world": outside,
                "world-ipv4": outside and family == 4,
                "world-ipv6": outside and family == 6,
                # The API server's addresses, as its Service shows them, count to the cluster.
                "cluster": not outside or (isinstance(other, AddressEnd) and other.address in self.api_server),
                "host": host and own,
                "remote-node": host and not own,
            }
            return answers[item]
        if isinstance(other, AddressEnd) or host:
            return False
        selector, labels = _kubernetes(item), self._cilium_labels(other)
        keys = [*(selector.get("matchLabels") or {}), *(e["key"] for e in selector.get("matchExpressions") or [])]
        namespace = policy["metadata"].get("namespace")
        stated = any(k.startswith(("io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.")) for k in keys)
        if namespace is not None and not stated and other.namespace != namespace:
            return False  # "If omitted, we limit the scope to the namespace the policy lives in."
        return selects(selector, labels)

    def _is_cilium_port(self, item: Raw, dst: End, protocol: str, port: int) -> bool:
        if item.get("protocol", "ANY") not in ("ANY", protocol):
            return False
        if not item["port"].isdigit():
            return isinstance(dst, PodEnd) and self._declares(dst, item["port"], protocol) == port
        number = int(item["port"])
        return number == 0 or number <= port <= int(item.get("endPort", number))

    def _first(
        self,
        policies: list[Raw],
        direction: str,
        subject: PodEnd,
        other: End,
        dst: End,
        protocol: str,
        port: int,
        family: int,
    ) -> bool | None:
        """What one tier of cluster-wide policies says; None where it leaves the traffic to the next one."""
        for policy in sorted(policies, key=lambda p: p["spec"].get("priority", 0)):
            spec = policy["spec"]
            if not self._is_group(spec["subject"], subject):
                continue
            for rule in spec.get(direction.lower()) or []:
                peers = rule["from" if direction == "Ingress" else "to"]
                if not any(self._is_cluster_peer(peer, other, family) for peer in peers):
                    continue
                ports = rule.get("ports") or rule.get("protocols")
                if ports and not any(self._is_cluster_port(item, dst, protocol, port) for item in ports):
                    continue
                # "Pass": "Skips any further … rules in the … tier …, and passes evaluation to the next tier."
                return {"Allow": True, "Accept": True, "Deny": False, "Pass": None}[rule["action"]]
        return None

    def _is_group(self, group: Raw, pod: PodEnd) -> bool:
        """``namespaces``, or ``pods`` with both selectors."""
        pods = group.get("pods") or {"namespaceSelector": group.get("namespaces"), "podSelector": {}}
        return selects(pods["namespaceSelector"], self._namespace_labels(pod)) and selects(
            pods["podSelector"], self._labels(pod)
        )

    def _is_cluster_peer(self, peer: Raw, other: End, family: int) -> bool:
        if "networks" in peer:
            own = [a for a in self._all_addresses(other) if ip_address(a).version == family]
            return any(_in_block({"cidr": network}, a) for network in peer["networks"] for a in own)
        if isinstance(other, AddressEnd):
            return False
        if "nodes" in peer:
            return self._on_host(other) and selects(
                peer["nodes"], self.node_labels[self.pods[other]["spec"]["nodeName"]]
            )
        return not self._on_host(other) and self._is_group(peer, other)

    def _is_cluster_port(self, item: Raw, dst: End, protocol: str, port: int) -> bool:
        name = item.get("namedPort") or item.get("destinationNamedPort")
        if name is not None:
            return isinstance(dst, PodEnd) and self._declares(dst, name, protocol) == port
        old = item.get("portNumber") or item.get("portRange")
        if old is not None:
            return bool(
                old.get("protocol", "TCP") == protocol
                and old.get("start", old.get("port")) <= port <= old.get("end", old.get("port"))
            )
        ((word, means),) = item.items()
        wanted = means["destinationPort"]
        span = wanted.get("range") or {"start": wanted["number"], "end": wanted["number"]}
        return word.upper() == protocol and bool(span["start"] <= port <= span["end"])

    def _selects(self, policy: Raw, pod: PodEnd, direction: str) -> bool:
        if (policy["metadata"].get("namespace") or "default") != pod.namespace:
            return False
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        return direction in types and selects(spec.get("podSelector") or {}, self._labels(pod))

    def _names_peer(self, policy: Raw, peers: list[Raw] | None, other: End, family: int) -> bool:
        if not peers:
            return True  # "If this field is empty or missing, this rule matches all sources"
        return any(self._is_peer(policy, peer, other, family) for peer in peers)

    def _is_peer(self, policy: Raw, peer: Raw, other: End, family: int) -> bool:
        if "ipBlock" in peer:
            own = [a for a in self._addresses(other) if ip_address(a).version == family]
            return any(_in_block(peer["ipBlock"], address) for address in own)
        if isinstance(other, AddressEnd) or self._on_host(other):
            return False
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], self._namespace_labels(other)):
                return False
        elif other.namespace != (policy["metadata"].get("namespace") or "default"):
            return False  # "selects the Pods matching PodSelector in the policy's own namespace"
        return "podSelector" not in peer or selects(peer["podSelector"], self._labels(other))

    def _namespace_labels(self, pod: PodEnd) -> dict[str, str]:
        return {**self.namespace_labels.get(pod.namespace, {}), "kubernetes.io/metadata.name": pod.namespace}

    def _all_addresses(self, end: End) -> list[str]:
        """The addresses by which the networks of a cluster-wide policy mean an end: "cluster-internal" ones too."""
        if isinstance(end, AddressEnd):
            return [end.address]
        status = self.pods[end].get("status") or {}
        if self._on_host(end):
            return [entry["ip"] for entry in status.get("hostIPs") or []]
        return [entry["ip"] for entry in status.get("podIPs") or []] if self.ip_block_matches_pods else []

    def _addresses(self, end: End) -> list[str]:
        if isinstance(end, AddressEnd):
            return [end.address]
        status = self.pods[end].get("status") or {}
        if self._on_host(end):
            return [entry["ip"] for entry in status.get("hostIPs") or []] if self.ip_block_matches_nodes else []
        return [entry["ip"] for entry in status.get("podIPs") or []] if self.ip_block_matches_pods else []

    def _names_port(self, ports: list[Raw] | None, dst: End, protocol: str, port: int) -> bool:
        if not ports:
            return True  # "If this field is empty or missing, this rule matches all ports"
        for item in ports:
            if item.get("protocol", "TCP") != protocol:
                continue
            wanted = item.get("port")
            if wanted is None:
                return True  # "If this field is not provided, this matches all port names and numbers"
            if isinstance(wanted, str):
                if isinstance(dst, PodEnd) and self._declares(dst, wanted, protocol) == port:
                    return True
            elif wanted <= port <= item.get("endPort", wanted):
                return True
        return False

    def _declares(self, pod: PodEnd, name: str, protocol: str) -> int | None:
        spec = self.pods[pod]["spec"]
        sidecars = [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
        for container in [*spec["containers"], *sidecars]:
            for port in container.get("ports") or []:
                if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                    return int(port["containerPort"])
        return None

    def _own_node(self, a: End, b: End) -> bool:
        if isinstance(a, AddressEnd) or isinstance(b, AddressEnd) or self._on_host(a) == self._on_host(b):
            return False
        return bool(self.pods[a]["spec"]["nodeName"] == self.pods[b]["spec"]["nodeName"])

    def _on_host(self, pod: PodEnd) -> bool:
        return bool(self.pods[pod]["spec"].get("hostNetwork"))

    def _labels(self, pod: PodEnd) -> dict[str, str]:
        return self.pods[pod]["metadata"].get("labels") or {}


def _rules(spec: Raw, direction: str, denies: int) -> list[Raw]:
    return spec.get(direction.lower() + ("Deny" if denies else "")) or []


def _closes(spec: Raw, direction: str) -> bool:
    """ "the default is true for each traffic direction that has rules, and false otherwise" """
    stated = (spec.get("enableDefaultDeny") or {}).get(direction.lower())
    return bool(_rules(spec, direction, 0) or _rules(spec, direction, 1)) if stated is None else bool(stated)


def _kubernetes(selector: Raw) -> Raw:
    """The selector without the source that its keys may name."""

    def bare(key: str) -> str:
        return key.removeprefix("k8s:").removeprefix("any:")

    return {
        "matchLabels": {bare(k): v for k, v in (selector.get("matchLabels") or {}).items()},
        "matchExpressions": [{**e, "key": bare(e["key"])} for e in selector.get("matchExpressions") or []],
    }


def _lives(pod: Raw) -> bool:
    status = pod.get("status") or {}
    phase = status.get("phase")
    return phase not in ("Succeeded", "Failed") and (phase != "Pending" or bool(status.get("podIPs")))


def _in_block(block: Raw, address: str) -> bool:
    ip = ip_address(address)

    def inside(text: str) -> bool:
        network = ip_network(text)
        return network.version == ip.version and ip in network

    return inside(block["cidr"]) and not any(inside(e) for e in block.get("except") or [])


def selects(selector: Raw, labels: dict[str, str]) -> bool:
    """Whether a raw label selector matches: matchLabels and matchExpressions are ANDed, empty matches everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, present = expression["key"], expression["key"] in labels
        match expression["operator"]:
            case "In":
                holds = present and labels[key] in expression["values"]
            case "NotIn":
                holds = not present or labels[key] not in expression["values"]
            case "Exists":
                holds = present
            case "DoesNotExist":
                holds = not present
            case other:
                raise AssertionError(other)
        if not holds:
            return False
    return True
