"""The address plan as a picture: the virtual network in address order, and how full every range is."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any, Final

import plotly.graph_objects as go

from lib.figures import theme
from lib.figures.address_blocks import SpaceBlock, in_lines, merged_free, space_blocks
from lib.figures.address_rows import Part, RangeRow, range_rows
from lib.figures.text import shown
from lib.ipplan.result import AddressPlan

ROWS_MAX: Final = 40
LINES_MAX: Final = 12
_ROW_PX: Final = 50
_NAME_LENGTH: Final = 34
# A number is written into a segment, a name into a block, only where it surely fits at the narrowest page.
_NUMBER_SHARE: Final = 0.1
_CHARACTER_SHARE: Final = 0.0138
_INK: Final = "#111111"
_ROOM_FILL: Final = "rgba(0,158,115,0.28)"
# Text on an almost clear fill takes the page's colour, which only an annotation does.
_CLEAR: Final = (Part.FREE, Part.ROOM)

# Colours and patterns go together, so that no part is told by its colour alone.
_LOOKS: Final[Mapping[Part, tuple[str, str]]] = MappingProxyType(
    {
        Part.NOW: (theme.BLUE, ""),
        Part.GROWTH: (theme.SKY, "/"),
        Part.UPGRADE: (theme.ORANGE, "x"),
        Part.OTHER: (theme.PURPLE, "\\"),
        Part.RESERVED: (theme.GREY, "."),
        Part.FREE: (theme.CARD_FILL, ""),
        Part.MISSING: (theme.VERMILLION, "+"),
        Part.SUBNET: (theme.GREEN, ""),
        Part.ROOM: (_ROOM_FILL, "/"),
        Part.AVOIDED: (theme.GREY, "x"),
    }
)


class _Canvas:
    """Collects bars and texts row by row, the first row at the top."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.annotations: list[dict[str, Any]] = []
        self._bars: dict[Part, dict[str, list[Any]]] = {}

    def row(self, title: str, detail: str, summary: str = "") -> None:
        """Begin the next row; ``summary`` stands at its right end."""
        self.labels.append(f"<b>{shown(title, _NAME_LENGTH)}</b><br>{shown(detail, 60)}")
        if summary:
            self.annotations.append(self._text(1.0, shown(summary), xanchor="left", xshift=10))

    def bar(self, part: Part, start: float, share: float, text: str, hover: str) -> None:
        """A part of the present row; ``start`` and ``share`` of its width. ``text`` is escaped already."""
        bars = self._bars.setdefault(part, {"x": [], "y": [], "base": [], "text": [], "hovertext": []})
        inside = "" if part in _CLEAR else text
        for key, value in zip(bars, (share, self._y, start, inside, hover), strict=True):
            bars[key].append(value)
        if text and part in _CLEAR:
            self.annotations.append(self._text(start + share / 2, text, xanchor="center"))

    @property
    def _y(self) -> int:
        return -len(self.labels)

    def _text(self, x: float, text: str, **place: Any) -> dict[str, Any]:
        return {
            "x": x,
            "y": self._y,
            "text": text,
            "showarrow": False,
            "font": {"size": 12, "color": theme.TEXT},
            **place,
        }

    def figure(self) -> go.Figure:
        """The drawing; parts that occur make the legend."""
        figure = go.Figure()
        for part, (colour, pattern) in _LOOKS.items():
            if part in self._bars:
                figure.add_trace(_trace(part, colour, pattern, self._bars[part]))
        layout = theme.base_layout(64 + _ROW_PX * max(1, len(self.labels)))
        layout["margin"] = {"l": 8, "r": 168, "t": 52, "b": 8}
        figure.update_layout(**layout | {"showlegend": True}, barmode="overlay", annotations=self.annotations)
        figure.update_layout(legend=_LEGEND)
        figure.update_xaxes(range=[0, 1.001], visible=False, fixedrange=True)
        figure.update_yaxes(
            tickmode="array", tickvals=[-1 - index for index in range(len(self.labels))], ticktext=self.labels,
            range=[-len(self.labels) - 0.5, -0.5], automargin=True, showgrid=False, zeroline=False, fixedrange=True,
            tickfont={"size": 12, "color": theme.TEXT},
        )  # fmt: skip
        return figure


_LEGEND: Final = {
    "orientation": "h",
    "x": 0,
    "xref": "container",
    "xanchor": "left",
    "y": 1,
    "yref": "container",
    "yanchor": "top",
    "itemclick": False,
    "itemdoubleclick": False,
    "font": {"size": 12, "color": theme.TEXT},
}


def address_space(plan: AddressPlan) -> go.Figure:
    """Draw the virtual network's spaces, then every subnet and CIDR with what takes it.

    A space is drawn to scale; where names don't fit it is drawn again with its blocks in address order and readable,
    in at most ``LINES_MAX`` lines.
    Every other bar is one whole range, so that a full /26 is seen as well as a full /16. At most ``ROWS_MAX`` ranges
    are drawn, the fullest of them. Nothing is painted behind, and text takes the page's colour.
    """
    canvas = _Canvas()
    for space in plan.demand.vnet:
        if isinstance(space, IPv4Network):
            _draw_space(canvas, space, merged_free(space_blocks(plan, space)))
    rows = range_rows(plan)
    for row in rows if len(rows) <= ROWS_MAX else sorted(rows, key=lambda row: -row.fullness)[:ROWS_MAX]:
        _draw_row(canvas, row)
    return canvas.figure()


def hidden_rows(plan: AddressPlan) -> int:
    """How many ranges the figure leaves out; the table shows them all."""
    return max(0, len(range_rows(plan)) - ROWS_MAX)


def _draw_row(canvas: _Canvas, row: RangeRow) -> None:
    canvas.row(row.title, row.detail, row.summary)
    whole, start = max(1, row.capacity + row.missing), 0
    for segment in row.segments:
        share = segment.amount / whole
        number = f"{segment.amount:,}" if share >= _NUMBER_SHARE else ""
        hover = f"<b>{shown(row.title)}</b> {shown(row.detail)}<br>{segment.part.value}: {segment.amount:,} {row.unit}"
        canvas.bar(segment.part, start / whole, share, number, hover)
        start += segment.amount


def _draw_space(canvas: _Canvas, space: IPv4Network, blocks: list[SpaceBlock]) -> None:
    canvas.row("Virtual network", f"{space} · to scale")
    complete = True
    for block in blocks:
        share = (block.last - block.first + 1) / space.num_addresses
        start = (block.first - int(space.network_address)) / space.num_addresses
        fits = share >= _CHARACTER_SHARE * block.length
        complete = complete and (fits or block.part is Part.FREE)
        canvas.bar(block.part, start, share, "<br>".join(map(shown, block.lines)) if fits else "", block.hover)
    if complete:
        return
    lines = list(in_lines(blocks, int(1 / _CHARACTER_SHARE)))
    for number, line in enumerate(lines[:LINES_MAX], 1):
        title = "In address order" if number == 1 else f"from {IPv4Address(line[0].first)}"
        several = f" · {number} of {len(lines)}" if len(lines) > 1 else ""
        canvas.row(title, f"not to scale{several}")
        whole, start = sum(block.length for block in line), 0
        for block in line:
            text = "<br>".join(map(shown, block.lines))
            canvas.bar(block.part, start / whole, block.length / whole, text, block.hover)
            start += block.length


def _trace(part: Part, colour: str, pattern: str, bars: Mapping[str, list[Any]]) -> go.Bar:
    outline = {"color": theme.OUTLINE, "width": 1}
    return go.Bar(
        **bars,
        width=0.66,
        orientation="h",
        name=part.value,
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        constraintext="none",
        textfont={"color": _INK, "size": 12},
        hovertemplate="%{hovertext}<extra></extra>",
        marker={
            "color": colour,
            "line": outline,
            "pattern": {"shape": pattern, "fillmode": "overlay", "solidity": 0.1, "size": 9, "fgcolor": theme.OUTLINE},
        },
    )
