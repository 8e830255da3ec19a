"""Say in words what could not be checked, because a kind was not fully in the input."""

from __future__ import annotations

from lib.model.snapshot import Snapshot


def not_checked(snapshot: Snapshot, what: str, kind: str) -> str:
    """``its pods not checked: Pod not supplied``; only meaningful where ``kind`` is not complete."""
    return f"{what} not checked: {kind} {snapshot.coverage_of(kind).value}"
