"""Writes HCL, Terraform's language: blocks, attributes, and values in which nothing is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Expression(str):
    """Written as it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its type and labels, then attributes and blocks in order; a None among them is left out."""

    kind: str
    labels: tuple[str, ...]
    body: tuple[Attribute | Block | None, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = value``: an Expression, text, truth, whole number, list or mapping."""

    name: str
    value: Any


def written(block: Block, depth: int = 0) -> Iterator[str]:
    """The lines of a block, as ``terraform fmt`` lays them out."""
    indent = "  " * depth
    head = f"{indent}{' '.join([block.kind, *map(quoted, block.labels)])}"
    body = [item for item in block.body if item is not None]
    if not body:
        yield f"{head} {{}}\n"
        return
    yield f"{head} {{\n"
    for is_block, group in groupby(body, lambda item: isinstance(item, Block)):
        if is_block:
            for index, item in enumerate(group):
                if isinstance(item, Block):
                    yield "\n" if index or item is not body[0] else ""
                    yield from written(item, depth + 1)
        else:
            yield from _lines({item.name: item.value for item in group if isinstance(item, Attribute)}, depth + 1)
    yield f"{indent}}}\n"


def _lines(values: dict[str, Any], depth: int) -> Iterator[str]:
    """``name = value`` for each; the equals signs of one-line values that stand together are aligned."""
    indent = "  " * depth
    texts = {name: value(item, depth) for name, item in values.items()}
    for is_long, group in groupby(texts.items(), lambda pair: "\n" in pair[1]):
        pairs = list(group)
        width = 0 if is_long else max(len(name) for name, _ in pairs)
        for name, text in pairs:
            yield f"{indent}{name.ljust(width)} = {text}\n"


def value(item: Any, depth: int = 0) -> str:
    """One value; mappings and lists of mappings over several lines."""
    inner, outer = "  " * (depth + 1), "  " * depth
    match item:
        case Expression():
            return str(item)
        case bool():
            return "true" if item else "false"
        case str():
            return quoted(item)
        case dict():
            return "{\n" + "".join(_lines(item, depth + 1)) + outer + "}" if item else "{}"
        case list() if any(isinstance(one, dict) for one in item):
            return "[\n" + "".join(f"{inner}{value(one, depth + 1)},\n" for one in item) + outer + "]"
        case list():
            return "[" + ", ".join(value(one, depth) for one in item) + "]"
        case _:
            return str(item)


def quoted(text: str) -> str:
    """``text`` as a literal: quotes, templates and what is not to be seen are escaped."""
    escaped = "".join(_ESCAPES.get(c, c if c.isprintable() else _unicode(c)) for c in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _unicode(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
