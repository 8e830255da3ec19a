"""The command ``lint``: policies and rules that do nothing, with the proof."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.load import Input, load, names_of, problem_json
from lib.cli.output import write, write_json, write_rows
from lib.cli.tables import in_namespaces
from lib.lint import LintReport, examine
from lib.policy.engine import Engine
from lib.reports.sarif import lint_sarif
from lib.tables.lint import lint_json, lint_rows, not_checked_sentence, place_json

FAILED: Final = 1
_SHORT: Final = ("severity", "finding", "kind", "subject", "what", "source")


def lint_command(arguments: argparse.Namespace) -> int:
    """Look for what does nothing, print, and return the exit status: 1 for findings at or over ``--fail-on``."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    kept = in_namespaces(arguments, given)
    engine = engine_of(arguments, given)
    report = examine(engine)
    findings = tuple(f for f in report.findings if kept(f.place.policy))
    report = replace(
        report,
        findings=findings,
        unproven=tuple(place for place in report.unproven if kept(place.policy)),
        not_checked=tuple(place for place in report.not_checked if kept(place.policy)),
    )
    _print(arguments, given, engine, report)
    given.report(engine.notes)
    for line in _remarks(report):
        sys.stderr.write(f"{line}\n")
    over = arguments.fail_on is not None and any(f.kind.severity >= arguments.fail_on for f in findings)
    return max(given.exit_status, FAILED if over else 0)


def _print(arguments: argparse.Namespace, given: Input, engine: Engine, report: LintReport) -> None:
    if arguments.format == "sarif":
        found = lint_sarif(report.findings, given.documents)
        write([json.dumps(found, ensure_ascii=False, indent=1) + "\n"])
    elif arguments.format == "json":
        head = {
            "schema": "netatlas.lint/1",
            "engine": engine.profile.id,
            "policies": report.policies,
            "rules": report.rules,
        }
        tail = {
            "not_proven": [place_json(place, given.locate) for place in report.unproven],
            "not_checked": [place_json(place, given.locate) for place in report.not_checked],
            "stopped": report.cut,
            "problems": [problem_json(p, given.documents) for p in (*given.problems, *engine.notes)],
        }
        write_json(head, "findings", (lint_json(f, given.locate) for f in report.findings), tail)
    else:
        rows = lint_rows(report.findings, given.locate)
        write_rows(arguments.format, rows if arguments.format == "csv" else map(_shortened, rows), given.nothing)


def _shortened(row: Mapping[str, object]) -> dict[str, object]:
    name = "/".join(filter(None, (str(row["namespace"]), str(row["policy"]))))
    subject = f"{name} {row['rule']}".rstrip()
    return {key: subject if key == "subject" else row[key] for key in _SHORT}


def _remarks(report: LintReport) -> list[str]:
    """What a reader must know besides the findings."""
    found = [report.cut] if report.cut else []
    if report.unproven:
        found.append(
            f"{len(report.unproven):,} more policies and rules may have no effect, but the input does not settle it: "
            "nothing is claimed of them; --format json lists them"
        )
    if report.not_checked:
        found.append(
            f"{not_checked_sentence(report.not_checked)} Should the input hold all pods and nodes, say --complete"
        )
    return found
