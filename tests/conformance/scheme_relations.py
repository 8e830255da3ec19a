"""What a configuration allows as a relation, and how two of them compare: the engine's rows and its own diff."""

from __future__ import annotations

from collections import defaultdict

from lib.flows import flow_rows
from lib.flows.row import FlowRow
from lib.model.policies import Direction
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import AddressSet, ConnectionSet, family_of, parse_address
from lib.policy.bits import Bits, union
from lib.policy.engine import Engine
from lib.scenario import diff
from lib.scenario.diff import Diff
from tests.conformance.schemes import Config

Ends = tuple[ObjectRef | None, ObjectRef | None]
Part = tuple[AddressSet | None, ConnectionSet]


def rows(engine: Engine) -> list[FlowRow]:
    return list(flow_rows(engine))


def compared(old: Config, new: Config) -> Diff:
    return diff(old.engine, new.engine)


def equivalent(one: Config, other: Config) -> bool:
    """Whether nothing is gained, lost, changed or unknown from one to the other."""
    found = compared(one, other)
    return not found.tally and not found.unsettled


def explicit(config: Config) -> list[FlowRow]:
    """What is allowed to or from a pod that some policy isolates: what policies allow in their own words."""
    engine = config.engine
    governed = {d: captured(engine, d) for d in Direction}

    def is_governed(ref: ObjectRef | None, direction: Direction) -> bool:
        if ref is None:
            return False
        return any(governed[direction] >> c & 1 for c in engine.spaces.endpoints.members[engine.workload_numbers[ref]])

    return [
        row
        for row in rows(engine)
        if is_governed(row.src_ref, Direction.EGRESS) or is_governed(row.dst_ref, Direction.INGRESS)
    ]


def captured(engine: Engine, direction: Direction) -> Bits:
    """The classes of pods that a policy is about in one direction; Profiles are none."""
    return union(p.isolates(direction) for p in engine.policies if p.ref.kind != "Profile")


def by_ends(found: list[FlowRow]) -> dict[Ends, list[Part]]:
    grouped: dict[Ends, list[Part]] = defaultdict(list)
    for row in found:
        assert row.verdict.value == "allowed", row
        outside = next((end for end in (row.src, row.dst) if end.endswith(OUTSIDE_SUFFIX)), None)
        grouped[row.src_ref, row.dst_ref].append((None if outside is None else addresses(outside), row.ports))
    return grouped


def addresses(name: str) -> AddressSet:
    first, _, last = name.removesuffix(OUTSIDE_SUFFIX).partition("-")
    begin, end = parse_address(first), parse_address(last or first)
    return AddressSet.from_intervals(family_of(begin), [(int(begin), int(end))])


def contained(inner: list[FlowRow], outer: list[FlowRow]) -> bool:
    """Whether all that ``inner`` allows is allowed in ``outer``."""
    wide = by_ends(outer)
    return all(_fits(parts, wide.get(ends, [])) for ends, parts in by_ends(inner).items())


def _fits(inner: list[Part], outer: list[Part]) -> bool:
    for where, ports in inner:
        if where is None:
            if ports - _all_ports(outer):
                return False
            continue
        for other, reached in outer:
            if other is not None and not ports - reached:
                where -= other
        if where:
            return False
    return True


def _all_ports(parts: list[Part]) -> ConnectionSet:
    found = ConnectionSet()
    for _, ports in parts:
        found |= ports
    return found


def meet(some: list[FlowRow], others: list[FlowRow]) -> bool:
    """Whether something is allowed in both."""
    wide = by_ends(others)
    return any(
        ports & reached and (where is None or other is None or bool(where & other))
        for ends, parts in by_ends(some).items()
        for where, ports in parts
        for other, reached in wide.get(ends, [])
    )
