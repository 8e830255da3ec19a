"""Who decides what a rule would decide, where its removal changes nothing: other rules, closed ends, the other end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Final

from lib.lint.regions import common, joined, meets, minus
from lib.lint.removal import Removals, around, is_closed_by, neighbours
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, union
from lib.policy.columns import Group, Part, Region, RuleKey, Turn, Without
from lib.policy.rules import Action

# Other ends are alike as a rule; those of a few groups are named.
_ENDS_NAMED: Final = 8


@dataclass
class Account:
    """What became of all packets that a rule or policy is about, summed up over its subjects.

    ``covering`` are rules asked together with it, ``shadowing`` those asked before it. ``closing`` are the policies
    that close an earlier stage than a rule's, or the same stage as a policy. What is left would be decided the same by
    ``then`` (rules asked later) and ``then_closing``, or because nothing closes it (``open``), or the other end keeps
    it back (``blocked``, by ``blocking``). ``lifted``: a policy permits itself all that only it closes.
    """

    covering: dict[RuleKey, None] = field(default_factory=dict)
    shadowing: dict[RuleKey, None] = field(default_factory=dict)
    closing: dict[ObjectRef, None] = field(default_factory=dict)
    then: dict[RuleKey, None] = field(default_factory=dict)
    then_closing: dict[ObjectRef, None] = field(default_factory=dict)
    open: bool = False
    blocked: bool = False
    blocking: dict[ObjectRef, None] = field(default_factory=dict)
    lifted: bool = False

    @property
    def rules(self) -> tuple[RuleKey, ...]:
        """Every rule that takes part."""
        return tuple(dict.fromkeys((*self.covering, *self.shadowing, *self.then)))

    @property
    def is_all_covered(self) -> bool:
        """Whether rules that are asked together with it say everything that it says."""
        others = self.shadowing or self.closing or self.then or self.then_closing or self.open or self.blocked
        return bool(self.covering) and not others


class Accounts:
    """Gives account of rules and policies whose removal changes nothing.

    Rules that count are named rather than ``idle`` ones, whose own removal, or whose policy's, changes nothing either.
    """

    def __init__(
        self,
        removals: Removals,
        idle: Callable[[RuleKey], bool],
        idle_policies: Collection[ObjectRef],
        narrowed: frozenset[RuleKey],
    ) -> None:
        self._removals, self._idle, self._idle_policies, self._narrowed = removals, idle, idle_policies, narrowed

    def of_rule(self, key: RuleKey) -> Account:
        """The account of one rule."""
        account = Account()
        removals, without = self._removals, Without(frozenset({key}))
        subjects = union(r.subjects for r in removals.rules[key]) & removals.pods
        for group, mine in removals.columns.groups_of(key.direction, subjects):
            region = removals.region(group, without)
            parts = [p for turn in group.turns for p in turn.parts if p.key == key]
            left = region
            for part in parts:
                left = self._decided(group, part, left, account)
            if left:
                self._rest(group, mine, parts[-1], left, account)
        return account

    def of_policy(self, ref: ObjectRef) -> Account:
        """The account of a whole policy: the rules of others that say what its rules say, and who closes as it does."""
        account, removals, without = Account(), self._removals, Without(policies=frozenset({ref}))
        subjects = union(p.subjects for p in removals.policies[ref]) & removals.pods
        for direction in Direction:
            for group, mine in removals.columns.groups_of(direction, subjects):
                account.closing.update(dict.fromkeys(self._closing_beside(group, ref)))
                region = removals.region(group, without)
                if is_closed_by(group, without.policies):
                    account.lifted |= not self._kept_back(group, mine, region, without, account)
                    continue
                for part in (p for turn in group.turns for p in turn.parts if p.key.policy == ref):
                    own = common(region, joined((part.sure, part.possible)))
                    together = [p for p in neighbours(group, part) if self._is_usable(p, part.key, ref)]
                    left = self._chosen(own, together, account.covering)
                    left = minus(left, self._kept_back(group, mine, left, without, account))
                    account.open |= bool(left)
        return account

    def _closing_beside(self, group: Group, ref: ObjectRef) -> Iterator[ObjectRef]:
        """Who else closes what a policy closes for a group; idle ones where no other does."""
        for stage in dict.fromkeys(turn.stage for turn in group.turns if turn.closes and turn.policy.ref == ref):
            others = [t.policy.ref for t in group.turns if t.closes and t.stage == stage and t.policy.ref != ref]
            yield from [other for other in others if other not in self._idle_policies] or others

    def _decided(self, group: Group, part: Part, region: Region, account: Account) -> Region:
        """What no earlier stage and no other rule of the part's own stage decides; the rest is put into ``account``."""
        stage = next(t.stage for t in group.turns if any(p is part for p in t.parts))
        turns = (t for t in group.turns if t.stage < stage)
        left = _through(turns, region, account.shadowing, account.closing, part.key)
        together = [p for p in neighbours(group, part) if self._is_usable(p, part.key)]
        near = set(map(id, together))
        earlier = [p for p in around(group, part)[0] if self._is_usable(p, part.key) and id(p) not in near]
        for found, kept in ((together, account.covering), (earlier, account.shadowing)):
            left = self._chosen(left, found, kept)
        return left

    def _is_usable(self, part: Part, key: RuleKey, policy: ObjectRef | None = None) -> bool:
        return part.key != key and part.key.policy != policy and part.key not in self._narrowed

    def _chosen(self, region: Region, parts: Sequence[Part], kept: dict[RuleKey, None]) -> Region:
        """What ``parts`` leave of ``region``; those that are needed are kept, few and not idle where that will do."""
        for part in parts:
            if part.key in kept:
                region = minus(region, part.sure)
        if not region:
            return region
        useful = [p for p in parts if not self._idle(p.key)]
        for some in (useful, parts):
            whole = next((p for p in some if not minus(region, p.sure)), None)
            if whole is not None:
                kept[whole.key] = None
                return {}
            left, needed = _greedy(region, some)
            if not left or some is parts:
                kept.update(dict.fromkeys(needed))
                return left
        return region

    def _rest(self, group: Group, subjects: Bits, part: Part, region: Region, account: Account) -> None:
        """What other stages decide alike without the part, and what the other end keeps back."""
        left = minus(region, self._kept_back(group, subjects, region, Without(frozenset({part.key})), account))
        stage = next(t.stage for t in group.turns if any(p is part for p in t.parts))
        turns = (t for t in group.turns if t.stage >= stage)
        if left and _through(turns, left, account.then, account.then_closing, part.key):
            account.open = True

    def _kept_back(self, group: Group, subjects: Bits, region: Region, without: Without, account: Account) -> Region:
        """The packets of ``region`` that would be decided otherwise, if the other end let them through."""
        removals = self._removals
        changed: list[Region] = []
        for change in removals.changes(group, region, without):
            if removals.is_blocked(group, subjects, change):
                changed.append({change.sure | change.unsure: change.peers})
                account.blocking.update(dict.fromkeys(self._keeping_back(group, change.peers)))
        account.blocked |= bool(changed)
        return joined(changed)

    def _keeping_back(self, group: Group, peers: Bits) -> Iterator[ObjectRef]:
        other = next(d for d in Direction if d is not group.direction)
        for theirs, _ in islice(self._removals.columns.groups_of(other, peers), _ENDS_NAMED):
            yield from (t.policy.ref for t in theirs.turns if t.closes or _denies(t.parts))


def _denies(parts: Iterable[Part]) -> bool:
    return any(part.rule.action is Action.DENY for part in parts)


def _greedy(region: Region, parts: Sequence[Part]) -> tuple[Region, list[RuleKey]]:
    needed = []
    for part in parts:
        if region and meets(region, part.sure):
            region = minus(region, part.sure)
            needed.append(part.key)
    return region, needed


def _through(
    turns: Iterable[Turn], region: Region, rules: dict[RuleKey, None], closing: dict[ObjectRef, None], key: RuleKey
) -> Region:
    """What some stages leave of ``region``; the rules that decide the rest, and the policies that close it, are kept.

    The rule ``key`` is left out.
    """
    live = region
    for _, of_stage in groupby(turns, lambda turn: turn.stage):
        listed, passed = list(of_stage), list[Region]()
        for part in (p for turn in listed for p in turn.parts if p.key != key):
            if hit := common(live, part.sure):
                rules[part.key] = None
                live = minus(live, hit)
                if part.rule.action is Action.PASS:
                    passed.append(hit)
        closers = [turn.policy.ref for turn in listed if turn.closes]
        if closers and live:
            closing.update(dict.fromkeys(closers))
            live = {}
        live = joined([live, *passed])
    return live
