"""Arrays of objects, as calicoctl reads and writes them: where each element stands in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml

from lib.loaders.events import json_value_end, skip_space, yaml_events
from lib.loaders.lines import json_line_count

JSON_OBJECTS: Final = re.compile(r"\[[ \t\r\n]*\{")
"""How a JSON array of objects begins."""


class Element(NamedTuple):
    """From where to where an element reaches, the column that it begins in and its line (from 0), all in its array."""

    begin: int
    end: int
    column: int
    line: int


def is_of_objects(value: Any) -> bool:
    """Whether a document is a sequence of mappings and nothing else."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def json_elements(text: str, begin: int, end: int) -> Iterator[Element]:
    """The elements of the JSON array from ``begin`` to ``end``, which ``json_value_end`` has found to be one."""
    line, begin = 0, begin + 1
    counted = begin
    while (begin := skip_space(text, begin)) < end - 1:
        line += json_line_count(text[counted:begin])
        counted, after = begin, json_value_end(text, begin)
        yield Element(begin, after, 0, line)
        begin = skip_space(text, after) + 1


def yaml_elements(text: str) -> list[Element]:
    """The mappings written out in a YAML sequence; ``text`` was read before. An alias is none of them."""
    source = yaml_events(text.encode())
    found: list[Element] = []
    depth = 0
    first: Any = None
    is_flow = False
    while True:
        event = source.get_event()
        match event:
            case yaml.CollectionStartEvent():
                depth += 1
                if depth == 2:
                    first, is_flow = event.start_mark, bool(event.flow_style)
            case yaml.CollectionEndEvent():
                depth -= 1
                if depth == 1:
                    last: Any = event.end_mark
                    # Elements in braces may all stand in one line, far to the right; their indentation means nothing.
                    column = 0 if is_flow else first.column
                    found.append(Element(first.index, last.index, column, first.line))
            case yaml.DocumentEndEvent():
                return found
