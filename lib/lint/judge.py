"""Which policies and rules of an input have no effect: every one taken out by itself, as far as the bound goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from lib.facts.engines import Known
from lib.lint.finding import Place
from lib.lint.other_protocols import without_ports
from lib.lint.removal import Answer, Removals
from lib.lint.written import WrittenRule, rules_of
from lib.model.refs import ObjectRef
from lib.policy.any_policy import AnyPolicy
from lib.policy.bits import Bits, union
from lib.policy.columns import Columns, RuleKey, StepsSpentError, Without
from lib.policy.engine import Engine
from lib.policy.host_endpoints import left_open
from lib.policy.inventory import inventory


@dataclass
class Judged:
    """The policies that the engine enforces, as they are written, and what taking out each part of them does.

    ``idle_policies`` and ``idle_rules`` change nothing; ``unproven`` may change nothing. ``looked_at`` are the policies
    that were looked at in full; only of those with pods there is something to look at. ``left_open`` are those with an
    effect on nodes that is not judged.
    """

    engine: Engine
    steps: int
    policies: dict[ObjectRef, AnyPolicy]
    rules: dict[ObjectRef, tuple[WrittenRule, ...]]
    by_key: dict[RuleKey, WrittenRule]
    removals: Removals
    left_open: frozenset[ObjectRef] = frozenset()
    idle_policies: set[ObjectRef] = field(default_factory=set)
    idle_rules: set[RuleKey] = field(default_factory=set)
    unproven: list[Place] = field(default_factory=list)
    looked_at: int = 0
    selecting: int = 0

    def subjects(self, ref: ObjectRef) -> Bits:
        """The pods of the input that a policy selects, or may select."""
        return union(p.subjects for p in self.removals.policies.get(ref, ())) & self.removals.pods

    @cached_property
    def of_other_protocols(self) -> Removals:
        """Removals as they change packets of other protocols than TCP, UDP and SCTP."""
        engine = without_ports(self.engine)
        return Removals(engine, Columns(engine, self.steps), self.narrowed)

    @property
    def narrowed(self) -> frozenset[RuleKey]:
        """The rules that layer 7 narrows."""
        return frozenset(key for key, rule in self.by_key.items() if rule.is_narrowed)

    def is_idle(self, key: RuleKey) -> bool:
        """Whether taking out a rule, or its whole policy, changes nothing."""
        return key in self.idle_rules or key.policy in self.idle_policies


def enforced_policies(engine: Engine) -> dict[ObjectRef, AnyPolicy]:
    """The policies that the engine enforces, as they are written."""
    snapshot, profile = engine.snapshot, engine.profile
    enforced = {e.ref for e in inventory(snapshot) if not e.staged and profile.enforces_kind(e.group, e.kind)}
    written: tuple[AnyPolicy, ...] = (*snapshot.network_policies, *snapshot.cluster_policies)
    written += (*snapshot.calico_policies, *snapshot.cilium_policies)
    return {policy.ref: policy for policy in written if policy.ref in enforced}


def judge(engine: Engine, steps: int) -> Judged:
    """Take out every policy and every rule by itself; ends after ``steps``."""
    snapshot = engine.snapshot
    policies = enforced_policies(engine)
    rules = {ref: tuple(rules_of(policy)) for ref, policy in policies.items()}
    by_key = {rule.key: rule for found in rules.values() for rule in found}
    narrowed = frozenset(key for key, rule in by_key.items() if rule.is_narrowed)
    removals = Removals(engine, Columns(engine, steps), narrowed)
    judged = Judged(engine, steps, policies, rules, by_key, removals, left_open(snapshot))
    selecting = [ref for ref in policies if judged.subjects(ref)]
    judged.selecting = len(selecting)
    try:
        for ref in selecting:
            _judge_policy(judged, ref)
            judged.looked_at += 1
    except StepsSpentError:
        pass  # how far it went stands in ``looked_at``
    return judged


def _answer(judged: Judged, without: Without, ref: ObjectRef) -> Answer:
    """What leaving out a policy or a rule of it does; NOT_PROVEN where only what is not judged here could change."""
    answer = judged.removals.of(without).answer
    if answer is Answer.NOTHING and ref in judged.left_open:
        return Answer.NOT_PROVEN
    if answer is not Answer.NOTHING:
        return answer
    # A rule without ports or protocols is about all traffic; what a NetworkPolicy does with other protocols "may vary
    # across network plugins" (kubernetes.io, "Network Policies"), so that a change there is never called none.
    others = judged.of_other_protocols
    if ref not in others.policies or any(key not in others.rules for key in without.rules):
        return answer
    return answer if others.of(without).answer is Answer.NOTHING else Answer.NOT_PROVEN


def _judge_policy(judged: Judged, ref: ObjectRef) -> None:
    removals = judged.removals
    idle, unproven = set[RuleKey](), list[Place]()
    whole = _answer(judged, Without(policies=frozenset({ref})), ref)
    if whole is Answer.NOT_PROVEN:
        unproven.append(Place(ref, "", judged.policies[ref].source))
    for rule in judged.rules[ref]:
        if not rule.is_judged:
            continue
        # What the engine does with packets of IPv6, the rules may not tell.
        is_open = judged.engine.profile.judges_ipv6 is Known.UNKNOWN and rule.names_ipv6
        has_packets = any(removals.has_packets(part) for part in removals.rules.get(rule.key, ()))
        answer = _answer(judged, Without(frozenset({rule.key})), ref) if has_packets else None
        if answer is Answer.NOT_PROVEN or (is_open and answer is not Answer.CHANGES):
            unproven.append(rule.place)
        elif answer is Answer.NOTHING:
            idle.add(rule.key)
    if whole is Answer.NOTHING:
        judged.idle_policies.add(ref)
    judged.idle_rules |= idle
    judged.unproven += unproven
