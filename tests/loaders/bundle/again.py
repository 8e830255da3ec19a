"""Load an input, write its snapshot, load that, and make the two comparable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from lib.loaders.assemble import Loaded, assemble
from lib.loaders.bundle.write import write_bundle
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.model.problem import Problem, Severity
from lib.model.refs import Source

OWN = frozenset({"title", "content_hash", "files"})


@dataclass(frozen=True)
class Twice:
    """An input and its snapshot, both loaded."""

    read: ReadResult
    before: Loaded
    data: bytes
    after: Loaded


def load(files: Iterable[InputFile], assume_complete: bool = False) -> tuple[ReadResult, Loaded]:
    read = read_inputs(files)
    return read, assemble(read, title="", assume_complete=assume_complete)


def twice(files: Iterable[InputFile], assume_complete: bool = False, anonymise: bool = False) -> Twice:
    read, before = load(files, assume_complete)
    data = write_bundle(read, before.snapshot.coverage, anonymise=anonymise)
    return Twice(read, before, data, load([InputFile("snapshot.zip", data)])[1])


def text(value: str, name: str = "a.yaml") -> list[InputFile]:
    return [InputFile(name, value.encode())]


def bare(value: Any) -> Any:
    """A model value without the places it was read from."""
    if isinstance(value, Source):
        return "here"
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if f.name not in OWN]
        return type(value).__name__, {name: bare(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): bare(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [bare(item) for item in value]
    return value


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two bare values differ, for a message that can be read."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for index, (a, b) in pairs for found in differences(a, b, f"{path}[{index}]")]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differences(one[key], other[key], f"{path}.{key}")]
    return [] if one == other else [f"{path}: {one!r:.300} became {other!r:.300}"]


def told(loaded: Loaded) -> Counter[tuple[str, ...]]:
    """The Problems less their places, which a sentence about two places names too.

    Two objects of one name that differ in nothing that a snapshot keeps are the same object twice in it.
    """
    return Counter(
        ("twice", str(p.subject))
        if p.code in ("repeated-object", "conflicting-objects") and p.severity < Severity.ERROR
        else (p.severity.label, p.code, _sentence(p), p.remedy.partition("; the other place")[0], str(p.subject or ""))
        for p in loaded.problems
    )


def _sentence(problem: Problem) -> str:
    """The message; a value of a wrong type is not told again as it was, only its type is."""
    sentence = problem.message.partition(", first in ")[0]
    return re.sub(r"(and is the \w+) .*", r"\1", sentence) if problem.code == "wrong-type" else sentence
