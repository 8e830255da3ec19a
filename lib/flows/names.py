"""How many flows are unknown since nobody knows the addresses of domain names."""

from __future__ import annotations

from collections.abc import Iterable

from lib.flows.row import FlowRow, RowVerdict
from lib.model.refs import ObjectRef
from lib.model.sets import ConnectionSet
from lib.policy.bits import Bits, from_positions, union
from lib.policy.engine import Engine
from lib.policy.rules import CompiledRule


def unknown_for_names(engine: Engine, rows: Iterable[FlowRow]) -> int:
    """The unknown rows that a rule whose domain names may have further addresses can still change."""
    rules = [rule for policy in engine.policies for rule in policy.rules if rule.names]
    if not rules:
        return 0
    ends = _Ends(engine)
    return sum(
        row.verdict is RowVerdict.UNKNOWN
        and row.src_ref is not None
        and any(ends.concern(rule, row.src_ref, row.dst_ref, row.ports) for rule in rules)
        for row in rows
    )


class _Ends:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._members: dict[ObjectRef, Bits] = {}

    def concern(self, rule: CompiledRule, src: ObjectRef, dst: ObjectRef | None, ports: ConnectionSet) -> bool:
        """Whether a rule may match some packet of a row."""
        if not rule.subjects & self._classes(src):
            return False
        met = rule.possible_peers & (self._engine.spaces.outside if dst is None else self._classes(dst))
        return bool(met) and bool(self._engine.connections(union(at.mask for at in rule.ports)) & ports)

    def _classes(self, ref: ObjectRef) -> Bits:
        found = self._members.get(ref)
        if found is None:
            engine = self._engine
            found = from_positions(engine.spaces.endpoints.members[engine.workload_numbers[ref]])
            self._members[ref] = found
        return found
