"""Bring your own CNI: only the nodes can be counted, the plug-in decides about the pods."""

from __future__ import annotations

from dataclasses import dataclass

from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool


@dataclass(frozen=True, slots=True)
class ByoCniRules:
    """One address a node; nothing is said of the pods' addresses."""

    sources: tuple[str, ...] = ("AKS:use-byo-cni.md", "AKS:concepts-network-ip-address-planning.md")
    uses_pod_subnet: bool = False
    uses_pod_cidr: bool = False
    family_is_flat: bool = False
    formula: str = "N + s"

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """One address a node."""
        return Take(node_subnet=nodes, pod_subnet=0, pod_cidr_blocks=0, vnet_ips=nodes)

    def worked(self, pool: SizedPool) -> str:
        """``50 + 1 = 51``."""
        return f"{pool.maximum} + {pool.extra} = {pool.peak}"
