"""Directed edges as Graphviz DOT or Mermaid text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two names; ``dashed`` marks what is not certain."""

    src: str
    dst: str
    label: str = ""
    dashed: bool = False


def _dot_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in escaped) + '"'


def to_dot(edges: Iterable[Edge]) -> Iterator[str]:
    """A digraph, a line at a time; names are quoted, so that nothing in them is read as DOT."""
    yield "digraph netatlas {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
    for edge in edges:
        style = ", style=dashed" if edge.dashed else ""
        yield f"  {_dot_string(edge.src)} -> {_dot_string(edge.dst)} [label={_dot_string(edge.label)}{style}];\n"
    yield "}\n"


def _mermaid_string(text: str) -> str:
    # Mermaid reads HTML entities in quoted labels, and nothing else in them.
    return '"' + "".join(c if c.isalnum() or c in " .,/-[]" else f"#{ord(c)};" for c in text) + '"'


def to_mermaid(edges: Iterable[Edge]) -> Iterator[str]:
    """A flowchart from left to right, a line at a time."""
    yield "flowchart LR\n"
    numbers: dict[str, str] = {}
    for edge in edges:
        for name in (edge.src, edge.dst):
            if name not in numbers:
                numbers[name] = f"n{len(numbers)}"
                yield f"  {numbers[name]}[{_mermaid_string(name)}]\n"
        arrow = "-.->" if edge.dashed else "-->"
        label = f"|{_mermaid_string(edge.label)}|" if edge.label else ""
        yield f"  {numbers[edge.src]} {arrow}{label} {numbers[edge.dst]}\n"


DIAGRAM_FORMATS: Mapping[str, Callable[[Iterable[Edge]], Iterator[str]]] = {"dot": to_dot, "mermaid": to_mermaid}
