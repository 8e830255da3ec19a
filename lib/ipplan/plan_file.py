"""The text of a plan file: YAML, of which JSON is a part, as mappings, lists and texts, each with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from lib.ipplan.read_values import shown

TEXT_LENGTH_MAX: Final = 2_000_000
DEPTH_MAX: Final = 20
VALUES_MAX: Final = 400_000
_YAML: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(
    _YAML + name for name in ("str", "null", "bool", "int", "float", "timestamp", "merge", "value", "map", "seq")
)


@dataclass(frozen=True, slots=True)
class PlanText:
    """What a file holds. ``lines`` maps the path of every value, such as ``clusters[0].pools[1].nodes``, to its line.

    Every value is a text as it stands there, or None for null: the reader of the field knows what it should be, and
    YAML's own guesses, by which 010 is eight and 12:30 is 750, would change numbers unsaid.
    """

    data: Any
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int | None:
        """The line of a value; of what it would stand in where it is absent."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None


@dataclass(frozen=True, slots=True)
class PlanTextFault(Exception):
    """Why a text is no plan file; ``line`` counts from 1, None where the fault is nowhere in particular."""

    message: str
    remedy: str
    line: int | None = None


def parse_plan_text(text: str) -> PlanText:
    """Parse the one document of a plan file, in bounded time. Raises PlanTextFault."""
    if len(text) > TEXT_LENGTH_MAX:
        raise PlanTextFault(
            f"The plan file has more than {TEXT_LENGTH_MAX} characters.", "A plan file is a short text."
        )
    try:
        _bound(text)
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _syntax((error.problem or "").removeprefix("but "), mark.line + 1 if mark is not None else None) from None
    except yaml.reader.ReaderError as error:
        found = error.character if isinstance(error.character, int) else ord(error.character[:1])
        raise _syntax(f"it holds the character U+{found:04X}", text.count("\n", 0, error.position) + 1) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise _syntax("", None) from None
    content = _Content()
    return PlanText(content.value(node, "") if node is not None else None, content.lines)


def _syntax(cause: str, line: int | None) -> PlanTextFault:
    place = f" at line {line}" if line is not None else ""
    why = f": {cause}" if cause else ""
    return PlanTextFault(f"The plan file is not valid YAML or JSON{place}{why}.", "Correct the syntax.", line)


def _bound(text: str) -> None:
    """Refuse what must not be handed on: nesting would overflow the stack by recursion in C, aliases multiply."""
    depth = values = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.AliasEvent):
            raise PlanTextFault(f"The plan file uses YAML aliases at line {line}.", "Write every value out.", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        values += isinstance(event, yaml.NodeEvent)
        if depth > DEPTH_MAX:
            message = f"The plan file has more than {DEPTH_MAX} lists and mappings inside each other at line {line}."
            raise PlanTextFault(message, "A plan file is flat.", line)
        if values > VALUES_MAX:
            message = f"The plan file holds more than {VALUES_MAX} keys and values."
            raise PlanTextFault(message, "Split it into several plans.")


@dataclass(slots=True)
class _Content:
    """Turns nodes into values, and notes their lines on the way."""

    lines: dict[str, int] = field(default_factory=dict)

    def value(self, node: yaml.Node, path: str) -> Any:
        line = node.start_mark.line + 1
        if node.tag not in _TAGS:
            message = f"The plan file marks a value with {shown(node.tag.replace(_YAML, '!!'))} at line {line}."
            raise PlanTextFault(message, "Write the value without a tag.", line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        return None if node.tag == f"{_YAML}null" else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        self.lines.setdefault(path, node.start_mark.line + 1)
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                message = f"The plan file has a list or a mapping as the name of a field at line {line}."
                raise PlanTextFault(message, "A field's name is a word.", line)
            if key.value in found:
                message = f"The plan file has the field {shown(key.value)} twice at line {line}."
                raise PlanTextFault(message, "Keep one of the two.", line)
            name = key.value.replace("-", "_")
            inner = f"{path}.{name}" if path else name
            self.lines[inner] = line
            found[key.value] = self.value(value, inner)
        return found
