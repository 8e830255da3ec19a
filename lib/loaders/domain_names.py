"""Reads a table of domain names and their addresses: YAML or JSON, with a Problem and a line for what is wrong.

The form is described in docs/names.md and, for editors, in docs/names.schema.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import Final

from lib.loaders.limits import DEFAULT, MIB, Limits
from lib.loaders.own_file import Form, Part, only, read_documents
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Session, field_names, quote
from lib.model.domain_names import NameEntry, NameTable, canonical
from lib.model.patterns import pattern
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, PathStep, Source
from lib.model.sets import Network

SCHEMA: Final = "netatlas.names/1"
_EXPECTED: Final = Form("a table of domain names", SCHEMA, ("schema", "complete", "names"), "docs/names.md")
NAMES_MAX: Final = 10_000
ADDRESSES_MAX: Final = 50_000
CHARS_MAX: Final = 4 * MIB
_NAME_CHARS: Final = 253
_LABEL: Final = pattern(r"[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?")
_SUBJECT: Final = ObjectRef("", "names", "File")
_PREFIX: Final = pattern(r"([0-9A-Fa-f:.]{2,45})(/[0-9]{1,3})?")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_TO_CORRECT: Final = "Write addresses or prefixes, for example [203.0.113.7, 2001:db8::7, 198.51.100.0/24]."


@dataclass(frozen=True, slots=True)
class NamesReading:
    """The table, and what is wrong with it.

    A name with a fault is not in the table, so that it stays as unknown as without one; and a table with a fault is
    never complete.
    """

    table: NameTable
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A document's names with their addresses and paths, and whether it says that there are no others."""

    names: tuple[tuple[str, tuple[Network, ...], tuple[PathStep, ...]], ...]
    complete: bool


def read_names(text: str, file: str, limits: Limits = DEFAULT) -> NamesReading:
    """The table of a text; ``file`` is what it is called in Problems and explanations."""
    if len(text) > CHARS_MAX:
        message = f"the table is longer than {CHARS_MAX:,} characters"
        return _refused(file, "too-large", message, "Leave out the names that no policy mentions.")
    session = Session(limits.problems_per_file)
    problems: list[Problem] = []
    parts: list[Part[_Read]] = []
    for each in read_documents(session, text, file, limits, _SUBJECT, _EXPECTED, _document):
        if isinstance(each, Problem):
            problems.append(each)
        else:
            parts.append(each)
    if len(parts) > 1:
        second = parts[1]
        return _refused(file, "several-tables", "a second table begins here", "Join the two.", second.line_of(()))
    entries = {
        name: NameEntry(name, networks, Source(file, part.number, path), part.line_of(path))
        for part in parts
        for name, networks, path in part.value.names
    }
    for count, most, what in (
        (len(entries), NAMES_MAX, "names"),
        (sum(len(entry.networks) for entry in entries.values()), ADDRESSES_MAX, "addresses"),
    ):
        if count > most:
            message = f"{count:,} {what} are more than the {most:,} that a table may hold"
            return _refused(file, f"too-many-{what}", message, "Leave out the names that no policy mentions.")
    if not parts and not problems:
        return _refused(file, "no-names", "the file holds no table", "Add a mapping names.")
    sound = all(problem.severity is not Severity.ERROR for problem in problems)
    complete = sound and any(part.value.complete for part in parts)
    return NamesReading(NameTable(MappingProxyType(entries), complete, file), tuple(problems))


def _refused(file: str, code: str, message: str, remedy: str, line: int = 1) -> NamesReading:
    problem = Problem(Severity.ERROR, code, message, remedy, Source(file, 1), line)
    return NamesReading(NameTable(), (problem,))


def _document(root: Fields) -> _Read:
    only(root, field_names("schema complete names"))
    if root.has("schema") and root.text("schema") != SCHEMA:
        root.error("schema", "unknown-schema", f"schema must be {SCHEMA}", f"Write schema: {SCHEMA}.")
    complete = root.boolean("complete")
    if not root.has("names"):
        remedy = "Add names, with a name on each line: api.example.com: [203.0.113.7]."
        root.error(None, "no-names", "has no names", remedy)
    return _Read(tuple(_names(root.section("names"))), complete)


def _names(names: Fields) -> Iterator[tuple[str, tuple[Network, ...], tuple[PathStep, ...]]]:
    first: dict[str, str] = {}
    twice = {name for name, count in Counter(map(canonical, names.data)).items() if count > 1}
    for key in names.data:
        names.entry.failed = False
        name = canonical(key)
        if fault := _fault(name):
            code = "wildcard-name" if "*" in name else "invalid-name"
            remedy = "Write each name that it stands for." if "*" in name else "Write a name such as api.example.com."
            names.error(_shown(key), code, f"{quote(key)} {fault}", remedy)
        elif name in first:
            message = f"{quote(key)} is the same name as {quote(first[name])}, which stands before it"
            names.error(_shown(key), "duplicate-name", message, "Join their addresses under one of the two.")
        elif name in twice:
            # Which of the two is right is not for us to guess.
            first[name] = key
        else:
            networks = tuple(_networks(names, key))
            if not names.entry.failed:
                yield name, networks, (*names.path, key)


def _shown(key: str) -> str | None:
    """The key where a message's path can hold it."""
    return key if len(key) <= _NAME_CHARS else None


def _fault(name: str) -> str:
    """What keeps a canonical name from standing in the table."""
    if "*" in name:
        return "is a pattern, and the table takes names only"
    if not name.isascii():
        return "is not ASCII: DNS has the form that begins with xn--"
    if len(name) > _NAME_CHARS:
        return f"is longer than {_NAME_CHARS} characters"
    if name in ("true", "false"):
        return "is a boolean, unless it was meant in quotes, and no domain name"
    if not all(_LABEL.fullmatch(label) for label in name.split(".")) or name.replace(".", "").isdigit():
        return "is no domain name"
    return ""


def _networks(names: Fields, key: str) -> Iterator[Network]:
    """The addresses of one name: a list, or one of them alone."""
    value = names.data[key]
    if value is None:
        names.error(key, "missing-addresses", "has no addresses", f"{_TO_CORRECT} [] says that it has none.")
        return
    single = isinstance(value, str)
    texts = [(0, value)] if single else names.texts(key)
    seen: set[Network] = set()
    for index, text in texts:
        path = (*names.path, key, *(() if single else (index,)))
        network = _network(text.strip())
        if isinstance(network, str):
            names.entry.error(path, "invalid-address", f"{quote(text)} {network}", _TO_CORRECT)
        elif network in seen:
            names.entry.warn(path, "duplicate-address", f"{quote(text)} stands twice", "Remove one of the two.")
        else:
            seen.add(network)
            yield network


def _network(text: str) -> Network | str:
    """An address or prefix as a prefix, or what is wrong with it."""
    match = _PREFIX.fullmatch(text)
    try:
        network = ip_network(text, strict=False) if match else None
    except ValueError:
        network = None
    if network is None:
        return "is neither an address nor a prefix"
    if match and int(ip_address(match[1])) != int(network.network_address):
        return f"has bits beyond its prefix length; the prefix is {network}"
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return "is an IPv4 address in IPv6 form"
    return network
