"""Text from an input, made safe for places that understand markup."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from typing import Final

_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=@\"'/])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SPACE: Final = re.compile(r"\s+")
# Streamlit makes links, arrows and its logo out of text in a pass after Markdown, which no backslash stops: an
# invisible sign in the middle does.
_LATE: Final = re.compile(r"(?<=:)(?=//)|(?i:(?<=www)(?=\.))|(?<=@)|(?<=[-<>~])(?=[-=>])|(?i:(?<=:)(?=streamlit:))")
_JOINER: Final = "\u2060"


def plain(text: object, limit: int = 200) -> str:
    """``text`` for a label, caption, help text, error or metric: shown letter by letter, never as Markdown.

    Lines are joined, control and direction marks are shown as a replacement character, and what is longer than
    ``limit`` characters ends in an ellipsis.
    """
    shown = shorten(_CONTROL.sub("\ufffd", _SPACE.sub(" ", str(text))), limit)
    return _MARKDOWN.sub(r"\\\1", _LATE.sub(_JOINER, shown))


def hover(text: object, limit: int = 200) -> str:
    """``text`` for a Plotly hover, label or title, which accept HTML tags."""
    shown = shorten(_CONTROL.sub("\ufffd", str(text)), limit)
    return html.escape(shown, quote=True)


def shorten(text: str, limit: int) -> str:
    """``text``, or its start and an ellipsis where it has more than ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def at_least(number: int, unread: Collection[str]) -> str:
    """A number of things; a lower bound, or a question mark for none, where some kinds were not read."""
    if not unread:
        return f"{number:,}"
    return f"≥ {number:,}" if number else "?"


def sentence(text: str) -> str:
    """``text`` with a capital letter, unless it begins with an object's name."""
    first = text.partition(" ")[0]
    return text if "/" in first else text[:1].upper() + text[1:]
