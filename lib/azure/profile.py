"""What of a cluster's settings decides over its load balancers and is in no Service."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.engines import detect_engine

KUBE_PROXY, CILIUM = "kube-proxy", "cilium"


@dataclass(frozen=True, slots=True)
class DataPlane:
    """Who carries out Services on the nodes: ``kube-proxy``, ``cilium``, or "" where the input does not show it."""

    name: str
    evidence: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class AzureProfile:
    """The settings of the cloud provider. The defaults are those of AKS.

    ``shared_probe`` is the cluster's health probe mode for Services with externalTrafficPolicy Cluster.
    ``configurations`` names the cluster's load balancers where it has multiple; empty means one. ``location`` is the
    Azure region, "" where it is not known.
    """

    shared_probe: bool = False
    configurations: tuple[str, ...] = ()
    location: str = ""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is taken for granted, in words."""
        probe = "its load balancers share one health probe" if self.shared_probe else "each port has its own probe"
        several = ", ".join(self.configurations)
        count = (
            f"it has the load balancers {several}" if several else "it has one public and one internal load balancer"
        )
        return (f"{count} (Standard)", probe)


def detect_data_plane(snapshot: Snapshot) -> DataPlane:
    """Who carries out Services, by the agents in the input; a kube-proxy beside Cilium still does."""
    for workload in snapshot.workloads:
        if workload.ref.kind == "DaemonSet" and workload.ref.qualified_name == "kube-system/kube-proxy":
            return DataPlane(KUBE_PROXY, "the DaemonSet kube-system/kube-proxy runs", workload.source)
    engine = detect_engine(snapshot)
    if engine.name == CILIUM:
        return DataPlane(CILIUM, engine.evidence, engine.source)
    return DataPlane("", "the input shows neither kube-proxy nor Cilium")


def detect_location(snapshot: Snapshot) -> str:
    """The Azure region that all nodes say they are in; "" where they say none, or several."""
    found = {node.labels.get("topology.kubernetes.io/region", "") for node in snapshot.nodes}
    return found.pop() if len(found) == 1 else ""
