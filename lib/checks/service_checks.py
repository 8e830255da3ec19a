"""Services that don't work or are more open than meant: what their views say."""

from __future__ import annotations

from collections.abc import Iterator

from lib.checks.context import Context, from_issues
from lib.model.finding import Finding


def check_services(context: Context) -> Iterator[Finding]:
    """Every issue of every Service."""
    for view in context.services:
        yield from from_issues(view.ref, view.issues)
