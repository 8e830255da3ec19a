"""Who carries out Services on the nodes of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.azure.signs import shown_by_signs
from lib.model.refs import Source
from lib.model.snapshot import Snapshot

KUBE_PROXY: Final = "kube-proxy"
CILIUM: Final = "cilium"


@dataclass(frozen=True, slots=True)
class DataPlane:
    """Who carries out Services on the nodes: ``kube-proxy``, ``cilium``, or "" where that is not known."""

    name: str
    evidence: str
    source: Source | None = None


def detect_data_plane(snapshot: Snapshot) -> DataPlane:
    """Who carries out Services, by the input's signs.

    Not known where both run, since Cilium replaces kube-proxy only where it is told to.
    """
    found = shown_by_signs(snapshot, "data_plane")
    return DataPlane(found.value, found.evidence, found.source)
