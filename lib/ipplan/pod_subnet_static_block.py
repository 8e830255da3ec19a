"""Pod Subnet with static blocks: every node takes whole blocks of the pod subnet for its lifetime."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from lib.facts import reader as facts
from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool

_MODEL = "pod_subnet_static_block"


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of one node: how many, the pod addresses in them, and those that no pod can use."""

    count: int
    ips: int
    ips_for_pods: int
    wasted: int
    ideal_max_pods: int


def block_size() -> int:
    """The addresses of one block."""
    return int(2 ** (32 - facts.get("block_prefix", _MODEL).number))


def blocks_per_node(max_pods: int) -> Blocks:
    """The blocks that a node with ``max_pods`` takes; ``ideal_max_pods`` would fill as many without waste."""
    kept = facts.get("block_reserved_ips_per_node", _MODEL).number
    count = ceil((max_pods + kept) / block_size())
    ips = count * block_size()
    ceiling = facts.get("max_pods_per_node_hard_max").number
    return Blocks(count, ips, ips - kept, ips - kept - max_pods, min(ips - kept, ceiling))


@dataclass(frozen=True, slots=True)
class StaticBlockRules:
    """N + s addresses of the node subnet, 16 × blocks × (N + s) of the pod subnet."""

    sources: tuple[str, ...] = (
        "AKS:concepts-network-azure-cni-pod-subnet.md",
        "AKS:configure-azure-cni-static-block-allocation.md",
    )
    uses_pod_subnet: bool = True
    uses_pod_cidr: bool = False
    family_is_flat: bool = True

    @property
    def formula(self) -> str:
        """Whole blocks for the pods and the address that a node keeps."""
        return f"nodes: N + s; pods: (N + s) × {_blocks('m')}"

    def take(self, pool: SizedPool, nodes: int) -> Take:
        """A node's own address, and its blocks; the virtual network counts a block once."""
        blocks = blocks_per_node(pool.max_pods)
        return Take(
            node_subnet=nodes, pod_subnet=nodes * blocks.ips, pod_cidr_blocks=0, vnet_ips=nodes * (1 + blocks.count)
        )

    def worked(self, pool: SizedPool) -> str:
        """``nodes: 50 + 1 = 51; pods: (50 + 1) × ⌈(31 + 1) / 16⌉ × 16 = 1632``."""
        pods = self.take(pool, pool.peak).pod_subnet
        nodes = f"{pool.maximum} + {pool.extra}"
        return f"nodes: {nodes} = {pool.peak}; pods: ({nodes}) × {_blocks(str(pool.max_pods))} = {pods}"


def _blocks(max_pods: str) -> str:
    kept = facts.get("block_reserved_ips_per_node", _MODEL).number
    return f"⌈({max_pods} + {kept}) / {block_size()}⌉ × {block_size()}"
