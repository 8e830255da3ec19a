"""Lint: policies and rules that do nothing, each with the proof from the engine itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from lib.lint.finding import LintFinding, LintKind, LintReport, Place
from lib.lint.judge import Judged, enforced_policies, judge
from lib.lint.tell import Teller
from lib.lint.written import rules_of
from lib.model.records import replace
from lib.policy.columns import StepsSpentError
from lib.policy.engine import Engine
from lib.policy.inventory import inventory

STEPS_UP_TO: Final = 2_000_000
"""How often rules are asked about a set of packets, to find what has no effect; as often again to say why."""


def lint(engine: Engine) -> tuple[LintFinding, ...]:
    """Every policy and rule that does nothing under the engine's profile."""
    return examine(engine).findings


def examine(engine: Engine, steps: int = STEPS_UP_TO) -> LintReport:
    """The findings, and what was looked at; the work ends after ``steps``, and then the report says where.

    Where two engines may enforce the policies, what holds for each of them that enforces the policy.
    """
    if engine.readings:
        return _whichever(engine, tuple((each, examine(each, steps)) for each in engine.readings))
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


def _whichever(whole: Engine, reports: tuple[tuple[Engine, LintReport], ...]) -> LintReport:
    """What is found whichever engine enforces; what only one of those says that know the policy is not proven."""
    groups = {entry.ref: (entry.group, entry.kind) for entry in inventory(whole.snapshot)}
    written = enforced_policies(whole).values()
    found: dict[tuple[LintKind, Place], dict[str, LintFinding]] = defaultdict(dict)
    for engine, report in reports:
        for finding in report.findings:
            if engine.profile.enforces_kind(*groups[finding.place.policy]):
                found[finding.kind, finding.place].setdefault(engine.profile.reader, finding)
    knowing = {ref: sum(engine.profile.enforces_kind(*group) for engine, _ in reports) for ref, group in groups.items()}
    agreed = {key: _of_each(each) for key, each in found.items() if len(each) == knowing[key[1].policy]}
    settled = {place for _, place in agreed}
    open_ = [place for _, place in found if place not in settled]
    return LintReport(
        tuple(agreed.values()),
        len(written),
        sum(1 for policy in written for _ in rules_of(policy)),
        tuple(dict.fromkeys((*(p for _, report in reports for p in report.unproven), *open_))),
        tuple(dict.fromkeys(p for _, report in reports for p in report.not_checked)),
        next((report.cut for _, report in reports if report.cut), ""),
    )


def _of_each(by_reader: dict[str, LintFinding]) -> LintFinding:
    """One finding of what several readings come to, which may be for reasons of their own."""
    first, *others = by_reader.values()
    if all(each == first for each in others):
        return first
    told = (f"If {reader} enforces: {each.sentence}" for reader, each in by_reader.items())
    return replace(
        first,
        sentence=" ".join(told) if any(each.sentence != first.sentence for each in others) else first.sentence,
        proof=" ".join(dict.fromkeys(each.proof for each in by_reader.values() if each.proof)),
        covers=tuple(dict.fromkeys(place for each in by_reader.values() for place in each.covers)),
        either=tuple(dict.fromkeys(place for each in by_reader.values() for place in each.either)),
        example=next((each.example for each in by_reader.values() if each.example), ""),
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
