"""What the lint finds, and how much is claimed by each kind of finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.model.problem import Severity
from lib.model.refs import ObjectRef, Source
from lib.policy.nobody import NAMES_NOBODY, SELECTS_NOTHING


class LintKind(Enum):
    """Every kind of finding, with its severity and title.

    Those of severity warning hold for any pods, say that something is not enforced, or that a policy selects none of
    the pods that it could; those of severity info hold for the pods of the input, and pods yet to come may change them.
    """

    POLICY_IGNORED = ("policy-ignored", Severity.WARNING, "The engine ignores the policy")
    POLICY_STAGED = ("policy-staged", Severity.INFO, "The policy is staged, nothing enforces it")
    POLICY_NOT_JUDGED = ("policy-not-judged", Severity.INFO, "The policy is not about pods")
    POLICY_NEVER_SELECTS = ("policy-never-selects", Severity.WARNING, "The policy can never select a pod")
    POLICY_SELECTS_NO_POD = SELECTS_NOTHING[:3]
    POLICY_WAITS_FOR_PODS = ("policy-waits-for-pods", Severity.INFO, "The policy waits for pods")
    POLICY_REDUNDANT = ("policy-redundant", Severity.WARNING, "Other policies say all that the policy says")
    POLICY_SAFETY_NET = ("policy-safety-net", Severity.INFO, "The policy closes what others close")
    POLICY_WITHOUT_EFFECT = ("policy-without-effect", Severity.INFO, "The policy has no effect today")
    RULE_NEVER_MATCHES = ("rule-never-matches", Severity.WARNING, "The rule can never match")
    RULE_MATCHES_NOBODY = NAMES_NOBODY[:3]
    RULE_MATCHES_NO_PORT = ("rule-matches-no-port", Severity.INFO, "The rule names a port that nobody has")
    RULE_REDUNDANT = ("rule-redundant", Severity.WARNING, "Other rules cover the rule")
    RULE_REDUNDANT_NOW = ("rule-redundant-now", Severity.INFO, "Other rules cover the rule today")
    RULE_SHADOWED = ("rule-shadowed", Severity.WARNING, "Others decide before the rule is asked")
    RULE_SHADOWED_NOW = ("rule-shadowed-now", Severity.INFO, "Today others decide before the rule is asked")
    RULE_BLOCKED = ("rule-blocked", Severity.INFO, "The other end does not let it happen")
    RULE_WITHOUT_EFFECT = ("rule-without-effect", Severity.INFO, "The rule has no effect today")

    def __init__(self, code: str, severity: Severity, title: str) -> None:
        self.code, self.severity, self.title = code, severity, title


OF_THIS_INPUT: Final = frozenset(
    {
        LintKind.POLICY_SELECTS_NO_POD,
        LintKind.POLICY_WAITS_FOR_PODS,
        LintKind.POLICY_WITHOUT_EFFECT,
        LintKind.RULE_MATCHES_NOBODY,
        LintKind.RULE_MATCHES_NO_PORT,
        LintKind.RULE_REDUNDANT_NOW,
        LintKind.RULE_SHADOWED_NOW,
        LintKind.RULE_BLOCKED,
        LintKind.RULE_WITHOUT_EFFECT,
    }
)
"""The kinds of finding that hold for the pods of the input, and say nothing of pods that it lacks."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A rule, or a policy where ``rule`` is "", and where it stands."""

    policy: ObjectRef
    rule: str
    source: Source

    def __str__(self) -> str:
        return f"{self.policy} {self.rule}".rstrip()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One policy or rule that does nothing, or less than it says.

    ``place`` is what it is about. ``covers`` are the rules and policies that say or decide the same; ``either`` are
    those of them that could go as well, so that they must not go together unasked. ``proof`` says what was compared, ""
    where the finding needs no proof but its sentence. ``example`` is what would change for pods yet to come.
    """

    kind: LintKind
    place: Place
    sentence: str
    proof: str = ""
    covers: tuple[Place, ...] = ()
    either: tuple[Place, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings, the policies in the snapshot's order and each before its rules.

    ``not_checked`` are places about pods or nodes that the input may just not hold: nothing is claimed of them either.
    ``unproven`` are places that may have no effect, for which an unknown leaves that open: nothing is claimed of them.
    ``cut`` says where the work was stopped, "" where everything was looked at.
    """

    findings: tuple[LintFinding, ...]
    policies: int = 0
    rules: int = 0
    unproven: tuple[Place, ...] = ()
    not_checked: tuple[Place, ...] = ()
    cut: str = ""
