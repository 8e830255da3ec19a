"""Build a YAML document that is written in the plain block style, line by line: several times as fast as from events.

What it gives is what ``Builder`` gives from libyaml's events, to the last mark (tests compare both on random texts).
Where a line may mean something else, or a bound is reached, it gives nothing and the document is read from events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from lib.loaders.built import ALWAYS_WHOLLY_WATCHED, LABEL_MAPS, WATCHED, WHOLLY_WATCHED, Built, Marks
from lib.loaders.limits import Limits
from lib.loaders.plain_lines import NOTHING, UNCLEAR, Lines

_BLOCK_CHARS: Final = 200_000
_DOCUMENT_SIGN: Final = "---"


class Plain(NamedTuple):
    """A document, and how many nodes it has."""

    built: Built
    nodes: int


class PlainReader:
    """Reads plain documents of one input, with the lines that it has met."""

    def __init__(self, limits: Limits, check: Callable[[], None] = lambda: None) -> None:
        self._limits = limits
        self._check = check
        self._lines = Lines(limits.scalar_chars)

    def document(self, text: str, begin: int, end: int, line: int, nodes_left: int) -> Plain | None:
        """The document between ``begin``, in line ``line`` (from 0), and ``end``, where the next or nothing follows.

        None where it is empty, not plain, or has more than ``nodes_left`` keys and values.
        """
        if text.startswith(_DOCUMENT_SIGN, begin, end):
            after = text.find("\n", begin, end) + 1
            # Further characters that Python takes for blanks are content to YAML, or breaks that count as lines.
            if not after or text[begin:after].rstrip("\n").removesuffix("\r").rstrip(" ") != _DOCUMENT_SIGN:
                return None
            begin = after
            line += 1
        return self._build(text, begin, end, line, nodes_left)

    def _build(self, text: str, begin: int, end: int, line: int, nodes_left: int) -> Plain | None:
        lines, limits = self._lines, self._limits
        most_items, deepest, watched = limits.documents_per_file, limits.nesting_depth, WATCHED
        marks = Marks()
        spans, items = marks.spans, marks.items
        nodes = 0
        start = -1
        at = begin
        # The innermost collection, its column and kind, and what Builder keeps of its place.
        root: list[Any] = []
        container: Any = root
        column, is_map, depth = -1, False, 0
        watch_all = is_labels = in_items = False
        stack: list[Any] = []
        key: Any = None
        name: Any
        value: Any
        waiting = 0  # the index after a key whose value is still to come, else 0

        for rows in self._blocks(text, begin, end):
            if nodes > nodes_left:
                return None
            for row in rows:
                is_field, first, name, value, value_begin, value_end, dashed, opens, goes_on, empty = lines[row]
                if is_field and first == column and is_map and not waiting:
                    if name in container:
                        return None
                    nodes += 2
                    if watch_all or (name in watched and not is_labels):
                        spans.append((container, name, at + value_begin, at + value_end))
                    container[name] = value
                    at += len(row) + 1
                    continue
                if first == NOTHING:
                    at += len(row) + 1
                    continue
                if first == UNCLEAR:
                    return None
                # Where the line belongs: to the key that waits for a value, to the document, or to what is open.
                begun = goes_on
                if waiting:
                    if first > column or (first == column and dashed):
                        begun = opens
                    else:
                        nodes += 1
                        if watch_all or (key in watched and not is_labels):
                            spans.append((container, key, waiting, waiting))
                        container[key] = None
                    waiting = 0
                elif first > column:
                    if start >= 0:
                        return None  # what stands deeper than a value goes on with it
                    start = at + first
                    line += text.count("\n", begin, start)
                    begun = opens
                here = end if row is None else at + first
                while depth and (column > first or (column == first and not is_map and not dashed)):
                    ended = container
                    container, is_map, column, key, opened, watch_all, is_labels = stack.pop()
                    depth -= 1
                    if in_items:
                        if depth == 2:
                            items[id(ended)] = (opened, here)
                        if len(items) > most_items or (depth == 1 and len(ended) > most_items):
                            return None
                    if is_map:
                        if watch_all or (key in watched and not is_labels):
                            spans.append((container, key, opened, here))
                        container[key] = ended
                    else:
                        container.append(ended)
                if row is None:
                    break
                if begun is goes_on and (column != first or (dashed and is_map)):
                    return None
                for opening, opens_map in begun:
                    if depth >= deepest:
                        return None
                    if not is_map:
                        key = None
                    stack.append((container, is_map, column, key, at + opening, watch_all, is_labels))
                    nodes += 1
                    depth += 1
                    if depth == 2:
                        in_items = key == "items"
                    # As in Builder: an object's own fields are always watched, also those of each item of a list.
                    if depth == 1 or (in_items and depth == 3):
                        watch_all = True
                    elif is_map:
                        watch_all = key in ALWAYS_WHOLLY_WATCHED or (watch_all and key in WHOLLY_WATCHED)
                    is_labels = key in LABEL_MAPS
                    container, is_map, column = {} if opens_map else [], opens_map, opening
                nodes += 1
                if name is not None:
                    if name in container:
                        return None
                    key = name
                    if not value_begin:
                        waiting = at + value_end
                        at += len(row) + 1
                        continue
                    nodes += 1
                if empty:
                    if depth >= deepest:
                        return None
                    value = {} if empty == "{}" else []
                    if depth == 1:
                        in_items = is_map and key == "items"
                    elif in_items and depth == 2:
                        items[id(value)] = (at + value_begin, at + value_end)
                        if len(items) > most_items:
                            return None
                if is_map:
                    if watch_all or (key in watched and not is_labels):
                        spans.append((container, key, at + value_begin, at + value_end))
                    container[key] = value
                else:
                    container.append(value)
                at += len(row) + 1
        if start < 0 or nodes > nodes_left:
            return None
        return Plain(Built(root[0], start, end, line, marks, [], []), nodes)

    def _blocks(self, text: str, begin: int, end: int) -> Iterator[list[Any]]:
        """The lines of a document, some at a time, and at last None."""
        while begin <= end:
            self._check()
            self._lines.forget()
            stop = text.find("\n", begin + _BLOCK_CHARS, end)
            stop = end if stop < 0 else stop
            yield text[begin:stop].split("\n")
            begin = stop + 1
        yield [None]
