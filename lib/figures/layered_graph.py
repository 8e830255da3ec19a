"""A layered graph: cards in columns, arrows between them.

The figure depends on the graph alone, so that a click leaves it as it is: the chosen card is marked by Plotly itself.
A click delivers the node's id as ``customdata``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import plotly.graph_objects as go

from lib.figures.text import middle_cut, shown
from lib.figures.theme import CARD_FILL, OUTLINE, TEXT, base_layout, bottom_legend, look
from lib.graph.layout import CARD_HEIGHT, Layout, Point, bend, card_width, lay_out
from lib.graph.model import GraphEdge, GraphModel, GraphNode, Mark

# What fits into a card of four columns where the page is 1280 pixels wide; fewer columns have wider cards.
LABEL_LIMIT: Final = 20
DETAIL_LIMIT: Final = 22
_NARROWEST_PX: Final = 630
_HEAD: Final = 30.0
_FOOT: Final = 34.0
_HOVER_LINES: Final = 12
_ARROW: Final = 9
_QUIET: Final = frozenset({Mark.PLAIN, Mark.ALLOWED})


def layered_graph(model: GraphModel) -> go.Figure:
    """Draw ``model``; about 40 pixels for each card of the fullest tier."""
    layout = lay_out(model)
    traces: list[go.Scatter | go.Bar] = [_edges(mark, pairs) for mark, pairs in _by_mark(model.edges, layout.paths)]
    if model.nodes:
        traces += [_cards(model.nodes, layout), _symbols(model.nodes, layout), _labels(model.nodes, layout)]
    figure = go.Figure(traces)
    bottom = layout.height + 6
    figure.update_layout(
        **base_layout(
            layout.height + _HEAD + _FOOT + 6,
            showlegend=True,
            legend=bottom_legend(),
            barmode="overlay",
            margin={"l": 0, "r": 0, "t": _HEAD, "b": _FOOT},
        )
    )
    half = card_width(layout.columns) / 2 + 0.03
    figure.update_xaxes(
        range=[-half, len(model.tiers) - 1 + half],
        side="top",
        tickvals=list(range(len(model.tiers))),
        ticktext=[f"<b>{shown(title, 40)}</b>" for title in model.tiers],
        tickfont={"color": TEXT, "size": 12},
        showgrid=False,
        zeroline=False,
        showline=False,
        ticks="",
        fixedrange=True,
    )
    figure.update_yaxes(range=[bottom, -6], visible=False, fixedrange=True)
    return figure


def _by_mark(
    edges: Sequence[GraphEdge], paths: Sequence[Sequence[Point]]
) -> Iterable[tuple[Mark, list[tuple[GraphEdge, Sequence[Point]]]]]:
    grouped: dict[Mark, list[tuple[GraphEdge, Sequence[Point]]]] = defaultdict(list)
    for edge, path in zip(edges, paths, strict=True):
        grouped[edge.mark].append((edge, path))
    return [(mark, grouped[mark]) for mark in Mark if mark in grouped]


def _edges(mark: Mark, pairs: list[tuple[GraphEdge, Sequence[Point]]]) -> go.Scatter:
    """All edges of one look as one trace; a gap between two of them, an arrow at the end of each."""
    style = look(mark)
    xs: list[float | None] = []
    ys: list[float | None] = []
    sizes: list[int] = []
    texts: list[str] = []
    for edge, path in pairs:
        points = bend(path)
        words = shown(edge.label) or style.word
        text = f"{style.icon} {words}" if words == style.word else f"{style.icon} {style.word}: {words}"
        for i, point in enumerate(points):
            xs.append(round(point.x, 4))
            ys.append(round(point.y, 1))
            sizes.append(_ARROW if i == len(points) - 1 else 0)
            texts.append(text)
        xs.append(None)
        ys.append(None)
        sizes.append(0)
        texts.append("")
    return go.Scatter(
        x=xs,
        y=ys,
        mode="lines+markers",
        name="leads to" if mark is Mark.PLAIN else style.word,
        line={"color": style.color, "width": 1.3 if mark in _QUIET else 1.8, "dash": style.dash},
        marker={
            "symbol": "arrow",
            "angleref": "previous",
            "size": sizes,
            "color": style.color,
            "opacity": 1,
            "line": {"width": 0},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        connectgaps=False,
    )


def _cards(nodes: Sequence[GraphNode], layout: Layout) -> go.Bar:
    places = [layout.nodes[n.id] for n in nodes]
    return go.Bar(
        orientation="h",
        base=[_left(p, layout) for p in places],
        x=[card_width(layout.columns)] * len(places),
        y=[round(p.y, 1) for p in places],
        width=CARD_HEIGHT,
        customdata=[n.id for n in nodes],
        text=[_hover(n) for n in nodes],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": CARD_FILL,
            "cornerradius": 6,
            "line": {
                "color": [OUTLINE if n.mark in _QUIET else look(n.mark).color for n in nodes],
                "width": [0.8 if n.mark in _QUIET else 1.8 for n in nodes],
            },
        },
        selected={"marker": {"color": "rgba(47,134,200,0.38)", "opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        showlegend=False,
    )


def _symbols(nodes: Sequence[GraphNode], layout: Layout) -> go.Scatter:
    places = [layout.nodes[n.id] for n in nodes]
    return go.Scatter(
        x=[_left(p, layout) + _pixels(13, layout) for p in places],
        y=[round(p.y, 1) for p in places],
        mode="markers",
        marker={
            "symbol": [look(n.mark).symbol for n in nodes],
            "color": [look(n.mark).color for n in nodes],
            "size": 10,
            "opacity": 1,
            "line": {"color": OUTLINE, "width": 1},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hoverinfo="skip",
        showlegend=False,
    )


def _labels(nodes: Sequence[GraphNode], layout: Layout) -> go.Scatter:
    places = [layout.nodes[n.id] for n in nodes]
    return go.Scatter(
        x=[_left(p, layout) + _pixels(22, layout) for p in places],
        y=[round(p.y, 1) for p in places],
        mode="text",
        text=[_label(n, layout.columns < 4) for n in nodes],
        textposition="middle right",
        textfont={"size": 12, "color": TEXT},
        selected={"textfont": {"color": TEXT}},
        unselected={"textfont": {"color": TEXT}},
        hoverinfo="skip",
        showlegend=False,
    )


def _left(place: Point, layout: Layout) -> float:
    return place.x - card_width(layout.columns) / 2


def _pixels(count: float, layout: Layout) -> float:
    """So many pixels in columns, where the page is narrow; on a wide one it is a little more."""
    return count * (layout.columns - 1 + card_width(layout.columns)) / _NARROWEST_PX


def _label(node: GraphNode, wide: bool) -> str:
    factor = 1.6 if wide else 1
    first = shown(node.label, int(LABEL_LIMIT * factor))
    if not node.detail:
        return first
    return f"{first}<br><span style='font-size:10px'>{shown(_fitting(node.detail, int(DETAIL_LIMIT * factor)))}</span>"


def _fitting(detail: str, limit: int) -> str:
    """``namespace · kind``; the kind is left to the hover where both are too long."""
    first = detail.partition(" · ")[0]
    return detail if len(detail) <= limit else middle_cut(first, limit)


def _hover(node: GraphNode) -> str:
    lines = [f"<b>{shown(node.label)}</b>", shown(node.detail)] if node.detail else [f"<b>{shown(node.label)}</b>"]
    if node.mark is not Mark.PLAIN:
        lines.append(f"{look(node.mark).icon} {look(node.mark).word}")
    lines += [shown(line, 120) for line in node.hover[:_HOVER_LINES]]
    if len(node.hover) > _HOVER_LINES:
        lines.append(f"… and {len(node.hover) - _HOVER_LINES} more")
    return "<br>".join(lines)
