"""Flows between workloads and nodes that differ between two readings; nodes that differ alike are one end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from lib.flows.nodes import Nodes, named
from lib.model.policies import Direction
from lib.policy.bits import Bits, positions
from lib.scenario.answer import NOTHING, Change, FlowAnswer, Judge
from lib.scenario.side import Side

_NAMED: Final = 3


class NodeChange(NamedTuple):
    """Nodes towards which, or from which, a workload has the same two answers, which differ.

    ``end`` names them; ``example`` is the name of one, where there is one no pod of the workload runs on it.
    """

    change: Change
    old: FlowAnswer
    new: FlowAnswer
    end: str
    example: str


@dataclass(frozen=True)
class WithNodes:
    """What differs between workloads and the nodes that both readings hold.

    Without ``own`` only other nodes than a pod's own count for what pods send.
    """

    sides: tuple[Side, Side]
    judge: Judge
    own: bool

    @cached_property
    def names(self) -> Sequence[str]:
        """The nodes that are compared."""
        old, new = (side.engine.spaces.endpoints.nodes for side in self.sides)
        return tuple(name for name in old if name in new)

    @cached_property
    def _nodes(self) -> tuple[Nodes, Nodes]:
        old, new = (Nodes(side.pairs, self.names, self.own) for side in self.sides)
        return old, new

    def changes(self, i: int, direction: Direction) -> Iterator[NodeChange]:
        """What differs for one workload, by its position in the refs of the sides."""
        if not self.names:
            return
        old, new = (self._answers(number, i, direction) for number in (0, 1))
        for before, some in old.items():
            for after, others in new.items():
                change = self.judge(before, after)
                if change is not None and (common := some & others):
                    yield NodeChange(change, before, after, self._called(common), self._example(common, i))

    def _answers(self, number: int, i: int, direction: Direction) -> dict[FlowAnswer, Bits]:
        side, nodes = self.sides[number], self._nodes[number]
        found: dict[FlowAnswer, Bits] = {}
        rest = self._all
        workload = side.number[i]
        if workload is not None:
            for ends, total in nodes.of_workload(workload, direction):
                answer = side.answer(total)
                found[answer] = found.get(answer, 0) | ends
                rest &= ~ends
        if rest:
            found[NOTHING] = found.get(NOTHING, 0) | rest
        return found

    @cached_property
    def _all(self) -> Bits:
        return (1 << len(self.names)) - 1

    def _called(self, nodes: Bits) -> str:
        """The nodes by name, or those that are not among them where these are fewer."""
        but = self._all & ~nodes
        if not but and len(self.names) > 1:
            return f"all {len(self.names):,} nodes"
        if but.bit_count() <= _NAMED < nodes.bit_count():
            return f"all {len(self.names):,} nodes but {self._listed(but)}"
        return self._listed(nodes)

    def _listed(self, nodes: Bits) -> str:
        few = [named(self.names[at]) for at in positions(nodes)]
        more = len(few) - _NAMED
        return ", ".join(few[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")

    def _example(self, nodes: Bits, i: int) -> str:
        taken = {
            pod.node_name
            for side in self.sides
            if (number := side.number[i]) is not None
            for pod in side.engine.snapshot.workloads[number].endpoints
        }
        found = [self.names[at] for at in positions(nodes)]
        return next((name for name in found if name not in taken), found[0])
