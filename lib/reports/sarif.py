"""Findings and Problems as SARIF 2.1.0, the form that code hosts show beside the changed line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from lib.assertions import Outcome, Result
from lib.checks.wording import FindingText, finding_texts, message_of, text_of
from lib.lint import LintFinding
from lib.model.finding import Finding
from lib.model.problem import Problem, Severity
from lib.model.refs import Source
from lib.tables.assertions import what_failed

_LEVELS: Final = {Severity.INFO: "note", Severity.WARNING: "warning", Severity.ERROR: "error"}


def sarif(
    findings: Iterable[Finding],
    problems: Iterable[Problem],
    lines: Any,
    assertions: Iterable[Result] = (),
    assertion_problems: Iterable[Problem] = (),
) -> dict[str, Any]:
    """One run with a rule for each code that occurs; ``lines`` answers ``line_of(source)``.

    Of assertions those are listed that do not hold; ``assertion_problems`` know their own lines.
    """

    def place(source: Source | None) -> str:
        return f"{source.file}:{lines.line_of(source)}" if source is not None else ""

    findings, problems = list(findings), [*problems, *assertion_problems]
    texts = finding_texts()
    rules = [_finding_rule(texts[code]) for code in dict.fromkeys(f.code for f in findings)]
    rules += [{"id": code} for code in dict.fromkeys(p.code for p in problems)]
    results = [_result(f.code, text_of(f).severity, message_of(f), f.source, lines.line_of(f.source)) for f in findings]
    for problem in problems:
        line = problem.line
        if line is None and problem.source is not None:
            line = lines.line_of(problem.source)
        results.append(
            _result(problem.code, problem.severity, f"{problem.message} {problem.remedy}", problem.source, line)
        )
    for broken in assertions:
        if broken.outcome is not Outcome.HOLDS:
            code = f"assertion-{broken.outcome.value}"
            level = Severity.ERROR if broken.outcome is Outcome.FAILS else Severity.WARNING
            message = f"{broken.assertion.name}: {what_failed(broken, place)}"
            results.append(_result(code, level, message, broken.assertion.source, broken.assertion.line))
    rules += [{"id": code} for code in dict.fromkeys(r["ruleId"] for r in results if "assertion" in r["ruleId"])]
    return _run(rules, results)


def lint_sarif(findings: Iterable[LintFinding], lines: Any) -> dict[str, Any]:
    """One run with a rule for each kind of finding that occurs; ``lines`` answers ``line_of(source)``."""
    listed = list(findings)
    rules = [
        {
            "id": kind.code,
            "shortDescription": {"text": kind.title},
            "defaultConfiguration": {"level": _LEVELS[kind.severity]},
        }
        for kind in dict.fromkeys(finding.kind for finding in listed)
    ]
    results = []
    for finding in listed:
        message = " ".join(filter(None, (f"{finding.place}: {finding.sentence}", finding.proof, finding.example)))
        source = finding.place.source
        results.append(_result(finding.kind.code, finding.kind.severity, message, source, lines.line_of(source)))
    return _run(rules, results)


def _run(rules: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [{"tool": {"driver": {"name": "NetAtlas", "rules": rules}}, "results": results}],
    }


def _finding_rule(text: FindingText) -> dict[str, Any]:
    return {
        "id": text.code,
        "shortDescription": {"text": text.title},
        "fullDescription": {"text": text.why},
        "help": {"text": f"{text.remedy} {text.reference}"},
        "defaultConfiguration": {"level": _LEVELS[text.severity]},
    }


def _result(code: str, severity: Severity, message: str, source: Source | None, line: int | None) -> dict[str, Any]:
    result: dict[str, Any] = {"ruleId": code, "level": _LEVELS[severity], "message": {"text": message}}
    if source is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": source.file}}
        if line is not None:
            place["region"] = {"startLine": line}
        result["locations"] = [{"physicalLocation": place}]
    return result
