"""Read a snapshot's statement back. It may be anybody's work: every field is checked, and bounded like all input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lib.loaders.archives import clean_name
from lib.loaders.bundle.manifest import COVERAGE_WORDS, MOST_ENTRIES, SCHEMA, SEVERITIES, Statement
from lib.loaders.documents import RawObject
from lib.loaders.lost_policies import rejected
from lib.loaders.mask import MASK
from lib.loaders.parse import KIND_READERS, POLICY_KINDS
from lib.loaders.recognise import Advice
from lib.model.policies import RejectedPolicy
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import Source

_MESSAGE_CHARS: Final = 1_000
_NAME_CHARS: Final = 253
_COVERAGE: Final = {word: coverage for coverage, word in COVERAGE_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Read:
    """What a statement gave: itself, the Secrets that it names, and what could not be read when it was made.

    ``faults`` says what of the statement itself is wrong; the rest of it counts.
    """

    statement: Statement
    secrets: tuple[RawObject, ...] = ()
    problems: tuple[Problem, ...] = ()
    rejected: tuple[tuple[RejectedPolicy, int], ...] = ()
    faults: tuple[Advice, ...] = ()


class _Fault(Exception):
    """One entry is not as it should be."""


def read_statement(value: dict[str, Any], source: Source) -> Read:
    """What the statement at ``source`` says; the objects are read by themselves."""
    if value.get("schema") != SCHEMA:
        message = f"this snapshot was written by another version of NetAtlas ({clean_name(str(value['schema']), 64)})"
        remedy = "Open it with that version. Here its objects are read, and how complete they are is not known."
        return Read(Statement(), faults=(Advice(Severity.ERROR, "snapshot-version", message, remedy),))
    faults: list[str] = []
    coverage = dict(_each(_mapping(value, "coverage", faults).items(), "coverage", faults, _coverage))
    secrets = tuple(_each(_list(value, "secrets", faults), "secrets", faults, lambda s: _secret(s, source)))
    problems = tuple(_each(_list(value, "problems", faults), "problems", faults, _problem))
    before = len(faults)
    lost = tuple(_each(_list(value, "rejected_policies", faults), "rejected_policies", faults, _rejected))
    if len(faults) > before:
        # What a policy that is not named here would have governed is not known.
        lost = (*lost, (rejected("", "those that the snapshot's statement does not tell", source), 1))
    remedy = "Make the snapshot anew; what the statement says otherwise counts."
    told = tuple(Advice(Severity.ERROR, "snapshot-statement", fault, remedy) for fault in faults)
    return Read(Statement(coverage), secrets, problems, lost, told)


def _mapping(value: dict[str, Any], key: str, faults: list[str]) -> dict[str, Any]:
    found = value.get(key, {})
    if isinstance(found, dict):
        return found
    faults.append(f"{key} of the snapshot's statement is no mapping and was not read")
    return {}


def _list(value: dict[str, Any], key: str, faults: list[str]) -> list[Any]:
    found = value.get(key, [])
    if not isinstance(found, list):
        faults.append(f"{key} of the snapshot's statement is no list and was not read")
        return []
    if len(found) > MOST_ENTRIES:
        faults.append(f"{key} of the snapshot's statement has more than {MOST_ENTRIES:,} entries; these count")
    return found[:MOST_ENTRIES]


def _each(entries: Any, key: str, faults: list[str], read: Any) -> Iterator[Any]:
    """``read`` for each entry; those that are not in order are one fault together."""
    broken = 0
    for entry in entries:
        try:
            yield read(entry)
        except _Fault:
            broken += 1
    if broken:
        faults.append(f"{broken:,} entries of {key} in the snapshot's statement are not in order and were not read")


def _coverage(entry: tuple[str, Any]) -> tuple[str, Any]:
    kind, word = entry
    if kind not in KIND_READERS or not isinstance(word, str) or word not in _COVERAGE:
        raise _Fault
    return kind, _COVERAGE[word]


def _secret(entry: Any, source: Source) -> RawObject:
    names = {k: _text(entry, k, _NAME_CHARS) for k in ("name", "namespace") if k in _checked(entry)}
    keys = entry.get("keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _Fault
    version = _text(entry, "apiVersion", _NAME_CHARS) if "apiVersion" in entry else "v1"
    obj = {"apiVersion": version, "kind": "Secret", "metadata": names, "data": {key: MASK for key in keys}}
    if "type" in entry:
        obj["type"] = _text(entry, "type", _NAME_CHARS)
    return RawObject(obj, source, version, "Secret")


def _problem(entry: Any) -> Problem:
    severity = SEVERITIES.get(_text(entry, "severity", 16))
    if severity is None:
        raise _Fault
    code, message, remedy = (_text(entry, key, _MESSAGE_CHARS) for key in ("code", "message", "remedy"))
    if "file" not in entry:
        return Problem(severity, code, message, remedy)
    source = Source(_text(entry, "file", _NAME_CHARS), _number(entry, "document"))
    return Problem(severity, code, message, remedy, source, _number(entry, "line") if "line" in entry else None)


def _rejected(entry: Any) -> tuple[RejectedPolicy, int]:
    kind = _text(entry, "kind", _NAME_CHARS)
    if kind not in POLICY_KINDS:
        raise _Fault
    source = Source(_text(entry, "file", _NAME_CHARS), _number(entry, "document"))
    name, namespace = (_text(entry, key, 2 * _NAME_CHARS) for key in ("name", "namespace"))
    return rejected(namespace, name, source, kind), _number(entry, "line")


def _checked(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _Fault
    return entry


def _text(entry: Any, key: str, longest: int) -> str:
    value = _checked(entry).get(key)
    if not isinstance(value, str):
        raise _Fault
    return clean_name(value, longest)


def _number(entry: Any, key: str) -> int:
    value = _checked(entry).get(key)
    if type(value) is not int or not 1 <= value < 2**53:
        raise _Fault
    return value
