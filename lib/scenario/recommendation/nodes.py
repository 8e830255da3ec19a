"""Nodes as ends of needs: what runs on their network has their addresses."""

from __future__ import annotations

from collections.abc import Iterable

from lib.model.cluster import Workload
from lib.model.errors import ModelError
from lib.model.sets import parse_address
from lib.model.snapshot import Snapshot
from lib.scenario.recommendation.needs import NodeGroup


def all_nodes(snapshot: Snapshot) -> NodeGroup | None:
    """Every node of the input with its addresses; None where one of them has none, or there is no node."""
    return group_of(snapshot, [n.name for n in snapshot.nodes])


def nodes_of(snapshot: Snapshot, *workloads: Workload) -> NodeGroup | None:
    """The nodes that the pods of workloads run on; None where the input does not show them."""
    return group_of(snapshot, [p.node_name for w in workloads for p in w.endpoints])


def group_of(snapshot: Snapshot, names: Iterable[str]) -> NodeGroup | None:
    """The nodes of these names; None where the input does not show the internal addresses of one."""
    known = {node.name: node for node in snapshot.nodes}
    found = []
    for name in sorted(set(names)):
        addresses = known[name].addresses_of("InternalIP") if name in known else ()
        if not addresses or not all(map(_is_address, addresses)):
            return None
        found.append((name, addresses))
    return NodeGroup(tuple(found)) if found else None


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ModelError:
        return False
    return True
