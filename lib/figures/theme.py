"""One look for every mark: colour, symbol, line style and word always go together, never a colour alone.

The colours are Okabe and Ito's, which people of every colour vision tell apart. They lie on a light or on a dark page;
orange and yellow are too pale for white, so every filled mark has an outline. Text takes the page's own colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lib.graph.model import Mark

GREEN: Final = "#009E73"
BLUE: Final = "#2F86C8"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
YELLOW: Final = "#F0E442"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#B865A0"
GREY: Final = "#808895"
OUTLINE: Final = "#6B7280"
CARD_FILL: Final = "rgba(128,136,149,0.10)"
CLEAR: Final = "rgba(0,0,0,0)"


@dataclass(frozen=True, slots=True)
class Look:
    """How a mark is shown; ``symbol`` is Plotly's marker, ``icon`` a character that means the same in text."""

    color: str
    symbol: str
    dash: str
    icon: str
    word: str


_LOOKS: Final = {
    Mark.PLAIN: Look(GREY, "circle", "solid", "●", Mark.PLAIN.value),
    Mark.ALLOWED: Look(GREEN, "circle", "solid", "✔", Mark.ALLOWED.value),
    Mark.PARTIAL: Look(BLUE, "diamond-tall", "longdash", "◐", Mark.PARTIAL.value),
    Mark.OPEN: Look(ORANGE, "diamond", "longdashdot", "◇", Mark.OPEN.value),
    Mark.DENIED: Look(GREY, "x-thin", "dot", "✖", Mark.DENIED.value),
    Mark.UNKNOWN: Look(PURPLE, "hexagon", "dashdot", "?", Mark.UNKNOWN.value),
    Mark.NOT_CHECKED: Look(PURPLE, "circle-open", "dashdot", "○", Mark.NOT_CHECKED.value),
    Mark.WARNING: Look(YELLOW, "triangle-up", "dash", "▲", Mark.WARNING.value),
    Mark.ERROR: Look(VERMILLION, "x", "dash", "✖", Mark.ERROR.value),
}


def look(mark: Mark) -> Look:
    """The look of a mark."""
    return _LOOKS[mark]


def base_layout(height: float, **extra: Any) -> dict[str, Any]:
    """What all figures have in common: nothing painted behind, no drag, room for what is drawn and no more."""
    return {
        "height": round(height),
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "namelength": 0},
        "showlegend": False,
        **extra,
    }


CONFIG: Final = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
    "scrollZoom": False,
}
