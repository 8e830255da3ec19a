"""One function a command: load, ask, print, and the exit status."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from lib.cli.check import check_command
from lib.cli.diff import diff_command
from lib.cli.explain import engine_of, explain_command
from lib.cli.exposure import exposure_command
from lib.cli.lint import lint_command
from lib.cli.load import UsageError, load, names_of, problem_json
from lib.cli.output import write, write_edges, write_json, write_rows
from lib.cli.plan import plan_command
from lib.cli.recommend import recommend_command
from lib.cli.tables import in_namespaces, print_rows
from lib.flows import FlowRow, RowVerdict, class_flows, flow_rows, namespace_matrix
from lib.loaders.dump_command import az_command, kubectl_command
from lib.model.refs import ObjectRef
from lib.policy.engine import compile_engine
from lib.policy.engines import KUBERNETES
from lib.policy.selections import selections
from lib.reports.diagram import DIAGRAM_FORMATS, Edge
from lib.routing.routes import ingress_backends, route_views
from lib.routing.services import service_views
from lib.routing.url_test import test_url
from lib.tables import (
    candidate_rows,
    flow_table,
    matrix_rows,
    policy_rows,
    route_rows,
    service_rows,
)

ANSWERED: Final = 0
FAILED: Final = 1
REFUSED: Final = 2
ROWS_MAX: Final = 1_000_000


def run(arguments: argparse.Namespace) -> int:
    """Carry out one command. Raises UsageError where it can't be answered as asked."""
    return _COMMANDS[arguments.command](arguments)


def _flows(arguments: argparse.Namespace) -> int:
    given = load(arguments.paths, complete=arguments.complete, names=names_of(arguments))
    in_namespaces(arguments, given)
    engine = engine_of(arguments, given)
    names = frozenset(arguments.namespace) or None
    if arguments.by == "namespace":
        rows = matrix_rows(namespace_matrix(engine, names))
        return print_rows(arguments, given, "flows", rows, _matrix_edges(rows), engine=engine.profile.id)
    backends = ingress_backends(given.snapshot)
    head, tail = {"schema": "netatlas.flows/1", "engine": engine.profile.id}, dict[str, object]()
    if arguments.by == "class":
        grouped = class_flows(engine, backends, names)
        counted = _Counted(grouped.rows)
        tail["classes"] = [{"name": c.name, "members": list(map(str, c.members))} for c in grouped.classes]
    else:
        counted = _Counted(flow_rows(engine, backends, names))
    if arguments.format == "json":
        tail["problems"] = [problem_json(p, given.documents) for p in (*given.problems, *engine.notes)]
        write_json(head, "flows", (row.to_json() for row in counted), tail)
    elif arguments.format in DIAGRAM_FORMATS:
        write_edges(arguments.format, map(_flow_edge, counted))
    else:
        write_rows(arguments.format, (row for flow in counted for row in flow_table([flow])))
    given.report(engine.notes)
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


def _services(arguments: argparse.Namespace) -> int:
    given = load(arguments.paths, complete=arguments.complete)
    kept = in_namespaces(arguments, given)
    views = [v for v in service_views(given.snapshot) if kept(v.ref)]
    edges = (Edge(str(v.ref), str(w.ref), ", ".join(p.text for p in v.ports)) for v in views for w in v.workloads)
    return print_rows(arguments, given, "services", service_rows(views, given.locate), edges)


def _routes(arguments: argparse.Namespace) -> int:
    given = load(arguments.paths, complete=arguments.complete)
    kept = in_namespaces(arguments, given)
    views = [v for v in route_views(given.snapshot) if kept(v.route)]
    if arguments.url:
        answer = test_url(given.snapshot, arguments.url, routes=views)
        rows = candidate_rows(answer, given.locate)
        if arguments.format == "text":
            write([f"{answer.sentence}\n\n"])
        edges = (Edge(arguments.url, w.backend.label, w.where) for w in answer.winners)
        return print_rows(arguments, given, "candidates", rows, edges, answer=answer.sentence)
    edges = (Edge(v.where, v.backend.label, v.path_type, dashed=v.accepted is not True) for v in views)
    return print_rows(arguments, given, "routes", route_rows(views, given.locate), edges)


def _policies(arguments: argparse.Namespace) -> int:
    given = load(arguments.paths, complete=arguments.complete, names=names_of(arguments))
    kept = in_namespaces(arguments, given)
    selected = selections(compile_engine(given.snapshot))
    rows = policy_rows(given.snapshot, selected, KUBERNETES, given.locate)
    rows = [r for r in rows if kept(ObjectRef(str(r["namespace"]), "", ""))]
    return print_rows(arguments, given, "policies", rows)


def _dump_command(arguments: argparse.Namespace) -> int:
    write([(az_command() if arguments.private else kubectl_command()) + "\n"])
    return ANSWERED


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "flows": _flows,
    "exposure": exposure_command,
    "explain": explain_command,
    "diff": diff_command,
    "services": _services,
    "routes": _routes,
    "policies": _policies,
    "check": check_command,
    "lint": lint_command,
    "plan": plan_command,
    "recommend": recommend_command,
    "dump-command": _dump_command,
}
