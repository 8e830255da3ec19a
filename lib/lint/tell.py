"""From what was judged to findings: the kind, the sentence, who covers it, and what was compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from lib.lint import words
from lib.lint.always import example_of, selects_all, uncovered_peers
from lib.lint.covers import Account, Accounts
from lib.lint.finding import OF_THIS_INPUT, LintFinding, LintKind, Place
from lib.lint.judge import Judged
from lib.lint.removal import Answer
from lib.lint.supplied import Supplied
from lib.lint.written import WrittenRule, is_about_pods, never_selects, subjects_of
from lib.model.policies import Direction, NetworkPolicy
from lib.model.refs import ObjectRef
from lib.policy.any_policy import AnyPolicy
from lib.policy.bits import Bits, positions, union
from lib.policy.columns import RuleKey, Without
from lib.policy.inventory import inventory
from lib.policy.nobody import NAMES_NOBODY, SELECTS_NOTHING, rule_text, waited_for
from lib.policy.rules import Action

# So many parts that could go as well are tried together with the one that is told of.
_TRIED_TOGETHER: Final = 4


class Teller:
    """Puts into findings what was judged; ``not_checked`` are places about what the input may just not hold."""

    def __init__(self, judged: Judged) -> None:
        self._judged, self._removals, self._engine = judged, judged.removals, judged.engine
        self._unproven = frozenset(judged.unproven)
        self._supplied = Supplied(judged.engine.snapshot)
        self.not_checked: list[Place] = []
        narrowed = frozenset(key for key, rule in judged.by_key.items() if rule.is_narrowed)
        self._accounts = Accounts(judged.removals, judged.is_idle, judged.idle_policies, narrowed)
        self._subjects = {entry.ref: entry.subject for entry in inventory(judged.engine.snapshot)}

    def policy(self, ref: ObjectRef) -> Iterator[LintFinding]:
        """The findings about a policy and its rules. Raises StepsSpentError."""
        for finding in self._policy(ref):
            if finding.kind in OF_THIS_INPUT and self._lacks(finding):
                self.not_checked.append(finding.place)
            else:
                yield finding

    def _lacks(self, finding: LintFinding) -> bool:
        """Whether it may only be that the input does not hold what a policy or rule is about."""
        place = finding.place
        if finding.kind in (LintKind.POLICY_SELECTS_NO_POD, LintKind.POLICY_WAITS_FOR_PODS):
            return self._supplied.lacks_subjects(subjects_of(self._judged.policies[place.policy]))
        rules = self._judged.rules[place.policy]
        return any(
            self._supplied.lacks_peers(rule.rule, means_nobody=not self._means_anybody(rule))
            for rule in rules
            if place.rule in ("", rule.place.rule)
        )

    def _means_anybody(self, rule: WrittenRule) -> bool:
        parts = self._removals.rules.get(rule.key, ())
        return bool(union(part.sure.any | part.possible.any for part in parts) & self._removals.ends)

    def _policy(self, ref: ObjectRef) -> Iterator[LintFinding]:
        policy = self._judged.policies[ref]
        place = self._whole(ref)
        selects = self._judged.subjects(ref)
        if not is_about_pods(policy):
            sentence = "It is about nodes or host endpoints only, and whether it does anything there was not looked at."
            yield LintFinding(LintKind.POLICY_NOT_JUDGED, place, sentence)
            return
        if never := never_selects(policy):
            yield LintFinding(LintKind.POLICY_NEVER_SELECTS, place, f"No pod can ever have {never}.")
            return
        if not selects:
            waited = waited_for(self._engine.snapshot, policy) if isinstance(policy, NetworkPolicy) else ()
            selector = self._subjects[ref]
            if waited:
                sentence = words.waits(selector, [w.ref for w in waited])
                yield LintFinding(LintKind.POLICY_WAITS_FOR_PODS, place, sentence)
            else:
                yield LintFinding(LintKind.POLICY_SELECTS_NO_POD, place, SELECTS_NOTHING.of(selector=selector))
        elif ref in self._judged.idle_policies:
            yield self._idle_policy(policy, place)
        for rule in self._judged.rules[ref]:
            if rule.is_judged and (finding := self._rule(policy, rule, bool(selects))) is not None:
                yield finding

    def _idle_policy(self, policy: AnyPolicy, place: Place) -> LintFinding:
        account, idle = self._accounts.of_policy(policy.ref), self._judged.idle_policies
        closed_always = self._is_always_closed(policy, account)
        always = closed_always and self._is_always_said(policy, account)
        covering = self._places(account.covering)
        if account.closing and not account.blocked and not self._judged.rules[policy.ref]:
            kind, sentence = LintKind.POLICY_SAFETY_NET, words.net(account, always)
        else:
            kind = LintKind.POLICY_REDUNDANT if always else LintKind.POLICY_WITHOUT_EFFECT
            sentence = words.policy_idle(account, covering, always)
        others = [Without(policies=frozenset({ref})) for ref in account.closing if ref in idle]
        others += [Without(frozenset({key})) for key in account.covering if self._judged.is_idle(key)]
        either, said = self._either(Without(policies=frozenset({policy.ref})), others)
        return LintFinding(
            kind,
            place,
            sentence + said,
            self._compared(self._judged.subjects(policy.ref)),
            (*map(self._whole, account.closing), *covering),
            either,
            words.NET if account.closing and not closed_always else "",
        )

    def _is_always_closed(self, policy: AnyPolicy, account: Account) -> bool:
        """Whether others close what it closes for any pods; only NetworkPolicies are compared by their selectors."""
        if not isinstance(policy, NetworkPolicy):
            return not account.closing and not account.lifted
        closing = [p for ref in account.closing if isinstance(p := self._judged.policies.get(ref), NetworkPolicy)]
        (mine,) = subjects_of(policy)
        wide = [p for p in closing if selects_all(mine, *subjects_of(p))]
        return all(any(direction in p.directions for p in wide) for direction in policy.directions)

    def _is_always_said(self, policy: AnyPolicy, account: Account) -> bool:
        """Whether others say what its rules say for any pods."""
        if account.open or account.blocked or account.lifted:
            return False
        return not any(self._uncovered(rule, account.covering) for rule in self._judged.rules[policy.ref])

    def _rule(self, policy: AnyPolicy, rule: WrittenRule, selects: bool) -> LintFinding | None:
        if rule.never:
            return LintFinding(LintKind.RULE_NEVER_MATCHES, rule.place, f"It can never match: {rule.never}.")
        parts = self._removals.rules.get(rule.key, ())
        if not selects or not parts:
            return None
        if not any(map(self._removals.has_packets, parts)):
            return None if rule.place in self._unproven else self._empty(rule)
        if rule.key not in self._judged.idle_rules or policy.ref in self._judged.idle_policies:
            return None
        account = self._accounts.of_rule(rule.key)
        kind, sentence, example = self._accounted(rule, account)
        others = [Without(frozenset({key})) for key in account.rules if self._judged.is_idle(key)]
        either, said = self._either(Without(frozenset({rule.key})), others)
        return LintFinding(
            kind,
            rule.place,
            sentence + said,
            self._compared(union(part.subjects for part in parts)) + words.keep_closed(policy, rule),
            self._places(account.rules),
            either,
            example,
        )

    def _accounted(self, rule: WrittenRule, account: Account) -> tuple[LintKind, str, str]:
        """The kind of a rule that changes nothing, its sentence, and what would change for pods yet to come."""
        action, covers = self._removals.rules[rule.key][0].action, self._places(account.rules)
        if account.is_all_covered:
            peers = self._uncovered(rule, account.covering)
            kind = LintKind.RULE_REDUNDANT_NOW if peers else LintKind.RULE_REDUNDANT
            others = [self._judged.by_key[key] for key in account.covering if key in self._judged.by_key]
            examples = filter(None, (example_of(peer, others) for peer in peers))
            return kind, words.covered(action, covers, not peers), next(examples, "")
        rest = account.then or account.then_closing or account.open
        if account.blocked and not (rest or account.rules or account.closing):
            return LintKind.RULE_BLOCKED, words.blocked(action, account), ""
        if account.blocked or rest:
            return LintKind.RULE_WITHOUT_EFFECT, words.idle(action, account, covers), ""
        always = not account.closing and not self._uncovered(rule, account.rules)
        kind = LintKind.RULE_SHADOWED if always else LintKind.RULE_SHADOWED_NOW
        return kind, words.shadowed(action, covers, account, always), ""

    def _uncovered(self, rule: WrittenRule, covering: Iterable[RuleKey]) -> tuple[object, ...]:
        """The peers that are not seen to be covered whatever pods there are."""
        if rule.never:
            return ()
        if self._is_doubtful(rule.key):
            return ("what is not settled",)
        sure = (k for k in covering if not self._is_doubtful(k) and self._counts_always(k, rule.key))
        return uncovered_peers(rule, [self._judged.by_key[k] for k in sure if k in self._judged.by_key])

    def _is_doubtful(self, key: RuleKey) -> bool:
        return any(part.possible.any for part in self._removals.rules.get(key, ()))

    def _counts_always(self, cover: RuleKey, key: RuleKey) -> bool:
        """Whether one rule is asked in place of another whatever pods there are, and other policies for them."""
        first, second = self._asked.get(cover), self._asked.get(key)
        if first is None or second is None or first[0] > second[0]:
            return False
        if first[0] < second[0]:
            return Action.PASS not in self._actions[first[0], key.direction]
        earlier = first[:2] < second[:2] or (cover.policy == key.policy and first < second)
        return earlier or len(self._actions[first[0], key.direction]) == 1

    @cached_property
    def _asked(self) -> Mapping[RuleKey, tuple[int, int, int]]:
        """The stage and the level of each rule, and its place in its policy."""
        return {
            RuleKey(rule.policy, rule.direction, rule.label): (s, n, i)
            for s, stage in enumerate(self._engine.stages)
            for n, level in enumerate(stage.levels)
            for policy in level
            for i, rule in enumerate(policy.rules)
        }

    @cached_property
    def _actions(self) -> Mapping[tuple[int, Direction], set[Action]]:
        """The actions of all rules of each stage."""
        found: dict[tuple[int, Direction], set[Action]] = defaultdict(set)
        for number, stage in enumerate(self._engine.stages):
            for rule in (r for policy in stage.policies for r in policy.rules):
                found[number, rule.direction].add(rule.action)
        return found

    def _empty(self, rule: WrittenRule) -> LintFinding:
        """A rule that there is no packet for."""
        removals, parts = self._removals, self._removals.rules[rule.key]
        text = parts[0].text
        if not union(part.subjects for part in parts) & removals.pods:
            sentence = f"None of the pods that the policy selects in this input is one that it is about: {text}."
        elif not self._means_anybody(rule):
            sentence = NAMES_NOBODY.of(rule=rule_text(rule.place.rule, text))
        else:
            sentence = f"No pod that it means in this input has a port of that name: {text}."
            return LintFinding(LintKind.RULE_MATCHES_NO_PORT, rule.place, sentence)
        return LintFinding(LintKind.RULE_MATCHES_NOBODY, rule.place, sentence)

    def _either(self, mine: Without, others: Iterable[Without]) -> tuple[tuple[Place, ...], str]:
        """The places that could go as well, and the sentence about them: tried together, as far as they are few."""
        listed = list(dict.fromkeys(others))
        places = [self._place_of(other) for other in listed]
        needed = []
        for place, other in zip(places[:_TRIED_TOGETHER], listed, strict=False):
            both = Without(mine.rules | other.rules, mine.policies | other.policies)
            if self._removals.of(both).answer is Answer.CHANGES:
                needed.append(place)
        return tuple(places), words.either(places, needed)

    def _place_of(self, without: Without) -> Place:
        return (*self._places(without.rules), *map(self._whole, without.policies))[0]

    def _whole(self, ref: ObjectRef) -> Place:
        policy = self._judged.policies.get(ref) or self._removals.policies[ref][0]
        return Place(ref, "", policy.source)

    def _places(self, keys: Iterable[RuleKey]) -> tuple[Place, ...]:
        """Where rules stand, first asked first."""
        ordered = sorted(keys, key=lambda key: (self._asked[key][:2], key.policy, self._asked[key][2]))
        return tuple(Place(key.policy, key.label, self._removals.rules[key][0].source) for key in ordered)

    def _compared(self, subjects: Bits) -> str:
        """What was compared, in words."""
        spaces = self._engine.spaces
        pods = sum(self._pods[number] for number in positions(subjects & self._removals.pods))
        ends = self._pods.total() + len(spaces.endpoints.nodes) + len(spaces.addresses)
        whom = "the pod that it is for" if pods == 1 else f"the {pods:,} pods that it is for"
        return (
            f"Without it no TCP, UDP or SCTP flow changes between {whom} and any of {ends:,} ends: pods, nodes and "
            "ranges of addresses outside."
        )

    @cached_property
    def _pods(self) -> Counter[int]:
        """The number of pods of each class."""
        return Counter(number for members in self._engine.spaces.endpoints.members for number in members)
