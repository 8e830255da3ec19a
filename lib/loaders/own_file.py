"""Reads a file that the person writes beside the manifests: YAML or JSON, bounded, with a line for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, Generic, TypeVar

from lib.loaders.limits import Limits
from lib.loaders.locate import Position, positions
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import Entry, Session, quote
from lib.loaders.read_documents import Document
from lib.loaders.yaml_reader import Reader
from lib.model.near_words import nearest
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef, PathStep, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Form:
    """What a file is expected to be: in words, by its schema and the keys of its mapping, and where that is told.

    ``written`` finds where in a document's value stands what was read at a path, where keys are read respelled.
    """

    what: str
    schema: str
    keys: tuple[str, ...]
    told: str
    written: Callable[[object, tuple[PathStep, ...]], tuple[PathStep, ...]] = lambda _, path: path

    @property
    def expected(self) -> str:
        """What has to be written, in a sentence part."""
        return f"expected is {self.what}, a mapping with the key {self.keys[-1]}; {self.told} tells its form"


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What one document gave, and where the lines of its keys are."""

    value: T
    number: int
    line_of: Callable[[tuple[PathStep, ...]], int]


def read_documents(
    session: Session, text: str, file: str, limits: Limits, subject: ObjectRef, form: Form, read: Callable[[Fields], T]
) -> Iterator[Part[T] | Problem]:
    """``read`` for every document that may be of the ``form``, and a Problem for all that is wrong, in text order.

    Of a document that is something else one Problem says what it is and what was expected.

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
            message = result.message if result.is_warning else f"{result.message}; {form.expected}"
            yield Problem(severity, result.code, message, "Correct the text.", place, result.line)
            continue
        before = len(session.problems)
        entry = Entry(session, Source(file, result.number), subject)
        found = positions(result.text[result.built.start : result.built.end], result.syntax)

        value = result.built.value

        def line_of(
            path: tuple[PathStep, ...], first: int = result.line, found: Position = found, value: object = value
        ) -> int:
            return first + found.find(form.written(value, path))

        if other := _something_else(value, form):
            remedy = f"Name another file, or write {form.what}."
            code = "another-file" if isinstance(value, dict) else "wrong-type"
            entry.error((), code, f"this is {other}; {form.expected}", remedy)
        else:
            yield Part(read(Fields(entry, value)), result.number, line_of)
        for problem in session.problems[before:]:
            path = problem.source.path if problem.source else ()
            message = problem.message.removeprefix(f"{subject}: ")
            yield replace(problem, message=message, line=line_of(path))
    yield from (replace(problem, line=1) for problem in session.closing())


_OWN: Final = {"netatlas.assertions/": "a file of assertions", "netatlas.names/": "a table of domain names"}


def _something_else(value: object, form: Form) -> str:
    """What a document is that can't be meant to be of the form; "" where it may be meant so."""
    if not isinstance(value, dict):
        return (
            "a list"
            if isinstance(value, list)
            else f"text, {quote(value)},"
            if isinstance(value, str)
            else "no mapping"
        )
    if "apiVersion" in value and "kind" in value and not value.keys() & set(form.keys):
        return f"a Kubernetes object of kind {quote(value['kind'])}"
    schema = value.get("schema")
    if isinstance(schema, str) and form.keys[-1] not in value:
        for start, what in _OWN.items():
            if schema.startswith(start) and not form.schema.startswith(start):
                return f"{what} ({quote(schema)})"
    if value and "schema" not in value and not value.keys() & set(form.keys):
        near = [key for key in value if nearest(str(key)[:40], form.keys)]
        named = ", ".join(quote(key) for key in list(value)[:3])
        return "" if near else f"a mapping with the keys {named}{' and others' if len(value) > 3 else ''}"
    return ""


def only(fields: Fields, known: Collection[str]) -> None:
    """Report every field that is not ``known``, with a similar name while Problems are still told one by one."""
    entry = fields.entry
    for name in fields.data:
        if name not in known:
            listed = entry.session.lists(entry.source.file, Severity.ERROR)
            similar = nearest(str(name), known) if listed else None
            remedy = f"Did you mean {similar}?" if similar else f"Known are {', '.join(sorted(known))}."
            fields.error(str(name), "unknown-field", f"{quote(name)} is no field of this place", remedy)
