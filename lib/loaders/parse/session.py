"""What reading one run of objects shares: the Problems, what is known to be valid, how values are quoted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Final

from lib.loaders.limits import DEFAULT
from lib.loaders.parse.syntax import label_key_fault, label_value_fault
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, PathStep, Source, format_path
from lib.model.sets import Address

QUOTE_LENGTH: Final = 64
Path = tuple[PathStep, ...]


class Unknown(Enum):
    """What an unknown field does to the object."""

    IGNORED = "not looked for"
    WARNS = "reported, and left out"
    REJECTS_MANIFEST = "rejects a manifest, reported in a live object"
    REJECTS = "rejects"


def field_names(words: str) -> frozenset[str]:
    """The names in a text, parted by blanks: how the tables of known fields are written."""
    return frozenset(words.split())


def quote(value: object) -> str:
    """A value as a message may show it: at most 64 characters of it, control characters escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = value if isinstance(value, str) else str(value)[: QUOTE_LENGTH + 1]
    shortened = text[:QUOTE_LENGTH]
    if not shortened.isprintable():
        shortened = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in shortened)
    shortened = shortened[:QUOTE_LENGTH] + ("…" if len(text) > QUOTE_LENGTH else "")
    return f'"{shortened}"' if isinstance(value, str) else shortened


def kind_of_value(value: object) -> str:
    """A value's type in plain words, with the value where that helps."""
    match value:
        case bool():
            return f"the boolean {quote(value)}"
        case int() | float():
            return f"the number {quote(value)}"
        case str():
            return f"the text {quote(value)}"
        case _:
            return quote(value)


@dataclass(slots=True)
class Session:
    """What one run of parsing shares: the Problems so far, and the label texts already found valid.

    Of each file and severity only ``limit`` Problems are told one by one; ``closing`` counts the others.
    """

    limit: int = DEFAULT.problems_per_file
    problems: list[Problem] = field(default_factory=list)
    valid_keys: set[str] = field(default_factory=set)
    valid_values: set[str] = field(default_factory=set)
    valid_port_names: set[str] = field(default_factory=set)
    addresses: dict[str, Address] = field(default_factory=dict)
    counts: Counter[tuple[str, Severity]] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        """Take up a Problem, or only count it."""
        key = (problem.source.file if problem.source else "", problem.severity)
        self.counts[key] += 1
        if self.counts[key] <= self.limit:
            self.problems.append(problem)

    def lists(self, file: str, severity: Severity) -> bool:
        """Whether the next Problem of a file is told, not only counted."""
        return self.counts[file, severity] < self.limit

    def closing(self) -> list[Problem]:
        """For each file and severity of which some were only counted, a Problem that says how many."""
        remedy = "Correct the ones that are listed and load the file again."
        return [
            Problem(
                severity,
                "more-problems",
                f"{count - self.limit:,} more problems of severity {severity.label} in this file are not listed",
                remedy,
                Source(file, 1),
            )
            for (file, severity), count in sorted(self.counts.items())
            if count > self.limit
        ]

    def key_fault(self, text: str) -> str:
        """``label_key_fault``, remembered while it is ""."""
        if text in self.valid_keys:
            return ""
        fault = label_key_fault(text)
        if not fault:
            self.valid_keys.add(text)
        return fault

    def value_fault(self, text: str) -> str:
        """``label_value_fault``, remembered while it is ""."""
        if text in self.valid_values:
            return ""
        fault = label_value_fault(text)
        if not fault:
            self.valid_values.add(text)
        return fault


class Entry:
    """One object while it is read: where its Problems go, and whether it can still be taken over."""

    __slots__ = ("failed", "live", "reported", "secretive", "session", "source", "subject", "unknown")

    def __init__(self, session: Session, source: Source, subject: ObjectRef, unknown: Unknown = Unknown.IGNORED):
        self.session = session
        self.source = source
        self.subject = subject
        self.unknown = unknown
        self.failed = False
        self.live = False
        self.secretive = False
        self.reported: set[tuple[Path, str]] | None = None

    def report(self, severity: Severity, path: Path, code: str, message: str, remedy: str) -> None:
        """Add a Problem about the value at ``path``, once; an ERROR also marks the object as failed."""
        if severity is Severity.ERROR:
            self.failed = True
        if self.reported is None:
            self.reported = set()
        elif (path, code) in self.reported:
            return
        self.reported.add((path, code))
        source = Source(self.source.file, self.source.document, path, self.source.item)
        where = f"{format_path(path)}: " if path else ""
        problem = Problem(severity, code, f"{self.subject}: {where}{message}", remedy, source, None, self.subject)
        self.session.add(problem)

    def error(self, path: Path, code: str, message: str, remedy: str) -> None:
        """Report what the API server would refuse."""
        self.report(Severity.ERROR, path, code, message, remedy)

    def warn(self, path: Path, code: str, message: str, remedy: str) -> None:
        """Report what is odd, though the object counts."""
        self.report(Severity.WARNING, path, code, message, remedy)

    def wrong_type(self, path: Path, value: object, wanted: str, remedy: str) -> None:
        """Report a value of another type than the API has."""
        found = "something else" if self.secretive else kind_of_value(value)
        self.error(path, "wrong-type", f"must be {wanted} and is {found}", remedy)
