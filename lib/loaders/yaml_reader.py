"""Read the documents of a text, YAML or JSON, each with its place, as kubectl does; what fails is told and passed over.

YAML is read from libyaml's events with goyaml.v2's resolver. A duplicate key rejects its document: kubectl asks the
API server to validate fields strictly, which refuses duplicates ("Field validation", API concepts, kubernetes.io), and
which of two values was meant is not for us to guess.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import yaml

from lib.loaders.arrays import JSON_OBJECTS, is_of_objects, json_elements, yaml_elements
from lib.loaders.bounds_met import too_many_documents, too_many_faults, too_many_nodes
from lib.loaders.build import Builder
from lib.loaders.built import DocumentError
from lib.loaders.document_starts import DOCUMENT_START, passed_over, resumed_from
from lib.loaders.events import (
    EventSource,
    JSONEvents,
    JSONSyntaxError,
    json_bounded,
    json_openings,
    json_value_end,
    skip_space,
    yaml_events,
)
from lib.loaders.limits import Limits
from lib.loaders.lines import json_line_count, line_count
from lib.loaders.read_documents import Document, Failure, Result, Syntax
from lib.model.records import dataclass

_CONTROL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML forbids. libyaml reads ahead, so one of them would take the documents before it along."""
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/]*")
_EVENTS_BETWEEN_CHECKS: Final = 5_000
_JSON_OBJECT_LINE: Final = re.compile(r"(?m)^\{")


@dataclass(frozen=True, slots=True)
class _Broken:
    """A JSON value that can't be read: where it begins, in which line (from 0), and why."""

    begin: int
    line: int
    error: JSONSyntaxError


class Reader:
    """Reads texts of one input; the bound on nodes counts over all of them.

    ``arrays``: the elements of an array of objects are documents, as calicoctl reads and writes them.
    """

    def __init__(self, limits: Limits, check: Callable[[], None] = lambda: None, *, arrays: bool = False) -> None:
        self.limits = limits
        self._arrays = arrays
        self.check = check
        self._builder = Builder(limits, check)
        self._number = 0
        self._is_crowded = False

    def read(self, text: str, data: bytes | None = None) -> Iterator[Result]:
        """The documents of ``text`` in order; ``data`` is the same text as UTF-8, if at hand."""
        self._number = 0
        self._builder = Builder(self.limits, self.check, self._builder.nodes)
        begin = skip_space(text, 0)
        if text[begin : begin + 1] in ("{", "["):
            self._is_crowded = json_openings(text, begin) > self.limits.nodes
            yield from self._json(text, begin)
        else:
            yield from self._yaml(text, data)

    def _elements(self, array: Document) -> Iterator[Result]:
        """The elements of a YAML sequence of objects, a document each, read once more from its own lines."""
        before = max(array.text.rfind(sign, 0, array.built.start) for sign in "\n\r") + 1
        text = array.text[before : array.built.end]
        found = yaml_elements(text)
        if len(found) != len(array.built.value):
            yield array
            return
        self._number -= 1
        for begin, end, column, line in found:
            self.check()
            self._number += 1
            if self._number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._number, array.line - 1 + line, text[begin:])
                return
            yield from self._alone(" " * column + text[begin:end], array.line - 1 + line)

    def _alone(self, text: str, lines: int) -> Iterator[Result]:
        """One document that begins with its own indentation."""
        source = yaml_events(text.encode())
        try:
            source.get_event()
            for result in self._document(source, source.get_event(), lines, text, "yaml"):
                if isinstance(result, Document):
                    result.built.start = 0
                yield result
        except yaml.YAMLError:
            message = "not valid YAML where it stands by itself"
            yield Failure(self._number, lines + 1, "yaml-syntax", message, text=text, text_line=lines + 1)

    def _json(self, text: str, begin: int) -> Iterator[Result]:
        """JSON values in a row; from the first that is none on, YAML, which knows comments and trailing commas."""
        broken = yield from self._json_values(text, begin, json_line_count(text[:begin]))
        if broken is not None:
            yield from self._after_json(text, broken)

    def _json_values(self, text: str, begin: int, line: int) -> Generator[Result, None, _Broken | None]:
        """JSON values from ``begin``, in line ``line`` (from 0), up to the end or to one that is broken."""
        while begin < len(text):
            try:
                if self._is_crowded and not self._has_room(text, begin):
                    self._number += 1
                    yield too_many_nodes(self.limits, self._number, line, text[begin:])
                    return None
                end = json_value_end(text, begin)
            except JSONSyntaxError as error:
                return _Broken(begin, line, error)
            is_array = self._arrays and JSON_OBJECTS.match(text, begin) is not None
            read = self._json_array if is_array else self._json_document
            if not (yield from read(text, begin, end, line)):
                return None
            following = skip_space(text, end)
            line += json_line_count(text[begin:following])
            begin = following
        return None

    def _has_room(self, text: str, begin: int) -> bool:
        """Whether the JSON value at ``begin`` is small enough to be built. Raises JSONSyntaxError."""
        limits = self.limits
        return json_bounded(text, begin, limits.nodes, limits.nesting_depth, self.check)

    def _json_array(self, text: str, begin: int, end: int, line: int) -> Generator[Result, None, bool]:
        """The elements of an array of objects, a document each."""
        for element in json_elements(text, begin, end):
            if not (yield from self._json_document(text, element.begin, element.end, line + element.line)):
                return False
        return True

    def _json_document(self, text: str, begin: int, end: int, line: int) -> Generator[Result, None, bool]:
        """The one value between ``begin`` and ``end``; returns whether more may be read."""
        self._number += 1
        if self._number > self.limits.documents_per_file:
            yield too_many_documents(self.limits, self._number, line, text[begin:])
            return False
        source = JSONEvents(text[begin:end])
        source.get_event()
        yield from self._document(source, source.get_event(), line, text[begin:end], "json")
        return True

    def _after_json(self, text: str, broken: _Broken) -> Iterator[Result]:
        """What stands from the first broken JSON value on: YAML if it is that, else Failures and the values between."""
        number = self._number
        rest = text[broken.begin :]
        results = list(self._yaml(rest, None, broken.line))
        if DOCUMENT_START.search(rest) or not any(isinstance(r, Failure) and r.code == "yaml-syntax" for r in results):
            yield from results
            return
        self._number = number
        following: _Broken | None = broken
        faults = 0
        while following is not None:
            self.check()
            begin, line, error = following.begin, following.line, following.error
            at = max(error.index, begin)
            self._number += 1
            if self._number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._number, line, text[begin:])
                return
            faults += 1
            if faults > self.limits.problems_per_file:
                yield too_many_faults(self.limits, self._number, line, text[begin:])
                return
            # Where a broken value ends can't be told; the next object that begins a line is the next that is tried.
            next_object = _JSON_OBJECT_LINE.search(text, at + 1)
            end = len(text) if next_object is None else next_object.start()
            message, faulty = f"not valid JSON: {error}", line + json_line_count(text[begin:at]) + 1
            yield Failure(self._number, faulty, "json-syntax", message, text=text[begin:end], text_line=line + 1)
            following = yield from self._json_values(text, end, line + json_line_count(text[begin:end]))

    def _yaml(self, text: str, data: bytes | None, lines: int = 0) -> Iterator[Result]:
        """All documents of a YAML text; of an array of objects each is one."""
        for result in self._yaml_documents(text, data, lines):
            if self._arrays and isinstance(result, Document) and is_of_objects(result.built.value):
                yield from self._elements(result)
            else:
                yield result

    def _yaml_documents(self, text: str, data: bytes | None, lines: int) -> Iterator[Result]:
        """All documents of a YAML text; a document with a forbidden character is cut out and told."""
        bad = _CONTROL.search(text)
        if bad is None:
            yield from self._clean_yaml(text, text.encode() if data is None else data, lines)
            return
        position = 0
        starts = [0, *(m.start() for m in DOCUMENT_START.finditer(text)), len(text)]
        while bad is not None:
            after = bisect_right(starts, bad.start(), hi=len(starts) - 1)
            begin, end = max(starts[after - 1], position), starts[after]
            before = text[position:begin]
            if before.strip():
                yield from self._clean_yaml(before, before.encode(), lines)
            lines += line_count(before)
            self._number += 1
            line = lines + line_count(text[begin : bad.start()]) + 1
            message = f"the control character U+{ord(bad.group()):04X} is not allowed in YAML"
            yield Failure(self._number, line, "control-character", message, text=text[begin:end], text_line=lines + 1)
            lines += line_count(text[begin:end])
            position = end
            bad = _CONTROL.search(text, end)
            if self._number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._number, lines, text[position:])
                return
        rest = text[position:]
        if rest.strip():
            yield from self._clean_yaml(rest, rest.encode(), lines)

    def _clean_yaml(self, text: str, data: bytes, lines: int) -> Iterator[Result]:
        """Documents of a text; after a fault that stops the parser it is resumed at the next ``---``."""
        resume_after = yield from self._part(text, data, lines)
        if resume_after is None:
            return
        # A `---` in the first column always begins a document, so the rest may be cut there. Parts double while all
        # is well, so that neither many faults nor many documents make the work grow faster than the text.
        starts = [m.start() for m in DOCUMENT_START.finditer(text, resume_after)]
        position, size, counted = 0, 1, 0
        while position < len(starts):
            if self._number >= self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._number, lines, text[starts[position] :])
                return
            stop = position + size
            begin, end = starts[position], starts[stop] if stop < len(starts) else len(text)
            lines += line_count(text[counted:begin])
            counted = begin
            part = text[begin:end]
            resume_after = yield from self._part(part, part.encode(), lines)
            if resume_after is None:
                position, size = stop, size * 2
            else:
                position, size = bisect_left(starts, begin + resume_after, lo=position + 1), 1

    def _part(self, text: str, data: bytes, lines: int) -> Generator[Result, None, int | None]:
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
                self._number += 1
                if self._number > self.limits.documents_per_file:
                    yield too_many_documents(self.limits, self._number, lines + mark.line, text[mark.index :])
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
                self._number += 1
            resume_after = resumed_from(text, begun) if in_document else max(index, begun + 1)
            message, before = "not valid YAML: " + ", ".join(words), line_count(text[:begun])
            lost = passed_over(text, begun, resume_after)
            yield Failure(
                self._number, lines + line + 1, "yaml-syntax", message, text=lost, text_line=lines + before + 1
            )
            return resume_after

    def _document(
        self, source: EventSource, start: Any, lines: int, text: str, syntax: Syntax
    ) -> Generator[Result, None, int | None]:
        """One document; returns where it ends, None if the parser must be given up. Raises yaml.YAMLError."""
        number = self._number
        begun = start.start_mark
        try:
            built = self._builder.document(source, start)
        except DocumentError as error:
            lost = passed_over(text, begun.index, resumed_from(text, begun.index))
            at = lines + begun.line + 1
            yield Failure(number, lines + error.line + 1, error.code, error.message, text=lost, text_line=at)
            return self._skip(source) if error.resume else None
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
