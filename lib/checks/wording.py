"""What every finding is called, how bad it is, why it matters and what to do: the reader of ``findings.yaml``.

A fault that ``lib.routing`` sees brings its own severity and sentence, which its tables show too, and what the lint
tells as well brings its title also; the data file has them for the others only, so that nothing is said twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lib.model.finding import Finding
from lib.model.problem import Severity
from lib.policy.nobody import NAMES_NOBODY, SELECTS_NOTHING, Told
from lib.routing.faults import Fault


@dataclass(frozen=True, slots=True)
class FindingText:
    """The wording of one code; ``sentence`` has placeholders that a Finding's evidence fills.

    ``reference`` is where the rule is documented.
    """

    code: str
    severity: Severity
    title: str
    sentence: str
    why: str
    remedy: str
    reference: str


@cache
def finding_texts() -> dict[str, FindingText]:
    """Every code's wording, in the data file's order; the callers never change it."""
    path = Path(__file__).with_name("findings.yaml")
    entries: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    told = {each.code: each for each in (*Fault, SELECTS_NOTHING, NAMES_NOBODY)}
    return {code: _text(code, entry, told.get(code)) for code, entry in entries.items()}


def _text(code: str, entry: dict[str, Any], told: Fault | Told | None) -> FindingText:
    severity, sentence = (
        (Severity[entry["severity"].upper()], entry["sentence"]) if told is None else (told.severity, told.sentence)
    )
    if isinstance(told, Told):
        entry = {**entry, "title": told.title}
    words = {key: " ".join(entry[key].split()) for key in ("title", "why", "remedy", "reference")}
    return FindingText(code=code, severity=severity, sentence=sentence, **words)


def text_of(finding: Finding) -> FindingText:
    """The wording of a finding's code. Raises KeyError for a code that the data file does not hold: a defect."""
    return finding_texts()[finding.code]


def severity_of(finding: Finding) -> Severity:
    """How bad a finding is."""
    return text_of(finding).severity


def message_of(finding: Finding) -> str:
    """The finding's sentence with its evidence filled in, the subject first."""
    return f"{finding.subject}: {text_of(finding).sentence.format_map(dict(finding.evidence))}"
