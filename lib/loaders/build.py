"""Build one document's value from its parse events, and note where the values stand that may have to be masked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import yaml

from lib.loaders.built import (
    ALWAYS_WHOLLY_WATCHED,
    LABEL_MAPS,
    WATCHED,
    WHOLLY_WATCHED,
    Anchor,
    Built,
    DocumentError,
    Marks,
)
from lib.loaders.events import EventSource
from lib.loaders.limits import Limits
from lib.loaders.yaml_resolver import (
    KNOWN_TAGS,
    PLAIN_LETTERS,
    TAG_PREFIX,
    PlainLetter,
    Scalar,
    TagError,
    key_text,
    resolve_plain,
    resolve_tagged,
)

_SHORT_CHARS: Final = 80
_NODES_BETWEEN_CHECKS: Final = 20_000
_NO_KEY: Final = object()
_MERGE: Final = object()
_UNSEEN: Final = object()


class Builder:
    """Reads documents from ``source``; ``nodes`` counts over all documents of an input.

    ``check`` is called now and then and may raise to give up. One Builder serves one text: its caches hold the
    text's own scalars and go with it.
    """

    def __init__(self, limits: Limits, check: Callable[[], None] = lambda: None, nodes: int = 0) -> None:
        self.limits = limits
        self.nodes = nodes
        self.check = check
        self._scalars: dict[str, Scalar] = {}
        self._keys: dict[str, str] = {}

    def document(self, source: EventSource, start: Any) -> Built:
        """The document whose DocumentStartEvent ``start`` was just read. Raises DocumentError and yaml.YAMLError."""
        limits, scalars, keys = self.limits, self._scalars, self._keys
        longest, deepest, watched = limits.scalar_chars, limits.nesting_depth, WATCHED
        most_items = limits.documents_per_file
        get_event = source.get_event
        scalar_event, mapping_start, sequence_start = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
        mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
        marks = Marks()
        spans = marks.spans
        duplicates: list[tuple[str, int]] = []
        unknown_tags: list[int] = []
        anchors: dict[str, Anchor] = {}
        merged: dict[int, set[str]] = {}
        nodes = self.nodes
        alias_nodes = 0
        next_check = min(nodes + _NODES_BETWEEN_CHECKS, limits.nodes + 1)

        root: list[Any] = []
        container: Any = root
        is_map = False
        key: Any = _NO_KEY
        stack: list[Any] = []
        depth = 0
        in_items = False
        watch_all = False
        is_labels = False
        first: Any = None
        last_index = 0

        while True:
            event = get_event()
            kind = type(event)
            if kind is scalar_event:
                nodes += 1
                if nodes >= next_check:
                    next_check = self._pause(nodes, event)
                text = event.value
                plain = event.implicit[0]
                if is_map and key is _NO_KEY:
                    key = keys.get(text) if plain else None
                    if key is None:
                        key = self._key(event, unknown_tags)
                    if key in container:
                        if key in merged.get(id(container), ()):
                            merged[id(container)].discard(key)
                        else:
                            duplicates.append((key, event.start_mark.line))
                            if len(duplicates) > limits.problems_per_file:
                                raise self._too_many_duplicates(event)
                    if event.anchor is not None:
                        span = (event.start_mark.index, event.end_mark.index)
                        anchors[event.anchor] = anchor = Anchor((id(container), key), span, key, 1)
                        marks.anchors.append(anchor)
                    continue
                value: Any
                if plain:
                    value = scalars.get(text, _UNSEEN)
                    if value is _UNSEEN:
                        value = self._plain(event)
                else:
                    value = text if event.tag is None else self._tagged(event, unknown_tags)
                    if len(text) > longest:
                        raise self._too_long(event)
                if event.anchor is not None:
                    span = (event.start_mark.index, event.end_mark.index)
                    anchor = Anchor((id(container), key if is_map else len(container)), span, value, 1)
                    anchors[event.anchor] = anchor
                    marks.anchors.append(anchor)
                if is_map:
                    if watch_all or (key in watched and not is_labels):
                        spans.append((container, key, event.start_mark.index, event.end_mark.index))
                    if key is _MERGE:
                        self._merge(container, value, merged, event.start_mark.line)
                    else:
                        container[key] = value
                    key = _NO_KEY
                else:
                    container.append(value)
                    if first is None:
                        first, last_index = event.start_mark, event.end_mark.index
            elif kind is mapping_start or kind is sequence_start:
                nodes += 1
                if nodes >= next_check:
                    next_check = self._pause(nodes, event)
                if is_map and key is _NO_KEY:
                    raise DocumentError("invalid-key", "a key is a list or a mapping", event.start_mark.line)
                if depth >= deepest:
                    raise DocumentError(
                        "nested-too-deep", f"more than {deepest} levels are nested", event.start_mark.line, resume=False
                    )
                if event.tag is not None and event.tag not in KNOWN_TAGS:
                    unknown_tags.append(event.start_mark.line)
                if first is None:
                    first = event.start_mark
                stack.append(
                    (container, is_map, key, event.start_mark.index, event.anchor, nodes, watch_all, is_labels)
                )
                depth += 1
                if depth == 2:
                    in_items = key == "items"
                # An object's own fields are always watched: the document's, and those of each item of a list.
                is_labels = is_map and key in LABEL_MAPS
                watch_all = (
                    depth == 1
                    or (in_items and depth == 3)
                    or (key in ALWAYS_WHOLLY_WATCHED or (watch_all and key in WHOLLY_WATCHED) if is_map else watch_all)
                )
                container = {} if kind is mapping_start else []
                if event.anchor is not None:
                    # Known at once, open until its end: an alias inside itself must be recognised.
                    parent, parent_is_map, parent_key = stack[-1][:3]
                    place = (id(parent), parent_key if parent_is_map else len(parent))
                    anchors[event.anchor] = Anchor(place, (event.start_mark.index, -1), container, -1)
                is_map, key = kind is mapping_start, _NO_KEY
            elif kind is mapping_end or kind is sequence_end:
                value = container
                container, is_map, key, start_index, name, nodes_before, watch_all, is_labels = stack.pop()
                depth -= 1
                end_index = event.end_mark.index
                if name is not None:
                    anchor = anchors[name] if anchors[name].value is value else Anchor((0, 0), (0, 0), value, 0)
                    anchor.span, anchor.nodes = (start_index, end_index), nodes - nodes_before + 1
                    marks.anchors.append(anchor)
                if not depth:
                    last_index = end_index
                elif in_items and depth == 2:
                    marks.items[id(value)] = (start_index, end_index)
                if in_items and (len(marks.items) > most_items or (depth == 1 and len(value) > most_items)):
                    raise self._too_many_items(event)
                if is_map:
                    if key is _MERGE:
                        self._merge(container, value, merged, event.start_mark.line)
                        marks.merges_in_place = True
                    else:
                        if watch_all or (key in watched and not is_labels):
                            spans.append((container, key, start_index, end_index))
                        container[key] = value
                    key = _NO_KEY
                else:
                    container.append(value)
            elif kind is yaml.AliasEvent:
                known = anchors.get(event.anchor)
                line = event.start_mark.line
                if known is None:
                    raise DocumentError(
                        "unknown-anchor", "an alias names an anchor that is not defined before it", line
                    )
                if known.nodes < 0:
                    raise DocumentError("recursive-alias", "an anchor's value contains itself", line)
                alias_nodes += known.nodes
                nodes += known.nodes
                if nodes >= next_check:
                    next_check = self._pause(nodes, event)
                if alias_nodes > limits.alias_nodes_per_document:
                    raise DocumentError(
                        "excessive-aliases",
                        f"aliases stand for more than {limits.alias_nodes_per_document:,} values",
                        line,
                        resume=False,
                    )
                value = known.value
                if is_map and key is _NO_KEY:
                    if isinstance(value, (dict, list)):
                        raise DocumentError("invalid-key", "a key is a list or a mapping", line)
                    key = key_text(value)
                    if key is None:
                        raise DocumentError("invalid-key", "a key is null", line)
                    if key in container:
                        duplicates.append((key, line))
                        if len(duplicates) > limits.problems_per_file:
                            raise self._too_many_duplicates(event)
                    marks.aliases.append((container, key, event.start_mark.index, known))
                    continue
                if first is None:
                    first = event.start_mark
                if is_map and key is _MERGE:
                    self._merge(container, value, merged, line)
                    marks.aliases.append((container, None, event.start_mark.index, known))
                    key = _NO_KEY
                elif is_map:
                    if watch_all or (key in watched and not is_labels):
                        spans.append((container, key, event.start_mark.index, event.end_mark.index))
                    container[key] = value
                    marks.aliases.append((container, key, event.start_mark.index, known))
                    key = _NO_KEY
                else:
                    marks.aliases.append((container, len(container), event.start_mark.index, known))
                    container.append(value)
            elif kind is yaml.DocumentEndEvent:
                self.nodes = nodes
                begin = start.start_mark if first is None else first
                end = max(event.start_mark.index, last_index)
                return Built(root[0] if root else None, begin.index, end, begin.line, marks, duplicates, unknown_tags)

    def _plain(self, event: Any) -> Scalar:
        """The value of an unquoted scalar that is met for the first time."""
        text: str = event.value
        if len(text) > self.limits.scalar_chars:
            raise self._too_long(event)
        value = PlainLetter(text) if text in PLAIN_LETTERS else resolve_plain(text)
        if isinstance(value, float) and not math.isfinite(value):
            line = event.start_mark.line
            raise DocumentError("not-a-number", "a value is not a finite number, which JSON cannot hold", line)
        if len(text) <= _SHORT_CHARS:
            self._scalars[text] = value
        return value

    def _key(self, event: Any, unknown_tags: list[int]) -> Any:
        """The key that a scalar is, met for the first time; _MERGE for ``<<``."""
        text: str = event.value
        plain = event.implicit[0]
        if len(text) > self.limits.scalar_chars:
            raise self._too_long(event)
        if text == "<<" and (plain or event.tag == TAG_PREFIX + "merge"):
            return _MERGE
        if plain:
            key = key_text(resolve_plain(text))
        else:
            key = key_text(text if event.tag is None else self._tagged(event, unknown_tags))
        if key is None:
            raise DocumentError("invalid-key", "a key is null", event.start_mark.line)
        if plain and len(text) <= _SHORT_CHARS:
            self._keys[text] = key
        return key

    def _too_long(self, event: Any) -> DocumentError:
        message = f"a value is longer than {self.limits.scalar_chars:,} characters"
        return DocumentError("scalar-too-long", message, event.start_mark.line)

    def _pause(self, nodes: int, event: Any) -> int:
        """Ask whether the input is still wanted and not too large; returns the number of nodes to ask again at."""
        self.check()
        if nodes > self.limits.nodes:
            self.nodes = nodes
            message = f"the input has more than {self.limits.nodes:,} keys and values"
            raise DocumentError("too-many-nodes", message, event.start_mark.line, resume=False)
        return min(nodes + _NODES_BETWEEN_CHECKS, self.limits.nodes + 1)

    def _too_many_items(self, event: Any) -> DocumentError:
        message = f"the list has more than {self.limits.documents_per_file:,} items; none is read"
        return DocumentError("too-many-items", message, event.start_mark.line, resume=False)

    def _too_many_duplicates(self, event: Any) -> DocumentError:
        message = f"more than {self.limits.problems_per_file:,} keys are written twice"
        return DocumentError("duplicate-key", message, event.start_mark.line, resume=False)

    def _tagged(self, event: Any, unknown_tags: list[int]) -> Scalar:
        if event.tag not in KNOWN_TAGS:
            unknown_tags.append(event.start_mark.line)
        try:
            return resolve_tagged(event.tag, event.value)
        except TagError as error:
            raise DocumentError("wrong-tag", str(error), event.start_mark.line) from None

    @staticmethod
    def _merge(container: dict[str, Any], value: Any, merged: dict[int, set[str]], line: int) -> None:
        """Take over merged keys where they stand, as goyaml.v2 does: what is written later wins."""
        parts = [value] if isinstance(value, dict) else list(reversed(value)) if isinstance(value, list) else [None]
        for part in parts:
            if not isinstance(part, dict):
                raise DocumentError("invalid-merge", "<< needs a mapping or a list of mappings", line)
            merged.setdefault(id(container), set()).update(part.keys() - container.keys())
            container.update(part)
