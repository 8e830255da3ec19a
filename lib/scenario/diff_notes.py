"""What is said beside a flow that differs: workloads that came or went, doubts, and rejected policies."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from lib.flows.row import unknown_reason
from lib.flows.rows import doubted
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.policy.decide import without_rejected
from lib.policy.engine import Engine
from lib.policy.rules import CompiledRejection
from lib.scenario.answer import Change, FlowAnswer
from lib.scenario.changes import FlowChange
from lib.scenario.membership import Membership


class DiffNotes:
    """The notes on the flows of two readings."""

    def __init__(self, old: Engine, new: Engine, membership: Membership) -> None:
        self._old, self._new, self._membership = old, new, membership

    def as_known(self, row: FlowChange) -> FlowChange:
        """The row, as unknown where an end may be in the reading that seems to lack it."""
        ends = [ref for ref in (row.src_ref, row.dst_ref) if ref in self._membership.not_known]
        return replace(row, change=Change.UNKNOWN) if ends else row

    def said(self, *ends: ObjectRef | None) -> tuple[str, ...]:
        """Which ends came or went, or why nobody knows."""
        found = []
        for ref in ends:
            if ref is not None and ref in self._membership.not_known:
                found.append(self._membership.why_open(ref))
                continue
            if ref is not None and ref not in self._old.workload_numbers:
                found.append(f"{ref} was added")
            if ref is not None and ref not in self._new.workload_numbers:
                found.append(f"{ref} was removed")
        return tuple(found)

    def notes(
        self, old: FlowAnswer, new: FlowAnswer, src: ObjectRef | None, dst: ObjectRef | None, host: bool
    ) -> tuple[str, ...]:
        """Why an answer is not settled, and which rejected policies could change it; ``host``: an end is a node's."""
        found = []
        for number, (engine, answer) in enumerate(((self._old, old), (self._new, new))):
            if answer.unknown:
                found.append(unknown_reason(engine, host))
            by_direction = self._doubted[number]
            rejected = dict.fromkeys(
                (
                    *(by_direction[Direction.EGRESS].get(src, ()) if src else ()),
                    *(by_direction[Direction.INGRESS].get(dst, ()) if dst else ()),
                )
            )
            if rejected:
                found.append(without_rejected(tuple(rejected)))
        return tuple(dict.fromkeys(found))

    @cached_property
    def _doubted(self) -> tuple[dict[Direction, dict[ObjectRef, tuple[CompiledRejection, ...]]], ...]:
        return tuple({d: dict(doubted(engine, d)) for d in Direction} for engine in (self._old, self._new))
