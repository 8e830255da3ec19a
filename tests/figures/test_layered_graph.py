"""The drawn graph: one trace a look, every card and edge there, no markup from an input."""

from streamlit.elements.lib import streamlit_plotly_theme

from lib.figures.layered_graph import DETAIL_LIMIT, LABEL_LIMIT, layered_graph
from lib.figures.text import shown
from lib.figures.theme import CONFIG, TEXT, look
from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark

EVIL = "<img src=http://evil.example/x onerror=alert(1)>&<b>bold</b>"


def graph(label: str = "web") -> GraphModel:
    nodes = (
        GraphNode("a", label, 0, "Service", detail="shop · ClusterIP", hover=(label,)),
        GraphNode("b", "api", 1, "Deployment", Mark.ERROR, "shop · Deployment"),
        GraphNode("c", "db", 1, "StatefulSet"),
    )
    edges = (GraphEdge("a", "b", Mark.ALLOWED, "TCP 80"), GraphEdge("a", "c", Mark.DENIED), GraphEdge("b", "c"))
    return GraphModel(("Left", "Right"), nodes, edges)


def test_every_look_of_an_edge_is_one_trace_with_its_own_dash_and_arrow() -> None:
    traces = [t for t in layered_graph(graph()).data if t.type == "scatter" and t.mode == "lines+markers"]
    assert {t.name for t in traces} == {"leads to", "allowed", "denied"}
    assert len({(t.line.dash, t.line.color) for t in traces}) == len(traces)
    for trace in traces:
        assert trace.marker.symbol == "arrow"
        assert trace.marker.angleref == "previous"
        assert sum(size > 0 for size in trace.marker.size) == 1
        assert trace.selected.marker.opacity == trace.unselected.marker.opacity == 1


def test_a_click_on_a_card_delivers_the_nodes_id() -> None:
    (cards,) = [t for t in layered_graph(graph()).data if t.type == "bar"]
    assert list(cards.customdata) == ["a", "b", "c"]


def test_the_same_graph_is_the_same_figure() -> None:
    assert layered_graph(graph()).to_json() == layered_graph(graph()).to_json()


def test_no_edge_is_an_annotation() -> None:
    assert not layered_graph(graph()).layout.annotations


def test_text_from_an_input_is_never_markup() -> None:
    assert "<img" not in layered_graph(graph(EVIL)).to_json().replace("\\u003c", "<")
    assert shown("a\u202eb\x00") == "a\ufffdb\ufffd"


def test_labels_are_cut_to_their_card_and_whole_in_the_hover() -> None:
    long = "a-very-long-workload-name-that-nobody-should-have-chosen-1"
    nodes = tuple(GraphNode(f"{t}", long, t, "Pod", detail=f"{long} · Pod", hover=()) for t in range(4))
    figure = layered_graph(GraphModel(("1", "2", "3", "4"), nodes))
    (labels,) = [t for t in figure.data if t.type == "scatter" and t.mode == "text"]
    for text in labels.text:
        first, _, second = text.partition("<br>")
        assert len(first) <= LABEL_LIMIT
        assert len(second.partition(">")[2].removesuffix("</span>")) <= DETAIL_LIMIT
    (cards,) = [t for t in figure.data if t.type == "bar"]
    assert all(long in text for text in cards.text)


def test_every_mark_has_a_symbol_and_a_word_of_its_own() -> None:
    assert len({look(m).symbol for m in Mark}) >= len(Mark) - 1
    assert len({look(m).word for m in Mark}) == len(Mark)


def test_an_empty_graph_is_drawn_without_cards() -> None:
    assert not layered_graph(GraphModel(("a",))).data


def test_the_colour_of_text_is_the_one_that_streamlit_replaces() -> None:
    assert TEXT == streamlit_plotly_theme.GRAY_90


def test_no_button_uploads_the_figure() -> None:
    assert "sendChartToCloud" in CONFIG["modeBarButtonsToRemove"]
