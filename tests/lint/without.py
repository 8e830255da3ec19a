"""Raw policies without a rule, and packets judged one at a time with nobody's node or self excepted."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.naive.clusters import NODES, PROBED_ADDRESSES, PROTOCOLS
from tests.naive.evaluator import AddressEnd, End, NaiveCluster

Raw = dict[str, Any]
Packet = tuple[End, End, str, int, int]

CLUSTER_WIDE = (
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "ClusterNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
)
CALICO = ("CalicoNetworkPolicy", "GlobalNetworkPolicy")
KINDS = ("NetworkPolicy", "CiliumNetworkPolicy", *CLUSTER_WIDE, *CALICO)
# One port of every range that the generated policies can tell apart, and both ends of them.
PORTS = (1, 2, 3, 53, 54, 80, 81, 443, 444, 8080, 8081, 65534, 65535)
ADDRESSES = ("10.0.0.1", "10.1.0.1", "10.1.0.2", "10.1.0.3", "fd00:1::2", "fd00:1::3")
DIRECTIONS = ("ingress", "egress")


def kind_of(obj: Raw) -> str:
    """The kind, as references have it: that of Calico's NetworkPolicies is told apart."""
    of_calico = obj["kind"] == "NetworkPolicy" and "projectcalico.org" in obj["apiVersion"]
    return "CalicoNetworkPolicy" if of_calico else str(obj["kind"])


def name_of(policy: Raw) -> tuple[str, str, str]:
    """Namespace, name and kind, as references have them."""
    return policy["metadata"].get("namespace", ""), policy["metadata"]["name"], kind_of(policy)


def labels_of(policy: Raw) -> Iterator[str]:
    """The places of all rules of a policy."""
    specs = {"spec": policy["spec"]} if "spec" in policy else {f"specs[{i}]": s for i, s in enumerate(policy["specs"])}
    for name, spec in specs.items():
        for direction in DIRECTIONS:
            if kind_of(policy) == "NetworkPolicy" and direction.capitalize() not in types_of(spec):
                continue  # what is not among the types is not part of the policy
            for key in (direction, f"{direction}Deny"):
                yield from (f"{name}.{key}[{i}]" for i in range(len(spec.get(key) or [])))


def types_of(spec: Raw) -> list[str]:
    """The types of a NetworkPolicy: Ingress always, Egress where there are egress rules, unless they are stated."""
    return spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])


def rule_at(policy: Raw, label: str) -> tuple[Raw, str, int]:
    """The spec, the key and the position of a rule."""
    found = re.fullmatch(r"(spec|specs\[(\d+)\])\.(\w+)\[(\d+)\]", label)
    assert found, label
    spec = policy["spec"] if found[2] is None else policy["specs"][int(found[2])]
    return spec, found[3], int(found[4])


def kept_closed(objects: Iterable[Raw]) -> list[Raw]:
    """The same objects with every policy's directions stated, so that they stay when rules go."""
    found = copy.deepcopy(list(objects))
    for policy in found:
        if kind_of(policy) == "NetworkPolicy":
            policy["spec"]["policyTypes"] = types_of(policy["spec"])
        elif kind_of(policy) in CALICO and not policy["spec"].get("types"):
            spec, stored = policy["spec"], policy["apiVersion"].startswith("crd.")
            egress = ["Egress"] * bool(stored or spec.get("egress"))
            spec["types"] = egress + ["Ingress"] * bool(stored or spec.get("ingress") or not egress)
        elif policy["kind"].startswith("Cilium"):
            for spec in [policy["spec"]] if "spec" in policy else policy["specs"]:
                stated = spec.get("enableDefaultDeny") or {}
                spec["enableDefaultDeny"] = {
                    d: stated.get(d, bool(spec.get(d) or spec.get(f"{d}Deny"))) for d in DIRECTIONS
                }
    return found


def without(objects: Iterable[Raw], left_out: Iterable[tuple[tuple[str, str, str], str]]) -> list[Raw]:
    """The objects without some rules, told by policy and place, and without the policies whose place is ""."""
    listed = list(left_out)
    whole = {name for name, label in listed if not label}
    found = [o for o in kept_closed(objects) if kind_of(o) not in KINDS or name_of(o) not in whole]
    by_name = {name_of(o): o for o in found if kind_of(o) in KINDS}
    places = [rule_at(by_name[name], label) for name, label in listed if label and name not in whole]
    for spec, key, index in sorted(places, key=lambda p: -p[2]):
        del spec[key][index]
    return found


def on_every_node(objects: list[Raw]) -> list[Raw]:
    """The objects with a pod on every Node's network, so that some pod stands for the node."""
    names = [o["metadata"]["name"] for o in objects if o["kind"] == "Node"]
    agents = []
    for name in names:
        host = [{"ip": ip} for ip in NODES[name]]
        agents.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"agent-{name}", "namespace": "alpha"},
                "spec": {"hostNetwork": True, "nodeName": name, "containers": [{"name": "main", "image": "e.org/a"}]},
                "status": {"phase": "Running", "podIP": host[0]["ip"], "podIPs": host, "hostIPs": host},
            }
        )
    return [*objects, *agents]


class Alike(NaiveCluster):
    """Judges packets by what policies say, as if no two ends were one pod or shared a node."""

    def __init__(self, objects: list[Raw], *, ip_block_matches_pods: bool) -> None:
        super().__init__(objects, ip_block_matches_pods=ip_block_matches_pods, tells_own_nodes=False)

    def passes(self, packet: Packet) -> set[bool]:
        """Whether one packet of one family passes both of its ends, in each way to read the documentation."""
        src, dst, protocol, port, family = packet
        leaving = self.side("Egress", src, dst, protocol, port, family)
        entering = self.side("Ingress", dst, src, protocol, port, family)
        return {a and b for a in leaving for b in entering}

    def packets(self) -> list[Packet]:
        """Every pair with every probed port, of every family that both ends have."""
        # That an address of a block is also a pod's does not keep somebody outside from having it.
        addresses = [AddressEnd(address) for address in (*PROBED_ADDRESSES, *ADDRESSES)]
        pods: list[End] = list(self.pods)
        pairs = [(a, b) for a in pods for b in pods]
        pairs += [pair for p in pods for a in addresses for pair in ((p, a), (a, p))]
        return [
            (src, dst, protocol, port, family)
            for port in PORTS
            for src, dst in pairs
            for family in self._common(src, dst)
            for protocol in PROTOCOLS
        ]

    def _common(self, src: End, dst: End) -> set[int]:
        outside = [self.families(end) for end in (src, dst) if isinstance(end, AddressEnd)]
        return outside[0] if outside else self.families(src) & self.families(dst) or {4, 6}

    def differs(self, other: Alike) -> Packet | None:
        """The first packet that is judged otherwise by another cluster with the same ends; None: there is none."""
        return next((p for p in self.packets() if self.passes(p) != other.passes(p)), None)


__all__ = ["Alike", "Packet", "Raw", "kind_of", "labels_of", "name_of", "on_every_node", "without"]
