"""Who carries out Services on the nodes of a cluster."""

from __future__ import annotations

from typing import Final

from lib.azure.signs import Shown, shown_by_signs
from lib.model.snapshot import Snapshot

KUBE_PROXY: Final = "kube-proxy"
CILIUM: Final = "cilium"


def detect_data_plane(snapshot: Snapshot) -> Shown:
    """Who carries out Services, by the input's signs: ``kube-proxy``, ``cilium``, or "".

    Not known where both run, since Cilium replaces kube-proxy only where it is told to.
    """
    return shown_by_signs(snapshot, "data_plane")
