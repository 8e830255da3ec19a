"""A matrix of permitted flows: rows are sources, columns destinations; every cell has a colour and a symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from lib.figures.text import shown
from lib.figures.theme import TEXT, base_layout, bottom_legend, look
from lib.flows import MatrixCell, MatrixState
from lib.graph.model import Mark

_LABEL_LIMIT: Final = 26
_COLUMNS_ACROSS: Final = 6
_ROW: Final = 34
_LOW_ROW: Final = 18
_HEAD: Final = 96
_LEVEL_HEAD: Final = 30
_FOOT: Final = 46
# Above this many names cells and symbols are smaller, above the next too small for a symbol, above the last for a name.
_LARGE_UP_TO: Final = 20
_SYMBOLS_UP_TO: Final = 60
DRAWN_UP_TO: Final = 150

MARKS: Final = {
    MatrixState.OPEN: Mark.OPEN,
    MatrixState.ALLOWED: Mark.ALLOWED,
    MatrixState.ALLOWED_PORTS: Mark.ALLOWED,
    MatrixState.PARTLY: Mark.PARTIAL,
    MatrixState.DENIED: Mark.DENIED,
    MatrixState.UNKNOWN: Mark.UNKNOWN,
    MatrixState.NOTHING: Mark.PLAIN,
}
# The two shades of "allowed" are one colour, full and light, and two symbols.
_FILL: Final = {
    MatrixState.OPEN: "rgba(230,159,0,0.90)",
    MatrixState.ALLOWED: "rgba(0,158,115,0.85)",
    MatrixState.ALLOWED_PORTS: "rgba(0,158,115,0.38)",
    MatrixState.PARTLY: "rgba(47,134,200,0.45)",
    MatrixState.DENIED: "rgba(128,136,149,0.10)",
    MatrixState.UNKNOWN: "rgba(184,101,160,0.60)",
    MatrixState.NOTHING: "rgba(128,136,149,0.03)",
}
_ICON: Final = {
    MatrixState.OPEN: "◇",
    MatrixState.ALLOWED: "✔",
    MatrixState.ALLOWED_PORTS: "◑",
    MatrixState.PARTLY: "◐",
    MatrixState.DENIED: "✖",
    MatrixState.UNKNOWN: "?",
    MatrixState.NOTHING: "–",
}
# A workload and itself are no pair either.
_WORDS: Final = {MatrixState.NOTHING: "no pair to judge"}
STATES: Final = tuple(MatrixState)


def state_icon(state: MatrixState) -> str:
    """The character that stands for a state in cells and tables."""
    return _ICON[state]


def flow_matrix(cells: Sequence[Sequence[MatrixCell]], rows: Sequence[str], columns: Sequence[str]) -> go.Figure:
    """Draw ``cells`` under the given names; a click delivers ``[source, destination]`` as ``customdata``."""
    names = max(len(rows), len(columns))
    symbols, large = names <= _SYMBOLS_UP_TO, names <= _LARGE_UP_TO
    codes = [[STATES.index(cell.state) for cell in row] for row in cells]
    used = [state for state in STATES if any(cell.state is state for row in cells for cell in row)]
    figure = go.Figure(
        go.Heatmap(
            z=codes,
            x=list(range(len(columns))),
            y=list(range(len(rows))),
            zmin=-0.5,
            zmax=len(STATES) - 0.5,
            colorscale=_scale(),
            showscale=False,
            xgap=2,
            ygap=2,
            text=[[_ICON[cell.state] if symbols else "" for cell in row] for row in cells],
            texttemplate="%{text}",
            textfont={"size": 14 if large else 9, "color": TEXT},
            hovertext=[
                [_hover(cell, rows[i], columns[j]) for j, cell in enumerate(row)] for i, row in enumerate(cells)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.add_trace(_click_points(cells))
    for state in used:
        figure.add_trace(_legend_entry(state))
    row = _ROW if large else _LOW_ROW
    level = len(columns) <= 3
    head = _LEVEL_HEAD if level else _HEAD
    figure.update_layout(
        **base_layout(
            len(rows) * row + head + _FOOT,
            showlegend=True,
            margin={"l": 10, "r": 10, "t": head, "b": _FOOT},
            legend=bottom_legend(),
        )
    )
    axis = {
        "tickfont": {"color": TEXT, "size": 12},
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "fixedrange": True,
    }
    figure.update_xaxes(
        **axis,
        side="top",
        tickvals=list(range(len(columns))),
        ticktext=[shown(name, _LABEL_LIMIT) for name in columns],
        tickangle=0 if level else -40,
        range=[-0.5, len(columns) - 0.5],
        automargin=False,
        # A few columns are no wider than their names need.
        domain=[0, min(1.0, max(1, len(columns)) / _COLUMNS_ACROSS)],
    )
    figure.update_yaxes(
        **axis,
        tickvals=list(range(len(rows))),
        ticktext=[shown(name, _LABEL_LIMIT) for name in rows],
        range=[len(rows) - 0.5, -0.5],
        automargin=True,
    )
    return figure


def _scale() -> list[tuple[float, str]]:
    """One flat step of the scale for each state."""
    count = len(STATES)
    steps = []
    for i, state in enumerate(STATES):
        steps += [(i / count, _FILL[state]), ((i + 1) / count, _FILL[state])]
    return steps


def _click_points(cells: Sequence[Sequence[MatrixCell]]) -> go.Scatter:
    """A heatmap's cells can't be chosen; invisible points over them can."""
    places = [(j, i, cell) for i, row in enumerate(cells) for j, cell in enumerate(row)]
    return go.Scatter(
        x=[j for j, _, _ in places],
        y=[i for _, i, _ in places],
        mode="markers",
        marker={"symbol": "square-open", "size": 22, "opacity": 0, "color": look(Mark.PARTIAL).color},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[cell.src, cell.dst] for _, _, cell in places],
        showlegend=False,
        hoverinfo="none",
    )


def _legend_entry(state: MatrixState) -> go.Scatter:
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=f"{_ICON[state]} {_WORDS.get(state, state.value)}",
        marker={
            "symbol": "square",
            "size": 13,
            "color": _FILL[state],
            "line": {"color": look(MARKS[state]).color, "width": 1},
        },
        hoverinfo="skip",
    )


def _hover(cell: MatrixCell, row: str, column: str) -> str:
    lines = [
        f"<b>{shown(row)} → {shown(column)}</b>",
        f"{_ICON[cell.state]} {_WORDS.get(cell.state, cell.state.value)}",
        cell.state.meaning,
    ]
    if cell.ports:
        lines.append(f"ports: {shown(cell.ports, 120)}")
    return "<br>".join(lines)
