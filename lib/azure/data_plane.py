"""Who carries out Services on the nodes of a cluster."""

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


def detect_data_plane(snapshot: Snapshot) -> DataPlane:
    """Who carries out Services, by the agents in the input; a kube-proxy beside Cilium still does."""
    for workload in snapshot.workloads:
        if workload.ref.kind == "DaemonSet" and workload.ref.qualified_name == "kube-system/kube-proxy":
            return DataPlane(KUBE_PROXY, "the DaemonSet kube-system/kube-proxy runs", workload.source)
    engine = detect_engine(snapshot)
    if engine.name == CILIUM:
        return DataPlane(CILIUM, engine.evidence, engine.source)
    return DataPlane("", "the input shows neither kube-proxy nor Cilium")
