"""One direction as its subjects see it: groups of subjects that the same rules govern, and what all their peers have.

A row of ``reachability`` is about one source; a column is about one subject, whichever end it is, and can be worked
out once more without a rule or without a policy. Groups are made once; columns when asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final, NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import Family
from lib.policy.bits import Bits, from_positions, positions, union
from lib.policy.cells import Cells, Partition, after_stage, beside, disjoint, matched, means_families, of_family
from lib.policy.compile import Spaces
from lib.policy.engine import Engine
from lib.policy.outcome import Outcome
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named

_FAMILIES: Final = (Family.IPV4, Family.IPV6)

Region = Partition
"""Packets of one group of subjects: port mask → peers, which are in one entry each."""


_Place = tuple[int, int, CompiledPolicy]


class RuleKey(NamedTuple):
    """A rule as it is written; several compiled ones may be parts of it."""

    policy: ObjectRef
    direction: Direction
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled rule as one group sees it: the peers that it surely and perhaps names, by port mask."""

    key: RuleKey
    rule: CompiledRule
    sure: Region
    possible: Region


@dataclass(frozen=True, slots=True)
class Turn:
    """A policy that has something to say about a group; ``closes`` where it isolates it."""

    stage: int
    level: int
    policy: CompiledPolicy
    closes: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Group:
    """Subjects that the same rules govern alike in one direction, with the turns of those, first asked first."""

    direction: Direction
    subjects: Bits
    turns: tuple[Turn, ...]
    spoken: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Without:
    """What is left out: rules, whose policies keep isolating as before, and whole policies."""

    rules: frozenset[RuleKey] = frozenset()
    policies: frozenset[ObjectRef] = frozenset()

    def has(self, key: RuleKey) -> bool:
        """Whether a rule is left out, by itself or with its policy."""
        return key in self.rules or key.policy in self.policies


NOTHING_LEFT_OUT: Final = Without()


class StepsSpentError(Exception):
    """The columns that were asked for take more steps than was allowed."""


class Columns:
    """The columns of one engine. Masks of ports hold every port twice where families have to be told apart."""

    def __init__(self, engine: Engine, steps: int) -> None:
        self.spaces: Spaces = engine.spaces
        self.steps_left = steps
        self.shift = len(engine.spaces.ports.atoms) if means_families(engine.policies) else 0
        self.every_port: Bits = engine.spaces.ports.all | engine.spaces.ports.all << self.shift
        self._placed = [
            (s, n, policy)
            for s, stage in enumerate(engine.stages)
            for n, level in enumerate(stage.levels)
            for policy in level
        ]
        self._letting: dict[tuple[Direction, Bits, Bits], Bits] = {}
        self._columns: dict[int, Mapping[tuple[Bits, Bits], Bits]] = {}

    @cached_property
    def groups(self) -> Mapping[Direction, tuple[Group, ...]]:
        """All groups of each direction; a class that no policy says anything about is in none."""
        return {direction: tuple(self._groups(direction)) for direction in Direction}

    @cached_property
    def governed(self) -> Mapping[Direction, Bits]:
        """The classes that some policy says something about."""
        return {direction: union(g.subjects for g in groups) for direction, groups in self.groups.items()}

    @cached_property
    def _closed(self) -> Mapping[Direction, Bits]:
        return {d: union(policy.isolates(d) for _, _, policy in self._placed) for d in Direction}

    @cached_property
    def _lets(self) -> Mapping[Direction, Mapping[tuple[Bits, Bits], Bits]]:
        """Peers and ports → the subjects of rules that allow those something or pass it on."""
        found: dict[Direction, dict[tuple[Bits, Bits], Bits]] = {d: defaultdict(int) for d in Direction}
        for rule in (r for _, _, policy in self._placed for r in policy.rules if r.action is not Action.DENY):
            found[rule.direction][rule.sure.any | rule.possible.any, union(at.mask for at in rule.ports)] |= (
                rule.subjects
            )
        return found

    def may_let(self, direction: Direction, peers: Bits, ports: Bits) -> Bits:
        """The ends that may let some of ``peers`` through on some of ``ports`` in one direction; all others do not.

        Those are the open ones, and those with a rule for it.
        """
        mask = (ports | ports >> self.shift) & self.spaces.ports.all
        found = self._letting.get((direction, peers, mask))
        if found is None:
            rules = self._lets[direction].items()
            lets = union(subjects for (named, held), subjects in rules if named & peers and held & mask)
            found = self._letting[direction, peers, mask] = self.spaces.everything & ~self._closed[direction] | lets
        return found

    @cached_property
    def _numbers(self) -> Mapping[Direction, Mapping[int, int]]:
        return {d: {c: i for i, g in enumerate(self.groups[d]) for c in positions(g.subjects)} for d in Direction}

    def groups_of(self, direction: Direction, subjects: Bits) -> Iterator[tuple[Group, Bits]]:
        """The groups that ``subjects`` are of, with those of them that are in each."""
        numbers, seen = self._numbers[direction], set[int]()
        for subject in positions(subjects & self.governed[direction]):
            number = numbers[subject]
            if number not in seen:
                seen.add(number)
                group = self.groups[direction][number]
                yield group, subjects & group.subjects

    def _groups(self, direction: Direction) -> Iterator[Group]:
        concerned = [
            (place, rules)
            for place in self._placed
            if (rules := place[2].rules_for(direction)) or direction in place[2].directions
        ]
        at: dict[int, list[int]] = defaultdict(list)
        uneven = []
        for number, ((_, _, policy), rules) in enumerate(concerned):
            uneven.append([r for r in rules if self._is_uneven(r, policy)])
            for subject in positions(policy.subjects):
                at[subject].append(number)
        members: dict[object, list[int]] = defaultdict(list)
        for subject, numbers in at.items():
            apart = tuple(
                (r.subjects >> subject & 1, r.mask_at(subject) if direction is Direction.INGRESS else 0)
                for n in numbers
                for r in uneven[n]
            )
            members[tuple(numbers), apart, self._spoken(subject)].append(subject)
        for found in members.values():
            first = found[0]
            turns = (self._turn(concerned[n][0], concerned[n][1], direction, first) for n in at[first])
            yield Group(direction, from_positions(found), tuple(turns), self._spoken(first))

    def _is_uneven(self, rule: CompiledRule, policy: CompiledPolicy) -> bool:
        """Whether the policy's subjects are not all alike to the rule."""
        everything = self.spaces.everything
        by_name = rule.direction is Direction.INGRESS and any(at.destinations != everything for at in rule.ports)
        return by_name or rule.subjects != policy.subjects

    def _spoken(self, subject: int) -> tuple[bool, bool]:
        if not self.shift:
            return True, True
        ipv4, ipv6 = (bool(self.spaces.speaking(family) >> subject & 1) for family in _FAMILIES)
        return ipv4, ipv6

    def _turn(self, place: _Place, rules: tuple[CompiledRule, ...], direction: Direction, subject: int) -> Turn:
        stage, level, policy = place
        parts = (
            Part(
                RuleKey(rule.policy, direction, rule.label),
                rule,
                self._named(rule, rule.sure, subject),
                self._named(rule, rule.possible, subject),
            )
            for rule in rules
            if rule.subjects >> subject & 1
        )
        return Turn(stage, level, policy, bool(policy.isolates(direction) >> subject & 1), tuple(parts))

    def _named(self, rule: CompiledRule, named: Named, subject: int) -> Region:
        totals: dict[Bits, Bits] = {}
        for sources, destinations, ports, family in rule.grants(named):
            mine, peers = sources, destinations
            if rule.direction is Direction.INGRESS:
                mine, peers = destinations, sources
            if mine >> subject & 1:
                mask = of_family(ports, family, self.shift)
                totals[mask] = totals.get(mask, 0) | peers
        return disjoint(totals) if len(totals) > 1 else totals

    def packets(self, group: Group, peers: Bits) -> Region:
        """Every packet between a group and ``peers``: on every port, of the families that both ends have."""
        if not self.shift:
            return {self.every_port: peers}
        spaces, low = self.spaces, self.spaces.ports.all
        ipv4, ipv6 = (spaces.speaking(f) if spoken else 0 for f, spoken in zip(_FAMILIES, group.spoken, strict=True))
        pods = spaces.endpoints.everything
        outside4, outside6 = map(spaces.outside_of, _FAMILIES)
        found = {
            low: peers & (pods & ipv4 & ~ipv6 | outside4),
            low << self.shift: peers & (pods & ipv6 & ~ipv4 | outside6),
            # Of two pods without a family in common the policies are asked about both.
            self.every_port: peers & pods & ~(ipv4 ^ ipv6),
        }
        return {mask: ends for mask, ends in found.items() if ends}

    def column(self, group: Group) -> Mapping[tuple[Bits, Bits], Bits]:
        """(Allowed, possible) → the peers for which this direction says so of the group."""
        found = self._columns.get(id(group))
        if found is None:
            column: dict[tuple[Bits, Bits], Bits] = {}
            start = {Outcome(0, 0, self.every_port): self.spaces.everything}
            for outcome, ends in self.cells(group, start).items():
                masks = outcome.surely, outcome.possibly
                column[masks] = column.get(masks, 0) | ends
            found = self._columns[id(group)] = column
        return found

    def cells(self, group: Group, start: Cells, without: Without = NOTHING_LEFT_OUT) -> Cells:
        """What becomes of the live ports of ``start`` on their way through all turns of a group.

        Raises StepsSpentError.
        """
        cells = start
        turns = (t for t in group.turns if t.policy.ref not in without.policies)
        for _, of_stage in groupby(turns, lambda turn: turn.stage):
            listed = list(of_stage)
            for _, of_level in groupby(listed, lambda turn: turn.level):
                cells = self._level(cells, list(of_level), without)
            closes = self.spaces.everything if any(turn.closes for turn in listed) else 0
            cells = after_stage(cells, closes)
        return cells

    def spend(self, steps: int) -> None:
        """Count some steps. Raises StepsSpentError."""
        self.steps_left -= steps
        if self.steps_left < 0:
            raise StepsSpentError

    def _level(self, start: Cells, turns: list[Turn], without: Without) -> Cells:
        listed = [found for turn in turns if (found := [p for p in turn.parts if p.key not in without.rules])]
        if len(listed) < 2 or len({part.rule.action for parts in listed for part in parts}) < 2:
            return self._in_order(start, (part for parts in listed for part in parts))
        branches = [self._in_order(start, parts) for parts in listed]
        cells = branches[0]
        for other in branches[1:]:
            cells = beside(cells, other)
        return cells

    def _in_order(self, cells: Cells, parts: Iterable[Part]) -> Cells:
        for part in parts:
            self.spend(len(cells))
            for region, sure in ((part.sure, True), (part.possible, False)):
                if region:
                    cells = matched(cells, region, part.rule.action, sure=sure)
        return cells


def is_contested(turns: Iterable[Turn]) -> bool:
    """Whether policies of equal precedence among ``turns`` disagree, so that their order is not known."""
    listed = [turn for turn in turns if turn.parts]
    actions: set[Action] = {part.rule.action for turn in listed for part in turn.parts}
    return len(listed) > 1 and len(actions) > 1
