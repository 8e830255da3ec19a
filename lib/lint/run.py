"""Lint: policies and rules that do nothing, each with the proof from the engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lib.lint.finding import LintFinding, LintKind, LintReport, Place
from lib.lint.judge import Judged, judge
from lib.lint.tell import Teller
from lib.policy.columns import StepsSpentError
from lib.policy.engine import Engine
from lib.policy.inventory import inventory

STEPS_UP_TO: Final = 2_000_000
"""How often rules are asked about a set of packets, to find what has no effect; as often again to say why."""


def lint(engine: Engine) -> tuple[LintFinding, ...]:
    """Every policy and rule that does nothing under the engine's profile."""
    return examine(engine).findings


def examine(engine: Engine, steps: int = STEPS_UP_TO) -> LintReport:
    """The findings, and what was looked at; the work ends after ``steps``, and then the report says where."""
    judged = judge(engine, steps)
    if not judged.removals.pods:
        return _of_no_pods(judged)
    judged.removals.columns.steps_left = steps
    teller = Teller(judged)
    found = [*_unenforced(engine)]
    cut = judged.looked_at < judged.selecting
    try:
        for ref in judged.policies:
            found += teller.policy(ref)
    except StepsSpentError:
        cut = True
    said = (
        f"The work was stopped after {steps:,} steps: {judged.looked_at:,} of the {judged.selecting:,} policies that "
        "select pods were tried without each of their parts; what is not listed of the others is not proven to count."
    )
    unproven, not_checked = tuple(judged.unproven), tuple(teller.not_checked)
    return LintReport(
        tuple(found), len(judged.policies), len(judged.by_key), unproven, not_checked, said if cut else ""
    )


def _of_no_pods(judged: Judged) -> LintReport:
    """What can be said where there is no pod that a policy could select."""
    about_pods = (LintKind.POLICY_SELECTS_NO_POD, LintKind.POLICY_WAITS_FOR_PODS)
    found = [f for ref in judged.policies for f in Teller(judged).policy(ref) if f.kind not in about_pods]
    said = "The input holds no pod: only what can never match was looked for." if judged.policies else ""
    return LintReport((*_unenforced(judged.engine), *found), len(judged.policies), len(judged.by_key), cut=said)


def _unenforced(engine: Engine) -> Iterator[LintFinding]:
    profile = engine.profile
    for entry in inventory(engine.snapshot):
        place = Place(entry.ref, "", entry.source)
        if entry.staged:
            sentence = "It is staged: Calico reports what it would do and does not do it."
            yield LintFinding(LintKind.POLICY_STAGED, place, sentence)
        elif not profile.enforces_kind(entry.group, entry.kind):
            sentence = f"Under {profile.label} policies of {entry.group} {entry.kind} are not enforced."
            yield LintFinding(LintKind.POLICY_IGNORED, place, sentence)
