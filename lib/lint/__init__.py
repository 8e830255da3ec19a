"""Policies and rules that do nothing, or nothing that others do not do: proven by the engine, not by syntax.

A policy or rule is taken out by itself, and all packets between all ends of the input are judged without it by the
engine's own columns. What an unknown decides is not claimed.
"""

from lib.lint.finding import LintFinding, LintKind, LintReport, Place
from lib.lint.run import examine, lint

__all__ = ["LintFinding", "LintKind", "LintReport", "Place", "examine", "lint"]
