"""Read the documents of a text, YAML or JSON, each with its place, as kubectl does; what fails is told and passed over.

YAML is read from libyaml's events with goyaml.v2's resolver. A duplicate key rejects its document: kubectl asks the
API server to validate fields strictly, which refuses duplicates ("Field validation", API concepts, kubernetes.io), and
which of two values was meant is not for us to guess.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml

from lib.loaders.build import Builder, Built, DocumentError
from lib.loaders.events import EventSource, JSONEvents, JSONSyntaxError, json_value_end, skip_space, yaml_events
from lib.loaders.limits import Limits

Syntax = Literal["yaml", "json"]

BREAK: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""A line break as YAML 1.1 counts them."""
_DOCUMENT_START: Final = re.compile(r"(?:\A|(?<=[\n\r\x85\u2028\u2029]))---(?=\s|\Z)")
_CONTROL: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML forbids. libyaml reads ahead, so one of them would take the documents before it along."""
_KEY_NAME: Final = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/]*")
_TAG_NAME: Final = re.compile(r"!{0,2}[A-Za-z][-A-Za-z0-9]{0,30}")
_JSON_OBJECT_LINE: Final = re.compile(r"(?m)^\{")


@dataclass(frozen=True, slots=True)
class Document:
    """One document that was read. ``text`` is the part of the input that was parsed; ``built`` points into it.

    ``number`` and ``line`` count from 1 inside the file. It holds secrets until ``redact`` was applied.
    """

    number: int
    line: int
    syntax: Syntax
    text: str
    built: Built


@dataclass(frozen=True, slots=True)
class Failure:
    """A document, or the rest of one, that could not be read; quotes nothing of the text but key names."""

    number: int
    line: int
    code: str
    message: str
    is_warning: bool = False


def line_count(text: str, end: int | None = None) -> int:
    """How many line breaks ``text`` has before index ``end``."""
    end = len(text) if end is None else end
    if text.isascii() and "\r" not in text:
        return text.count("\n", 0, end)
    return sum(1 for _ in BREAK.finditer(text, 0, end))


Result = Document | Failure


class Reader:
    """Reads texts of one input; the bound on nodes counts over all of them."""

    def __init__(self, limits: Limits, check: Callable[[], None] = lambda: None) -> None:
        self.limits = limits
        self.check = check
        self._builder = Builder(limits, check)
        self._number = 0

    def read(self, text: str, data: bytes | None = None) -> Iterator[Result]:
        """The documents of ``text`` in order; ``data`` is the same text as UTF-8, if at hand."""
        self._number = 0
        self._builder = Builder(self.limits, self.check, self._builder.nodes)
        begin = skip_space(text, 0)
        if text[begin : begin + 1] in ("{", "["):
            yield from self._json(text, begin)
        else:
            yield from self._yaml(text, data)

    def _json(self, text: str, begin: int) -> Iterator[Result]:
        """JSON values in a row; from the first that is none on, YAML, which knows comments and trailing commas."""
        line = line_count(text, begin)
        while begin < len(text):
            try:
                end = json_value_end(text, begin)
            except JSONSyntaxError as error:
                yield from self._after_json(text, begin, line, error)
                return
            if not (yield from self._json_document(text, begin, end, line)):
                return
            following = skip_space(text, end)
            line += line_count(text[begin:following])
            begin = following

    def _json_document(self, text: str, begin: int, end: int, line: int) -> Generator[Result, None, bool]:
        """The one value between ``begin`` and ``end``; returns whether more may be read."""
        self._number += 1
        if self._number > self.limits.documents_per_file:
            yield self._too_many_documents(line)
            return False
        source = JSONEvents(text[begin:end])
        source.get_event()
        yield from self._document(source, source.get_event(), line, text[begin:end], "json")
        return True

    def _after_json(self, text: str, begin: int, line: int, error: JSONSyntaxError) -> Iterator[Result]:
        """What stands from the first broken JSON value on: YAML if it is that, else a Failure and the values after."""
        number = self._number
        rest = text[begin:]
        results = list(self._yaml(rest, None, line))
        if _DOCUMENT_START.search(rest) or not any(isinstance(r, Failure) and r.code == "yaml-syntax" for r in results):
            yield from results
            return
        self._number = number + 1
        at = max(error.index, begin)
        yield self._json_fault(text, at, error)
        for _ in range(self.limits.problems_per_file):
            following = _JSON_OBJECT_LINE.search(text, at + 1)
            if following is None:
                return
            at = following.start()
            try:
                end = json_value_end(text, at)
            except JSONSyntaxError as again:
                at = max(again.index, at)
                self._number += 1
                yield self._json_fault(text, at, again)
                continue
            yield from self._json_document(text, at, end, line_count(text, at))
            at = end

    def _json_fault(self, text: str, index: int, error: JSONSyntaxError) -> Failure:
        return Failure(self._number, line_count(text, index) + 1, "json-syntax", f"not valid JSON: {error}")

    def _yaml(self, text: str, data: bytes | None, lines: int = 0) -> Iterator[Result]:
        """All documents of a YAML text; a document with a forbidden character is cut out and told."""
        bad = _CONTROL.search(text)
        if bad is None:
            yield from self._clean_yaml(text, text.encode() if data is None else data, lines)
            return
        position = 0
        starts = [0, *(m.start() for m in _DOCUMENT_START.finditer(text)), len(text)]
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
            yield Failure(self._number, line, "control-character", message)
            lines += line_count(text[begin:end])
            position = end
            bad = _CONTROL.search(text, end)
            if self._number > self.limits.documents_per_file:
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
        starts = [m.start() for m in _DOCUMENT_START.finditer(text, resume_after)]
        position, size, counted = 0, 1, 0
        while position < len(starts) and self._number < self.limits.documents_per_file:
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
                    yield self._too_many_documents(lines + mark.line)
                    return None
                in_document, begun = True, mark.index
                if not (yield from self._document(source, event, lines, text, "yaml")):
                    return self._after(text, begun)
                in_document = False
        except yaml.YAMLError as error:
            marks = (getattr(error, "problem_mark", None), getattr(error, "context_mark", None))
            mark = next((m for m in marks if m is not None), None)
            line, index = (mark.line, mark.index) if mark is not None else (0, 0)
            words = [w for w in (getattr(error, "context", None), getattr(error, "problem", None)) if w]
            if not in_document:
                self._number += 1
            yield Failure(self._number, lines + line + 1, "yaml-syntax", "not valid YAML: " + ", ".join(words))
            return self._after(text, begun) if in_document else max(index, begun + 1)

    @staticmethod
    def _after(text: str, begun: int) -> int:
        """From where on the next document's ``---`` is to be looked for; directives stand before their own."""
        if text[begun : begun + 1] == "%" and (own := _DOCUMENT_START.search(text, begun)):
            begun = own.start()
        return begun + 1

    def _document(
        self, source: EventSource, start: Any, lines: int, text: str, syntax: Syntax
    ) -> Generator[Result, None, bool]:
        """One document; returns whether the parser may go on. Raises yaml.YAMLError."""
        number = self._number
        try:
            built = self._builder.document(source, start)
        except DocumentError as error:
            yield Failure(number, lines + error.line + 1, error.code, error.message)
            return error.resume and self._skip(source)
        shown = self.limits.name_chars
        for key, at in built.duplicates:
            # A slip such as `{password:x}` makes a value part of the key, so only what looks like a key is quoted.
            named = f"the key {key[:shown]!r}" if _KEY_NAME.fullmatch(key) else "a key"
            message = f"{named} is written twice in one mapping"
            yield Failure(number, lines + at + 1, "duplicate-key", message)
        if built.duplicates:
            return True
        for tag, at in built.unknown_tags:
            named = f"the tag {tag[:shown]!r}" if _TAG_NAME.fullmatch(tag) else "a tag"
            message = f"{named} means nothing to kubectl; the value is read without it"
            yield Failure(number, lines + at + 1, "unknown-tag", message, is_warning=True)
        yield Document(number, lines + built.line + 1, syntax, text, built)
        return True

    def _skip(self, source: EventSource) -> bool:
        """Read on to the end of the document; False where it nests so deep that the parser must be given up."""
        depth = 0
        while True:
            match source.get_event():
                case yaml.CollectionStartEvent():
                    depth += 1
                    if depth > self.limits.nesting_depth:
                        return False
                case yaml.CollectionEndEvent():
                    depth -= 1
                case yaml.DocumentEndEvent():
                    return True

    def _too_many_documents(self, line: int) -> Failure:
        message = f"the file has more than {self.limits.documents_per_file:,} documents; the rest is not read"
        return Failure(self._number, line + 1, "too-many-documents", message)
