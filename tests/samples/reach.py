"""Who may open a connection, read straight from raw NetworkPolicies by the API's own words.

Deliberately slow and plain: it checks what the samples' READMEs say, for one pair and one
destination port at a time. IP blocks never match pods here; no sample lets a pod in that way.
"""

import ipaddress
from dataclasses import dataclass

from tests.samples.raw import Raw, has_labels, labels_of, namespace_of, of_kind, selects

TEMPLATES = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


@dataclass(frozen=True)
class End:
    """A workload by namespace and name, with what policies see of it."""

    namespace: str
    name: str
    labels: dict[str, str]
    namespace_labels: dict[str, str]
    ports: dict[tuple[str, str], int]


def ends(items: list[Raw]) -> dict[str, End]:
    """Every workload's pod template as ``namespace/name``; the namespace's name label is always there."""
    namespaces = {
        item["metadata"]["name"]: {
            **labels_of(item),
            "kubernetes.io/metadata.name": item["metadata"]["name"],
        }
        for item in of_kind(items, "Namespace")
    }
    found = {}
    for item in of_kind(items, *TEMPLATES):
        spec = item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"]
        template = spec["template"]
        where, name = namespace_of(item), item["metadata"]["name"]
        ports = {
            (port["name"], port.get("protocol", "TCP")): port["containerPort"]
            for container in template["spec"]["containers"]
            for port in container.get("ports", [])
            if "name" in port
        }
        found[f"{where}/{name}"] = End(where, name, template["metadata"]["labels"], namespaces.get(where, {}), ports)
    return found


def may_connect(items: list[Raw], source: End | str, target: End | str, port: int, protocol: str = "TCP") -> bool:
    """Whether policy lets ``source`` reach ``target``; a string is an address outside the cluster."""
    policies = of_kind(items, "NetworkPolicy")
    return _passes(policies, "Egress", source, target, port, protocol) and _passes(
        policies, "Ingress", target, source, port, protocol
    )


def _passes(
    policies: list[Raw], direction: str, subject: End | str, other: End | str, port: int, protocol: str
) -> bool:
    if isinstance(subject, str):
        return True
    mine = [
        policy
        for policy in policies
        if namespace_of(policy) == subject.namespace
        and selects(policy["spec"]["podSelector"], subject.labels)
        and direction in policy_types(policy)
    ]
    destination = other if direction == "Egress" else subject
    return not mine or any(
        _peers_match(rule.get("to" if direction == "Egress" else "from"), other, subject.namespace)
        and _ports_match(rule.get("ports"), destination, port, protocol)
        for policy in mine
        for rule in policy["spec"].get(direction.lower()) or []
    )


def policy_types(policy: Raw) -> list[str]:
    """``policyTypes``, or the API's default: Ingress, and Egress where egress rules are given."""
    spec = policy["spec"]
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _peers_match(peers: list[Raw] | None, other: End | str, home: str) -> bool:
    if not peers:
        return True
    return any(_peer_matches(peer, other, home) for peer in peers)


def _peer_matches(peer: Raw, other: End | str, home: str) -> bool:
    if "ipBlock" in peer:
        if isinstance(other, End):
            return False
        block, address = peer["ipBlock"], ipaddress.ip_address(other)
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(hole) for hole in block.get("except", [])
        )
    if isinstance(other, str):
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], other.namespace_labels):
            return False
    elif other.namespace != home:
        return False
    return selects(peer.get("podSelector", {}), other.labels)


def _ports_match(ports: list[Raw] | None, destination: End | str, port: int, protocol: str) -> bool:
    if not ports:
        return True
    for entry in ports:
        if entry.get("protocol", "TCP") != protocol:
            continue
        wanted = entry.get("port")
        if isinstance(wanted, str):
            wanted = destination.ports.get((wanted, protocol)) if isinstance(destination, End) else None
            if wanted is None:
                continue
        if wanted is None or wanted <= port <= (entry.get("endPort") or wanted):
            return True
    return False


def serves(items: list[Raw], service: Raw) -> list[End]:
    """The workloads whose pod template the Service's selector matches."""
    return [
        end
        for end in ends(items).values()
        if end.namespace == namespace_of(service) and has_labels(service["spec"]["selector"], end.labels)
    ]
