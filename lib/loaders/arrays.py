"""Arrays of objects, as calicoctl reads and writes them: where each element stands in a JSON text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from lib.loaders.json_text import json_value_end, skip_space
from lib.loaders.lines import json_line_count
from lib.model.patterns import pattern

JSON_OBJECTS: Final = pattern(r"\[[ \t\r\n]*\{")
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
