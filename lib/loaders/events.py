"""The parse events of YAML and of JSON in one shape, so that one builder and one locator serve both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

import yaml
from yaml import _yaml

from lib.loaders.json_text import JSON_TOKEN


class Mark(Protocol):
    """A place in the text: ``index`` in characters and ``line``, both from 0."""

    index: int
    line: int


class EventSource(Protocol):
    """What PyYAML's parsers offer of themselves: one event after the other."""

    def get_event(self) -> Any:
        """The next event. Raises yaml.YAMLError."""


def yaml_events(data: bytes) -> EventSource:
    """libyaml's events of UTF-8 ``data``; marks count characters."""
    parser: EventSource = _yaml.CParser(data)
    return parser


class _JSONLines:
    """Counts the lines of a text, from where it was asked last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._index = self._line = 0

    def line_at(self, index: int) -> int:
        """The line (from 0) of an index."""
        if index < self._index:
            self._index = self._line = 0
        self._line += self._text.count("\n", self._index, index)
        self._index = index
        return self._line


class _JSONMark:
    """A mark whose line is counted only when somebody asks."""

    __slots__ = ("_lines", "index")

    def __init__(self, lines: _JSONLines, index: int) -> None:
        self._lines = lines
        self.index = index

    @property
    def line(self) -> int:
        return self._lines.line_at(self.index)


class JSONEvents:
    """The events of a text that is one JSON value, as ``json_value_end`` has found it to be."""

    def __init__(self, text: str) -> None:
        self._events = _json_events(text)

    def get_event(self) -> Any:
        """The next event, of PyYAML's event classes."""
        return next(self._events)


def _json_events(text: str) -> Iterator[Any]:
    lines = _JSONLines(text)
    first: Any = _JSONMark(lines, 0)
    yield yaml.StreamStartEvent(first, first)
    yield yaml.DocumentStartEvent(first, first)
    for match in JSON_TOKEN.finditer(text):
        token = match.group()
        here: Any = _JSONMark(lines, match.start())
        after: Any = _JSONMark(lines, match.end())
        match token[0]:
            case '"':
                value = json.loads(token) if "\\" in token else token[1:-1]
                yield yaml.ScalarEvent(None, None, (False, True), value, here, after, '"')
            case "{":
                yield yaml.MappingStartEvent(None, None, True, here, after, True)
            case "}":
                yield yaml.MappingEndEvent(here, after)
            case "[":
                yield yaml.SequenceStartEvent(None, None, True, here, after, True)
            case "]":
                yield yaml.SequenceEndEvent(here, after)
            case _:
                yield yaml.ScalarEvent(None, None, (True, False), token, here, after, "")
    last: Any = _JSONMark(lines, len(text))
    yield yaml.DocumentEndEvent(last, last)
    yield yaml.StreamEndEvent(last, last)
