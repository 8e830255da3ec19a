"""One look for every mark: colour, symbol, line style and word always go together, never a colour alone.

The colours are after Okabe and Ito's, which people of every colour vision tell apart; the blue is lighter and the
yellow darker than theirs, so that lines of one pixel can be seen on a light and on a dark page. Orange is pale on
white: every filled mark has an outline. Text takes the page's own colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lib.graph.model import Mark

GREEN: Final = "#009E73"
BLUE: Final = "#2F86C8"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
AMBER: Final = "#BF9000"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#B865A0"
GREY: Final = "#808895"
OUTLINE: Final = "#6B7280"
CARD_FILL: Final = "rgba(128,136,149,0.10)"
CLEAR: Final = "rgba(0,0,0,0)"
# Streamlit puts the page's own text colour in the place of this one, in a light and in a dark page; elsewhere it is
# almost black. A test compares it with Streamlit's.
TEXT: Final = "#000037"


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
    Mark.PARTIAL: Look(BLUE, "diamond-tall", "7px,3px", "◐", Mark.PARTIAL.value),
    Mark.OPEN: Look(ORANGE, "diamond", "9px,3px,2px,3px", "◇", Mark.OPEN.value),
    Mark.DENIED: Look(GREY, "x-thin", "dot", "✖", Mark.DENIED.value),
    Mark.UNKNOWN: Look(PURPLE, "hexagon", "2px,3px", "?", Mark.UNKNOWN.value),
    Mark.NOT_CHECKED: Look(PURPLE, "circle-open", "2px,3px", "○", Mark.NOT_CHECKED.value),
    Mark.WARNING: Look(AMBER, "triangle-up", "5px,3px", "▲", Mark.WARNING.value),
    Mark.ERROR: Look(VERMILLION, "x", "4px,3px", "✖", Mark.ERROR.value),
}


def look(mark: Mark) -> Look:
    """The look of a mark."""
    return _LOOKS[mark]


def bottom_legend() -> dict[str, Any]:
    """A legend in one line below the drawing, which a click does not change."""
    return {
        "orientation": "h",
        "x": 0,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "itemclick": False,
        "itemdoubleclick": False,
        "bgcolor": CLEAR,
        "font": {"size": 12, "color": TEXT},
    }


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
        "modebar": {"bgcolor": CLEAR, "color": OUTLINE, "activecolor": BLUE},
        **extra,
    }


CONFIG: Final = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
    "scrollZoom": False,
}
