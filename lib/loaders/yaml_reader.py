"""Read the documents of a text, YAML or JSON, each with its place, as kubectl does; what fails is told and passed over.

YAML is read line by line where it is plain, else from libyaml's events, with goyaml.v2's resolver. A duplicate key
rejects its document: kubectl asks the API server to validate fields strictly, which refuses duplicates ("Field
validation", API concepts, kubernetes.io), and which of two values was meant is not for us to guess.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lib.loaders.arrays import JSON_OBJECTS, is_of_objects, json_elements
from lib.loaders.bounds_met import too_many_documents, too_many_faults, too_many_nodes
from lib.loaders.document_starts import DOCUMENT_START
from lib.loaders.json_text import JSONSyntaxError, json_bounded, json_openings, json_value_end, skip_space
from lib.loaders.limits import Limits
from lib.loaders.lines import json_line_count, line_count
from lib.loaders.plain_yaml import PlainReader
from lib.loaders.read_documents import Document, Failure, Result, Tally
from lib.model.patterns import pattern
from lib.model.records import dataclass

if TYPE_CHECKING:
    from lib.loaders.event_reader import EventReader

_HARMLESS: Final = bytes((9, 10, 13, *range(32, 127)))
_JSON_OBJECT_LINE: Final = pattern(r"(?m)^\{")


def _controls(text: str, data: bytes | None) -> re.Pattern[str] | None:
    """What finds the characters in ``text`` that YAML forbids; None where there can be none."""
    if data is not None and not data.translate(None, _HARMLESS):
        return None
    return _control()


@cache
def _control() -> re.Pattern[str]:
    """The characters that YAML forbids. libyaml reads ahead, so one of them would take the documents before it along.

    Compiled when needed, for that takes longer than reading many a file.
    """
    return re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


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
        self._tally = Tally()
        self._plain = PlainReader(limits, check)
        self._events: EventReader | None = None
        self._is_crowded = False

    def read(self, text: str, data: bytes | None = None) -> Iterator[Result]:
        """The documents of ``text`` in order; ``data`` is the same text as UTF-8, if at hand."""
        self._tally.number = 0
        self._events = None
        begin = skip_space(text, 0)
        if text[begin : begin + 1] in ("{", "["):
            self._is_crowded = json_openings(text, begin) > self.limits.nodes
            yield from self._json(text, begin)
        else:
            yield from self._yaml(text, data)

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
                    self._tally.number += 1
                    yield too_many_nodes(self.limits, self._tally.number, line, text[begin:])
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
        self._tally.number += 1
        if self._tally.number > self.limits.documents_per_file:
            yield too_many_documents(self.limits, self._tally.number, line, text[begin:])
            return False
        yield from self._by_events().json(text[begin:end], line)
        return True

    def _after_json(self, text: str, broken: _Broken) -> Iterator[Result]:
        """What stands from the first broken JSON value on: YAML if it is that, else Failures and the values between."""
        number = self._tally.number
        rest = text[broken.begin :]
        results = list(self._yaml(rest, None, broken.line))
        if DOCUMENT_START.search(rest) or not any(isinstance(r, Failure) and r.code == "yaml-syntax" for r in results):
            yield from results
            return
        self._tally.number = number
        following: _Broken | None = broken
        faults = 0
        while following is not None:
            self.check()
            begin, line, error = following.begin, following.line, following.error
            at = max(error.index, begin)
            self._tally.number += 1
            if self._tally.number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._tally.number, line, text[begin:])
                return
            faults += 1
            if faults > self.limits.problems_per_file:
                yield too_many_faults(self.limits, self._tally.number, line, text[begin:])
                return
            # Where a broken value ends can't be told; the next object that begins a line is the next that is tried.
            next_object = _JSON_OBJECT_LINE.search(text, at + 1)
            end = len(text) if next_object is None else next_object.start()
            message, faulty = f"not valid JSON: {error}", line + json_line_count(text[begin:at]) + 1
            yield Failure(self._tally.number, faulty, "json-syntax", message, text=text[begin:end], text_line=line + 1)
            following = yield from self._json_values(text, end, line + json_line_count(text[begin:end]))

    def _yaml(self, text: str, data: bytes | None, lines: int = 0) -> Iterator[Result]:
        """All documents of a YAML text; of an array of objects each is one."""
        for result in self._yaml_documents(text, data, lines):
            if self._arrays and isinstance(result, Document) and is_of_objects(result.built.value):
                yield from self._by_events().elements(result)
            else:
                yield result

    def _yaml_documents(self, text: str, data: bytes | None, lines: int) -> Iterator[Result]:
        """All documents of a YAML text; a document with a forbidden character is cut out and told."""
        control = _controls(text, data)
        bad = None if control is None else control.search(text)
        if control is None or bad is None:
            yield from self._documents(text, text.encode() if data is None else data, lines)
            return
        position = 0
        starts = [0, *(m.start() for m in DOCUMENT_START.finditer(text)), len(text)]
        while bad is not None:
            after = bisect_right(starts, bad.start(), hi=len(starts) - 1)
            begin, end = max(starts[after - 1], position), starts[after]
            before = text[position:begin]
            if before.strip():
                yield from self._documents(before, before.encode(), lines)
            lines += line_count(before)
            self._tally.number += 1
            line = lines + line_count(text[begin : bad.start()]) + 1
            message = f"the control character U+{ord(bad.group()):04X} is not allowed in YAML"
            yield Failure(
                self._tally.number, line, "control-character", message, text=text[begin:end], text_line=lines + 1
            )
            lines += line_count(text[begin:end])
            position = end
            bad = control.search(text, end)
            if self._tally.number > self.limits.documents_per_file:
                yield too_many_documents(self.limits, self._tally.number, lines, text[position:])
                return
        rest = text[position:]
        if rest.strip():
            yield from self._documents(rest, rest.encode(), lines)

    def _documents(self, text: str, data: bytes, lines: int) -> Iterator[Result]:
        """Documents of a YAML text without forbidden characters, each read in the fastest way that is sure."""
        starts = [m.start() for m in DOCUMENT_START.finditer(text)]
        if not starts or starts[0] > 0:
            starts.insert(0, 0)
        line = 0
        # Directives belong to the document after them.
        is_cut = not text.startswith("%") and "\n%" not in text
        for begin, end in pairwise((*starts, len(text))) if is_cut else ():
            room = self.limits.nodes - self._tally.nodes
            found = self._plain.document(text, begin, end, line, room) if self._has_number_left() else None
            if found is not None:
                self._tally.number += 1
                self._tally.nodes += found.nodes
                built = found.built
                yield Document(self._tally.number, lines + built.line + 1, "yaml", text, built)
            elif len(starts) == 1:
                yield from self._by_events().yaml(text, data, lines)
            elif (results := self._sound(text[begin:end], lines + line)) is not None:
                yield from results
            else:
                # What a fault takes along, only the rest as a whole can tell.
                yield from self._by_events().yaml(text[begin:], text[begin:].encode(), lines + line)
                return
            line += line_count(text[begin:end])
        if not is_cut:
            yield from self._by_events().yaml(text, data, lines)

    def _has_number_left(self) -> bool:
        return self._tally.number < self.limits.documents_per_file

    def _sound(self, part: str, lines: int) -> list[Result] | None:
        """The documents of a part of a text that is not plain; None, with nothing counted, where it has a fault."""
        number, nodes = self._tally.number, self._tally.nodes
        results = []
        reading = self._by_events().part(part, part.encode(), lines)
        while True:
            try:
                results.append(next(reading))
            except StopIteration as end:
                if end.value is None and self._has_number_left():
                    return results
                self._tally.number, self._tally.nodes = number, nodes
                return None

    def _by_events(self) -> EventReader:
        """The reader of everything that is not plain; what it stands on is imported when there is something."""
        if self._events is None:
            from lib.loaders.event_reader import EventReader

            self._events = EventReader(self.limits, self.check, self._tally)
        return self._events
