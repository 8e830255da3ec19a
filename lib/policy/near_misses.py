"""The rules that nearly took part in a decision, each with the first of its conditions that does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Family
from lib.policy.bits import Bits, union
from lib.policy.conditions import Alternative, Condition
from lib.policy.judge import same_node
from lib.policy.points import Point
from lib.policy.readers import OWN_PODS
from lib.policy.rules import Action, CompiledRule
from lib.policy.walk import Closing, Logged, Question, Walk, selecting_by_stage, walk

if TYPE_CHECKING:
    from lib.policy.engine import Engine


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule of a policy that selects the pod and that decides nothing of the flow; ``failed`` is the first reason."""

    tier: str
    policy: ObjectRef
    rule: str
    source: Source
    failed: str
    text: str


Known = dict[int, tuple[Alternative, ...]]
"""The alternatives of rules by their identity, which many pairs ask for."""


def near_misses(
    engine: Engine,
    direction: Direction,
    src: Point,
    dst: Point,
    asked: Bits,
    known: Known,
    family: Family | None = None,
) -> Iterator[NearMiss]:
    """Every such rule once, in the order in which rules are asked; of packets of one family where one is given."""
    subject, peer = (src, dst) if direction is Direction.EGRESS else (dst, src)
    near = same_node(src, dst)
    question = Question(direction, subject.number, peer.number, dst.number, asked, same_node=near, family=family)
    seen = walk(engine.spaces, engine.stages_about(question.subject), question)
    ends = _Ends(engine, subject, peer, dst, asked, seen, near, known, family)
    asked_rules = (*(step.rule for step in seen.steps), *(log.rule for log in seen.logs))
    reached = {(rule.policy, rule.label) for rule in asked_rules}
    for stage, policy in selecting_by_stage(engine.stages_about(question.subject), question):
        parts: dict[str, list[CompiledRule]] = {}
        for rule in policy.told_for(direction):
            if (rule.policy, rule.label) not in reached:
                parts.setdefault(rule.label, []).append(rule)
        for label, rules in parts.items() if policy.ref.name != OWN_PODS else ():
            # A rule that was compiled in parts is told by the part that came furthest.
            _, failed = max((ends.failing(rule, stage) for rule in rules), key=lambda found: found[0])
            yield NearMiss(stage, policy.ref, label, rules[0].source, failed, rules[0].text)


@dataclass(frozen=True, slots=True)
class _Ends:
    engine: Engine
    subject: Point
    peer: Point
    destination: Point
    asked: Bits
    seen: Walk
    same_node: bool | None
    known: Known
    family: Family | None

    def failing(self, rule: CompiledRule, stage: str) -> tuple[int, str]:
        """How far a rule came, and what stopped it there."""
        if not rule.subjects >> self.subject.number & 1:
            return 0, self._unmet(rule, f"it is not about {self.subject.name}")
        if rule.nodes.holds(self.same_node) is False:
            return 1, f"it names {rule.nodes.value} only"
        if not (rule.peers | rule.possible_peers) >> self.peer.number & 1:
            return 1, self._unmet(rule, f"it does not name {self.peer.name}")
        if not self._of_family(rule) >> self.peer.number & 1:
            return 1, f"it names {self.peer.name} for another IP family only"
        mask = rule.mask_at(self.destination.number) & self.asked
        if mask:
            return 3, self._too_late(mask, stage)
        if any(ports.destinations >> self.destination.number & 1 for ports in rule.ports):
            named = self.engine.connections(rule.mask_at(self.destination.number))
            return 2, f"it names other ports: {named}" if named else "it names other ports"
        return 2, f"it names no port of {self.destination.name}: other protocols, or names that it does not declare"

    def _of_family(self, rule: CompiledRule) -> Bits:
        """The ends that a rule names for packets of the family that is asked about."""
        named = (of for each in (rule.sure, rule.possible) for of in each.parts())
        return union(ends for family, ends in named if None in (family, self.family) or family is self.family)

    def _unmet(self, rule: CompiledRule, otherwise: str) -> str:
        """The first condition that fails, of the alternative of which most hold before it."""
        found: list[tuple[tuple[int, bool], str, Condition]] = []
        alternatives = self.known.get(id(rule))
        if alternatives is None:
            alternatives = self.known[id(rule)] = rule.alternatives()
        for place, conditions in alternatives:
            for position, condition in enumerate(conditions):
                if not condition.ends >> self._about(condition).number & 1:
                    found.append(((position, not self._never(condition)), place, condition))
                    break
        if not found:
            # Each condition holds for some address of the end, and all of them for none.
            met = any(conditions for _, conditions in alternatives)
            return f"no one address of {self.peer.name} meets all its conditions" if met else otherwise
        _, place, condition = max(found, key=lambda each: each[0])
        where = f" of {place}" if place else ""
        mismatch = self._never(condition) or f"does not match {self._about(condition).name}"
        others = f", and no other of its {len(alternatives)} peers comes nearer" if len(alternatives) > 1 else ""
        return f"{condition.text}{where} {mismatch}{others}"

    def _about(self, condition: Condition) -> Point:
        return self.subject if condition.of_subject else self.peer

    def _never(self, condition: Condition) -> str:
        """What to say where a condition means no such sort of end at all; "" where it does."""
        spaces, end = self.engine.spaces, self._about(condition)
        if end.outside:
            return "" if condition.ends & spaces.outside else "means no address outside the cluster"
        if end.on_host:
            meant = condition.ends & spaces.endpoints.host_network
            return "" if meant else "means no node, and no pod on its node's network"
        return "means no pod" if condition.ends and not condition.ends & spaces.endpoints.selectable else ""

    def _too_late(self, mask: Bits, stage: str) -> str:
        for each in self.seen.trail:
            if not each.ports & mask or isinstance(each, Logged):
                continue
            if isinstance(each, Closing):
                return f"{each.policies[0].ref} has denied its ports before it is asked"
            if each.sure and (each.stage == stage or each.rule.action is not Action.PASS):
                return f"{each.rule.policy} {each.rule.label} has decided its ports before it is asked"
        return "it names them for another IP family than the flow's"
