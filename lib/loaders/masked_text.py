"""The text of a document with parts of it replaced, line for line, and where comments stand in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

from lib.loaders.built import Span
from lib.loaders.lines import BREAK
from lib.loaders.read_documents import Document
from lib.model.patterns import pattern

_COMMENT_SIGN: Final = pattern("#")


Edit = tuple[int, int, str]
"""From where to where in the text, and what stands there instead."""


class Cover:
    """Answers quickly whether an index lies in any of many spans."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def __contains__(self, index: int) -> bool:
        position = bisect_right(self._starts, index) - 1
        return position >= 0 and index < self._reach[position]


class CommentsUnclear(Exception):
    """Comments can't be told from values, since the document can't be read by itself."""


def edited(document: Document, edits: Iterable[Edit]) -> tuple[str, tuple[Span, ...]]:
    """The document's text with all edits made, each as many lines as before, and where the list's items are."""
    built, text = document.built, document.text
    parts: list[str] = []
    position = built.start
    length = 0
    moved_from, moved_by = [0], [-built.start]
    for start, end, new in sorted(edits, key=lambda e: (e[0], -e[1])):
        if start < position:
            continue
        replacement = _same_lines(text[start:end], new)
        parts += (text[position:start], replacement)
        length += start - position + len(replacement)
        position = end
        moved_from.append(end)
        moved_by.append(length - end)
    parts.append(text[position : built.end])
    kept = "".join(parts).rstrip()
    if document.syntax == "yaml":
        # A document that was put out of use stands there as often as a remark on this one.
        kept = _without_comments_at_end(kept)

    def moved(index: int) -> int:
        return min(index + moved_by[bisect_right(moved_from, index) - 1], len(kept))

    items = built.value.get("items") if built.marks.items else None
    spans = [built.marks.items.get(id(item)) for item in items] if isinstance(items, list) else []
    return kept, tuple((moved(s[0]), moved(s[1])) if s else (0, 0) for s in spans)


def comment_edits(document: Document, within: Iterable[Span], edits: Sequence[Edit]) -> list[Edit]:
    """What takes every comment out that lies ``within`` and not in ``edits``.

    Raises CommentsUnclear where comments can't be told from values.
    """
    if document.syntax == "json":
        return []
    text = document.text
    # Every number sign, since one inside a quoted value may stand before a real comment. No blank need stand before
    # one: libyaml takes what follows a comma, a bracket, a colon or a closing quote for a comment, too.
    hidden = Cover((start, end) for start, end, _ in edits)
    found = {
        m.start()
        for span in within
        if text.find("#", *span) >= 0
        for m in _COMMENT_SIGN.finditer(text, *span)
        if m.start() not in hidden
    }
    if not found:
        return []
    begin = document.built.start
    values = _scalar_spans(text[begin : document.built.end], begin)
    if values is None:
        raise CommentsUnclear
    cover = Cover(values)
    removed: list[Edit] = []
    end = 0
    for at in sorted(found):
        if at >= end and at not in cover:
            end = _line_end(text, at)
            removed.append((at, end, ""))
    return removed


def _without_comments_at_end(text: str) -> str:
    """The text less the comment lines, from the first column, that nothing follows; line by line, never searching."""
    if "#" not in text:
        return text
    lines = text.splitlines(keepends=True)
    while lines and (lines[-1].startswith("#") or not lines[-1].strip()):
        lines.pop()
    return "".join(lines).rstrip()


def _line_end(text: str, index: int) -> int:
    following = BREAK.search(text, index)
    return following.start() if following else len(text)


def _scalar_spans(text: str, offset: int) -> list[Span] | None:
    """Where the scalars of a YAML text stand, moved by ``offset``; None if it can't be read by itself."""
    # Few documents have comments, and an input of none needs no parser of events.
    import yaml

    from lib.loaders.events import yaml_events

    source = yaml_events(text.encode())
    spans: list[Span] = []
    try:
        while True:
            event = source.get_event()
            if type(event) is yaml.ScalarEvent:
                start: Any = event.start_mark
                end: Any = event.end_mark
                # The line in which a block value opens may end with a comment.
                begin = _line_end(text, start.index) if event.style in ("|", ">") else start.index
                spans.append((begin + offset, end.index + offset))
            elif type(event) is yaml.DocumentEndEvent or type(event) is yaml.StreamEndEvent:
                return spans
    except yaml.YAMLError:
        return None


def _same_lines(old: str, new: str) -> str:
    """``new`` with the line breaks of ``old`` after it, and the indentation in which a block value ends."""
    breaks = list(BREAK.finditer(old))
    if not breaks:
        return new
    tail = old[breaks[-1].end() :]
    return new + "".join(b.group() for b in breaks) + (tail if not tail.strip() else "")
