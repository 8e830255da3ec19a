"""From the inputs on the command line to a Snapshot, and from Problems to standard error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lib.cli.cluster import ClusterSource, Given, read_live
from lib.cli.errors import UsageError
from lib.cli.text_file import read_text
from lib.loaders.assemble import assemble
from lib.loaders.documents import DocumentStore
from lib.loaders.manifests import ReadResult, inputs_from_paths, read_inputs
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass, replace
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.name_notes import WITHOUT_ADDRESSES
from lib.policy.note import gathered
from lib.reports.tabular import NOTHING

if TYPE_CHECKING:
    from lib.loaders.domain_names import NamesReading


@dataclass(frozen=True, slots=True)
class Input:
    """What the paths held."""

    snapshot: Snapshot
    problems: tuple[Problem, ...]
    read: ReadResult
    path_problems: tuple[Problem, ...] = ()
    """Those of ``problems`` that finding the files gave."""

    @property
    def documents(self) -> DocumentStore:
        """The text of what was read."""
        return self.read.documents

    def locate(self, source: Source | None) -> str:
        """``file:line`` for a table's cell; "" without a source."""
        return self.documents.file_line(source) if source else ""

    @property
    def exit_status(self) -> int:
        """2 when something could not be read or was rejected, else 0."""
        return 2 if any(p.severity is Severity.ERROR for p in self.problems) else 0

    @property
    def nothing(self) -> str:
        """What a table without rows says: also that something is missing from it, where the input was not all read."""
        if rejected := len(self.snapshot.rejected_policies):
            what = "1 policy was rejected and is" if rejected == 1 else f"{rejected:,} policies were rejected and are"
            return f"{NOTHING} But {what} not judged here: standard error says why."
        if unread := self.snapshot.unread_text():
            return f"{NOTHING} But what there is of these kinds is unknown: {unread}."
        if self.exit_status:
            return f"{NOTHING} But something in the input could not be read: standard error says what."
        return NOTHING

    def place(self, problem: Problem) -> str:
        """``file:line`` of a problem; "" where it has no place."""
        return _place(problem, self.documents)

    def report(self, more: Iterable[Problem] = ()) -> None:
        """Write each warning and error as ``file:line: message`` to standard error; names without addresses too.

        Of ``more``, an engine's notes, many of one kind are said once; JSON has them all.
        """
        _report(self.problems, self.documents)
        self.report_notes(more)

    def report_notes(self, notes: Iterable[Problem]) -> None:
        """Write notes of an engine as ``report`` does, without the problems of the input."""
        told = tuple(notes)
        said = gathered(told)
        _report(said, self.documents)
        if any(note not in told and note.severity > Severity.INFO for note in said):
            sys.stderr.write("--format json lists every note by itself\n")


def names_of(arguments: argparse.Namespace) -> NamesReading | None:
    """The table of domain names that the arguments give; None where they give none."""
    if not arguments.names:
        return None
    from lib.loaders.domain_names import read_names

    return read_names(read_text(arguments.names, "a table of domain names (docs/names.md)"), arguments.names)


def load(given: Sequence[Given], *, complete: bool, names: NamesReading | None = None) -> Input:
    """Read and assemble the files, or the one cluster. Raises UsageError when no object at all could be read.

    ``names`` is the table beside them, whose problems become the input's.
    """
    paths = [each for each in given if isinstance(each, str)]
    cluster = next((each for each in given if not isinstance(each, str)), None)
    if cluster is not None and len(given) > 1:
        raise UsageError("name files or one cluster; only diff takes two inputs")
    found = _files(paths, complete) if cluster is None else _cluster(cluster, complete)
    if names is None:
        return found
    snapshot = replace(found.snapshot, domain_names=names.table)
    return replace(found, snapshot=snapshot, problems=(*found.problems, *names.problems))


def _files(paths: Sequence[str], complete: bool) -> Input:
    inputs, path_problems = inputs_from_paths(paths, sys.stdin.buffer)
    read = read_inputs(inputs, hashed=False)
    loaded = assemble(read, title=", ".join(paths), assume_complete=complete)
    problems = (*path_problems, *loaded.problems)
    if not read.objects:
        _report(problems, read.documents)
        raise UsageError("nothing could be loaded from " + ", ".join(paths))
    return Input(loaded.snapshot, problems, read, path_problems)


def _cluster(source: ClusterSource, complete: bool) -> Input:
    if complete:
        raise UsageError("--complete is for files: a cluster says itself what it has")
    name, found = read_live(source)
    loaded = assemble(found.read, title=name, coverage=found.coverage)
    return Input(loaded.snapshot, tuple(loaded.problems), found.read)


def _place(problem: Problem, documents: DocumentStore) -> str:
    if problem.source is None:
        return ""
    if problem.line is not None:
        return f"{problem.source.file}:{problem.line}"
    return documents.file_line(problem.source)


def _report(problems: Iterable[Problem], documents: DocumentStore) -> None:
    for problem in problems:
        if problem.severity > Severity.INFO:
            where = _place(problem, documents)
            sys.stderr.write(f"{where}: {problem.message}\n" if where else f"{problem.message}\n")
        elif problem.code == WITHOUT_ADDRESSES:
            # A note, but one that the next run can settle.
            sys.stderr.write(f"{problem.message}. {problem.remedy}\n")


def problem_json(problem: Problem, documents: DocumentStore) -> dict[str, str]:
    """The form of a problem in every JSON result."""
    return {
        "severity": problem.severity.label,
        "source": _place(problem, documents),
        "code": problem.code,
        "message": problem.message,
        "remedy": problem.remedy,
        "subject": str(problem.subject) if problem.subject else "",
    }
