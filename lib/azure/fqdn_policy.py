"""The required names as CiliumNetworkPolicies, for pods with addresses of their own: a node's traffic is not covered.

The written policies open ways and close none: whoever is not isolated stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from lib.azure.destinations import Destination, workloads_of
from lib.facts.cluster_dns import cluster_dns
from lib.facts.egress_needs import ClientPods, NeedKind, cilium_needs, client_pod
from lib.facts.engines import Known
from lib.facts.sources import describe
from lib.model.cluster import Pod, Workload
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot

# Labels that controllers give to pods of one revision or one replica; a policy must outlive those.
_OF_REVISIONS: Final = frozenset(
    [
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    ]
)


@dataclass(frozen=True, slots=True)
class WrittenPolicy:
    """A CiliumNetworkPolicy for the pods of one client in one namespace, as text.

    ``hosts`` are the names that it lets through. ``in_input``: the pods were seen, and are not on their nodes' network.
    """

    client: str
    namespace: str
    name: str
    hosts: tuple[str, ...]
    text: str
    in_input: bool


@dataclass(frozen=True, slots=True)
class NotWritten:
    """Pods that need names and for which no policy is written, and why."""

    client: str
    why: str


@dataclass(frozen=True, slots=True)
class FqdnPolicies:
    """The policies and what was left out."""

    policies: tuple[WrittenPolicy, ...]
    left_out: tuple[NotWritten, ...]

    @property
    def text(self) -> str:
        """All policies as one YAML stream, with what they need above them; "" where there is none."""
        return _head() + "---\n".join(p.text for p in self.policies) if self.policies else ""


def fqdn_policies(found: Iterable[Destination], snapshot: Snapshot) -> FqdnPolicies:
    """A policy for each client pod that connects to one of the names."""
    by_client: dict[str, list[Destination]] = {}
    for destination in found:
        if destination.need.kind is NeedKind.FQDN and destination.hosts:
            for pods_id in destination.need.pods:
                by_client.setdefault(pods_id, []).append(destination)
    policies: list[WrittenPolicy] = []
    left_out: list[NotWritten] = []
    for pods_id, needed in by_client.items():
        for written in _of_client(client_pod(pods_id), needed, snapshot):
            if isinstance(written, WrittenPolicy):
                policies.append(written)
            else:
                left_out.append(written)
    return FqdnPolicies(tuple(policies), tuple(left_out))


def _of_client(pods: ClientPods, needed: list[Destination], snapshot: Snapshot) -> Iterator[WrittenPolicy | NotWritten]:
    workloads = workloads_of(snapshot, pods)
    if not workloads:
        yield _without_input(pods, needed)
        return
    by_namespace: dict[str, list[Workload]] = {}
    for workload in workloads:
        if workload.host_network:
            yield NotWritten(pods.label, f"{workload.ref} is on its nodes' network, which policies do not cover")
        else:
            by_namespace.setdefault(workload.namespace, []).append(workload)
    for namespace, members in by_namespace.items():
        labels = _labels(pods, members)
        if labels:
            yield _write(pods, namespace, labels, needed, in_input=True)
        else:
            yield NotWritten(pods.label, f"the pods of {members[0].ref} have no label in common to select them by")


def _without_input(pods: ClientPods, needed: list[Destination]) -> WrittenPolicy | NotWritten:
    if pods.host_network is Known.YES:
        return NotWritten(pods.label, "the pods are on their nodes' network, which policies do not cover")
    if not pods.namespace:
        return NotWritten(pods.label, "the input holds none of them, and they may be in any namespace")
    if pods.host_network is Known.UNKNOWN or not pods.labels:
        lacking = "their labels" if not pods.labels else "whether they are on their nodes' network"
        return NotWritten(pods.label, f"the input does not hold the pods, and no source states {lacking}")
    return _write(pods, pods.namespace, pods.labels, needed, in_input=False)


def _labels(pods: ClientPods, members: Iterable[Workload]) -> Mapping[str, str]:
    """The stated labels where the pods have them, else those that all of the pods have."""
    seen = [pod for workload in members for pod in _pods(workload)]
    if pods.labels and all(all(p.labels.get(k) == v for k, v in pods.labels.items()) for p in seen):
        return pods.labels
    common = dict(seen[0].labels.items()) if seen else {}
    for pod in seen[1:]:
        common = {key: value for key, value in common.items() if pod.labels.get(key) == value}
    return {key: value for key, value in common.items() if key not in _OF_REVISIONS}


def _pods(workload: Workload) -> tuple[Pod, ...]:
    return workload.pods or workload.to_come


def patterns_of(host: str) -> tuple[Mapping[str, str], ...]:
    """The entries of toFQDNs that mean a documented name.

    ``*`` there stands for any part of a name, in Cilium for one label: it is written for one and for two labels.
    """
    if "*" not in host:
        return ({"matchName": host},)
    return {"matchPattern": host}, {"matchPattern": f"*.{host}"}


def _write(
    pods: ClientPods, namespace: str, labels: Mapping[str, str], needed: list[Destination], *, in_input: bool
) -> WrittenPolicy:
    by_port: dict[int, dict[str, None]] = {}
    for destination in needed:
        by_port.setdefault(destination.need.port, {}).update(dict.fromkeys(destination.hosts))
    name = f"netatlas-egress-{pods.id}"
    policy = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "endpointSelector": {"matchLabels": dict(labels)},
            # Whoever is not isolated otherwise shall not become so by this policy.
            "enableDefaultDeny": {"egress": False},
            "egress": [_dns_rule(), *(_name_rule(port, hosts) for port, hosts in by_port.items())],
        },
    }
    seen = "seen in the input" if in_input else "not in the input: check their labels"
    title = f"# {pods.label} ({seen})\n"
    text = title + yaml.safe_dump(policy, sort_keys=False, allow_unicode=True, width=120)
    hosts = tuple(dict.fromkeys(host for destination in needed for host in destination.hosts))
    return WrittenPolicy(pods.label, namespace, name, hosts, text, in_input)


def _dns_rule() -> dict[str, Any]:
    """Names are learnt from the answers that Cilium's proxy reads; all names, since the pods ask for others too."""
    dns = cluster_dns()
    selected = {"k8s:io.kubernetes.pod.namespace": dns.namespace} | {f"k8s:{k}": v for k, v in dns.labels}
    ports = [{"port": str(dns.port), "protocol": protocol.value} for protocol in (Protocol.UDP, Protocol.TCP)]
    return {
        "toEndpoints": [{"matchLabels": selected}],
        "toPorts": [{"ports": ports, "rules": {"dns": [{"matchPattern": "*"}]}}],
    }


def _name_rule(port: int, hosts: Iterable[str]) -> dict[str, Any]:
    return {
        "toFQDNs": [dict(entry) for host in hosts for entry in patterns_of(host)],
        "toPorts": [{"ports": [{"port": str(port), "protocol": Protocol.TCP.value}]}],
    }


def _head() -> str:
    needs, sources = cilium_needs()
    lines = (f"Needs {needs}.", f"Source: {describe(sources)}", "They open what is written in them and close nothing.")
    return "".join(f"# {line}\n" for line in lines)
