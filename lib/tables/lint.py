"""Findings of the lint as rows, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.lint import LintFinding, Place
from lib.tables.row import Locate, Row, listed


def lint_rows(findings: Iterable[LintFinding], locate: Locate) -> list[Row]:
    """One row a finding: those that hold whatever pods there are first, then in the order of the policies."""
    return [
        {
            "severity": finding.kind.severity.label,
            "finding": finding.kind.title,
            "namespace": finding.place.policy.namespace,
            "policy": finding.place.policy.name,
            "kind": finding.place.policy.kind,
            "rule": finding.place.rule,
            "what": finding.sentence,
            "proof": finding.proof,
            "new_pods": finding.example,
            "covered_by": listed(_located(place, locate) for place in finding.covers),
            "code": finding.kind.code,
            "source": locate(finding.place.source),
        }
        for finding in sorted(findings, key=lambda f: -f.kind.severity)
    ]


def _located(place: Place, locate: Locate) -> str:
    return f"{place} ({locate(place.source)})"


def lint_json(finding: LintFinding, locate: Locate) -> dict[str, object]:
    """A finding with all of its covers."""
    return {
        "code": finding.kind.code,
        "severity": finding.kind.severity.label,
        **place_json(finding.place, locate),
        "sentence": finding.sentence,
        "proof": finding.proof,
        "new_pods": finding.example,
        "covered_by": [place_json(place, locate) for place in finding.covers],
        "not_together_with": [place_json(place, locate) for place in finding.either],
    }


def place_json(place: Place, locate: Locate) -> dict[str, str]:
    """A policy or a rule, and its line."""
    return {"policy": str(place.policy), "rule": place.rule, "source": locate(place.source)}


def not_checked_sentence(places: Sequence[Place]) -> str:
    """Why nothing is said of some policies and rules; ``places`` are one or more."""
    one = len(places) == 1
    subject = "1 policy or rule is" if one else f"{len(places):,} policies and rules are"
    return (
        f"Not checked: {subject} about pods or nodes of which none is in the input, which may not hold all of them: "
        f"{listed(places)}."
    )
