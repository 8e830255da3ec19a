"""What the writers of exported code share."""

from __future__ import annotations

from collections.abc import Iterable

NOTE = "Made from an address plan by NetAtlas. Read it before you run it."


def comments(lines: Iterable[str], mark: str) -> str:
    """Each line as a comment of its own; nothing in it can end the comment."""
    return "".join(f"{mark}{one_line(line)}\n" for line in lines)


def one_line(text: str) -> str:
    """``text`` with everything that is not to be seen, line ends above all, as spaces."""
    return "".join(c if c.isprintable() else " " for c in text)
