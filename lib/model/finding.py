"""Faults in valid objects, as data; their wording lives in ``lib/checks/findings.yaml``."""

from __future__ import annotations

from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one object: a stable code, whose it is, where it stands, and the evidence for the sentence.

    ``evidence`` fills the placeholders of the code's wording; its values are texts ready to show. Severity, title,
    reason and remedy belong to the code and are read from the data file.
    """

    code: str
    subject: ObjectRef
    source: Source
    evidence: tuple[tuple[str, str], ...] = ()


def finding(code: str, subject: ObjectRef, source: Source, **evidence: object) -> Finding:
    """A Finding whose evidence is given by name; the values become text."""
    return Finding(code, subject, source, tuple((key, str(value)) for key, value in evidence.items()))
