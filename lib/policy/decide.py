"""From evidence to a verdict: one branch, and every verdict comes with its sentence."""

from __future__ import annotations

from enum import Enum

from lib.model.policies import Direction, Verdict
from lib.model.records import dataclass, field, replace
from lib.policy.rules import Action, CompiledPolicy, CompiledRejection, CompiledRule
from lib.policy.walk import Closing, Logged, Step


class Reason(Enum):
    """Every way a direction can be decided; verdict and wording travel together."""

    NOT_ENFORCED = (Verdict.ALLOWED, "{engine} enforces no policy")
    SAME_POD = (Verdict.ALLOWED, "a pod cannot block traffic to itself")
    OUTSIDE = (Verdict.ALLOWED, "{subject} is outside the cluster: no policy governs its side")
    NODE_SIDE = (Verdict.ALLOWED, "{subject} uses the node's network: no NetworkPolicy selects it")
    OWN_NODE = (Verdict.ALLOWED, "{peer} is on the node of {subject}, which is always allowed")
    NOT_ISOLATED = (Verdict.ALLOWED, "no policy selects {subject} for {direction}")
    NOT_DECIDED = (
        Verdict.ALLOWED,
        "no policy isolates {subject} for {direction}, and no rule of those that select it concerns the flow",
    )
    PASSED_ON = (Verdict.ALLOWED, "{passing} {pass_} it on, and nothing after that isolates {subject} for {direction}")
    DENIED_IN_PART = (Verdict.ALLOWED, "only some ports are left open: {denying} {deny} the others")
    RULE_PERMITS = (Verdict.ALLOWED, "permitted by {permitting}")
    RULE_PERMITS_SOME = (Verdict.ALLOWED, "only some ports are permitted, by {permitting}")
    NO_COMMON_FAMILY = (
        Verdict.DENIED,
        "{permitting} {permit} it for one IP family only, and the policies of the other end for the other only",
    )
    NODE_UNKNOWN = (
        Verdict.UNKNOWN,
        "{isolating} {isolate} {subject} and no rule permits the flow, but a pod's own node may be exempt, and the "
        "input does not show whether that is {peer}",
    )
    NODE_UNKNOWN_DENIED = (
        Verdict.UNKNOWN,
        "{denying} {deny} it, but a pod's own node is exempt, and the input does not show whether that is {peer}",
    )
    EQUALS_DISAGREE = (
        Verdict.UNKNOWN,
        "policies of equal precedence disagree, and nothing settles which of them is asked first: {disputing}",
    )
    ENGINES_DIFFER = (Verdict.UNKNOWN, "the input does not show which engine enforces the policies: {readings}")
    UNDECIDABLE = (Verdict.UNKNOWN, "the input does not settle {doubts}; {undecided} {depend} on it")
    RULE_DENIES = (Verdict.DENIED, "denied by {denying}")
    NO_RULE_PERMITS = (
        Verdict.DENIED,
        "{isolating} {isolate} {subject} for {direction}, and no rule {theirs} permits the flow",
    )

    def __init__(self, verdict: Verdict, sentence: str) -> None:
        self.verdict, self.sentence = verdict, sentence


class NodeRelation(Enum):
    """What a node's traffic, or a host-network pod's, has to do with the pod at the other end."""

    NONE = "neither end is a node"
    SAME = "the pod runs on this node"
    OTHER = "the pod runs on another node"
    UNKNOWN = "the input does not show whether the pod runs on this node, or the engine does not say"

    @property
    def same(self) -> bool | None:
        """Whether the pod runs on the node; None where that is not known, or neither end is one."""
        return {NodeRelation.SAME: True, NodeRelation.OTHER: False}.get(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that bears on one direction of one flow; all else is derived from it.

    ``selecting`` are the policies that have something to say about the subject; ``trail`` is what they did, in the
    order in which they are asked. ``rejected`` are the refused policies that could have changed the answer. ``allows``
    and ``may_allow``: some asked port is allowed, or may be; ``covers_all``: every one is allowed. ``families_meet`` is
    False where nothing is allowed for an IP family that the other direction allows as well. ``example`` is one pair
    that it holds for. ``over``: the only IP family that it is about; "" where all say the same. ``node`` is about the
    side that is a node; ``exempt``: some asked port is allowed since it is the subject's own node, and with ``spared``
    every one. ``readings``: of several engines that may enforce the policies, each with what it says.
    """

    direction: Direction
    subject: str
    peer: str
    engine: str
    selecting: tuple[CompiledPolicy, ...] = ()
    trail: tuple[Step | Logged | Closing, ...] = ()
    rejected: tuple[CompiledRejection, ...] = ()
    allows: bool = False
    may_allow: bool = False
    covers_all: bool = False
    families_meet: bool = True
    enforced: bool = True
    same_pod: bool = False
    subject_outside: bool = False
    subject_on_host: bool = False
    node: NodeRelation = NodeRelation.NONE
    exempt: bool = False
    spared: bool = False
    over: str = ""
    readings: tuple[tuple[str, Decision], ...] = ()
    example: str = field(default="", compare=False)

    @property
    def isolating(self) -> tuple[CompiledPolicy, ...]:
        """The policies that deny what reached the end of their stage undecided."""
        return tuple(policy for each in self.trail if isinstance(each, Closing) for policy in each.policies)

    @property
    def permitting(self) -> tuple[CompiledRule, ...]:
        """The rules that some of the asked ports reached and that surely allow them."""
        return self._surely(Action.ALLOW)

    @property
    def denying(self) -> tuple[CompiledRule, ...]:
        """The rules that some of the asked ports reached and that surely deny them."""
        return self._surely(Action.DENY)

    @property
    def passing(self) -> tuple[CompiledRule, ...]:
        """The rules that some of the asked ports reached and that surely hand them to the next stage."""
        return self._surely(Action.PASS)

    @property
    def undecided(self) -> tuple[CompiledRule, ...]:
        """The rules that some of the asked ports reached and that may decide them."""
        return tuple(dict.fromkeys(s.rule for s in self.trail if isinstance(s, Step) and not s.sure))

    def _surely(self, action: Action) -> tuple[CompiledRule, ...]:
        steps = (s for s in self.trail if isinstance(s, Step) and s.sure)
        return tuple(dict.fromkeys(s.rule for s in steps if s.rule.action is action))


@dataclass(frozen=True, slots=True)
class Decision:
    """One direction's answer, with its evidence."""

    evidence: Evidence

    @property
    def reason(self) -> Reason:
        """The one branch from evidence to an answer."""
        seen = self.evidence
        if not seen.enforced:
            return Reason.NOT_ENFORCED
        if seen.same_pod:
            return Reason.SAME_POD
        if seen.subject_outside:
            return Reason.OUTSIDE
        if seen.subject_on_host and not seen.selecting:
            return Reason.NODE_SIDE
        if not seen.selecting:
            return Reason.NOT_ISOLATED
        against = seen.isolating or (seen.spared and (seen.denying or seen.undecided))
        if seen.node is NodeRelation.SAME and against and seen.exempt:
            return Reason.OWN_NODE
        if seen.allows and seen.families_meet:
            return self._why_allowed
        if seen.may_allow and not seen.allows and seen.readings and not self._all_unknown:
            return Reason.ENGINES_DIFFER
        if seen.may_allow and seen.undecided:
            return Reason.UNDECIDABLE
        if seen.allows:
            return Reason.NO_COMMON_FAMILY
        if seen.may_allow:
            return Reason.EQUALS_DISAGREE
        if seen.node is NodeRelation.UNKNOWN and seen.exempt and (seen.isolating or seen.spared):
            return Reason.NODE_UNKNOWN if seen.isolating else Reason.NODE_UNKNOWN_DENIED
        return Reason.NO_RULE_PERMITS if seen.isolating and not seen.denying else Reason.RULE_DENIES

    @property
    def _all_unknown(self) -> bool:
        """Whether what is open is open for each engine that may enforce the policies, for reasons that are told."""
        seen = self.evidence
        return bool(seen.undecided) and all(each.verdict is Verdict.UNKNOWN for _, each in seen.readings)

    @property
    def alone(self) -> Decision:
        """The same without what was lost, which is told once where several decisions stand in one sentence."""
        return Decision(replace(self.evidence, rejected=()))

    @property
    def _why_allowed(self) -> Reason:
        seen = self.evidence
        if seen.permitting:
            return Reason.RULE_PERMITS if seen.covers_all else Reason.RULE_PERMITS_SOME
        if seen.denying:
            return Reason.DENIED_IN_PART
        return Reason.PASSED_ON if seen.passing else Reason.NOT_DECIDED

    @property
    def verdict(self) -> Verdict:
        """Allowed, denied or unknown."""
        return self.reason.verdict

    def __str__(self) -> str:
        seen = self.evidence
        sentence = self.reason.sentence.format(
            engine=seen.engine,
            subject=seen.subject,
            peer=seen.peer,
            direction=seen.direction.field,
            isolating=_names(tuple(str(p.ref) for p in seen.isolating)),
            permitting=_names(tuple(f"{r.policy} {r.label}" for r in seen.permitting)),
            denying=_names(tuple(f"{r.policy} {r.label}" for r in seen.denying)),
            passing=_names(tuple(f"{r.policy} {r.label}" for r in seen.passing)),
            deny=_agreeing("deny", seen.denying).replace("denys", "denies"),
            pass_=_agreeing("pass", seen.passing).replace("passs", "passes"),
            undecided=_names(tuple(f"{r.policy} {r.label}" for r in seen.undecided)),
            isolate=_agreeing("isolate", seen.isolating),
            theirs="of it" if len(seen.isolating) == 1 else "of theirs",
            permit=_agreeing("permit", seen.permitting),
            depend=_agreeing("depend", seen.undecided),
            disputing=_names(tuple(f"{r.policy} {r.label}" for r in (*seen.permitting, *seen.denying, *seen.passing))),
            readings="; ".join(f"{name} would say that it is {_said(decision)}" for name, decision in seen.readings),
            doubts=_names(tuple(dict.fromkeys(r.doubt for r in seen.undecided))),
        )
        over = f"over {seen.over} " if seen.over else ""
        return over + sentence + rejection_note(seen.rejected)


def _said(decision: Decision) -> str:
    return f"{decision.verdict.value}, as {decision}"


def rejection_note(rejected: tuple[CompiledRejection, ...]) -> str:
    """``; computed without the rejected policy X``, or nothing."""
    return f"; {without_rejected(rejected)}" if rejected else ""


def without_rejected(rejected: tuple[CompiledRejection, ...]) -> str:
    """``computed without the rejected policy X``."""
    one = len(rejected) == 1
    if all(r.ref.kind.endswith("Policy") for r in rejected):
        noun = "policy" if one else "policies"
    else:
        noun = "object" if one else "objects"
    return f"computed without the rejected {noun} {_names(tuple(str(r.ref) for r in rejected))}"


def _agreeing(verb: str, subjects: tuple[object, ...]) -> str:
    """``A isolates``, but ``A, B isolate``."""
    return verb + "s" if len(subjects) == 1 else verb


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
