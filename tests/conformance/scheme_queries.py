"""The queries of network-config-analyzer, answered by the engine's own comparison and reachability.

What each number means stands in the tool's docs/SchemeFileFormat.md and in its queries' own words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, union
from lib.policy.engine import Engine
from lib.policy.rules import Action, CompiledPolicy
from lib.scenario.diff import Diff
from tests.conformance.scheme_relations import captured, compared, contained, equivalent, explicit, meet, rows
from tests.conformance.schemes import Config


def equivalence(configs: list[Config]) -> int:
    return sum(not equivalent(a, b) for a, b in combinations(configs, 2))


def strong_equivalence(configs: list[Config]) -> int:
    """Pairs whose policies differ by name, or of which two of one name do not mean the same."""

    def differs(one: Config, other: Config) -> bool:
        refs = [{p.ref for p in config.policies} for config in (one, other)]
        return refs[0] != refs[1] or any(not equivalent(just(one, ref), just(other, ref)) for ref in refs[0])

    return sum(differs(a, b) for a, b in combinations(configs, 2))


def just(config: Config, ref: ObjectRef) -> Config:
    return config.with_policies(lambda p: [p] if p.ref == ref else [])


def containment(configs: list[Config]) -> int:
    base, *others = configs
    wide = rows(base.engine)
    return sum(contained(rows(other.engine), wide) for other in others)


def two_way_containment(configs: list[Config]) -> int:
    """3 where each is in the other, 2 where only the first is in the second, 1 the other way round, 0 for neither."""

    def judged(one: Config, other: Config) -> int:
        first, second = rows(one.engine), rows(other.engine)
        return 2 * contained(first, second) + contained(second, first)

    return sum(judged(a, b) for a, b in combinations(configs, 2))


def permits(configs: list[Config]) -> int:
    """How many say to allow something that the first does not allow."""
    base, *others = configs
    wide = rows(base.engine)
    return sum(not contained(explicit(other.on(base)), wide) for other in others)


def forbids(configs: list[Config]) -> int:
    """How many say to allow something that the first allows as well."""
    base, *others = configs
    wide = rows(base.engine)
    return sum(meet(explicit(other.on(base)), wide) for other in others)


def interferes(configs: list[Config]) -> int:
    """How many say to allow something that the first does not say to allow."""
    base, *others = configs
    wide = explicit(base)
    return sum(not contained(explicit(other), wide) for other in others)


def pairwise_interferes(configs: list[Config]) -> int:
    return sum(interferes([b, a]) for a, b in permutations(configs, 2))


def vacuity(configs: list[Config]) -> int:
    return sum(map(_is_vacuous, configs))


def _is_vacuous(config: Config) -> bool:
    return equivalent(config, config.with_policies(lambda p: []))


def _taken(config: Config) -> Bits:
    """The classes that some pod is of."""
    return union(1 << number for numbers in config.engine.spaces.endpoints.members for number in numbers)


def _compiled(config: Config) -> dict[ObjectRef, list[CompiledPolicy]]:
    """What each policy was compiled to; one whose subjects are not all certain is several."""
    found: dict[ObjectRef, list[CompiledPolicy]] = defaultdict(list)
    for policy in config.engine.policies:
        found[policy.ref].append(policy)
    return found


def _subjects(config: Config) -> dict[ObjectRef, Bits]:
    """The classes with pods that each policy is about."""
    compiled, taken = _compiled(config), _taken(config)
    return {p.ref: union(c.subjects for c in compiled[p.ref]) & taken for p in config.policies}


def empty_rules(config: Config) -> dict[ObjectRef, set[str]]:
    """The rules that mean no peer by policy; a Calico rule may also mean no subject."""
    engine = config.engine
    real, compiled = _taken(config) | engine.spaces.outside, _compiled(config)
    found: dict[ObjectRef, set[str]] = {}
    for policy in config.policies:
        of_one = [r for c in compiled[policy.ref] for r in c.rules]
        if policy.ref.kind != "NetworkPolicy":
            of_one = [r for r in of_one if r.subjects & real]
        found[policy.ref] = {r.label for r in policy.rules} - {
            r.label for r in of_one if (r.sure.any | r.possible.any) & real
        }
    return found


def empty_policies(config: Config) -> set[ObjectRef]:
    return {ref for ref, subjects in _subjects(config).items() if not subjects}


def emptiness(configs: list[Config]) -> int:
    return sum(len(empty_policies(c)) + sum(map(len, empty_rules(c).values())) for c in configs)


def without_rule(policy: Any, rule: Any) -> Any:
    return replace(policy, rules=tuple(r for r in policy.rules if r is not rule))


def redundant_policies(config: Config) -> set[ObjectRef]:
    if len(config.policies) < 2:
        return set()
    refs = [p.ref for p in config.policies]
    return {
        ref for ref in refs if equivalent(config, config.with_policies(lambda p, ref=ref: [p] if p.ref != ref else []))
    }


def redundant_rules(config: Config, policy: Any) -> set[str]:
    """The rules of one policy without which everything is as it is."""

    def changed(rule: Any) -> Config:
        return config.with_policies(lambda p: [without_rule(p, rule) if p is policy else p])

    return {rule.label for rule in policy.rules if equivalent(config, changed(rule))}


def redundancy(configs: list[Config]) -> int:
    def found(config: Config) -> int:
        whole = redundant_policies(config)
        return len(whole) + sum(len(redundant_rules(config, p)) for p in config.policies if p.ref not in whole)

    return sum(map(found, configs))


def sanity(configs: list[Config]) -> int:
    return sum(map(_insane, configs))


def _insane(config: Config) -> int:
    if _conflicting(config):
        return 1
    vacuous = _is_vacuous(config)
    whole, none, of_rules = redundant_policies(config), empty_policies(config), empty_rules(config)
    count = int(vacuous)
    for policy in config.policies:
        if policy.ref in none:
            count += 1
            continue
        empty = of_rules[policy.ref]
        count += len(empty)
        if vacuous:
            continue
        if policy.ref in whole:
            count += 1
        else:
            count += len(redundant_rules(config, policy) - empty)
    return count


def _conflicting(config: Config) -> bool:
    """Whether two Calico policies of one order and of common pods allow and deny in one direction."""
    compiled, about = _compiled(config), _subjects(config)
    found = [p for p in config.policies if p.ref.kind != "NetworkPolicy"]
    for one, other in combinations(found, 2):
        if one.order != other.order or not about[one.ref] & about[other.ref]:
            continue
        for direction in one.directions & other.directions:
            actions = [_actions(compiled[p.ref], direction) for p in (one, other)]
            if any(Action.ALLOW in a and Action.DENY in b for a, b in permutations(actions)):
                return True
    return False


def _actions(of_one: list[CompiledPolicy], direction: Direction) -> set[Action]:
    return {r.action for p in of_one for r in p.rules_for(direction) if r.peers and r.subjects}


def disjointness(configs: list[Config]) -> int:
    """The pairs of policies that are about a common pod."""
    return sum(bool(a & b) for c in configs for a, b in combinations(_subjects(c).values(), 2))


def all_captured(configs: list[Config]) -> int:
    """The workloads with a pod that no policy is about, once for each direction."""
    return sum(len(list(_uncaptured(c.by_workload))) for c in configs)


def _uncaptured(engine: Engine) -> Iterator[tuple[ObjectRef, Direction]]:
    for direction in Direction:
        about = captured(engine, direction)
        for workload, classes in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True):
            if any(not about >> c & 1 for c in classes):
                yield workload.ref, direction


def semantic_diff(configs: list[Config]) -> int:
    """How many of the tool's sorts of differences there are, gained and lost apart."""
    return sum(len(_sorts(a, b)) for a, b in combinations(configs, 2))


def _sorts(old: Config, new: Config) -> set[tuple[str, ...]]:
    found = set()
    between = compared(old, new)
    for row in between.rows(causes=False):
        assert not row.old.unknown and not row.new.unknown, row
        ends = tuple(sorted(_sort_of(ref, between) for ref in (row.src_ref, row.dst_ref)))
        if row.new.possible - row.old.possible:
            found.add(("gained", *ends))
        if row.old.possible - row.new.possible:
            found.add(("lost", *ends))
    return found


def _sort_of(ref: ObjectRef | None, between: Diff) -> str:
    if ref is None:
        return "outside"
    return "removed" if ref in between.removed else "added" if ref in between.added else "persistent"


QUERIES: dict[str, Callable[[list[Config]], int]] = {
    "allCaptured": all_captured,
    "containment": containment,
    "disjointness": disjointness,
    "emptiness": emptiness,
    "equivalence": equivalence,
    "forbids": forbids,
    "interferes": interferes,
    "pairwiseInterferes": pairwise_interferes,
    "permits": permits,
    "redundancy": redundancy,
    "sanity": sanity,
    "semanticDiff": semantic_diff,
    "strongEquivalence": strong_equivalence,
    "twoWayContainment": two_way_containment,
    "vacuity": vacuity,
}
