"""A plan's cluster and pools as the loaded objects show them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from lib.azure.frontends import CLUSTER_SUBNET
from lib.azure.profile import ClusterProfile, cluster_profile
from lib.azure.view import azure_view
from lib.ipplan.demand import NetworkModel
from lib.ipplan.sheet import Sheet, Texts, names_of
from lib.model.cluster import Node, Pod
from lib.model.services import ServiceType
from lib.model.sets import Family
from lib.model.snapshot import Snapshot

DEFAULT_MODEL: Final = NetworkModel.AZURE_CNI_OVERLAY.value
_LOADED: Final = "loaded"
_POOL_LABELS: Final = ("kubernetes.azure.com/agentpool", "agentpool")
_ZONE_LABELS: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_MODES: Final = ("system", "user", "gateway")
_SYSTEMS: Final = ("linux", "windows")


def pools_of(snapshot: Snapshot) -> tuple[Texts, ...]:
    """The pools of the loaded nodes, by AKS's label, with the pods that run on each.

    Of a pool's nodes the largest max pods counts. Pods on their node's network and those that have ended take no
    pod address and are not counted; where no pod runs, none is expected by number.
    """
    pools: dict[str, list[Node]] = {}
    for node in snapshot.nodes:
        name = next((node.labels[key] for key in _POOL_LABELS if key in node.labels), "pool")
        pools.setdefault(name, []).append(node)
    running = Counter(pod.node_name for pod in snapshot.pods if _takes_an_address(pod))
    return tuple(_pool(name, nodes, running) for name, nodes in sorted(pools.items()))


def cluster_of(snapshot: Snapshot) -> Texts:
    """What the loaded objects say of the cluster; what they leave open is not told."""
    profile, view = cluster_profile(snapshot), azure_view(snapshot)
    internal = [
        frontend
        for balancer in view.load_balancers
        if balancer.internal
        for frontend in balancer.frontends
        if frontend.family is Family.IPV4 and frontend.subnet == CLUSTER_SUBNET
    ]
    links = [found.private_link for found in view.services if found.private_link is not None]
    in_nodes = [link.address_count for link in links if link.subnet == CLUSTER_SUBNET]
    numbers = {
        "services": sum(not s.headless for s in snapshot.services if s.type is not ServiceType.EXTERNAL_NAME),
        "internal_load_balancers": len(internal),
        "load_balancer_ports": sum(len(found.service.ports) for found in view.services),
        "private_link_services": len(in_nodes),
        "private_link_ips": max(in_nodes, default=0),
    }
    return {
        **_network(profile, snapshot),
        "policy_engine": profile.policy_engine.value,
        **{name: str(number) if number else "" for name, number in numbers.items()},
    }


def _network(profile: ClusterProfile, snapshot: Snapshot) -> Texts:
    """The network model and its ranges; addresses that were merely seen show no range, and make none."""
    pods, services = (_prefixes(aspect.value) for aspect in (profile.pod_addresses, profile.service_addresses))
    dns = [text for text in profile.dns_addresses.value.split(", ") if services[4] and ":" not in text]
    families = [{address.version for address in service.cluster_ips} for service in snapshot.services]
    families += [{cidr.version for cidr in node.pod_cidrs} for node in snapshot.nodes]
    return {
        "model": profile.network_model.value,
        "pod_cidr": pods[4],
        "pod_cidr_ipv6": pods[6],
        "service_cidr": services[4],
        "service_cidr_ipv6": services[6],
        "dns_service_ip": dns[0] if dns else "",
        "dual_stack": "true" if {4, 6} in families else "",
    }


def _prefixes(text: str) -> dict[int, str]:
    """The first prefix of each family among ranges with commas between; "" where there is none."""
    parts = [part for part in text.split(", ") if "/" in part]
    return {version: next((p for p in parts if (":" in p) is (version == 6)), "") for version in (4, 6)}


def with_cluster(sheet: Sheet, found: Texts, pools: tuple[Texts, ...]) -> Sheet:
    """The sheet with a cluster that was found: in place of its only one, or beside several, where it stays one.

    What was typed of that cluster and was not found in it stays as it is.
    """
    names = names_of(sheet.clusters)
    several = len(names) > 1
    name = _LOADED if several else names[0]
    before = next((c for c, other in zip(sheet.clusters, names, strict=True) if other == name), {})
    shown = {key: text for key, text in found.items() if text}
    cluster = {"model": DEFAULT_MODEL, **before, **shown, **({"name": name} if several else {})}
    if not several:
        return replace(sheet, clusters=(cluster,), pools=pools)
    clusters = tuple(cluster if other == name else c for c, other in zip(sheet.clusters, names, strict=True))
    others = tuple(pool for pool in sheet.pools if pool.get("cluster") != name)
    return replace(
        sheet,
        clusters=clusters if name in names else (*clusters, cluster),
        pools=(*others, *({"cluster": name, **pool} for pool in pools)),
    )


def doubt_about(snapshot: Snapshot) -> str:
    """Why what is taken may be too little: kinds that a server did not give to their end; "" where it gave them all."""
    unread = snapshot.unread_text("Node", "Pod", "Service")
    if not unread:
        return ""
    return f"Not everything could be read: {unread}. Numbers taken from the cluster may be too low, or missing."


def _pool(name: str, nodes: list[Node], running: Counter[str]) -> Texts:
    max_pods = max((node.allocatable_pods or 0 for node in nodes), default=0)
    pods = sum(running[node.name] for node in nodes)
    mode = nodes[0].labels.get("kubernetes.azure.com/mode", "")
    system = nodes[0].labels.get("kubernetes.io/os", "")
    found = {
        "name": name,
        "nodes": str(len(nodes)),
        "max_pods": str(max_pods) if max_pods else "",
        "mode": mode if mode in _MODES else "",
        "os": system if system in _SYSTEMS else "",
        "pods_expected": str(pods) if pods else "",
        "zones": " ".join(sorted({zone for node in nodes if (zone := _zone(node))})),
    }
    return {key: value for key, value in found.items() if value}


def _zone(node: Node) -> str:
    """The number of an Azure zone such as ``westeurope-1``; "" where the label says none."""
    label = next((node.labels[key] for key in _ZONE_LABELS if key in node.labels), "")
    number = label.rpartition("-")[2]
    return number if number in ("1", "2", "3") and "-" in label else ""


def _takes_an_address(pod: Pod) -> bool:
    return bool(pod.node_name) and not pod.host_network and not pod.has_ended and not pod.from_template
