"""Write raw objects as YAML or JSON, fast and as a stream.

The YAML writer knows only what raw objects are made of (dicts with text keys, lists, text, numbers,
booleans, null; text within the Basic Multilingual Plane) and writes block style; it is several times
as fast as yaml.CSafeDumper.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

Raw = dict[str, Any]

# Plain only where no YAML 1.1 reader could see anything but text: a letter first and no word that
# some resolver takes for a boolean or null; or an IPv4 address or block.
_PLAIN = re.compile(r"[A-Za-z_/][\w./-]*|\d+\.\d+\.\d+\.\d+(?:/\d+)?", re.ASCII)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_documents(items: Iterable[Raw]) -> Iterator[str]:
    """One ``---`` document for each object."""
    for item in items:
        lines: list[str] = ["---"]
        _block(item, "", lines)
        lines.append("")
        yield "\n".join(lines)


def yaml_list(items: Iterable[Raw]) -> Iterator[str]:
    """One ``kind: List`` document, as ``kubectl get -o yaml`` prints it."""
    yield "apiVersion: v1\nitems:\n"
    empty = True
    for item in items:
        empty = False
        lines: list[str] = []
        _item(item, "", lines)
        lines.append("")
        yield "\n".join(lines)
    if empty:
        yield "  []\n"
    yield 'kind: List\nmetadata:\n  resourceVersion: ""\n'


def json_list(items: Iterable[Raw]) -> Iterator[str]:
    """One ``kind: List``, an object a line."""
    yield '{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [\n'
    before = ""
    for item in items:
        yield before + json.dumps(item, separators=(",", ":"))
        before = ",\n"
    yield "\n]}\n"


def write(parts: Iterable[str], stream: TextIO) -> int:
    """Write all parts and return the number of characters, which are bytes, as all are ASCII."""
    return sum(stream.write(part) for part in parts)


def _block(value: Raw, indent: str, lines: list[str]) -> None:
    for key, inner in value.items():
        _entry(f"{indent}{_scalar(key)}:", inner, indent, lines)


def _item(value: Any, indent: str, lines: list[str]) -> None:
    """A list item: the first entry of a dict stands behind the dash."""
    if not isinstance(value, dict) or not value:
        _entry(f"{indent}-", value, indent + "  ", lines)
        return
    inner = indent + "  "
    start = len(lines)
    _block(value, inner, lines)
    lines[start] = f"{indent}- {lines[start][len(inner) :]}"


def _entry(head: str, value: Any, indent: str, lines: list[str]) -> None:
    if isinstance(value, dict) and value:
        lines.append(head)
        _block(value, indent + "  ", lines)
    elif isinstance(value, list) and value:
        lines.append(head)
        for item in value:
            _item(item, indent, lines)
    else:
        lines.append(f"{head} {_scalar(value)}")


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # JSON's text, numbers, true, false, null, {} and [] mean the same in YAML.
    return json.dumps(value)
