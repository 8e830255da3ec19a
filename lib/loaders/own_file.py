"""Reads a file that the person writes beside the manifests: YAML or JSON, bounded, with a line for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Generic, TypeVar

from lib.loaders.limits import Limits
from lib.loaders.locate import Position, positions
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Entry, Session, quote
from lib.loaders.read_documents import Document
from lib.loaders.yaml_reader import Reader
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, PathStep, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What one document gave, and where the lines of its keys are."""

    value: T
    number: int
    line_of: Callable[[tuple[PathStep, ...]], int]


def read_documents(
    session: Session, text: str, file: str, limits: Limits, subject: ObjectRef, read: Callable[[Fields], T]
) -> Iterator[Part[T] | Problem]:
    """``read`` for every document that is a mapping, and a Problem for all that is wrong, in the text's order.

    ``subject`` is what Problems are about while they arise; it is taken out of their messages.
    """
    if len(text) > limits.upload_bytes:
        message = "the file is larger than an input may be"
        yield Problem(Severity.ERROR, "too-large", message, "Split it.", Source(file, 1), 1)
        return
    for result in Reader(limits).read(text):
        if not isinstance(result, Document):
            severity = Severity.WARNING if result.is_warning else Severity.ERROR
            place = Source(file, result.number)
            yield Problem(severity, result.code, result.message, "Correct the text.", place, result.line)
            continue
        before = len(session.problems)
        entry = Entry(session, Source(file, result.number), subject)
        found = positions(result.text[result.built.start : result.built.end], result.syntax)

        def line_of(path: tuple[PathStep, ...], first: int = result.line, found: Position = found) -> int:
            return first + found.find(path)

        value = result.built.value
        if isinstance(value, dict):
            yield Part(read(Fields(entry, value)), result.number, line_of)
        else:
            entry.error((), "wrong-type", "the document is no mapping", "Begin with a key and a colon.")
        for problem in session.problems[before:]:
            path = problem.source.path if problem.source else ()
            message = problem.message.removeprefix(f"{subject}: ")
            yield replace(problem, message=message, line=line_of(path))
    yield from (replace(problem, line=1) for problem in session.closing())


def only(fields: Fields, known: Collection[str]) -> None:
    """Report every field that is not ``known``, with a similar name while Problems are still told one by one."""
    entry = fields.entry
    for name in fields.data:
        if name not in known:
            listed = entry.session.lists(entry.source.file, Severity.ERROR)
            similar = get_close_matches(str(name), known, n=1) if listed else []
            remedy = f"Did you mean {similar[0]}?" if similar else f"Known are {', '.join(sorted(known))}."
            fields.error(str(name), "unknown-field", f"{quote(name)} is no field of this place", remedy)
