"""What lets a flow through today, side by side: the rules of any kind that permit it, or that nothing isolates it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lib.model.policies import Direction
from lib.policy.engine import Engine
from lib.scenario.causes import Reading
from lib.scenario.changes import Cause, FlowChange


@dataclass(frozen=True, slots=True)
class Permitted:
    """Who lets a flow through on one side; without rules nothing isolates that end, which is open by default."""

    direction: Direction
    rules: tuple[Cause, ...]


class PermittedToday:
    """What the present policies of every kind say of flows that they let through."""

    def __init__(self, engine: Engine) -> None:
        self._reading = Reading(engine, "old")
        self._workloads = engine.snapshot.workload_by_ref

    def of(self, row: FlowChange) -> tuple[Permitted, ...]:
        """The sides of a flow that policies govern; none where nothing of what differs gets through today."""
        return tuple(self._sides(row)) if row.old.some & row.ports else ()

    def _sides(self, row: FlowChange) -> Iterator[Permitted]:
        ports = row.old.some & row.ports
        for direction, ref in ((Direction.EGRESS, row.src_ref), (Direction.INGRESS, row.dst_ref)):
            workload = self._workloads.get(ref) if ref is not None else None
            if workload is None or workload.host_network:
                continue
            found = self._reading.evidence(direction, row, ports)
            if found is None:
                continue
            rules = tuple(c for c in found.causes if c.effect == "permits")
            if rules or not any(c.effect == "isolates" for c in found.causes):
                yield Permitted(direction, rules)
