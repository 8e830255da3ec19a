"""A plan's cluster and pools as the loaded Nodes, Pods and Services show them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from lib.ipplan.sheet import Texts
from lib.model.cluster import Node, Pod
from lib.model.services import ServiceType
from lib.model.snapshot import Snapshot
from lib.routing.reach import asks_for_internal

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
    """What the loaded Services say of the cluster; the network model stands in no object, so it is not told."""
    services = [service for service in snapshot.services if service.type is not ServiceType.EXTERNAL_NAME]
    balanced = [service for service in services if service.type is ServiceType.LOAD_BALANCER]
    counts = {
        "services": sum(not service.headless for service in services),
        "internal_load_balancers": sum(asks_for_internal(service) for service in balanced),
        "load_balancer_ports": sum(len(service.ports) for service in balanced),
    }
    return {name: str(number) for name, number in counts.items() if number}


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
