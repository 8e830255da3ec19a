"""Flows between workloads and nodes that differ between two readings; nodes that differ alike are one end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from lib.flows.nodes import Nodes, named
from lib.model.policies import Direction
from lib.policy.bits import Bits, positions
from lib.policy.pairs import Sum
from lib.scenario.answer import NOTHING, Change, FlowAnswer, Judge
from lib.scenario.side import Side

_NAMED: Final = 3
_Held: TypeAlias = tuple[tuple[Bits, Sum], ...]


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
        held = self._held(0, i, direction), self._held(1, i, direction)
        found = self._compared.get(held)
        if found is None:
            found = self._compared[held] = tuple(self._compare(*held))
        for change, before, after, nodes in found:
            yield NodeChange(change, before, after, self._called(nodes), self._example(nodes, i))

    def _held(self, number: int, i: int, direction: Direction) -> _Held:
        workload = self.sides[number].number[i]
        return () if workload is None else tuple(self._nodes[number].of_workload(workload, direction))

    @cached_property
    def _compared(self) -> dict[tuple[_Held, _Held], tuple[tuple[Change, FlowAnswer, FlowAnswer, Bits], ...]]:
        """What was compared once: workloads on the same nodes that the same rules govern have the same."""
        return {}

    def _compare(self, old: _Held, new: _Held) -> Iterator[tuple[Change, FlowAnswer, FlowAnswer, Bits]]:
        before, after = (self._answers(side, held) for side, held in zip(self.sides, (old, new), strict=True))
        for was, some in before.items():
            for is_now, others in after.items():
                change = self.judge(was, is_now)
                if change is not None and (common := some & others):
                    yield change, was, is_now, common

    def _answers(self, side: Side, held: _Held) -> dict[FlowAnswer, Bits]:
        found: dict[FlowAnswer, Bits] = {}
        rest = self._all
        for ends, total in held:
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
