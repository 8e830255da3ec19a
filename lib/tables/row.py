"""What every table is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lib.model.refs import Source

Row = dict[str, object]
Locate = Callable[[Source | None], str]


def listed(values: Iterable[object], limit: int = 6) -> str:
    """``a, b, c``; what is over ``limit`` is counted."""
    texts = [str(v) for v in values]
    shown = ", ".join(texts[:limit])
    return f"{shown} and {len(texts) - limit} more" if len(texts) > limit else shown
