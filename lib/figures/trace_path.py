"""A trace as a picture: a card for each hop, in rows that are read like text, with an arrow from each to the next."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import plotly.graph_objects as go

from lib.figures.text import shown
from lib.figures.theme import CARD_FILL, OUTLINE, TEXT, base_layout, look
from lib.graph.model import Mark
from lib.trace.hop import Hop, HopVerdict, Trace

IN_A_ROW: Final = 5
_ROW_PX: Final = 74
_CARD_PX: Final = 50
_CARD: Final = 0.86
_CHARS: Final = 27
_MARKS: Final = {
    HopVerdict.ALLOWED: Mark.ALLOWED,
    HopVerdict.DENIED: Mark.ERROR,
    HopVerdict.UNKNOWN: Mark.UNKNOWN,
    HopVerdict.DEPENDS: Mark.PARTIAL,
}
_WORDS: Final = {HopVerdict.DENIED: "denied", HopVerdict.DEPENDS: "it depends"}


def mark_of(hop: Hop) -> Mark:
    """The mark of a hop; what is taken for granted was not checked."""
    return Mark.NOT_CHECKED if hop.premise else _MARKS[hop.verdict]


def trace_path(trace: Trace) -> go.Figure:
    """Draw the hops, five in a row; arrows behind a hop that denies are dotted, since the packet does not pass it."""
    places = [(i % IN_A_ROW, i // IN_A_ROW) for i in range(len(trace.hops))]
    rows = (len(places) + IN_A_ROW - 1) // IN_A_ROW
    figure = go.Figure(
        [*_arrows(trace, places), _cards(trace, places), _symbols(trace, places), _labels(trace, places)]
    )
    figure.update_layout(**base_layout(rows * _ROW_PX + 8, barmode="overlay"))
    figure.update_xaxes(range=[-0.5, IN_A_ROW - 0.5], visible=False, fixedrange=True)
    figure.update_yaxes(range=[rows * _ROW_PX - _ROW_PX / 2, -_ROW_PX / 2], visible=False, fixedrange=True)
    return figure


def _arrows(trace: Trace, places: list[tuple[int, int]]) -> list[go.Scatter]:
    """Two lines: the way that the packet takes, and the one that it would take if it were let through."""
    stopped = trace.stopped_at
    reached = len(trace.hops) if stopped is None else trace.hops.index(stopped) + 1
    lines: dict[bool, tuple[list[float | None], list[float | None], list[int]]] = {}
    for number, ((x, row), (to_x, to_row)) in enumerate(pairwise(places), 1):
        xs, ys, sizes = lines.setdefault(number < reached, ([], [], []))
        if row == to_row:
            points: list[tuple[float, float]] = [(x + _CARD / 2, row * _ROW_PX), (to_x - _CARD / 2, to_row * _ROW_PX)]
        else:
            between, half = row * _ROW_PX + _ROW_PX / 2, _CARD_PX / 2
            points = [(x, row * _ROW_PX + half), (x, between), (to_x, between), (to_x, to_row * _ROW_PX - half)]
        for position, (px, py) in enumerate(points):
            xs.append(px)
            ys.append(py)
            sizes.append(8 if position == len(points) - 1 else 0)
        xs.append(None)
        ys.append(None)
        sizes.append(0)
    return [
        go.Scatter(
            x=xs,
            y=ys,
            mode="lines+markers",
            line={"color": OUTLINE, "width": 1.4, "dash": "solid" if taken else "dot"},
            marker={"symbol": "arrow", "angleref": "previous", "size": sizes, "color": OUTLINE, "opacity": 1},
            hoverinfo="skip",
            showlegend=False,
        )
        for taken, (xs, ys, sizes) in lines.items()
    ]


def _cards(trace: Trace, places: list[tuple[int, int]]) -> go.Bar:
    return go.Bar(
        orientation="h",
        base=[x - _CARD / 2 for x, _ in places],
        x=[_CARD] * len(places),
        y=[row * _ROW_PX for _, row in places],
        width=_CARD_PX,
        text=[_hover(number, hop) for number, hop in enumerate(trace.hops, 1)],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        marker={
            "color": CARD_FILL,
            "cornerradius": 6,
            "line": {
                "color": [look(mark_of(hop)).color for hop in trace.hops],
                "width": [2.2 if hop.verdict is not HopVerdict.ALLOWED else 1 for hop in trace.hops],
            },
        },
        showlegend=False,
    )


def _symbols(trace: Trace, places: list[tuple[int, int]]) -> go.Scatter:
    return go.Scatter(
        x=[x - _CARD / 2 + 0.06 for x, _ in places],
        y=[row * _ROW_PX for _, row in places],
        mode="markers",
        marker={
            "symbol": [look(mark_of(hop)).symbol for hop in trace.hops],
            "color": [look(mark_of(hop)).color for hop in trace.hops],
            "size": 11,
            "opacity": 1,
            "line": {"color": OUTLINE, "width": 1},
        },
        hoverinfo="skip",
        showlegend=False,
    )


def _labels(trace: Trace, places: list[tuple[int, int]]) -> go.Scatter:
    return go.Scatter(
        x=[x - _CARD / 2 + 0.11 for x, _ in places],
        y=[row * _ROW_PX for _, row in places],
        mode="text",
        text=[_label(number, hop) for number, hop in enumerate(trace.hops, 1)],
        textposition="middle right",
        textfont={"size": 12, "color": TEXT},
        hoverinfo="skip",
        showlegend=False,
    )


def _label(number: int, hop: Hop) -> str:
    name = hop.subject.removeprefix("Service ")
    return f"{number} · {shown(hop.kind.value, _CHARS)}<br><span style='font-size:10px'>{shown(name, _CHARS)}</span>"


def _hover(number: int, hop: Hop) -> str:
    word = "taken for granted" if hop.premise else _WORDS.get(hop.verdict, hop.verdict.value)
    lines = [f"<b>{number} · {shown(hop.kind.value)}</b>", shown(hop.subject, 120), f"{look(mark_of(hop)).icon} {word}"]
    lines += [shown(part, 110) for part in _wrapped(hop.reason)]
    return "<br>".join(lines)


def _wrapped(text: str, width: int = 90, most: int = 5) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= most else [*lines[:most], "…"]
