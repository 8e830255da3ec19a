"""Text from an input for Plotly, which understands tags in labels and hovers."""

from __future__ import annotations

import html
import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def shown(text: object, limit: int = 200) -> str:
    """``text`` letter by letter: tags escaped, control and direction marks replaced, the middle cut when too long."""
    return html.escape(middle_cut(_CONTROL.sub("\ufffd", str(text)), limit), quote=False)


def middle_cut(text: str, limit: int) -> str:
    """At most ``limit`` characters; start and end stay, as names often differ in their ends."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) * 2 // 5
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"
