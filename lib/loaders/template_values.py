"""Values of an ARM template's expressions, as far as the text itself settles them.

Read are parameters with a value, variables, and the functions that only put those together. What hangs on the
deployment (``reference``, ``resourceGroup``, ``copyIndex`` and the like) is left as it is written, so that whoever
reads the field tells of it there. Source: "Syntax and expressions in Azure Resource Manager templates".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

DEPTH_MAX: Final = 30
"""So deep do expressions, variables that name variables, and lists and mappings in them stand in each other at most."""
CHARS_MAX: Final = 4_000
"""Characters of one expression."""
WORK_MAX: Final = 1_000_000
"""Parts of expressions, and characters and items that they put together or look through, of one template in all."""
_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?[0-9]{1,18})|([A-Za-z_][A-Za-z0-9_.]*)(?=\s*\()|([(),]))")
_PART: Final = re.compile(r"\s*(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[)")
_PLACE: Final = re.compile(r"\{([0-9]{1,3})\}")


class Unsettled(Exception):
    """The text alone doesn't say what an expression comes to."""


@dataclass(slots=True)
class Work:
    """What a template's expressions have cost, those of deployments nested in it too."""

    done: int = 0

    def spend(self, amount: int) -> None:
        """Count work. Raises Unsettled where there was too much of it."""
        self.done += amount
        if self.done > WORK_MAX:
            raise Unsettled


@dataclass(slots=True)
class Scope:
    """The parameters and variables that one template's expressions mean.

    ``given`` are the values that a nested deployment hands in; ``defaults`` collects the parameters that count with
    their default value. Names are compared in small letters, as Azure does. With ``placeholders`` what only the
    deployment settles is a text in brackets, the same wherever the same is meant, so that names can be compared.
    """

    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)
    defaults: set[str] = field(default_factory=set)
    known: dict[str, Any] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    work: Work = field(default_factory=Work)
    placeholders: bool = False

    def parameter(self, name: Any, depth: int) -> Any:
        """A parameter's value. Raises Unsettled for one that only the deployment gives."""
        key = _key(name)
        if key in self.given:
            return self.given[key]
        definition = self.parameters.get(key)
        if not isinstance(definition, dict) or "defaultValue" not in definition:
            return self.placeholder("parameters", [key])
        self.defaults.add(key)
        return self._once(f"parameters.{key}", definition["defaultValue"], depth)

    def placeholder(self, function: str, arguments: list[Any]) -> str:
        """The text that stands for what a function gives. Raises Unsettled where there are to be none."""
        if not self.placeholders:
            raise Unsettled
        text = f"[{function.lower()}({', '.join(map(_text, arguments))})]"
        self.work.spend(len(text))
        return text

    def variable(self, name: Any, depth: int) -> Any:
        """A variable's value. Raises Unsettled for one that isn't there."""
        key = _key(name)
        if key not in self.variables:
            raise Unsettled
        return self._once(f"variables.{key}", self.variables[key], depth)

    def _once(self, key: str, written: Any, depth: int) -> Any:
        if key in self.known:
            return self.known[key]
        if key in self.busy:
            raise Unsettled
        self.busy.add(key)
        try:
            found = strictly(written, self, depth + 1)
        finally:
            self.busy.discard(key)
        self.known[key] = found
        return found


def small_keys(written: Any) -> dict[str, Any]:
    """A mapping with its names in small letters; an empty one for anything else."""
    return {str(key).lower(): value for key, value in written.items()} if isinstance(written, dict) else {}


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise Unsettled
    return name.lower()


def settled(written: Any, scope: Scope, depth: int = 0) -> Any:
    """A value with its expressions worked out; those that can't be stay as they are written."""
    if isinstance(written, str):
        try:
            return strictly(written, scope, depth)
        except Unsettled:
            return written
    # The resources' own lists and mappings are as deep as the reader lets through; those of variables come on top.
    if depth > DEPTH_MAX:
        return written
    inside = depth + 1 if depth else 0
    if isinstance(written, list):
        return [settled(item, scope, inside) for item in written]
    if isinstance(written, dict):
        return {key: settled(item, scope, inside) for key, item in written.items()}
    return written


def strictly(written: Any, scope: Scope, depth: int = 0) -> Any:
    """The same, but a text that is an expression and can't be worked out raises Unsettled."""
    if not isinstance(written, str):
        return settled(written, scope, depth)
    if written.startswith("[["):
        return written[1:]
    if not (written.startswith("[") and written.endswith("]")):
        return written
    if len(written) > CHARS_MAX:
        raise Unsettled
    found, rest = _expression(written[1:-1], scope, depth + 1)
    if rest.strip():
        raise Unsettled
    return found


def _expression(text: str, scope: Scope, depth: int) -> tuple[Any, str]:
    """The value of the expression at the start of ``text``, and what follows it."""
    if depth > DEPTH_MAX:
        raise Unsettled
    scope.work.spend(1)
    token = _TOKEN.match(text)
    if token is None:
        raise Unsettled
    quoted, number, name, _ = token.groups()
    rest = text[token.end() :]
    value: Any
    if quoted is not None:
        value = quoted[1:-1].replace("''", "'")
    elif number is not None:
        value = int(number)
    elif name is not None:
        arguments, rest = _arguments(rest, scope, depth)
        value = _call(name, arguments, scope, depth)
    else:
        raise Unsettled
    while part := _PART.match(rest):
        if part[1] is not None:
            key, rest = part[1], rest[part.end() :]
        else:
            key, rest = _expression(rest[part.end() :], scope, depth + 1)
            if not rest.lstrip().startswith("]"):
                raise Unsettled
            rest = rest.lstrip()[1:]
        value = _member(value, key, scope)
    return value, rest


def _arguments(text: str, scope: Scope, depth: int) -> tuple[list[Any], str]:
    rest = text.lstrip()[1:]
    found: list[Any] = []
    while not rest.lstrip().startswith(")"):
        value, rest = _expression(rest, scope, depth + 1)
        found.append(value)
        rest = rest.lstrip()
        if rest.startswith(","):
            rest = rest[1:]
        elif not rest.startswith(")"):
            raise Unsettled
    return found, rest.lstrip()[1:]


def _member(value: Any, key: Any, scope: Scope) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        if key in value:
            return value[key]
        scope.work.spend(len(value))
        found = small_keys(value)
        if key.lower() in found:
            return found[key.lower()]
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    if scope.placeholders and isinstance(value, str) and value.startswith("["):
        return scope.placeholder(f"{value}.{_text(key)}", [])
    raise Unsettled


def _call(name: str, arguments: list[Any], scope: Scope, depth: int) -> Any:
    known: dict[str, Callable[[], Any]] = {
        "parameters": lambda: scope.parameter(_one(arguments), depth),
        "variables": lambda: scope.variable(_one(arguments), depth),
        "concat": lambda: _concat(arguments, scope),
        "createarray": lambda: _array(arguments, scope),
        "format": lambda: _format(arguments, scope),
        "tolower": lambda: _key(_copied(arguments, scope)),
        "toupper": lambda: _key(_copied(arguments, scope)).upper(),
        "string": lambda: _text(_one(arguments)),
        "true": lambda: True,
        "false": lambda: False,
        "null": lambda: None,
    }
    if name.lower() not in known:
        return scope.placeholder(name, arguments)
    return known[name.lower()]()


def _one(arguments: list[Any]) -> Any:
    if len(arguments) != 1:
        raise Unsettled
    return arguments[0]


def _copied(arguments: list[Any], scope: Scope) -> Any:
    value = _one(arguments)
    scope.work.spend(len(value) if isinstance(value, str) else 1)
    return value


def _array(arguments: list[Any], scope: Scope) -> list[Any]:
    scope.work.spend(len(arguments))
    return arguments


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unsettled
    return str(value)


def _concat(arguments: list[Any], scope: Scope) -> Any:
    if arguments and all(isinstance(value, list) for value in arguments):
        scope.work.spend(sum(map(len, arguments)))
        return [item for value in arguments for item in value]
    texts = [_text(value) for value in arguments]
    scope.work.spend(sum(map(len, texts)))
    return "".join(texts)


def _format(arguments: list[Any], scope: Scope) -> str:
    """Only with plain places, as Bicep writes them."""
    if not arguments:
        raise Unsettled
    pattern, values = _text(arguments[0]), [_text(value) for value in arguments[1:]]
    longest = max(map(len, values), default=0)
    scope.work.spend(len(pattern) + pattern.count("{") * longest)
    plain = _PLACE.sub("", pattern)
    if "{" in plain or "}" in plain or any(int(n) >= len(values) for n in _PLACE.findall(pattern)):
        raise Unsettled
    return _PLACE.sub(lambda place: values[int(place[1])], pattern)
