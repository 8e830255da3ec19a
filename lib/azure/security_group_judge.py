"""Which security rule answers a packet, through all groups on its way: one verdict with its explanation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import ip_network
from itertools import product

from lib.azure.security_group_match import Fit, KnownAddresses, Packet, Place, in_virtual_network, match
from lib.azure.unassigned import Unassigned
from lib.model.policies import Verdict
from lib.model.security_rules import Access, Attachment, RuleDirection, SecurityGroup, SecurityRule
from lib.model.sets import AddressSet


class Reason(Enum):
    """Every way in which one group can answer a packet; verdict and wording travel together."""

    RULE_ALLOWS = (Verdict.ALLOWED, "{rule} of {group} allows it")
    RULE_DENIES = (Verdict.DENIED, "{rule} of {group} denies it")
    OPEN = (Verdict.UNKNOWN, "in {group}, {open}; if nothing of this matches, {otherwise}")
    NO_RULE = (Verdict.UNKNOWN, "no rule of {group} matches, not even a default one: rules are missing in the input")

    def __init__(self, verdict: Verdict, wording: str) -> None:
        self.verdict, self.wording = verdict, wording


@dataclass(frozen=True, slots=True)
class Possible:
    """A rule that may match, and what it hangs on."""

    rule: SecurityRule
    why: str


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """How one group answers a packet; everything else follows from the evidence.

    ``rule`` is the first that surely matches. ``possible`` are those before it that may match and would decide
    otherwise; ``passed`` is how many rules were asked before ``rule``.
    """

    group: SecurityGroup
    rule: SecurityRule | None
    possible: tuple[Possible, ...]
    passed: int

    @property
    def reason(self) -> Reason:
        """Why the verdict is what it is."""
        if self.possible:
            return Reason.OPEN
        if self.rule is None:
            return Reason.NO_RULE
        return Reason.RULE_ALLOWS if self.rule.access is Access.ALLOW else Reason.RULE_DENIES

    @property
    def verdict(self) -> Verdict:
        """The group's answer."""
        return self.reason.verdict

    def __str__(self) -> str:
        where = f"{self.group.name} on the {self.group.attachment.value}"
        said = "; ".join(
            f"{possible_words(p.rule, self.group)} would {p.rule.access.value.lower()} it: {p.why}"
            for p in self.possible
        )
        rule = rule_words(self.rule) if self.rule is not None else "no rule"
        decides = f"{rule} decides: {self.rule.access.value}" if self.rule is not None else "nothing decides"
        return self.reason.wording.format(rule=rule, group=where, open=said, otherwise=decides)


class Outcome(Enum):
    """Every way in which all groups together can answer."""

    ALL_ALLOW = (Verdict.ALLOWED, "Allowed")
    ONE_DENIES = (Verdict.DENIED, "Denied")
    ALLOWED_EITHER_WAY = (Verdict.ALLOWED, "Allowed either way")
    DENIED_EITHER_WAY = (Verdict.DENIED, "Denied either way")
    NOT_SETTLED = (Verdict.UNKNOWN, "Unknown")
    NO_GROUP = (Verdict.ALLOWED, "Allowed: no security group is on the way")

    def __init__(self, verdict: Verdict, word: str) -> None:
        self.verdict, self.word = verdict, word


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a packet and its explanation in one.

    ``answers`` are those of the groups in the order in which the packet meets them, up to the first that surely
    denies it. ``cases`` is empty but where these leave it open only because nobody knows whether an end is in the
    virtual network, and it comes to the same whether it is: then it holds what each of it leads to.
    """

    packet: Packet
    direction: RuleDirection
    answers: tuple[GroupAnswer, ...]
    cases: tuple[tuple[str, Judgement], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """What all groups together say."""
        if self.cases:
            denied = self.cases[0][1].verdict is Verdict.DENIED
            return Outcome.DENIED_EITHER_WAY if denied else Outcome.ALLOWED_EITHER_WAY
        verdicts = {answer.verdict for answer in self.answers}
        if not verdicts:
            return Outcome.NO_GROUP
        if Verdict.DENIED in verdicts:
            return Outcome.ONE_DENIES
        return Outcome.NOT_SETTLED if Verdict.UNKNOWN in verdicts else Outcome.ALL_ALLOW

    @property
    def verdict(self) -> Verdict:
        """Allowed, denied or unknown."""
        return self.outcome.verdict

    @property
    def by_case(self) -> tuple[tuple[str, GroupAnswer], ...]:
        """The groups' answers, each with the case that it is for, in words; "" where there is only one."""
        if not self.cases:
            return tuple(("", answer) for answer in self.answers)
        return tuple((said, answer) for said, found in self.cases for answer in found.answers)

    @property
    def deciding(self) -> tuple[GroupAnswer, ...]:
        """The answers that make the verdict: all of them where it is allowed."""
        if self.cases:
            return tuple(answer for _, found in self.cases for answer in found.deciding)
        return tuple(a for a in self.answers if a.verdict is self.verdict)

    def __str__(self) -> str:
        if not self.answers:
            return f"{self.outcome.word}."
        if self.cases:
            told = (f"if {said}, {'; '.join(map(str, found.deciding))}" for said, found in self.cases)
            return f"{self.outcome.word}: {'; '.join(told)}."
        return f"{self.outcome.word}: {'; '.join(map(str, self.deciding))}."


def rule_words(rule: SecurityRule) -> str:
    """A rule as sentences name it."""
    kind = "the default rule" if rule.is_default else "rule"
    return f"{kind} {rule.name} ({rule.priority})"


def possible_words(rule: SecurityRule, group: SecurityGroup) -> str:
    """A rule that may match; one whose place is not known has no priority to show."""
    if rule not in group.unseen:
        return rule_words(rule)
    return f"rules {rule.name}" if rule.source is None else f"rule {rule.name}"


def judge(
    packet: Packet,
    groups: Sequence[SecurityGroup],
    known: KnownAddresses,
    direction: RuleDirection = RuleDirection.INBOUND,
) -> Judgement:
    """What the groups do with a packet.

    Inbound packets meet the subnet's group first and then the interface's, outbound ones the other way round,
    whatever the order of ``groups``; a packet must get through each. No group at all lets everything through.
    """
    found = Judgement(packet, direction, _answers(packet, groups, known, direction))
    if found.verdict is not Verdict.UNKNOWN:
        return found
    cases: list[tuple[str, Judgement]] = []
    for said, then in _cases(packet, known):
        case = Judgement(packet, direction, _answers(packet, groups, then, direction))
        if case.verdict is Verdict.UNKNOWN or (cases and case.verdict is not cases[0][1].verdict):
            return found
        cases.append((said, case))
    return replace(found, cases=tuple(cases))


def _cases(packet: Packet, known: KnownAddresses) -> Iterator[tuple[str, KnownAddresses]]:
    """What may be true of the ends of which nobody knows whether they are in the virtual network; a rule that says so
    of one end and a rule that says so of the other mean the same network."""
    ends = dict.fromkeys(end for end in (packet.source, packet.destination) if not isinstance(end, Place | Unassigned))
    doubtful = [AddressSet.from_networks([ip_network(e)]) for e in ends if in_virtual_network(e, known).fit is Fit.OPEN]
    named = [str(e) for e in ends if in_virtual_network(e, known).fit is Fit.OPEN]
    for choice in product((True, False), repeat=len(doubtful)) if doubtful else ():
        then, said = known, []
        for end, name, inside in zip(doubtful, named, choice, strict=True):
            then = (
                replace(then, virtual_network=then.virtual_network | end)
                if inside
                else replace(then, outside=then.outside | end)
            )
            said.append(f"{name} is {'in' if inside else 'outside'} the virtual network")
        yield " and ".join(said), then


def _answers(
    packet: Packet, groups: Sequence[SecurityGroup], known: KnownAddresses, direction: RuleDirection
) -> tuple[GroupAnswer, ...]:
    first = Attachment.SUBNET if direction is RuleDirection.INBOUND else Attachment.NIC
    answers = []
    for group in sorted(groups, key=lambda g: g.attachment is not first):
        answer = _ask(group, packet, known, direction)
        answers.append(answer)
        if answer.verdict is Verdict.DENIED:
            break
    return tuple(answers)


def _ask(group: SecurityGroup, packet: Packet, known: KnownAddresses, direction: RuleDirection) -> GroupAnswer:
    """Priority by priority: the first rule that surely matches decides, unless one before it may match."""
    possible: list[Possible] = []
    for rule in group.unseen:
        if rule.direction is direction and (found := match(rule, packet, known)).fit is not Fit.NO:
            possible.append(Possible(rule, found.why or "where it stands in the group is not known"))
    rules = group.of(direction)
    for passed, rule in enumerate(rules):
        found = match(rule, packet, known)
        if found.fit is Fit.OPEN:
            possible.append(Possible(rule, found.why))
        elif found.fit is Fit.YES:
            other = tuple(p for p in possible if p.rule.access is not rule.access)
            return GroupAnswer(group, rule, other, passed)
    return GroupAnswer(group, None, tuple(possible), len(rules))
