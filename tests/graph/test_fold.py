"""Folding: large graphs become small ones, and nothing disappears on the way."""

import pytest

from lib.graph.fold import ARROWS, FOLDED_TIER, READABLE, fold
from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark
from lib.model.errors import ModelError


def big(namespaces: int, each: int) -> GraphModel:
    nodes = [GraphNode("internet", "Internet", 0, "outside")]
    edges = []
    for n in range(namespaces):
        for i in range(each):
            bad = n == 3 and i == 0
            nodes.append(GraphNode(f"s{n}-{i}", f"s{i}", 1, "Service", group=f"ns{n}"))
            nodes.append(
                GraphNode(f"w{n}-{i}", f"w{i}", 2, "Deployment", Mark.ERROR if bad else Mark.PLAIN, group=f"ns{n}")
            )
            edges.append(GraphEdge(f"s{n}-{i}", f"w{n}-{i}"))
            edges.append(GraphEdge("internet", f"s{n}-{i}"))
    return GraphModel(("outside", "Service", "workload"), tuple(nodes), tuple(edges))


def test_a_small_graph_stays_as_it_is() -> None:
    model = big(3, 4)
    assert fold(model) is model


@pytest.mark.parametrize(("namespaces", "each"), [(10, 40), (300, 5), (1, 400)])
def test_a_large_graph_becomes_readable_and_counts_everything(namespaces: int, each: int) -> None:
    model = big(namespaces, each)
    folded = fold(model)
    assert len(folded.nodes) <= READABLE + len(folded.tiers)
    assert sum(n.members for n in folded.nodes) == len(model.nodes)
    assert sum(e.members for e in folded.edges) == len(model.edges)
    assert f"{len(model.nodes):,}" in folded.note
    assert any(n.id == "internet" for n in folded.nodes)


def test_a_folded_node_shows_the_worst_of_its_members() -> None:
    folded = fold(big(10, 40))
    marks = {n.label: n.mark for n in folded.nodes if n.tier == 2}
    assert marks["ns3"] is Mark.ERROR
    assert marks["ns4"] is Mark.PLAIN


def test_the_same_namespaces_stand_apart_in_every_tier_and_a_faulty_one_among_them() -> None:
    folded = fold(big(300, 5))
    tiers = [{n.label for n in folded.nodes if n.tier == tier and n.group} for tier in (1, 2)]
    assert tiers[0] == tiers[1]
    assert "ns3" in tiers[0]
    assert len(tiers[0]) < FOLDED_TIER


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(ModelError):
        GraphModel(("a",), (GraphNode("x", "x", 0, "Pod"),), (GraphEdge("x", "y"),))


@pytest.mark.parametrize("gateways", [151, 600, 3000])
def test_nodes_that_belong_to_no_namespace_are_folded_too(gateways: int) -> None:
    nodes = [GraphNode(f"g{i}", f"gateway-{i}", 0, "Gateway") for i in range(gateways)]
    nodes += [GraphNode(f"s{i}", f"s{i}", 1, "Service", group=f"ns{i}") for i in range(gateways)]
    model = GraphModel(
        ("Gateway", "Service"), tuple(nodes), tuple(GraphEdge(f"g{i}", f"s{i}") for i in range(gateways))
    )
    folded = fold(model)
    assert len(folded.nodes) <= READABLE
    assert sum(n.members for n in folded.nodes) == 2 * gateways
    assert sum(e.members for e in folded.edges) == gateways


def test_a_graph_of_few_nodes_and_a_tangle_of_arrows_is_folded_by_namespace() -> None:
    ends = [(t, n, i) for t in (0, 1) for n in range(3) for i in range(20)]
    nodes = tuple(GraphNode(f"{t}:{n}:{i}", f"w{i}", t, "Deployment", group=f"ns{n}") for t, n, i in ends)
    edges = tuple(GraphEdge(a.id, b.id) for a in nodes for b in nodes if (a.tier, b.tier) == (0, 1))
    folded = fold(GraphModel(("From", "To"), nodes, edges))
    assert len(folded.nodes) == 6
    assert sum(e.members for e in folded.edges) == len(edges) == 3600
    assert len(folded.edges) <= ARROWS
