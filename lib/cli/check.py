"""The command ``check``: findings, and the assertions of a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Final

from lib.assertions import Outcome, Result, check_assertions
from lib.checks.run import at_or_over, run_checks
from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.load import Input, load, names_of
from lib.cli.output import write
from lib.cli.security_rules import given_group
from lib.cli.tables import in_namespaces, print_rows
from lib.cli.text_file import read_text
from lib.loaders.assertions import AssertionReading, read_assertions
from lib.model.problem import Severity
from lib.model.security_rules import Attachment
from lib.policy.engine import Engine
from lib.reports.sarif import sarif
from lib.tables.assertions import assertion_json, assertion_rows
from lib.tables.findings import finding_rows

ANSWERED, FAILED, REFUSED = 0, 1, 2
_SHORT: Final = ("severity", "finding", "kind", "subject", "what", "source")


def check_command(arguments: argparse.Namespace) -> int:
    """Check, print, and return the exit status: 1 for findings over the threshold and assertions that do not hold."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    reading = _reading(arguments.assertions)
    subnet, group_problems = given_group(arguments.subnet_nsg or "", Attachment.SUBNET)
    engine = engine_of(arguments, given)
    kept = in_namespaces(arguments, given)
    every = run_checks(given.snapshot, engine=engine, subnet=subnet, day=arguments.today)
    findings = tuple(f for f in every if kept(f.subject))
    results = check_assertions(engine, reading.assertions)
    if arguments.format == "sarif":
        found = sarif(findings, given.problems, given.documents, results, reading.problems)
        write([json.dumps(found, ensure_ascii=False, indent=1) + "\n"])
        given.report(engine.notes)
        status = given.exit_status
    else:
        rows = [*finding_rows(findings, given.locate), *assertion_rows(results, given.locate)]
        status = _print(arguments, given, engine, rows, results)
    beside = (*reading.problems, *group_problems)
    for problem in beside:
        place = problem.source.file if problem.source else arguments.assertions
        remedy = f"; {problem.remedy}" if problem.remedy else ""
        sys.stderr.write(f"{place}:{problem.line}: {problem.message}{remedy}\n")
    if any(problem.severity is Severity.ERROR for problem in beside):
        status = REFUSED
    broken = any(result.outcome is not Outcome.HOLDS for result in results)
    return max(status, FAILED if broken or at_or_over(findings, arguments.fail_on) else ANSWERED)


def _print(
    arguments: argparse.Namespace,
    given: Input,
    engine: Engine,
    rows: list[dict[str, object]],
    results: tuple[Result, ...],
) -> int:
    if arguments.format == "json":
        listed = rows[: len(rows) - len(results)]
        tail = (
            {"assertions": [assertion_json(result, given.locate) for result in results]}
            if arguments.assertions
            else None
        )
        return print_rows(arguments, given, "findings", listed, tail=tail, notes=engine.notes, engine=engine.profile.id)
    shown = rows if arguments.format == "csv" else [_shortened(row) for row in rows]
    return print_rows(arguments, given, "findings", shown, notes=engine.notes)


def _shortened(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in _SHORT}


def _reading(path: str | None) -> AssertionReading:
    if path is None:
        return AssertionReading((), ())
    return read_assertions(read_text(path, "a file of assertions (docs/assertions.md)"), path)
