"""From a path inside an object to its line, by reading the object's kept text once more."""

from __future__ import annotations

from typing import Any

import yaml

from lib.loaders.events import JSONEvents, yaml_events
from lib.loaders.read_documents import Syntax
from lib.loaders.yaml_resolver import TagError, key_text, resolve_plain, resolve_tagged
from lib.model.records import dataclass, field
from lib.model.refs import PathStep


@dataclass(slots=True)
class Position:
    """The line (from 0) of a key or an item, and what stands below it."""

    line: int
    below: dict[PathStep, Position] = field(default_factory=dict)

    def find(self, path: tuple[PathStep, ...]) -> int:
        """The line of ``path``, or of its nearest ancestor that stands in the text."""
        position = self
        for step in path:
            child = position.below.get(step)
            if child is None:
                break
            position = child
        return position.line


def positions(text: str, syntax: Syntax) -> Position:
    """The lines of every key and item of one document's ``text``; as far as it can be read."""
    source = JSONEvents(text) if syntax == "json" else yaml_events(text.encode())
    root = Position(0)
    stack: list[tuple[Position, bool]] = []
    owner, is_map = root, False
    key: Position | None = None
    started = False
    try:
        while True:
            event: Any = source.get_event()
            match event:
                case yaml.ScalarEvent() | yaml.AliasEvent() | yaml.CollectionStartEvent():
                    mark: Any = event.start_mark
                    if is_map and key is None:
                        name = _key(event)
                        key = Position(mark.line)
                        owner.below.setdefault(name, key)
                        if not isinstance(event, yaml.CollectionStartEvent):
                            continue
                    if not started:
                        root.line, started, here = mark.line, True, root
                    elif is_map:
                        assert key is not None
                        here, key = key, None
                    else:
                        here = Position(mark.line)
                        owner.below[len(owner.below)] = here
                    if isinstance(event, yaml.CollectionStartEvent):
                        stack.append((owner, is_map))
                        owner, is_map = here, isinstance(event, yaml.MappingStartEvent)
                case yaml.CollectionEndEvent():
                    owner, is_map = stack.pop()
                    key = None
                case yaml.DocumentEndEvent() | yaml.StreamEndEvent():
                    return root
    except yaml.YAMLError:
        return root


def _key(event: Any) -> str:
    if not isinstance(event, yaml.ScalarEvent):
        return ""
    if event.tag is not None:
        try:
            return key_text(resolve_tagged(event.tag, event.value)) or ""
        except TagError:
            return event.value
    return (key_text(resolve_plain(event.value)) if event.implicit[0] else event.value) or ""
