"""Columns say of every pair what rows say: the same policies, seen from the subject instead of the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from lib.facts.engines import Known
from lib.model.policies import Direction
from lib.model.sets import Family
from lib.policy.bits import positions, union
from lib.policy.by_family import Parted, Reach
from lib.policy.columns import NOTHING_LEFT_OUT as ALL
from lib.policy.columns import Columns, RuleKey, Without
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES, EngineProfile, profile
from lib.policy.outcome import Outcome
from lib.policy.rules import Stage
from tests.naive.clusters import clusters, mixed_clusters
from tests.policy.build import snapshot_of

Raw = dict[str, Any]
UNSURE = EngineProfile(
    **{
        **{name: getattr(KUBERNETES, name) for name in KUBERNETES.__slots__},
        "ip_block_matches_pods": Known.UNKNOWN,
        "ip_block_matches_nodes": Known.UNKNOWN,
    }
)
PROFILES = (KUBERNETES.with_ip_blocks_matching_pods(True), UNSURE, profile("azure-npm"), profile("cilium"))


def sides(columns: Columns, subject: int, direction: Direction, left_out: Without = ALL) -> dict[int, tuple[int, int]]:
    """Peer → the masks of one direction."""
    found: dict[int, tuple[int, int]] = {}
    for group, _ in columns.groups_of(direction, 1 << subject):
        everything = {Outcome(0, 0, columns.every_port): columns.spaces.everything}
        cells = columns.cells(group, everything, left_out)
        for outcome, peers in cells.items():
            found |= dict.fromkeys(positions(peers), (outcome.surely, outcome.possibly))
        if left_out == ALL:
            column = columns.column(group)
            assert found == {peer: masks for masks, peers in column.items() for peer in positions(peers)}
    return found


def between(columns: Columns, source: int, destination: int, cache: dict[Any, Any]) -> Reach:
    """What both columns leave to packets from one end to another, over each family that both speak."""
    allowed = possible = columns.every_port
    for direction, subject, peer in (
        (Direction.EGRESS, source, destination),
        (Direction.INGRESS, destination, source),
    ):
        key = direction, subject
        if key not in cache:
            cache[key] = sides(columns, subject, direction) if subject < columns.spaces.first_address else {}
        masks = cache[key].get(peer, (columns.every_port, columns.every_port))
        allowed, possible = allowed & masks[0], possible & masks[1]
    if not columns.shift:
        return Reach(allowed, possible)
    low, common = columns.spaces.ports.all, columns.spaces.common_families(source, destination)
    shifts = [
        0 if family.name == "IPV4" else columns.shift for family in sorted(common, key=lambda family: family.label)
    ]
    by_family = [(allowed >> shift & low, possible >> shift & low) for shift in shifts]
    speaking = [f for f in Family if all(columns.spaces.speaking(f) >> end & 1 for end in (source, destination))]
    outside = max(source, destination) >= columns.spaces.first_address
    if len(speaking) == 2 and not outside and by_family[0] != by_family[1]:
        return Reach(allowed & allowed >> columns.shift & low, union(p for _, p in by_family), Parted(*by_family))
    return Reach(union(a for a, _ in by_family), union(p for _, p in by_family))


def agree(engine: Engine) -> None:
    columns, cache = Columns(engine, 10**9), {}
    first = engine.spaces.first_address
    for source in range(engine.spaces.everything.bit_length()):
        for destination in range(engine.spaces.everything.bit_length()):
            if source < first or destination < first:
                expected = engine.reachability().between(source, destination)
                assert between(columns, source, destination, cache) == expected, (source, destination)


@given(clusters() | mixed_clusters(), st.sampled_from(PROFILES))
def test_columns_and_rows_say_the_same_of_every_pair(objects: list[Raw], chosen: EngineProfile) -> None:
    agree(compile_engine(snapshot_of(objects), chosen))


@given(mixed_clusters(), st.data())
def test_a_column_without_a_policy_or_a_rule_is_that_of_what_is_left(objects: list[Raw], data: st.DataObject) -> None:
    engine = compile_engine(snapshot_of(objects), PROFILES[0])
    rules = sorted({(r.policy, r.direction.value, r.label) for p in engine.policies for r in p.rules})
    whole = [Without(policies=frozenset({ref})) for ref in sorted({p.ref for p in engine.policies})]
    parts = [Without(frozenset({RuleKey(ref, Direction(direction), label)})) for ref, direction, label in rules]
    assume(whole)
    left_out = data.draw(st.sampled_from([*whole, *parts]))
    columns, rest = Columns(engine, 10**9), Columns(replace(engine, stages=tuple(less(engine.stages, left_out))), 10**9)
    # Where the rest has no family to tell apart, its masks hold every port once.
    twice = [0, columns.shift] if columns.shift != rest.shift else [0]
    for direction in Direction:
        for subject in range(engine.spaces.first_address):
            expected, found = sides(rest, subject, direction), sides(columns, subject, direction, left_out)
            for peer in found:
                masks = expected.get(peer, (rest.every_port, rest.every_port))
                assert found[peer] == tuple(sum(mask << shift for shift in twice) for mask in masks)


def less(stages: Iterable[Stage], left_out: Without) -> Iterator[Stage]:
    """The stages without a policy, or with a policy that lacks a rule."""
    for stage in stages:
        levels = (
            tuple(
                replace(p, rules=tuple(r for r in p.rules if (r.policy, r.direction, r.label) not in left_out.rules))
                for p in level
                if p.ref not in left_out.policies
            )
            for level in stage.levels
        )
        yield replace(stage, levels=tuple(level for level in levels if level))
