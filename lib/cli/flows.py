"""The command that lists every permitted flow."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.errors import UsageError
from lib.cli.load import load, names_of, problem_json
from lib.cli.output import write_edges, write_json, write_rows
from lib.cli.tables import in_namespaces, print_rows
from lib.flows import FlowRow, RowVerdict, class_flows, flow_rows, namespace_matrix
from lib.model.problem import Problem, Severity
from lib.reports.diagram import DIAGRAM_FORMATS, Edge
from lib.routing.routes import ingress_backends
from lib.tables.flows import flow_table, matrix_rows

ROWS_MAX: Final = 1_000_000
_NO_NODES: Final = Problem(
    Severity.WARNING, "no-nodes", "The input holds no Node: no flow to or from one is listed.", "Load the Nodes."
)


def flows_command(arguments: argparse.Namespace) -> int:
    """Every permitted flow, by workload, by class or by namespace. Raises UsageError over ``ROWS_MAX`` rows."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    in_namespaces(arguments, given)
    engine = engine_of(arguments, given)
    names = frozenset(arguments.namespace) or None
    if arguments.nodes and arguments.by != "workload":
        raise UsageError("--nodes lists nodes beside workloads: leave --by out")
    if arguments.by == "namespace":
        rows = matrix_rows(namespace_matrix(engine, names))
        return print_rows(arguments, given, "flows", rows, _matrix_edges(rows), engine=engine.profile.id)
    lacking = (_NO_NODES,) if arguments.nodes and not given.snapshot.nodes else ()
    backends = ingress_backends(given.snapshot)
    head, tail = {"schema": "netatlas.flows/1", "engine": engine.profile.id}, dict[str, object]()
    if arguments.by == "class":
        grouped = class_flows(engine, backends, names)
        counted = _Counted(grouped.rows)
        tail["classes"] = [{"name": c.name, "members": list(map(str, c.members))} for c in grouped.classes]
    else:
        counted = _Counted(flow_rows(engine, backends, names, nodes=arguments.nodes))
    if arguments.format == "json":
        problems = (*given.problems, *engine.notes, *lacking)
        tail["problems"] = [problem_json(p, given.documents) for p in problems]
        write_json(head, "flows", (row.to_json() for row in counted), tail)
    elif arguments.format in DIAGRAM_FORMATS:
        write_edges(arguments.format, map(_flow_edge, counted))
    else:
        listed = (row for flow in counted for row in flow_table([flow]))
        write_rows(arguments.format, listed, given.nothing)
    given.report((*engine.notes, *lacking))
    if counted.cut:
        raise UsageError(f"more than {ROWS_MAX:,} flows; the rest was left out: list them --by class or --by namespace")
    return given.exit_status


class _Counted:
    """Flows up to the bound; ``cut`` says afterwards whether there were more."""

    def __init__(self, rows: Iterable[FlowRow]) -> None:
        self._rows = iter(rows)
        self.cut = False

    def __iter__(self) -> Iterator[FlowRow]:
        yield from islice(self._rows, ROWS_MAX)
        self.cut = next(self._rows, None) is not None


def _flow_edge(row: FlowRow) -> Edge:
    return Edge(row.src, row.dst, str(row.ports), dashed=row.verdict is not RowVerdict.ALLOWED)


def _matrix_edges(rows: Iterable[Mapping[str, object]]) -> Iterator[Edge]:
    for row in rows:
        if row["state"] != "denied":
            yield Edge(str(row["from"]), str(row["to"]), str(row["state"]), dashed=row["state"] == "unknown")
