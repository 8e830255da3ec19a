"""Reads a file of assertions: YAML or JSON, bounded like every input, with a Problem and a line for what is wrong.

The form is described in docs/assertions.md and, for editors, in docs/assertions.schema.json.
"""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_network
from typing import Final

from lib.facts.internet import BY_WORD
from lib.loaders.limits import DEFAULT, Limits
from lib.loaders.own_file import Form, only, read_documents
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Session, field_names, quote
from lib.model.assertions import AddressesEnd, Assertion, AssertionEnd, AssertionKind, WorkloadsEnd
from lib.model.errors import ModelError
from lib.model.labels import EVERYTHING, LabelSelector
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.selector import parse_selector
from lib.model.sets import FIRST_PORT, LAST_PORT, AddressSet, ConnectionSet, PortSet, Protocol

SCHEMA: Final = "netatlas.assertions/1"
_KINDS: Final = {kind.value: kind for kind in AssertionKind}
_PORTS: Final = re.compile(r"(TCP|UDP|SCTP)(?:[ \t]+(\d{1,5})(?:-(\d{1,5}))?)?", re.IGNORECASE)
_NAMED: Final = re.compile(r"(?P<namespace>[-a-z0-9.]+)/(?P<name>[^/\[\]\s]+)(?:\[(?P<kind>[A-Za-z]+)\])?")
_SUBJECT: Final = ObjectRef("", "assertions", "File")
_EXPECTED: Final = Form("a file of assertions", SCHEMA, ("schema", "assertions"), "docs/assertions.md")
_REMEDY: Final = "Write namespace/name, an address or prefix, internet, outside, any workload, or a mapping."


@dataclass(frozen=True, slots=True)
class AssertionReading:
    """What could be read; with a Problem of severity error the others still count."""

    assertions: tuple[Assertion, ...]
    problems: tuple[Problem, ...]


def read_assertions(text: str, file: str, limits: Limits = DEFAULT) -> AssertionReading:
    """The assertions of a text; ``file`` is what it is called in Problems."""
    session = Session(limits.problems_per_file)
    found: list[Assertion] = []
    problems: list[Problem] = []
    for each in read_documents(session, text, file, limits, _SUBJECT, _EXPECTED, _document):
        if isinstance(each, Problem):
            problems.append(each)
        else:
            found += [replace(read, line=each.line_of(read.source.path)) for read in each.value]
    if not found and not problems:
        message = "the file holds no assertions"
        problems.append(Problem(Severity.ERROR, "no-assertions", message, "Add a list assertions.", Source(file, 1), 1))
    return AssertionReading(tuple(found), tuple(problems))


def _document(root: Fields) -> list[Assertion]:
    only(root, field_names("schema assertions"))
    if root.text("schema") != SCHEMA:
        root.error("schema", "unknown-schema", f"schema must be {SCHEMA}", f"Write schema: {SCHEMA}.")
    found = []
    for item in root.children("assertions"):
        root.entry.failed = False
        read = _assertion(item)
        if read is not None and not root.entry.failed:
            found.append(read)
    return found


def _assertion(item: Fields) -> Assertion | None:
    only(item, {"name", *_KINDS})
    given = [word for word in _KINDS if item.has(word)]
    if len(given) != 1:
        words = ", ".join(_KINDS)
        item.error(None, "not-exactly-one", f"must hold exactly one of {words}", f"Write one of {words}.")
        return None
    body = item.section(given[0])
    only(body, field_names("from to ports"))
    sources, destinations = (tuple(_ends(body, key)) for key in ("from", "to"))
    for key, ends in (("from", sources), ("to", destinations)):
        if not ends and not item.entry.failed:
            body.error(key, "missing-end", f"{key} names nobody", _REMEDY)
    ports = _ports(body)
    name = item.text("name") or f"{given[0]} {len(item.path) and item.path[-1]}"
    return Assertion(name[:200], _KINDS[given[0]], sources, destinations, ports, item.source)


def _ends(body: Fields, key: str) -> list[AssertionEnd]:
    """One end or a list of them."""
    value = body.data.get(key)
    if not isinstance(value, list):
        end = _end(body, key, value) if value is not None else None
        return [end] if end is not None else []
    inner = Fields(body.entry, dict(enumerate(value)), (*body.path, key))  # type: ignore[arg-type]
    found = (_end(inner, index, each) for index, each in enumerate(value))  # type: ignore[arg-type]
    return [end for end in found if end is not None]


def _end(parent: Fields, key: str, value: object) -> AssertionEnd | None:
    if isinstance(value, dict):
        return _selected(Fields(parent.entry, value, (*parent.path, key)))
    text = parent.text(key).strip()
    if text in BY_WORD:
        return AddressesEnd(text, BY_WORD[text])
    if text == "any workload":
        return WorkloadsEnd(text)
    try:
        return AddressesEnd(text, AddressSet.from_networks([ip_network(text, strict=False)]))
    except ValueError:
        pass
    named = _NAMED.fullmatch(text)
    if named is None:
        if text or not parent.entry.failed:
            parent.error(key, "unknown-end", f"{quote(text)} names nobody", _REMEDY)
        return None
    return WorkloadsEnd(text, named["name"], named["kind"] or "", frozenset({named["namespace"]}))


def _selected(end: Fields) -> AssertionEnd | None:
    only(end, field_names("namespace namespaces labels"))
    names = [end.text("namespace")] if isinstance(end.data.get("namespace"), str) else []
    if isinstance(end.data.get("namespace"), list):
        names = [name for _, name in end.texts("namespace")]
    by_label, labels = (_selector(end, key) for key in ("namespaces", "labels"))
    words = [f"namespace {', '.join(names)}"] if names else []
    words += [f"namespaces with {by_label}"] if not by_label.is_everything else []
    words += [f"labels {labels}"] if not labels.is_everything else []
    if not words:
        end.error(None, "missing-end", "selects nothing in particular", "Write any workload, if that is meant.")
        return None
    return WorkloadsEnd("; ".join(words), "", "", frozenset(names), by_label, labels)


def _selector(end: Fields, key: str) -> LabelSelector:
    text = end.text(key)
    try:
        return parse_selector(text) if text else EVERYTHING
    except ModelError as error:
        end.error(key, "invalid-selector", str(error), "Write a selector as kubectl takes it: app=web,tier in (a,b).")
        return EVERYTHING


def _ports(body: Fields) -> ConnectionSet:
    """``TCP 80``, ``UDP 8000-8080`` or a protocol alone; every port where nothing is said."""
    if not body.has("ports"):
        return ConnectionSet.all()
    found = ConnectionSet()
    one = body.data.get("ports")
    numbers = {i: v for i, v in enumerate(one if isinstance(one, list) else [one]) if type(v) is int}
    for index, number in numbers.items():
        path = (*body.path, "ports", *((index,) if isinstance(one, list) else ()))
        body.entry.error(path, "invalid-port", f"{number} is a port without its protocol", f"Write TCP {number}.")
    if numbers:
        return found
    texts = list(enumerate([body.text("ports")])) if isinstance(one, str) else body.texts("ports")
    for index, text in texts:
        match = _PORTS.fullmatch(text.strip())
        first, last = (int(match[i] or 0) for i in (2, 3)) if match else (0, 0)
        if match is None or (match[2] and not FIRST_PORT <= first <= (last or first) <= LAST_PORT):
            path = (*body.path, "ports", *(() if isinstance(one, str) else (index,)))
            body.entry.error(path, "invalid-port", f"{quote(text)} names no port", "Write TCP 80, UDP 53 or TCP 80-90.")
            continue
        span = PortSet.of(first, last or first) if match[2] else PortSet.all()
        found |= ConnectionSet.from_ports({Protocol(match[1].upper()): span})
    return found
