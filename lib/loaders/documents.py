"""The objects of an input as they were written, and the text they stand in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from lib.loaders.lines import json_line_count, line_count
from lib.loaders.read_documents import Syntax
from lib.model.records import dataclass
from lib.model.refs import Source

if TYPE_CHECKING:
    from lib.loaders.locate import Position

_OBJECTS_REMEMBERED: Final = 512


@dataclass(frozen=True, slots=True)
class RawObject:
    """One Kubernetes object as the input has it, without secrets.

    ``api_version`` and ``kind`` are the object's own, or for an item of a typed list (``PodList``) the list's.
    ``obj`` is nobody's to change.
    """

    obj: dict[str, Any]
    source: Source
    api_version: str
    kind: str


@dataclass(frozen=True, slots=True)
class ListInfo:
    """One list of the input, from which it can be inferred whether a kind is complete.

    ``kind`` is ``List`` or a typed list's (``PodList``). ``resource_version`` is "" where the list has none.
    """

    source: Source
    kind: str
    api_version: str
    resource_version: str
    item_count: int

    @property
    def is_typed(self) -> bool:
        """Whether the list is of one kind, as the API server answers it."""
        return self.kind != "List"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document's text without secrets (None: not kept), its first line in the file, and where its items stand."""

    line: int
    syntax: Syntax
    text: str | None
    items: tuple[tuple[int, int], ...] = ()


class DocumentStore:
    """The kept text of every document of one input; answers where a Source stands.

    It remembers the lines of the objects asked for last, and goes with the input: nothing of it is shared.
    """

    def __init__(self, documents: Iterable[tuple[str, int, StoredDocument]] = ()) -> None:
        self._documents = {(file, number): document for file, number, document in documents}
        self._positions: dict[tuple[str, int, int], tuple[int, Position]] = {}
        self._item_lines: dict[tuple[str, int], tuple[int, ...]] = {}

    def add(self, file: str, number: int, document: StoredDocument) -> None:
        """Take up one more document."""
        self._documents[file, number] = document

    def knows(self, file: str, number: int) -> bool:
        """Whether a document was taken up."""
        return (file, number) in self._documents

    def line_of(self, source: Source) -> int | None:
        """The line, from 1 in the file, of the key or item at ``source.path``, or of its nearest ancestor.

        None when the document is not known.
        """
        document = self._documents.get((source.file, source.document))
        if document is None:
            return None
        if document.text is None:
            return document.line
        key = (source.file, source.document, source.item)
        found = self._positions.get(key)
        if found is None:
            from lib.loaders.locate import positions

            before, text = self._object_text(source, document)
            found = (document.line + before, positions(text, document.syntax))
            if len(self._positions) >= _OBJECTS_REMEMBERED:
                self._positions.pop(next(iter(self._positions)), None)
            self._positions[key] = found
        first, root = found
        return first + root.find(source.path)

    def excerpt(self, source: Source) -> tuple[int, str]:
        """The first line and the text of the whole object that ``source`` is in, secrets masked.

        ``(1, "")`` when the document is not known, an empty text when none of it was kept.
        """
        document = self._documents.get((source.file, source.document))
        if document is None:
            return 1, ""
        if document.text is None:
            return document.line, ""
        import textwrap

        before, text = self._object_text(source, document)
        return document.line + before, textwrap.dedent(text).rstrip()

    def file_line(self, source: Source) -> str:
        """``file:line``, or the bare file where no line is known."""
        line = self.line_of(source)
        return source.file if line is None else f"{source.file}:{line}"

    def _object_text(self, source: Source, document: StoredDocument) -> tuple[int, str]:
        """How many lines stand before an object in its document, and its text with the first line's indentation."""
        text = document.text or ""
        if not 0 <= source.item < len(document.items):
            return 0, text
        key = (source.file, source.document)
        lines = self._item_lines.get(key)
        if lines is None:
            lines = self._item_lines[key] = _lines_before(text, document)
        start, end = document.items[source.item]
        indentation = ""
        if document.syntax == "yaml":
            begin = max(text.rfind("\n", 0, start), text.rfind("\r", max(0, start - 500), start)) + 1
            indentation = " " * (start - begin)
        return lines[source.item], indentation + text[start:end]


def _lines_before(text: str, document: StoredDocument) -> tuple[int, ...]:
    """How many line breaks stand before each item; the text is gone through once."""
    count = line_count if document.syntax == "yaml" else json_line_count
    lines = []
    counted = position = 0
    for start, _ in document.items:
        if start >= position:
            counted += count(text[position:start])
            position = start
            lines.append(counted)
        else:
            lines.append(count(text[:start]))
    return tuple(lines)
