"""What reading gives: the objects, the problems of each file, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lib.loaders.bundle.manifest import Statement
from lib.loaders.documents import DocumentStore, ListInfo, RawObject
from lib.loaders.inputs import InputFile
from lib.model.policies import RejectedPolicy
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass, field
from lib.model.refs import Source

_ENDS_OF_READING: Final = frozenset({"too-many-documents", "too-many-faults"})
"""Told however many Problems a file has: what follows them was not looked at."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading has come: the file at hand, files done and in all, objects so far by kind.

    ``share`` is of the bytes that were handed over, from 0 to 1; an archive counts once all of it is read.
    """

    file: str
    files_done: int
    files_total: int
    objects: int
    kinds: Mapping[str, int]
    share: float = 0.0


class LoadCancelled(Exception):
    """The person no longer wants the result; nothing was kept."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Everything that was read, and everything that was not.

    ``content_hash`` is the SHA-256 of the files' names and bytes in the order they were given, in hexadecimal.
    ``files`` are those that were looked into, archives replaced by what they hold. ``rejected_policies`` are the
    NetworkPolicies in what could not be read, as far as they can be told. ``statements`` are those of snapshots.
    """

    objects: tuple[RawObject, ...]
    lists: tuple[ListInfo, ...]
    documents: DocumentStore
    problems: tuple[Problem, ...]
    content_hash: str
    files: tuple[str, ...]
    rejected_policies: tuple[RejectedPolicy, ...] = ()
    statements: tuple[Statement, ...] = ()


def content_hash(files: Iterable[InputFile]) -> str:
    """SHA-256 over names and bytes in order, lengths included so that no two inputs read alike."""
    # Imported here: it loads a library for ciphers, and a command asks for no hash.
    import hashlib

    digest = hashlib.sha256()
    for file in files:
        name = file.name.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%d:" % (len(name), len(file.data)))
        digest.update(name)
        digest.update(file.data)
    return digest.hexdigest()


@dataclass(slots=True)
class FileProblems:
    """The Problems of one file, of which only so many are told one by one."""

    file: str
    limit: int
    told: list[Problem] = field(default_factory=list)
    untold: int = 0
    worst: Severity = Severity.INFO

    def add(self, problem: Problem) -> None:
        """Take one more, to be told by itself or counted."""
        if len(self.told) < self.limit or problem.code in _ENDS_OF_READING:
            self.told.append(problem)
        else:
            self.untold += 1
            self.worst = max(self.worst, problem.severity)

    def all(self) -> list[Problem]:
        """Those that are told, and a last one for the others."""
        if not self.untold:
            return self.told
        message = f"{self.untold:,} more problems in this file are not listed"
        remedy = "Correct the ones above and load the file again."
        return [*self.told, Problem(self.worst, "more-problems", message, remedy, Source(self.file, 1))]
