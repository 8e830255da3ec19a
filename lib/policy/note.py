"""The form of what must be said of one policy beside every result."""

from __future__ import annotations

from lib.model.problem import Problem, Severity
from lib.policy.tiers import AnyPolicy


def about(policy: AnyPolicy, code: str, message: str, remedy: str) -> Problem:
    """A warning about a policy, at its place."""
    return Problem(Severity.WARNING, code, message, remedy, policy.source, subject=policy.ref)
