"""How the commands print a table of rows beside what is wrong with the input."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence

from lib.cli.errors import UsageError
from lib.cli.load import Input, problem_json
from lib.cli.output import write_edges, write_json, write_rows
from lib.model.problem import Problem
from lib.model.refs import ObjectRef
from lib.reports.diagram import DIAGRAM_FORMATS, Edge


def in_namespaces(arguments: argparse.Namespace, given: Input) -> Callable[[ObjectRef], bool]:
    """Whether an object is in one of the namespaces that were asked for. Raises UsageError for an unknown one."""
    names = frozenset(arguments.namespace)
    unknown = names - given.snapshot.namespace_by_name.keys()
    if unknown:
        raise UsageError(f"no namespace {', '.join(sorted(unknown))} in the input")
    return lambda ref: not names or ref.namespace in names


def print_rows(
    arguments: argparse.Namespace,
    given: Input,
    key: str,
    rows: Iterable[Mapping[str, object]],
    edges: Iterable[Edge] = (),
    tail: Mapping[str, object] | None = None,
    notes: Sequence[Problem] = (),
    **head: str,
) -> int:
    """Print rows in the chosen format, report the problems, and return the exit status that the input asks for.

    ``notes`` are what the engine says beside every result.
    """
    if arguments.format == "json":
        problems = [problem_json(p, given.documents) for p in (*given.problems, *notes)]
        write_json({"schema": f"netatlas.{key}/1", **head}, key, rows, {**(tail or {}), "problems": problems})
    elif arguments.format in DIAGRAM_FORMATS:
        write_edges(arguments.format, edges)
    else:
        write_rows(arguments.format, rows, given.nothing)
    given.report(notes)
    return given.exit_status
