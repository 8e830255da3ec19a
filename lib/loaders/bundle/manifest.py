"""The statement that goes with a snapshot's objects: what is complete, what could not be read, what was removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lib.model.problem import Problem, Severity
from lib.model.records import dataclass, field
from lib.model.snapshot import Coverage

SCHEMA: Final = "netatlas.snapshot/1"
FAMILY: Final = "netatlas.snapshot/"
MANIFEST_NAME: Final = "netatlas-snapshot.json"
OBJECTS: Final = "objects/"
MOST_ENTRIES: Final = 10_000
"""Entries in one list of a statement that are read."""
MOST_STATEMENTS: Final = 20
"""Snapshots that may be loaded together."""

COVERAGE_WORDS: Final[Mapping[Coverage, str]] = {
    Coverage.COMPLETE: "complete",
    Coverage.PARTIAL: "partial",
    Coverage.NOT_SUPPLIED: "not-supplied",
    Coverage.REFUSED: "refused",
    Coverage.UNFINISHED: "unfinished",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one snapshot says of its objects: how much of each kind the one who made it had."""

    coverage: Mapping[str, Coverage] = field(default_factory=dict)


def problem_entry(problem: Problem, file: str, line: int | None, message: str) -> dict[str, Any]:
    """A Problem that reading the snapshot can't find again, since what it is about is not in it."""
    entry: dict[str, Any] = {
        "severity": problem.severity.label,
        "code": problem.code,
        "message": message,
        "remedy": problem.remedy,
    }
    if problem.source is not None:
        entry["file"], entry["document"] = file, problem.source.document
    if line is not None:
        entry["line"] = line
    return entry


def is_manifest(value: Any) -> bool:
    """Whether a document is the statement of a snapshot, of this version or another."""
    if not isinstance(value, dict) or "kind" in value:
        return False
    schema = value.get("schema")
    return isinstance(schema, str) and schema.startswith(FAMILY)


SEVERITIES: Final[Mapping[str, Severity]] = {severity.label: severity for severity in Severity}
