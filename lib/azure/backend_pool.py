"""The nodes behind the load balancers."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.cluster import Node
from lib.model.snapshot import Snapshot
from lib.routing.service_faults import EXCLUDED_NODE_LABEL


@dataclass(frozen=True, slots=True)
class PoolNodes:
    """The nodes of the input that stand in the backend pools, and those that a label keeps out.

    ``complete`` says whether there can be no others.
    """

    nodes: tuple[Node, ...]
    left_out: tuple[Node, ...]
    complete: bool

    def __str__(self) -> str:
        count = f"{len(self.nodes):,} node{'' if len(self.nodes) == 1 else 's'}"
        known = count if self.complete else f"{count} of the input, perhaps more"
        return f"{known}; {len(self.left_out):,} kept out by {EXCLUDED_NODE_LABEL}" if self.left_out else known


def pool_nodes(snapshot: Snapshot) -> PoolNodes:
    """The nodes behind every load balancer of the cluster, where it has one public and one internal."""
    left_out = tuple(node for node in snapshot.nodes if EXCLUDED_NODE_LABEL in node.labels)
    nodes = tuple(node for node in snapshot.nodes if EXCLUDED_NODE_LABEL not in node.labels)
    return PoolNodes(nodes, left_out, snapshot.is_complete("Node"))
