"""``plan``: flags or a file to an address plan."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from lib.cli.errors import UsageError
from lib.cli.output import terminal_width, write, write_rows
from lib.cli.plan_arguments import FLAGS, SWITCHES
from lib.cli.text_file import read_text
from lib.facts.networks import network
from lib.ipplan.existing.read import ExistingReading, read_existing
from lib.ipplan.export.resources import obstacles
from lib.ipplan.export.write import CODE_FORMATS, write_code
from lib.ipplan.plan import plan
from lib.ipplan.plan_lines import with_lines
from lib.ipplan.problems import PlanProblem, exit_code
from lib.ipplan.read import PlanReading, read_plan, read_plan_text
from lib.ipplan.result import AddressPlan
from lib.ipplan.serialise import problem_json, to_json
from lib.reports.plan_review import plan_review
from lib.reports.tabular import Row, to_text
from lib.tables.plan import limit_rows, plan_problem_rows, range_rows, remaining, subnet_rows
from lib.tables.plan_space import unknown_rows


def plan_command(arguments: argparse.Namespace) -> int:
    """Plan and print; the exit status says the class of the worst problem."""
    reading = _read(arguments)
    unknown = reading.unknown if isinstance(reading, ExistingReading) else ()
    if reading.demand is None:
        return _refuse(arguments, reading.problems)
    found = plan(reading.demand)
    if isinstance(reading, PlanReading) and reading.text is not None:
        found = replace(found, problems=with_lines(found.problems, reading.text, reading.demand))
    if arguments.format == "json":
        told = {"unknown": [asdict(item) for item in unknown]} if arguments.existing else {}
        write([json.dumps(to_json(found) | told, ensure_ascii=False, indent=1) + "\n"])
    elif arguments.format == "text":
        write(_text(found))
        if unknown:
            write(["\nNot stated\n", *to_text(unknown_rows(unknown))])
    elif arguments.format in CODE_FORMATS:
        if reasons := obstacles(found):
            sys.stderr.writelines(f"{reason}\n" for reason in reasons)
            return 2
        write(write_code(found, arguments.format))
    elif arguments.format == "md":
        write(plan_review(found))
    else:
        write_rows(arguments.format, subnet_rows(found))
    _report(arguments, found.problems)
    return exit_code(found.problems)


def _read(arguments: argparse.Namespace) -> PlanReading | ExistingReading:
    names = [flag.replace("-", "_") for flag in (*FLAGS, *SWITCHES)]
    flags: dict[str, Any] = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if arguments.node_pool:
        flags["node_pool"] = arguments.node_pool
    if arguments.existing:
        if flags or arguments.file is not None:
            raise UsageError("--existing and a plan of your own do not go together")
        return read_existing((name, read_text(name, "what az prints (docs/plan.md)")) for name in arguments.existing)
    if arguments.extra_subnet:
        flags["extra_subnets"] = arguments.extra_subnet
    if arguments.file is None:
        if not flags:
            raise UsageError("name a plan file, or give at least --model and --nodes")
        return read_plan(flags, date.today())
    if flags:
        raise UsageError("a plan file and flags do not go together: the file says it all")
    return read_plan_text(read_text(arguments.file, "a plan file (docs/plan.md)"), date.today())


def _refuse(arguments: argparse.Namespace, problems: tuple[PlanProblem, ...]) -> int:
    if arguments.format == "json":
        refused = {"schema": "netatlas.plan/1", "clusters": [], "subnets": []}
        write([json.dumps(refused | {"problems": [problem_json(p) for p in problems]}, ensure_ascii=False) + "\n"])
    _report(arguments, problems)
    return exit_code(problems)


def _text(found: AddressPlan) -> Iterator[str]:
    for cluster in found.clusters:
        yield f"{cluster.demand.name}: {network(cluster.demand.model).label} ({cluster.demand.model.value})\n"
        yield f"  {cluster.formula}\n"
        for assumed in cluster.assumptions:
            conflict = f" — sources disagree: {assumed.conflict}" if assumed.conflict else ""
            yield f"  assumed: {assumed.text} ({', '.join(assumed.sources)}){conflict}\n"
        if cluster.binding_limit is not None:
            limit = cluster.binding_limit
            yield f"  binding limit: {limit.label}, {limit.used} of {limit.value} {limit.unit}; {remaining(limit)}\n"
    yield "\nSubnets\n"
    yield from to_text(subnet_rows(found), terminal_width())
    yield "\nRanges outside the virtual network\n"
    yield from to_text(range_rows(found), terminal_width())
    shown = ("limit", "value", "used", "headroom", "unit", "more_nodes", "reached", "conflict", "sources")
    for cluster in found.clusters:
        yield f"\nLimits of {cluster.demand.name}\n"
        yield from to_text(_only(limit_rows(cluster.limits), *shown), terminal_width())
    if found.problems:
        yield "\nProblems\n"
        problems = _only(plan_problem_rows(found.problems), "severity", "subject", "problem", "rule", "sources")
        yield from to_text(problems, terminal_width())


def _only(rows: Iterable[Row], *columns: str) -> list[Row]:
    return [{name: row[name] for name in columns} for row in rows]


def _report(arguments: argparse.Namespace, problems: Iterable[PlanProblem]) -> None:
    for found in problems:
        line = f":{found.line}" if found.line is not None else ""
        place = f"{arguments.file}{line}: " if arguments.file is not None else ""
        remedy = "" if found.remedy in found.message else f" {found.remedy}"
        sys.stderr.write(f"{place}{found.code}: {found.message}{remedy}\n")
