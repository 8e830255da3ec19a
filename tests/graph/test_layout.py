"""The layered layout: every node placed, no two cards overlap, the same graph always the same."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.graph.layout import CARD_HEIGHT, bend, card_width, lay_out
from lib.graph.model import GraphEdge, GraphModel, GraphNode

TIERS = ("one", "two", "three", "four")


@st.composite
def models(draw: st.DrawFn) -> GraphModel:
    tiers = draw(st.lists(st.integers(0, 3), min_size=1, max_size=30))
    nodes = tuple(GraphNode(f"n{i}", draw(st.text(max_size=5)), tier, "Pod") for i, tier in enumerate(tiers))
    ends = st.integers(0, len(nodes) - 1)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=40))
    return GraphModel(TIERS, nodes, tuple(GraphEdge(f"n{a}", f"n{b}") for a, b in pairs))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(models())
def test_every_node_is_placed_once_in_its_tier_without_overlap(model: GraphModel) -> None:
    layout = lay_out(model)
    assert set(layout.nodes) == {n.id for n in model.nodes}
    for tier in range(len(TIERS)):
        members = [layout.nodes[n.id] for n in model.nodes if n.tier == tier]
        assert all(p.x == tier for p in members)
        heights = sorted(p.y for p in members)
        assert all(b - a >= CARD_HEIGHT - 1e-6 for a, b in pairwise(heights))
        assert all(CARD_HEIGHT / 2 - 1e-6 <= y <= layout.height - CARD_HEIGHT / 2 + 1e-6 for y in heights)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(models())
def test_edges_lead_from_card_to_card_and_never_cross_one_in_between(model: GraphModel) -> None:
    layout = lay_out(model)
    assert len(layout.paths) == len(model.edges)
    for edge, path in zip(model.edges, layout.paths, strict=True):
        for end, point in ((edge.src, path[0]), (edge.dst, path[-1])):
            card = layout.nodes[end]
            assert abs(abs(point.x - card.x) - card_width(len(TIERS)) / 2) < 1e-9
            assert abs(point.y - card.y) <= CARD_HEIGHT / 2
        for point in path[1:-1]:
            for node in model.nodes:
                card = layout.nodes[node.id]
                inside = abs(point.x - card.x) <= card_width(len(TIERS)) / 2 and abs(point.y - card.y) < CARD_HEIGHT / 2
                assert not inside, "a lane runs through a card"


@settings(derandomize=True, deadline=None, max_examples=40)
@given(models(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_in_the_model_does_not_matter(model: GraphModel, random: object) -> None:
    shuffled = list(model.nodes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = GraphModel(model.tiers, tuple(shuffled), model.edges)
    assert dict(lay_out(model).nodes) == dict(lay_out(again).nodes)


def test_chains_without_crossings_are_drawn_without_crossings() -> None:
    names = "abcdef"
    nodes = [GraphNode(f"l{c}", c, 0, "Pod") for c in names]
    nodes += [GraphNode(f"r{c}", str(9 - i), 1, "Pod") for i, c in enumerate(names)]
    layout = lay_out(GraphModel(("l", "r"), tuple(nodes), tuple(GraphEdge(f"l{c}", f"r{c}") for c in names)))
    left = sorted(names, key=lambda c: layout.nodes[f"l{c}"].y)
    right = sorted(names, key=lambda c: layout.nodes[f"r{c}"].y)
    assert left == right


def test_one_more_node_keeps_the_others_in_order() -> None:
    nodes = tuple(GraphNode(f"n{i:02}", f"n{i:02}", i % 3, "Pod") for i in range(30))
    edges = tuple(GraphEdge(f"n{i:02}", f"n{i + 1:02}") for i in range(29) if i % 3 != 2)
    before = lay_out(GraphModel(TIERS, nodes, edges)).nodes
    after = lay_out(GraphModel(TIERS, (*nodes, GraphNode("n05b", "n05b", 2, "Pod")), edges)).nodes
    for tier in range(3):
        ids = [n.id for n in nodes if n.tier == tier]
        assert sorted(ids, key=lambda i: before[i].y) == sorted(ids, key=lambda i: after[i].y)


def test_a_bent_path_keeps_its_ends_and_arrives_level() -> None:
    nodes = (GraphNode("a", "a", 0, "Pod"), GraphNode("b", "b", 1, "Pod"), GraphNode("c", "c", 1, "Pod"))
    layout = lay_out(GraphModel(("l", "r"), nodes, (GraphEdge("a", "b"), GraphEdge("a", "c"))))
    for path in layout.paths:
        smooth = bend(path)
        assert smooth[0] == path[0]
        assert abs(smooth[-1].y - path[-1].y) < 1e-9
        assert abs(smooth[-1].y - smooth[-2].y) < abs(path[0].y - path[-1].y) / 8
