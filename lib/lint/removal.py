"""What becomes of all packets when a rule or a policy is taken out: the engine's own columns with and without it.

A packet is between two ends, on one port, of one IP family; it passes where the columns of both its ends let it pass.
Ends are compared as if no two of them were the same pod or shared a node, since where pods run may change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from lib.lint.regions import common, joined, minus
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, from_positions, lowest, union
from lib.policy.columns import Columns, Group, Part, Region, RuleKey, Without, is_contested
from lib.policy.engine import Engine
from lib.policy.nobody import real_classes, real_ends
from lib.policy.outcome import Outcome
from lib.policy.rules import CompiledPolicy, CompiledRule

_OTHER = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}


class Answer(Enum):
    """What a removal does; NOT_PROVEN where an unknown decides."""

    CHANGES = "changes"
    NOTHING = "nothing"
    NOT_PROVEN = "not proven"


@dataclass(frozen=True, slots=True)
class Change:
    """Packets between a group's ``subjects`` and ``peers`` that a removal changes on ``sure``, or may on ``unsure``."""

    peers: Bits
    sure: Bits
    unsure: Bits


@dataclass(frozen=True, slots=True)
class Witness:
    """Packets that surely pass or do not, as the removed part says: the proof that it counts."""

    direction: Direction
    subject: int
    peer: int
    ports: Bits


@dataclass(frozen=True, slots=True)
class Removal:
    """The answer, and for CHANGES a witness."""

    answer: Answer
    witness: Witness | None = None


class Removals:
    """Judges removals over the ends of one input; ``narrowed`` are the rules that layer 7 narrows."""

    def __init__(self, engine: Engine, columns: Columns, narrowed: frozenset[RuleKey]) -> None:
        self.engine, self.columns, self._narrowed = engine, columns, narrowed
        spaces = engine.spaces
        nodes = from_positions(spaces.endpoints.nodes.values()) & union(p.subjects for p in engine.policies)
        self.pods = real_classes(engine) | nodes
        self.ends = real_ends(engine)
        self._rejected = {d: union(r.touches(d) for r in engine.rejections) for d in Direction}

    @cached_property
    def policies(self) -> dict[ObjectRef, list[CompiledPolicy]]:
        """The compiled parts of each policy."""
        found: dict[ObjectRef, list[CompiledPolicy]] = {}
        for policy in self.engine.policies:
            found.setdefault(policy.ref, []).append(policy)
        return found

    @cached_property
    def rules(self) -> dict[RuleKey, list[CompiledRule]]:
        """The compiled parts of each rule."""
        found: dict[RuleKey, list[CompiledRule]] = {}
        for policy in self.engine.policies:
            for rule in policy.rules:
                found.setdefault(RuleKey(rule.policy, rule.direction, rule.label), []).append(rule)
        return found

    def of(self, without: Without) -> Removal:
        """What leaving out some rules and policies does."""
        unproven = False
        for direction in Direction:
            found = self._judged(direction, self._subjects(direction, without), without)
            if found.answer is Answer.CHANGES:
                return found
            unproven |= found.answer is Answer.NOT_PROVEN
        return Removal(Answer.NOT_PROVEN if unproven else Answer.NOTHING)

    def _subjects(self, direction: Direction, without: Without) -> Bits:
        of_rules = (r.subjects for key in without.rules if key.direction is direction for r in self.rules[key])
        of_policies = (p.subjects for ref in without.policies for p in self.policies[ref])
        return (union(of_rules) | union(of_policies)) & self.pods

    def _judged(self, direction: Direction, subjects: Bits, without: Without) -> Removal:
        unproven = False
        for group, mine in self.columns.groups_of(direction, subjects):
            region = self.region(group, without)
            if not region:
                continue
            unproven |= bool(self._rejected[direction] & mine)
            for change in self.changes(group, region, without):
                witness, open_ = self._visible(group, mine, change)
                if witness is not None:
                    return Removal(Answer.CHANGES, witness)
                unproven |= open_
        return Removal(Answer.NOT_PROVEN if unproven else Answer.NOTHING)

    def region(self, group: Group, without: Without) -> Region:
        """The packets that what is left out can have a say in."""
        packets = self.columns.packets(group, self.ends)
        if is_closed_by(group, without.policies):
            return packets
        parts = _parts(group, without)
        return common(joined(region for part in parts for region in (part.sure, part.possible)), packets)

    def changes(self, group: Group, region: Region, without: Without) -> Iterator[Change]:
        """What the removal changes, or may change, in one direction among the packets of ``region``."""
        for mask, peers in region.items():
            start = {Outcome(0, 0, mask): peers}
            left = self.columns.cells(group, start, without)
            for before, ends in self.columns.cells(group, start).items():
                for after, others in left.items():
                    both = ends & others
                    change = self._change(group, both, before, after, without) if both else None
                    if change is not None:
                        yield change
        yield from self._narrowings(group, region, without)

    def _change(self, group: Group, peers: Bits, before: Outcome, after: Outcome, without: Without) -> Change | None:
        a1, q1, a0, q0 = before.surely, before.possibly, after.surely, after.possibly
        sure = a1 & ~q0 | a0 & ~q1
        unsure = (a1 ^ a0 | q1 ^ q0 | q1 & ~a1 | q0 & ~a0) & ~sure
        if unsure and not self._uncovered(group, {unsure: peers}, without):
            # What a neighbour surely matches with the same action is decided the same, whatever the unknowns are.
            unsure = 0
        return Change(peers, sure, unsure) if sure | unsure else None

    def _narrowings(self, group: Group, region: Region, without: Without) -> Iterator[Change]:
        """What layer 7 narrows: the engine judges ports, so that nothing is proven where such a rule takes part."""
        parts = [p for turn in group.turns for p in turn.parts if p.key in self._narrowed]
        if parts:
            narrowed = common(region, joined(r for part in parts for r in (part.sure, part.possible)))
            for mask, peers in self._uncovered(group, narrowed, without).items():
                yield Change(peers, 0, mask)

    def _uncovered(self, group: Group, region: Region, without: Without) -> Region:
        """What no neighbour covers that surely matches, with the same action and no rule of another one between."""
        removed = _parts(group, without)
        if any(part.key in self._narrowed for part in removed):
            return region
        if is_closed_by(group, without.policies):
            return region
        for part in removed:
            left = common(region, joined((part.sure, part.possible)))
            for other in neighbours(group, part):
                if other.key not in self._narrowed and not without.has(other.key):
                    left = minus(left, other.sure)
            if left:
                return region
        # Packets that no removed rule is about are decided by the rest, whatever that decides.
        return {}

    def _visible(self, group: Group, subjects: Bits, change: Change) -> tuple[Witness | None, bool]:
        """Whether the other end lets a changed packet through: a witness for that, and whether it is left open."""
        other = _OTHER[group.direction]
        free = change.peers & ~self.columns.governed[other]
        first = lowest(subjects)
        open_ = bool(free and change.unsure) or bool(self._rejected[other] & change.peers)
        if free and change.sure:
            return Witness(group.direction, first, lowest(free), change.sure), open_
        perhaps = change.peers & ~free & self.columns.may_let(other, subjects, change.sure | change.unsure)
        for theirs, peers in self.columns.groups_of(other, perhaps):
            self.columns.spend(1)
            for (allowed, possible), ends in self.columns.column(theirs).items():
                if mine := ends & subjects:
                    if ports := change.sure & allowed:
                        peer = lowest(peers)
                        return Witness(group.direction, lowest(mine), peer, ports), open_
                    open_ |= bool((change.sure | change.unsure) & possible)
        return None, open_

    def has_packets(self, rule: CompiledRule) -> bool:
        """Whether there is any packet between ends of the input that a compiled rule is about."""
        for grant in (g for named in (rule.sure, rule.possible) for g in rule.grants(named)):
            ends = grant.sources, grant.destinations
            mine, peers = ends if rule.direction is Direction.EGRESS else ends[::-1]
            if mine & self.pods and peers & self.ends:
                return True
        return False

    def is_blocked(self, group: Group, subjects: Bits, change: Change) -> bool:
        """Whether the other end keeps all changed packets back."""
        witness, open_ = self._visible(group, subjects, change)
        return witness is None and not open_


def _parts(group: Group, without: Without) -> list[Part]:
    return [part for turn in group.turns for part in turn.parts if without.has(part.key)]


def is_closed_by(group: Group, refs: Collection[ObjectRef]) -> bool:
    """Whether the end of some stage closes the group for the sake of some policies only."""
    closing = {turn.stage for turn in group.turns if turn.closes and turn.policy.ref in refs}
    return bool(closing - {turn.stage for turn in group.turns if turn.closes and turn.policy.ref not in refs})


def neighbours(group: Group, part: Part) -> list[Part]:
    """The parts that are asked together with one: of its action, with none of another action between."""
    before, after = around(group, part)
    action = part.rule.action
    found = []
    for side in (reversed(before), after):
        for other in side:
            if other.rule.action is not action:
                break
            found.append(other)
    return found


def around(group: Group, part: Part) -> tuple[list[Part], list[Part]]:
    """The parts of the same stage that are surely asked before one, and those that are asked right after it.

    Where policies of equal precedence disagree, nobody knows which of them comes first: of a part's own level only its
    own policy's rules count then, and what comes after ends where others disagree.
    """
    turn = next(t for t in group.turns if any(p is part for p in t.parts))
    stage = [t for t in group.turns if t.stage == turn.stage]
    contested = {level for level in {t.level for t in stage} if is_contested(t for t in stage if t.level == level)}
    at = stage.index(turn)
    mine = next(n for n, p in enumerate(turn.parts) if p is part)
    before = [p for t in stage[:at] if t.level not in contested for p in t.parts]
    after = list(turn.parts[mine + 1 :])
    if turn.level not in contested:
        for later in stage[at + 1 :]:
            if later.level in contested:
                break
            after += later.parts
    return [*before, *turn.parts[:mine]], after
