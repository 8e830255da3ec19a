"""Flows between workloads that differ between two readings.

Sources with equal rows in both readings are compared once, and their destinations as sets; only what is shown is
expanded to pairs of workloads. Workloads on their node's network are compared pair by pair, since a pod's own node is
exempt from policies. Nothing has the size of pods times pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, from_positions, positions
from lib.scenario.answer import NOTHING, Change, FlowAnswer, Judge
from lib.scenario.side import Side


class Block(NamedTuple):
    """Destinations towards which some sources all have the same two answers, which differ."""

    destinations: Bits
    change: Change
    old: FlowAnswer
    new: FlowAnswer


class Pair(NamedTuple):
    """Two workloads, by their positions, whose two answers differ."""

    src: int
    dst: int
    change: Change
    old: FlowAnswer
    new: FlowAnswer


@dataclass(frozen=True)
class Inside:
    """What differs between the workloads ``refs``, which the two ``sides`` number alike."""

    sides: tuple[Side, Side]
    refs: Sequence[ObjectRef]
    judge: Judge

    def is_host(self, i: int) -> bool:
        """Whether a workload is on its node's network in one of the readings."""
        return any(side.on_host[i] for side in self.sides)

    def pairs(self, source: int) -> Iterator[Pair]:
        """What differs from one source to every other workload."""
        if not self.is_host(source):
            for block in self._blocks_of(source):
                for dst in positions(block.destinations & ~(1 << source)):
                    yield Pair(source, dst, *block[1:])
        yield from self.host_pairs([source])

    def grouped(self) -> Iterator[tuple[Bits, tuple[Block, ...]]]:
        """Sources on their own network with what differs for all of them alike, themselves not left out."""
        members: dict[Hashable, list[int]] = defaultdict(list)
        for i in range(len(self.refs)):
            if not self.is_host(i):
                members[self._key(i)].append(i)
        for sources in members.values():
            yield from_positions(sources), self._blocks_of(sources[0])

    def host_pairs(self, sources: Iterable[int]) -> Iterator[Pair]:
        """What differs where one of the two ends at least is on its node's network."""
        old, new = self.sides
        for source in sources:
            for dst in range(len(self.refs)) if self.is_host(source) else self._hosts:
                if source == dst:
                    continue
                before, after = old.one(source, dst), new.one(source, dst)
                change = self.judge(before, after)
                if change is not None:
                    yield Pair(source, dst, change, before, after)

    @cached_property
    def _own_network(self) -> Bits:
        """The workloads that are on their node's network in neither reading."""
        return from_positions(i for i in range(len(self.refs)) if not self.is_host(i))

    @cached_property
    def _hosts(self) -> tuple[int, ...]:
        return tuple(i for i in range(len(self.refs)) if self.is_host(i))

    @cached_property
    def _blocks(self) -> dict[Hashable, tuple[Block, ...]]:
        return {}

    def _key(self, i: int) -> Hashable:
        old, new = self.sides
        return old.mixture(i) and old.signature(i), new.mixture(i) and new.signature(i)

    def _blocks_of(self, i: int) -> tuple[Block, ...]:
        key = self._key(i)
        found = self._blocks.get(key)
        if found is None:
            found = self._blocks[key] = tuple(self._compared(i))
        return found

    def _compared(self, i: int) -> Iterator[Block]:
        old, new = (self._whole(dict(side.partition(i))) for side in self.sides)
        for before, some in old.items():
            for after, others in new.items():
                change = self.judge(before, after)
                if change is not None and (common := some & others):
                    yield Block(common, change, before, after)

    def _whole(self, partition: dict[FlowAnswer, Bits]) -> dict[FlowAnswer, Bits]:
        """With the destinations that have nothing, and without those on their node's network."""
        rest = self._own_network
        for ends in partition.values():
            rest &= ~ends
        partition[NOTHING] = partition.get(NOTHING, 0) | rest
        return {answer: ends & self._own_network for answer, ends in partition.items()}
