"""The way of one pair through the stages, rule by rule: the evidence behind a cell of the reachability."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lib.model.policies import Direction
from lib.model.records import dataclass, replace
from lib.model.sets import Family
from lib.policy.bits import Bits, positions
from lib.policy.compile import Spaces
from lib.policy.outcome import Outcome
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Stage, of_each_reader


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that decided something, or perhaps did; ``ports`` are those that were open to it until then."""

    stage: str
    rule: CompiledRule
    ports: Bits
    sure: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """A rule that only logs and that some ports reached; it decided nothing of them."""

    stage: str
    rule: CompiledRule
    ports: Bits
    sure: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a stage that isolates the subject: ``policies`` deny the ``ports`` that were left."""

    stage: str
    policies: tuple[CompiledPolicy, ...]
    ports: Bits


@dataclass(frozen=True, slots=True)
class Walk:
    """One direction of one pair, from the first stage to the last; ``trail`` is what happened, in that order.

    ``allowed`` and ``possible`` are masks of the ports that it was asked about; ``ipv4`` and ``ipv6`` are both masks
    for one family, which differ only where some rule means pods or nodes by the addresses of one family; both are 0
    for a family that packets between the two can't have.
    """

    trail: tuple[Step | Logged | Closing, ...]
    ipv4: tuple[Bits, Bits]
    ipv6: tuple[Bits, Bits]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rules that decided something, or perhaps did."""
        return tuple(each for each in self.trail if isinstance(each, Step))

    @property
    def logs(self) -> tuple[Logged, ...]:
        """The rules that only log."""
        return tuple(each for each in self.trail if isinstance(each, Logged))

    @property
    def closings(self) -> tuple[Closing, ...]:
        """The ends of stages that denied something."""
        return tuple(each for each in self.trail if isinstance(each, Closing))

    @property
    def allowed(self) -> Bits:
        """The ports that are surely allowed, for some family."""
        return self.ipv4[0] | self.ipv6[0]

    @property
    def possible(self) -> Bits:
        """The ports that may be allowed, for some family."""
        return self.ipv4[1] | self.ipv6[1]


@dataclass(frozen=True, slots=True)
class Question:
    """Which pair is asked about, on which ports.

    ``exempt``: the subject's isolation does not apply, as between a pod and its own node, unless a policy binds that
    too; rules that deny do. ``anyone``: the peer stands for any pod, so that every rule that names pods may match.
    ``same_node``: the peer is on the node that the subject runs on; None where that is not known, or the peer is on no
    node. ``family``: the only one that is asked about, None for all that both speak.
    """

    direction: Direction
    subject: int
    peer: int
    destination: int
    ports: Bits
    exempt: bool = False
    anyone: bool = False
    same_node: bool | None = None
    family: Family | None = None


class _Walker:
    """Goes through the stages; every port is asked about twice, for IPv4 and above that for IPv6."""

    def __init__(self, spaces: Spaces, question: Question) -> None:
        self._question = question
        self._shift = len(spaces.ports.atoms)
        families = spaces.common_families(question.subject, question.peer)
        if question.family is not None:
            families &= {question.family}
        self._every = (question.ports if Family.IPV4 in families else 0) | (
            question.ports << self._shift if Family.IPV6 in families else 0
        )
        self._trail: list[Step | Logged | Closing] = []

    def walk(self, stages: Iterable[Stage]) -> Walk:
        outcome, *others = (self._through(of_one) for of_one in of_each_reader(stages))
        for other in others:
            outcome = outcome.whichever(other)
        low = self._question.ports
        surely, possibly = outcome.surely, outcome.possibly
        ipv4, ipv6 = (surely & low, possibly & low), (surely >> self._shift & low, possibly >> self._shift & low)
        return Walk(tuple(self._trail), ipv4, ipv6)

    def _through(self, stages: Iterable[Stage]) -> Outcome:
        outcome = Outcome(0, 0, self._every)
        asked = self._question
        for stage in stages:
            for level in stage.levels:
                outcome = self._level(outcome, stage.name, level)
            closing = tuple(p for p in stage.policies if p.isolates(asked.direction) >> asked.subject & 1)
            if closing and asked.exempt and not any(p.binds_own_node for p in closing):
                # What a NetworkPolicy can't close is allowed, as if a rule of it said so: later stages aren't asked.
                outcome = outcome.match(Action.ALLOW, outcome.live, sure=True)
            elif closing and outcome.live:
                self._trail.append(Closing(stage.name, closing, self._fold(outcome.live)))
            outcome = outcome.end_stage(closed=bool(closing))
        return outcome

    def _fold(self, ports: Bits) -> Bits:
        return (ports | ports >> self._shift) & self._question.ports

    def _level(self, start: Outcome, stage: str, level: tuple[CompiledPolicy, ...]) -> Outcome:
        direction = self._question.direction
        concerned = [p for p in level if p.subjects >> self._question.subject & 1 and p.told_for(direction)]
        actions = {r.action for p in concerned for r in p.rules_for(direction)}
        if len(actions) < 2 or len(concerned) < 2:
            # Rules of one action decide the same whatever their order, so each is heard about all of them.
            return self._in_order(start, stage, concerned, together=len(actions) < 2)
        outcomes = [self._in_order(start, stage, [policy], together=False) for policy in concerned]
        after = outcomes[0]
        for other in outcomes[1:]:
            after = after.beside(other)
        return after

    def _in_order(self, start: Outcome, stage: str, policies: Iterable[CompiledPolicy], *, together: bool) -> Outcome:
        outcome = start
        for policy in policies:
            for rule in policy.told_for(self._question.direction):
                for ports, sure in self._matches(rule):
                    if rule.action is Action.LOG:
                        if logged := outcome.live & ports:
                            self._trail.append(Logged(stage, rule, self._fold(logged), sure))
                        continue
                    open_to_it = (start if together else outcome).live & ports
                    if open_to_it:
                        self._trail.append(Step(stage, rule, self._fold(open_to_it), sure))
                    outcome = outcome.match(rule.action, ports, sure=sure)
        return outcome

    def _matches(self, rule: CompiledRule) -> Iterator[tuple[Bits, bool]]:
        """The ports for which the rule surely matches, and those for which it may."""
        asked = self._question
        meant = rule.nodes.holds(asked.same_node)
        if not rule.subjects >> asked.subject & 1 or meant is False:
            return
        mask = rule.mask_at(asked.destination) & asked.ports
        if not mask:
            return
        sure = possible = 0
        for family, named in rule.sure.parts():
            if named >> asked.peer & 1:
                sure |= self._of_family(mask, family)
        for family, named in rule.possible.parts():
            if named >> asked.peer & 1:
                possible |= self._of_family(mask, family)
        if asked.anyone and rule.names_pods:
            possible |= self._of_family(mask, None)
        if meant:
            sure, possible = sure | possible, 0
        if sure:
            yield sure, True
        if possible & ~sure:
            yield possible & ~sure, False

    def _of_family(self, mask: Bits, family: Family | None) -> Bits:
        low = 0 if family is Family.IPV6 else mask
        return low if family is Family.IPV4 else low | mask << self._shift


def walk(spaces: Spaces, stages: Iterable[Stage], question: Question) -> Walk:
    """Ask all stages about one direction of one pair; time grows with the number of rules."""
    return _Walker(spaces, question).walk(stages)


def selecting(stages: Iterable[Stage], question: Question) -> tuple[CompiledPolicy, ...]:
    """The policies that have something to say about the subject in this direction, first asked first."""
    return tuple(policy for _, policy in selecting_by_stage(stages, question))


def selecting_by_stage(stages: Iterable[Stage], question: Question) -> Iterator[tuple[str, CompiledPolicy]]:
    """The same policies, each with the name of its stage."""
    for stage in stages:
        for policy in stage.policies:
            if policy.subjects >> question.subject & 1 and policy.is_about(question.direction):
                yield stage.name, policy


def stages_about(stages: Iterable[Stage], subject: int) -> tuple[Stage, ...]:
    """The stages with only the policies that select a class; of others no question about it hears."""
    it = 1 << subject
    found = ((stage, tuple(tuple(p for p in level if p.subjects & it) for level in stage.levels)) for stage in stages)
    return tuple(replace(stage, levels=levels) for stage, levels in found if any(levels) or stage.reader)


def stages_by_subject(stages: Sequence[Stage]) -> Mapping[int, tuple[Stage, ...]]:
    """Class → the same stages, for all classes that any policy selects."""
    found: dict[int, dict[tuple[int, int], list[CompiledPolicy]]] = defaultdict(lambda: defaultdict(list))
    for stage_number, stage in enumerate(stages):
        for level_number, level in enumerate(stage.levels):
            for policy in level:
                for number in positions(policy.subjects):
                    found[number][stage_number, level_number].append(policy)
    return {number: tuple(_stages_of(stages, levels)) for number, levels in found.items()}


def _stages_of(stages: Sequence[Stage], levels: Mapping[tuple[int, int], list[CompiledPolicy]]) -> Iterator[Stage]:
    for number, stage in enumerate(stages):
        mine = tuple(tuple(levels[key]) for key in sorted(levels) if key[0] == number)
        if mine or stage.reader:
            yield replace(stage, levels=mine)
