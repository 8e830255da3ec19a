"""Azure CNI Node Subnet: every node reserves the addresses of all its pods in the node subnet up front."""

from __future__ import annotations

from dataclasses import dataclass

from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool


@dataclass(frozen=True, slots=True)
class NodeSubnetRules:
    """(N + s) + (N + s) × m addresses of the node subnet."""

    sources: tuple[str, ...] = ("AKS:concepts-network-ip-address-planning.md",)
    uses_pod_subnet: bool = False
    uses_pod_cidr: bool = False
    family_is_flat: bool = True
    formula: str = "(N + s) + (N + s) × m"

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """A node's own address and one for each pod it may run."""
        ips = nodes + nodes * pool.max_pods
        return Take(node_subnet=ips, pod_subnet=0, pod_cidr_blocks=0, vnet_ips=ips)

    def worked(self, pool: SizedPool) -> str:
        """``(50 + 1) + (50 + 1) × 30 = 1581``."""
        nodes = f"({pool.maximum} + {pool.extra})"
        return f"{nodes} + {nodes} × {pool.max_pods} = {self.take(pool, pool.peak).node_subnet}"


def nodes_that_fit(usable: int, max_pods: int) -> int:
    """The nodes that a node subnet with ``usable`` addresses holds, no surge counted."""
    return usable // (1 + max_pods)
