"""Findings, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from lib.checks.wording import text_of
from lib.model.finding import Finding
from lib.tables.row import Locate, Row


def finding_rows(findings: Iterable[Finding], locate: Locate) -> list[Row]:
    """One row a finding, in the order of ``findings``."""
    return [
        {
            "severity": (text := text_of(finding)).severity.label,
            "finding": text.title,
            "kind": finding.subject.kind,
            "subject": finding.subject.qualified_name,
            "what": text.sentence.format_map(dict(finding.evidence)),
            "why": text.why,
            "remedy": text.remedy,
            "code": finding.code,
            "reference": text.reference,
            "source": locate(finding.source),
        }
        for finding in findings
    ]
