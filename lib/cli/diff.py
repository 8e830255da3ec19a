"""The command ``diff``: two inputs under one engine, or one input under two."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from lib.cli.cluster import inputs_of
from lib.cli.diff_objects import left_out, print_objects
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, names_of, problem_json
from lib.cli.output import write, write_json, write_rows
from lib.model.problem import Problem, Severity
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import profile
from lib.reports.tabular import NOTHING
from lib.routing.routes import ingress_backends
from lib.scenario import (
    Advice,
    Advisor,
    Change,
    Diff,
    FlowChange,
    RouteChange,
    arrival_changes,
    diff,
    own_node_changes,
    route_changes,
)
from lib.tables.changes import flow_change_rows, route_change_rows, tally_rows
from lib.tables.row import Row

ROWS_MAX = 1_000_000


def diff_command(arguments: argparse.Namespace) -> int:
    """Compare, print, and return the exit status: 0 whatever differs, 2 where something could not be read."""
    old, new, engines = _inputs(arguments)
    names = frozenset(arguments.namespace)
    unknown = names - old.snapshot.namespace_by_name.keys() - new.snapshot.namespace_by_name.keys()
    if unknown:
        raise UsageError(f"no namespace {', '.join(sorted(unknown))} in the input")
    if arguments.by == "object":
        return _objects(arguments, old, new)
    found = diff(*engines, ingress_backends(old.snapshot), ingress_backends(new.snapshot))
    routes = route_changes(old.snapshot, new.snapshot) if old is not new else ()
    arrivals = (*arrival_changes(*engines), *own_node_changes(*engines))
    routes += tuple(a for a in arrivals if not names or a.name.partition("/")[0] in names)
    unlisted = (*_left_out(found), *_unsettled(found))
    problems = _problems(old, new, engines) + [problem_json(p, old.documents) for p in unlisted]
    if arguments.by == "namespace":
        _print_tally(arguments, found, (old, new), problems)
        cut = False
    else:
        cut = _print_flows(arguments, found, routes, (old, new), problems)
    old.report()
    if new is not old:
        new.report()
    _report_notes(old, new, engines)
    old.report_notes(unlisted)
    if cut:
        raise UsageError(f"more than {ROWS_MAX:,} flows differ; the rest was left out: list them --by namespace")
    return max(old.exit_status, new.exit_status)


def _objects(arguments: argparse.Namespace, old: Input, new: Input) -> int:
    if old is new:
        raise UsageError("one input has the same objects under every engine: name two")
    notes = left_out(old, new)
    problems = [problem_json(p, i.documents) for i in (old, new) for p in i.problems]
    problems += [problem_json(p, old.documents) for p in notes]
    cut = print_objects(old, new, frozenset(arguments.namespace), arguments.format, problems, ROWS_MAX)
    old.report()
    new.report()
    old.report_notes(notes)
    if cut:
        raise UsageError(f"more than {ROWS_MAX:,} objects differ; the rest was left out")
    return max(old.exit_status, new.exit_status)


def _inputs(arguments: argparse.Namespace) -> tuple[Input, Input, tuple[Engine, Engine]]:
    chosen = arguments.engine or ["kubernetes"]
    if len(chosen) > 2:
        raise UsageError("name one engine, or two to compare them")
    profiles = [profile(name) for name in chosen]
    if arguments.ipblock_matches_pods:
        matches = arguments.ipblock_matches_pods == "yes"
        profiles = [p.with_ip_blocks_matching_pods(matches) for p in profiles]
    names = names_of(arguments)
    if len(chosen) == 2:
        given = load(inputs_of(arguments), complete=arguments.complete, names=names)
        first, second = (compile_engine(given.snapshot, p) for p in profiles)
        return given, given, (first, second)
    inputs = inputs_of(arguments)
    if len(inputs) != 2:
        raise UsageError("name two paths, OLD and NEW, or one path and two engines: --engine A --engine B")
    # One table for both; what is wrong with it is told once.
    tables = (names, names and replace(names, problems=()))
    old, new = (
        load([path], complete=arguments.complete, names=table) for path, table in zip(inputs, tables, strict=True)
    )
    return old, new, (compile_engine(old.snapshot, profiles[0]), compile_engine(new.snapshot, profiles[0]))


def _print_flows(
    arguments: argparse.Namespace,
    found: Diff,
    routes: tuple[RouteChange, ...],
    sides: tuple[Input, Input],
    problems: list[dict[str, str]],
) -> bool:
    names = frozenset(arguments.namespace) or None
    rows = found.rows(names)
    kept = islice(rows, ROWS_MAX)
    locate_old, locate_new = (side.locate for side in sides)
    of_engines = found.old.snapshot is found.new.snapshot
    advise = Advisor(found.old, found.new).advise if of_engines else _no_advice
    said: dict[str, str] = {}
    if arguments.format == "json":
        head = {"schema": "netatlas.diff/1", **_readings(found)}
        tail: dict[str, object] = {
            "routes": [_route_json(r, *sides) for r in routes if r.what == "route"],
            "exposures": [_route_json(r, *sides) for r in routes if r.what == "exposure"],
            "own_nodes": [_route_json(r, *sides) for r in routes if r.what == "node"],
            "workloads": {
                "added": list(map(str, found.added)),
                "removed": list(map(str, found.removed)),
                "not_known": sorted(map(str, found.membership.not_known)),
            },
            "problems": problems,
        }
        if of_engines:
            # Filled while the flows are written.
            said.update((r.advice.switch, r.advice.said) for r in routes if r.advice is not None)
            tail["documentation"] = said
        write_json(head, "flows", (_flow_json(row, _heard(advise(row), said), *sides) for row in kept), tail)
        return next(rows, None) is not None
    table = flow_change_rows(kept, locate_old, locate_new, advise if of_engines else None)
    if arguments.format == "text":
        write(_workload_lines(found))
    of_routes = route_change_rows(routes, locate_old, locate_new, advised=of_engines)
    write_rows(arguments.format, _one_table(table, of_routes), _nothing(*sides))
    return next(rows, None) is not None


def _no_advice(row: FlowChange) -> tuple[Advice, ...]:
    return ()


def _heard(advices: tuple[Advice, ...], said: dict[str, str]) -> tuple[Advice, ...]:
    """The same advice; what the documentation says is kept once for each difference."""
    said.update((each.switch, each.said) for each in advices)
    return advices


def _one_table(flows: Iterable[Row], routes: Iterable[Row]) -> Iterator[Row]:
    """Flows, routes and doors under the same columns."""
    for row in flows:
        yield {"kind": "flow", **row}
    for row in routes:
        shown = {"kind": row["kind"], "change": row["change"], "from": row["name"], "to": ""}
        told: Row = {name: row[name] for name in ("why", "what_to_do") if name in row}
        yield {**shown, "old": row["old"], "new": row["new"], "because": row["source"], "notes": "", **told}


def _workload_lines(found: Diff) -> Iterator[str]:
    unsure = tuple(ref for ref in found.refs if ref in found.membership.not_known)
    for refs, what in ((found.added, "added"), (found.removed, "removed"), (unsure, "not known to be in both")):
        if refs:
            noun = "workload" if len(refs) == 1 else "workloads"
            yield f"{len(refs):,} {noun} {what}: {', '.join(map(str, refs[:6]))}{' …' if len(refs) > 6 else ''}\n"


def _print_tally(
    arguments: argparse.Namespace, found: Diff, sides: tuple[Input, Input], problems: list[dict[str, str]]
) -> None:
    names = frozenset(arguments.namespace)
    rows = [r for r in tally_rows(found.tally) if not names or {r["from"], r["to"]} & names]
    if arguments.format == "json":
        head = {"schema": "netatlas.diff/1", **_readings(found)}
        total = {c.value: found.tally.total.get(c, 0) for c in Change}
        write_json(head, "namespaces", rows, {"total": total, "problems": problems})
    else:
        write_rows(arguments.format, rows, _nothing(*sides))


def _nothing(old: Input, new: Input) -> str:
    """What is said where nothing differs: also what one of the inputs lacks."""
    return old.nothing if new.nothing == NOTHING else new.nothing


def _readings(found: Diff) -> dict[str, Any]:
    return {
        name: {"input": engine.snapshot.title, "engine": engine.profile.id}
        for name, engine in (("old", found.old), ("new", found.new))
    }


def _flow_json(row: FlowChange, advices: tuple[Advice, ...], old: Input, new: Input) -> dict[str, object]:
    found: dict[str, object] = {
        "change": row.change.value,
        "src": row.src,
        "dst": row.dst,
        "old_ports": row.old.some.to_json(),
        "new_ports": row.new.some.to_json(),
        "old": row.old.to_json(),
        "new": row.new.to_json(),
        "causes": [
            {
                "in": c.reading,
                "policy": str(c.policy),
                "effect": c.effect,
                "rule": c.rule,
                "source": (old if c.reading == "old" else new).locate(c.source),
            }
            for c in row.causes
        ],
    }
    if row.workloads:
        found["workloads"] = list(row.workloads)
    if row.notes:
        found["reason"] = "; ".join(row.notes)
    if row.host:
        found["host"] = True
    if advices:
        found["advice"] = [_advice_json(each) for each in advices]
    return found


def _route_json(row: RouteChange, old: Input, new: Input) -> dict[str, object]:
    found: dict[str, object] = {
        "change": row.change.value,
        "name": row.name,
        "old": row.old,
        "new": row.new,
        "old_source": old.locate(row.old_source),
        "new_source": new.locate(row.new_source),
    }
    if row.advice is not None:
        found["advice"] = [_advice_json(row.advice)]
    return found


def _advice_json(advice: Advice) -> dict[str, str]:
    return {"switch": advice.switch, "why": advice.why, "what_to_do": advice.remedy}


def _left_out(found: Diff) -> tuple[Problem, ...]:
    remedy = "Load the Nodes, Services or Pods with their status, should the cluster have such addresses."
    return (Problem(Severity.INFO, "family-left-out", found.left_out, remedy),) if found.left_out else ()


def _unsettled(found: Diff) -> tuple[Problem, ...]:
    remedy = "Compare those rules yourself, or load what settles them."
    return (Problem(Severity.WARNING, "unknown-in-both", found.unsettled, remedy),) if found.unsettled else ()


def _problems(old: Input, new: Input, engines: tuple[Engine, Engine]) -> list[dict[str, str]]:
    """The problems of both inputs and the notes of both engines; what both say alike once."""
    found: list[dict[str, str]] = []
    for given, engine in zip((old, new), engines, strict=True):
        found += [problem_json(p, given.documents) for p in (*given.problems, *engine.notes)]
    return [dict(items) for items in dict.fromkeys(tuple(p.items()) for p in found)]


def _report_notes(old: Input, new: Input, engines: tuple[Engine, Engine]) -> None:
    said: list[str] = []
    for given, engine in zip((old, new), engines, strict=True):
        given.report_notes(note for note in engine.notes if note.message not in said)
        said += [note.message for note in engine.notes]
