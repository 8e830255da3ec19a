"""Notes on all results of an engine."""

from __future__ import annotations

from collections.abc import Iterable

from lib.model.problem import Problem
from lib.tables.row import Locate, Row


def note_rows(notes: Iterable[Problem], locate: Locate) -> list[Row]:
    """One row a note, in their order."""
    return [
        {
            "severity": note.severity.label,
            "subject": str(note.subject or ""),
            "message": note.message,
            "remedy": note.remedy,
            "source": locate(note.source),
        }
        for note in notes
    ]
