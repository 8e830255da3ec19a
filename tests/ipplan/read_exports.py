"""Reads exported plans back, each with a parser of its language: what a test compares with the plan."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import hcl2
import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_STUB = r"""
az() { printf '%s\0' "$#" "$@" >&3; if [ "$3" = show ]; then printf '/net'; fi; }
"""
_GIVEN = {"RESOURCE_GROUP": "rg", "LOCATION": "here", "NODE_VM_SIZE": "size", "CLUSTER_IDENTITY_ID": "/identity"}
_BICEP = Parser(Language(tree_sitter_bicep.language()))


def az_calls(script: str) -> list[list[str]]:
    """The commands that bash really runs, each as its words; az itself is replaced by what writes them down."""
    subprocess.run(["bash", "-n"], input=script.encode(), check=True, capture_output=True)
    done = subprocess.run(
        ["bash", "-c", 'exec 3>&1 1>/dev/null; eval "$SCRIPT"'],
        env={"SCRIPT": _STUB + script, **_GIVEN}, check=True, capture_output=True,
    )  # fmt: skip
    assert done.stderr == b""
    words = done.stdout.decode().split("\0")[:-1]
    calls = []
    while words:
        count = int(words[0])
        calls.append(words[1 : count + 1])
        words = words[count + 1 :]
    return calls


def options(call: list[str]) -> dict[str, list[str]]:
    """``--flag value…`` and ``--flag=value`` as a mapping."""
    found: dict[str, list[str]] = {}
    flag = ""
    for word in call:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            found[flag] = [value] if equals else []
        elif flag:
            found[flag].append(word)
    return found


def terraform(text: str) -> dict[str, dict[str, Any]]:
    """The resources by type and identifier, with texts decoded."""
    found: dict[str, dict[str, Any]] = {}
    for entry in hcl2.loads(text).get("resource", []):
        for kind, named in entry.items():
            for identifier, body in named.items():
                kinds = found.setdefault(kind.strip('"'), {})
                assert identifier not in kinds
                kinds[identifier.strip('"')] = _decoded(body)
    return found


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.strip('"'): _decoded(item) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, str) and value.startswith('"'):
        return _hcl_text(value[1:-1])
    return value


def _hcl_text(text: str) -> str:
    plain = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}

    def one(match: re.Match[str]) -> str:
        found = match[0]
        if found in ("$${", "%%{"):
            return found[1:]
        return chr(int(found[2:], 16)) if found[1] in "uU" else plain[found[1]]

    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text), "a template in what should be a literal"
    return re.sub(r'\$\$\{|%%\{|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|\\[nrt"\\]', one, text)


def bicep(text: str) -> dict[str, Any]:
    """The resources by their symbols; an interpolated text keeps its ``${…}``. Every symbol in use is declared."""
    tree = _BICEP.parse(text.encode())
    assert not tree.root_node.has_error, text
    declared = {_name(node) for node in tree.root_node.children if node.type.endswith("_declaration")}
    used = {name for node in _all(tree.root_node) if node.type == "interpolation" for name in _identifiers(node)}
    found: dict[str, Any] = {}
    for node in tree.root_node.children:
        if node.type == "resource_declaration":
            assert _name(node) not in found
            kind, body = node.named_children[1], node.named_children[-1]
            found[_name(node)] = {"@type": _bicep_value(kind)} | _bicep_value(body)
    bare = {value for resource in found.values() for value in _bare(resource)}
    assert used | bare <= declared
    return found


def _name(node: Node) -> str:
    return next(_text(child) for child in node.children if child.type == "identifier")


def _identifiers(node: Node) -> list[str]:
    return [_text(child) for child in _all(node) if child.type == "identifier"]


def _all(node: Node) -> list[Node]:
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting.extend(one.children)
    return found


def _text(node: Node) -> str:
    return (node.text or b"").decode()


class Symbol(str):
    """A parameter or resource that is named."""


def _bare(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [name for item in value.values() for name in _bare(item)]
    if isinstance(value, list):
        return [name for item in value for name in _bare(item)]
    return [value] if isinstance(value, Symbol) else []


def _bicep_value(node: Node) -> Any:
    match node.type:
        case "object":
            pairs = [child.named_children for child in node.named_children if child.type == "object_property"]
            keys = [_bicep_value(key) if key.type == "string" else _text(key) for key, _ in pairs]
            assert len(set(keys)) == len(keys)
            return dict(zip(keys, (_bicep_value(value) for _, value in pairs), strict=True))
        case "array":
            return [_bicep_value(child) for child in node.named_children]
        case "string":
            return _bicep_text(node)
        case "number":
            return int(_text(node))
        case "boolean":
            return _text(node) == "true"
        case "identifier":
            return Symbol(_text(node))
    raise AssertionError(node.type)


def _bicep_text(node: Node) -> str:
    """A text with its escapes read; the parser gives no node to ``\\$``, so they are read from its source."""

    def one(match: re.Match[str]) -> str:
        if match[0].startswith("\\u{"):
            return chr(int(match[0][3:-1], 16))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(match[0][1], match[0][1])

    return re.sub(r"\\u\{[0-9a-f]+\}|\\[nrt$'\\]", one, _text(node)[1:-1])
