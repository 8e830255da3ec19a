"""Azure CNI Overlay: nodes in the node subnet, pods in a pod CIDR of which every node takes one block."""

from __future__ import annotations

from dataclasses import dataclass

from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool


@dataclass(frozen=True, slots=True)
class OverlayRules:
    """The arithmetic of the models whose pods live outside the virtual network."""

    sources: tuple[str, ...] = (
        "AKS:concepts-network-azure-cni-overlay.md",
        "AKS:concepts-network-ip-address-planning.md",
    )
    uses_pod_subnet: bool = False
    uses_pod_cidr: bool = True
    family_is_flat: bool = False
    formula: str = "N + s"

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """One address and one block of the pod CIDR a node."""
        return Take(node_subnet=nodes, pod_subnet=0, pod_cidr_blocks=nodes, vnet_ips=nodes)

    def worked(self, pool: SizedPool) -> str:
        """``50 + 1 = 51``."""
        return f"{pool.maximum} + {pool.extra} = {pool.peak}"
