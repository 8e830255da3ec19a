"""Read documents from parse events: libyaml's of YAML that is not plain, and those of JSON values."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import yaml

from lib.loaders.arrays import Element
from lib.loaders.bounds_met import too_many_documents
from lib.loaders.build import Builder
from lib.loaders.built import DocumentError
from lib.loaders.document_starts import DOCUMENT_START, passed_over, resumed_from
from lib.loaders.events import EventSource, JSONEvents, yaml_events
from lib.loaders.limits import Limits
from lib.loaders.lines import line_count
from lib.loaders.read_documents import Document, Failure, Result, Syntax, Tally

_KEY_NAME: Final = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/]*")
_EVENTS_BETWEEN_CHECKS: Final = 5_000


class EventReader:
    """Reads documents of one text and counts them, and their nodes, in ``tally``."""

    def __init__(self, limits: Limits, check: Callable[[], None], tally: Tally) -> None:
        self.limits = limits
        self.check = check
        self._tally = tally
        self._builder = Builder(limits, check, tally.nodes)

    def json(self, text: str, line: int) -> Iterator[Result]:
        """The one value that ``text`` is, which begins in line ``line`` (from 0) of its file; counted before."""
        source = JSONEvents(text)
        source.get_event()
        yield from self._document(source, source.get_event(), line, text, "json")

    def yaml(self, text: str, data: bytes, lines: int) -> Iterator[Result]:
        """Documents of a YAML text; after a fault that stops the parser it is resumed at the next ``---``."""
        resume_after = yield from self.part(text, data, lines)
        if resume_after is None:
            return
        # A `---` in the first column always begins a document, so the rest may be cut there. Parts double while all
        # is well, so that neither many faults nor many documents make the work grow faster than the text.
        starts = [m.start() for m in DOCUMENT_START.finditer(text, resume_after)]
        position, size, counted = 0, 1, 0
        while position < len(starts):
            if self._tally.number >= self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._tally.number, lines, text[starts[position] :])
                return
            stop = position + size
            begin, end = starts[position], starts[stop] if stop < len(starts) else len(text)
            lines += line_count(text[counted:begin])
            counted = begin
            part = text[begin:end]
            resume_after = yield from self.part(part, part.encode(), lines)
            if resume_after is None:
                position, size = stop, size * 2
            else:
                position, size = bisect_left(starts, begin + resume_after, lo=position + 1), 1

    def part(self, text: str, data: bytes, lines: int) -> Generator[Result, None, int | None]:
        """Documents up to the end, or up to a fault that stops the parser: returns from where on to resume."""
        source = yaml_events(data)
        in_document = False
        begun = 0
        try:
            while True:
                event = source.get_event()
                if type(event) is yaml.StreamEndEvent:
                    return None
                if type(event) is not yaml.DocumentStartEvent:
                    continue
                mark: Any = event.start_mark
                self._tally.number += 1
                if self._tally.number > self.limits.documents_per_file:
                    yield too_many_documents(self.limits, self._tally.number, lines + mark.line, text[mark.index :])
                    return None
                in_document, begun = True, mark.index
                end = yield from self._document(source, event, lines, text, "yaml")
                if end is None:
                    return resumed_from(text, begun)
                in_document, begun = False, end
        except yaml.YAMLError as error:
            marks = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
            mark = next((m for m in marks if m is not None), None)
            line, index = (mark.line, mark.index) if mark is not None else (0, 0)
            words = [w for w in (getattr(error, "context", None), getattr(error, "problem", None)) if w]
            if not in_document:
                self._tally.number += 1
            resume_after = resumed_from(text, begun) if in_document else max(index, begun + 1)
            message, before = "not valid YAML: " + ", ".join(words), line_count(text[:begun])
            lost = passed_over(text, begun, resume_after)
            yield Failure(
                self._tally.number, lines + line + 1, "yaml-syntax", message, text=lost, text_line=lines + before + 1
            )
            return resume_after

    def _document(
        self, source: EventSource, start: Any, lines: int, text: str, syntax: Syntax
    ) -> Generator[Result, None, int | None]:
        """One document; returns where it ends, None if the parser must be given up. Raises yaml.YAMLError."""
        number = self._tally.number
        begun = start.start_mark
        self._builder.nodes = self._tally.nodes
        try:
            built = self._builder.document(source, start)
        except DocumentError as error:
            lost = passed_over(text, begun.index, resumed_from(text, begun.index))
            at = lines + begun.line + 1
            yield Failure(number, lines + error.line + 1, error.code, error.message, text=lost, text_line=at)
            self._tally.nodes = self._builder.nodes
            return self._skip(source) if error.resume else None
        self._tally.nodes = self._builder.nodes
        at, lost = lines + built.line + 1, text[built.start : built.end]
        shown = self.limits.name_chars
        for key, line in built.duplicates:
            # A slip such as `{password:x}` makes a value part of the key, so only what looks like a key is quoted.
            named = f"the key {key[:shown]!r}" if _KEY_NAME.fullmatch(key) else "a key"
            message = f"{named} is written twice in one mapping"
            yield Failure(number, lines + line + 1, "duplicate-key", message, text=lost, text_line=at)
            lost = ""
        if built.duplicates:
            return built.end
        for line in built.unknown_tags:
            # Not quoted: an unquoted password that begins with an exclamation mark is a tag.
            message = "a tag means nothing to kubectl; the value is read without it"
            yield Failure(number, lines + line + 1, "unknown-tag", message, is_warning=True)
        yield Document(number, at, syntax, text, built)
        return built.end

    def _skip(self, source: EventSource) -> int | None:
        """Read on to the end of the document; None where it nests so deep that the parser must be given up."""
        depth = count = 0
        while True:
            event = source.get_event()
            count += 1
            if count % _EVENTS_BETWEEN_CHECKS == 0:
                self.check()
            match event:
                case yaml.CollectionStartEvent():
                    depth += 1
                    if depth > self.limits.nesting_depth:
                        return None
                case yaml.CollectionEndEvent():
                    depth -= 1
                case yaml.DocumentEndEvent():
                    mark: Any = event.end_mark
                    return int(mark.index)

    def elements(self, array: Document) -> Iterator[Result]:
        """The elements of a YAML sequence of objects, a document each, read once more from its own lines."""
        before = max(array.text.rfind(sign, 0, array.built.start) for sign in "\n\r") + 1
        text = array.text[before : array.built.end]
        found = _elements(text)
        if len(found) != len(array.built.value):
            yield array
            return
        self._tally.number -= 1
        for begin, end, column, line in found:
            self.check()
            self._tally.number += 1
            if self._tally.number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._tally.number, array.line - 1 + line, text[begin:])
                return
            yield from self._alone(" " * column + text[begin:end], array.line - 1 + line)

    def _alone(self, text: str, lines: int) -> Iterator[Result]:
        """One YAML document that begins with its own indentation."""
        source = yaml_events(text.encode())
        try:
            source.get_event()
            for result in self._document(source, source.get_event(), lines, text, "yaml"):
                if isinstance(result, Document):
                    result.built.start = 0
                yield result
        except yaml.YAMLError:
            message = "not valid YAML where it stands by itself"
            yield Failure(self._tally.number, lines + 1, "yaml-syntax", message, text=text, text_line=lines + 1)


def _elements(text: str) -> list[Element]:
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
