"""Keeps a graph readable: above a number of nodes, those of one namespace become one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark, strongest

READABLE: Final = 150
ARROWS: Final = 300
FOLDED_TIER: Final = 20

_FAULTS: Final = (Mark.ERROR, Mark.WARNING)

_Target = tuple[int, str]
_Make = Callable[[_Target, list[GraphNode]], GraphNode]


def fold(model: GraphModel, cap: int = READABLE, arrows: int = ARROWS) -> GraphModel:
    """The same graph with at most about ``cap`` nodes, folded too where it has more than ``arrows`` edges.

    First the nodes of one tier and one group become one. Where that is not enough, the groups with a fault and the
    largest stand apart and one node of each tier stands for the others, and then the same is done to nodes without a
    group. Nothing is left out; ``note`` says how it was folded.
    """
    if len(model.nodes) <= cap and len(model.edges) <= arrows:
        return model
    targets = {n.id: (n.tier, n.group) for n in model.nodes if n.group}
    folded = _merge(model, targets, lambda key, members: _of_group(key[0], key[1], members))
    size = f"{len(model.nodes):,} nodes with {len(model.edges):,} arrows"
    note = f"{size} are folded by namespace; filter by namespace to see them apart."
    if len(folded.nodes) > cap:
        folded = _merge(folded, _small_groups(folded, cap), lambda key, members: _of_rest(key[0], members))
        note = (
            f"{size} are folded by namespace, and the smaller namespaces together; "
            "filter by namespace to see them apart."
        )
    if len(folded.nodes) > cap:
        folded = _merge(folded, _rest(folded, cap), lambda key, members: _of_others(key[0], members))
        note = f"{size} are too many to draw: only the first of every kind stand apart."
    return replace(folded, note=note)


def _rest(model: GraphModel, cap: int) -> dict[str, _Target]:
    """The nodes of every tier that are over its share of ``cap``, those that stand for fewest last."""
    by_tier: dict[int, list[GraphNode]] = defaultdict(list)
    for node in model.nodes:
        by_tier[node.tier].append(node)
    each = max(2, cap // max(1, len(by_tier)))
    return {
        node.id: (tier, "")
        for tier, nodes in by_tier.items()
        if len(nodes) > each
        for node in sorted(nodes, key=lambda n: -n.members)[each - 1 :]
    }


def _small_groups(model: GraphModel, cap: int) -> dict[str, _Target]:
    """The nodes of all groups but a few: those with a fault, then the largest.

    The same groups stand apart in every tier, so that their arrows can be followed from one side to the other.
    """
    groups: dict[str, list[GraphNode]] = defaultdict(list)
    for node in model.nodes:
        if node.group:
            groups[node.group].append(node)
    tiers = {node.tier for nodes in groups.values() for node in nodes}
    free = len(model.nodes) - sum(map(len, groups.values()))
    each = max(2, min(FOLDED_TIER, (cap - free) // max(1, len(tiers))))
    marks = {name: strongest(tuple(n.mark for n in nodes)) for name, nodes in groups.items()}
    sizes = {name: sum(n.members for n in nodes) for name, nodes in groups.items()}
    ranked = sorted(groups, key=lambda name: (marks[name] not in _FAULTS, -sizes[name], name))
    return {node.id: (node.tier, "") for group in ranked[each - 1 :] for node in groups[group]}


def _merge(model: GraphModel, targets: dict[str, _Target], make: _Make) -> GraphModel:
    members: dict[_Target, list[GraphNode]] = defaultdict(list)
    for node in model.nodes:
        if node.id in targets:
            members[targets[node.id]].append(node)
    new_id: dict[str, str] = {}
    made: dict[str, GraphNode] = {}
    nodes = []
    for node in model.nodes:
        key = targets.get(node.id)
        if key is None or len(members[key]) == 1:
            new_id[node.id] = node.id
            nodes.append(node)
            continue
        whole = make(key, members[key])
        new_id[node.id] = whole.id
        if whole.id not in made:
            made[whole.id] = whole
            nodes.append(whole)
    return replace(model, nodes=tuple(nodes), edges=_merge_edges(model.edges, new_id))


def _merge_edges(edges: Iterable[GraphEdge], new_id: dict[str, str]) -> tuple[GraphEdge, ...]:
    grouped: dict[tuple[str, str], list[GraphEdge]] = defaultdict(list)
    for edge in edges:
        grouped[new_id[edge.src], new_id[edge.dst]].append(edge)
    merged = []
    for (src, dst), found in grouped.items():
        labels = {e.label for e in found}
        count = sum(e.members for e in found)
        label = labels.pop() if len(labels) == 1 else f"{count:,} connections"
        merged.append(GraphEdge(src, dst, strongest(tuple(e.mark for e in found)), label, count))
    return tuple(merged)


def _of_group(tier: int, group: str, members: list[GraphNode]) -> GraphNode:
    count = sum(n.members for n in members)
    if {n.kind for n in members} == {"outside"}:
        return GraphNode(
            id=f"outside:{tier}",
            label=group,
            tier=tier,
            kind="outside",
            mark=strongest(tuple(n.mark for n in members)),
            detail=f"{count:,} ranges",
            hover=tuple(n.label for n in members),
            group=group,
            members=count,
        )
    return GraphNode(
        id=f"group:{tier}:{group}",
        label=group,
        tier=tier,
        kind="Namespace",
        mark=strongest(tuple(n.mark for n in members)),
        detail=f"{count:,} {_plural(members)}",
        hover=_counts(members),
        group=group,
        members=count,
    )


def _of_rest(tier: int, members: list[GraphNode]) -> GraphNode:
    count = sum(n.members for n in members)
    return GraphNode(
        id=f"rest:{tier}",
        label=f"{len(members):,} more namespaces",
        tier=tier,
        kind="Namespace",
        mark=strongest(tuple(n.mark for n in members)),
        detail=f"{count:,} objects",
        hover=_counts(members),
        members=count,
    )


def _of_others(tier: int, members: list[GraphNode]) -> GraphNode:
    count = sum(n.members for n in members)
    return GraphNode(
        id=f"others:{tier}",
        label=f"{count:,} more",
        tier=tier,
        kind="others",
        mark=strongest(tuple(n.mark for n in members)),
        detail="see the table",
        hover=_counts(members),
        members=count,
    )


_DOORS = frozenset({"Ingress", "Gateway", "load balancer", "node port", "external IP", "host port", "host network"})


def _plural(members: list[GraphNode]) -> str:
    kinds = {n.kind for n in members}
    if kinds <= {"Service"}:
        return "Services"
    if kinds <= {"host"}:
        return "hosts"
    if kinds <= _DOORS:
        return "doors"
    return "objects" if kinds & (_DOORS | {"Service", "host"}) else "workloads"


def _counts(members: list[GraphNode]) -> tuple[str, ...]:
    counts = Counter[Mark]()
    for node in members:
        counts[node.mark] += node.members
    return tuple(f"{counts[mark]:,} {mark.value}" for mark in Mark if counts[mark])
