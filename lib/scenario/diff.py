"""Two readings of a cluster compared by effect: which flows were gained, lost, changed.

Sources with equal rows in both readings are compared once, and their destinations as sets; only what is shown is
expanded to pairs of workloads. Workloads on their node's network are compared pair by pair, since a pod's own node is
exempt from policies. Nothing has the size of pods times pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import AddressSet, Family, family_of
from lib.policy.bits import Bits, from_positions, positions
from lib.policy.ends import INGRESS_CONTROLLER
from lib.policy.engine import Engine
from lib.routing.routes import RoutedBackend
from lib.scenario.answer import NOTHING, Change, FlowAnswer, judge
from lib.scenario.causes import Causes
from lib.scenario.changes import FlowChange, Tally
from lib.scenario.diff_notes import DiffNotes
from lib.scenario.doubts import differing_doubts
from lib.scenario.membership import Membership
from lib.scenario.pair_counts import PairCounts
from lib.scenario.side import Side, from_ingress, with_rest


class Block(NamedTuple):
    """Destinations towards which some sources all have the same two answers, which differ."""

    destinations: Bits
    change: Change
    old: FlowAnswer
    new: FlowAnswer


@dataclass(frozen=True)
class Diff:
    """What differs from one reading to another; everything is computed when asked for.

    ``refs`` are the workloads of both: those of the old one in its order, then those that only the new one has. What
    is not settled is left out where it is about outside addresses of other ``families``.
    """

    old: Engine
    new: Engine
    old_backends: tuple[RoutedBackend, ...] = ()
    new_backends: tuple[RoutedBackend, ...] = ()
    families: frozenset[Family] = frozenset(Family)

    @property
    def left_out(self) -> str:
        """What is not listed and not counted, as a sentence; "" where that is nothing."""
        absent = " and ".join(f.label for f in Family if f not in self.families)
        return (
            f"No address in the input is {absent}: what neither the input nor the documentation settles for {absent} "
            "addresses outside is left out."
            if absent
            else ""
        )

    @cached_property
    def unsettled(self) -> str:
        """What is taken for equal and is not known to be, as a sentence; "" where nothing is.

        A flow that is unknown in both readings is not listed; of readings under two profiles that is what was asked.
        """
        doubts = differing_doubts(self.old, self.new) if self.old.profile == self.new.profile else ()
        what = f"Rules that hang on {' or '.join(doubts)} are not the same in both"
        return f"{what}: flows that are unknown in both may differ, and are not listed." if doubts else ""

    @cached_property
    def refs(self) -> tuple[ObjectRef, ...]:
        """The workloads of both readings."""
        return tuple(
            dict.fromkeys(w.ref for snapshot in (self.old.snapshot, self.new.snapshot) for w in snapshot.workloads)
        )

    @cached_property
    def added(self) -> tuple[ObjectRef, ...]:
        """The workloads that surely only the new reading has."""
        return self.membership.added

    @cached_property
    def removed(self) -> tuple[ObjectRef, ...]:
        """The workloads that surely only the old reading has."""
        return self.membership.removed

    @cached_property
    def membership(self) -> Membership:
        """Which workloads came and went, and of which nobody knows."""
        return Membership(self.old.snapshot, self.new.snapshot)

    @property
    def _not_known(self) -> Iterable[int]:
        return (i for i, ref in enumerate(self.refs) if ref in self.membership.not_known)

    @cached_property
    def _sides(self) -> tuple[Side, Side]:
        return Side(self.old, self.refs), Side(self.new, self.refs)

    @cached_property
    def _own_network(self) -> Bits:
        """The workloads that are on their node's network in neither reading."""
        return from_positions(i for i in range(len(self.refs)) if not self._is_host(i))

    def _is_host(self, i: int) -> bool:
        return any(side.on_host[i] for side in self._sides)

    @cached_property
    def _hosts(self) -> tuple[int, ...]:
        return tuple(i for i in range(len(self.refs)) if self._is_host(i))

    @cached_property
    def _blocks(self) -> dict[Hashable, tuple[Block, ...]]:
        return {}

    def _key(self, i: int) -> Hashable:
        old, new = self._sides
        return old.mixture(i) and old.signature(i), new.mixture(i) and new.signature(i)

    def _blocks_of(self, i: int) -> tuple[Block, ...]:
        key = self._key(i)
        found = self._blocks.get(key)
        if found is None:
            found = self._blocks[key] = tuple(self._compared(i))
        return found

    def _compared(self, i: int) -> Iterator[Block]:
        old, new = (self._whole(dict(side.partition(i))) for side in self._sides)
        for before, some in old.items():
            for after, others in new.items():
                change = self._judge(before, after)
                if change is not None and (common := some & others):
                    yield Block(common, change, before, after)

    def _whole(self, partition: dict[FlowAnswer, Bits]) -> dict[FlowAnswer, Bits]:
        """With the destinations that have nothing, and without those on their node's network."""
        rest = self._own_network
        for ends in partition.values():
            rest &= ~ends
        partition[NOTHING] = partition.get(NOTHING, 0) | rest
        return {answer: ends & self._own_network for answer, ends in partition.items()}

    @cached_property
    def tally(self) -> Tally:
        """How many flows differ, without listing them."""
        counted = Tally()
        pairs = PairCounts(self.refs, from_positions(self._not_known))
        for sources, blocks in self._grouped():
            for block in blocks:
                pairs.count(counted, sources, block.destinations, block.change)
        for pair in self._host_pairs(range(len(self.refs))):
            pairs.count(counted, 1 << pair.src, 1 << pair.dst, pair.change)
        for row in map(self._beside.as_known, (*self._outside_rows(None), *self._ingress_rows(None))):
            src = row.src_ref.namespace if row.src_ref else _outer(row.src)
            counted.add(row.change, src, row.dst_ref.namespace if row.dst_ref else _outer(row.dst))
        return counted

    def _grouped(self) -> Iterator[tuple[Bits, tuple[Block, ...]]]:
        members: dict[Hashable, list[int]] = defaultdict(list)
        for i in range(len(self.refs)):
            if not self._is_host(i):
                members[self._key(i)].append(i)
        for sources in members.values():
            yield from_positions(sources), self._blocks_of(sources[0])

    def rows(self, namespaces: Container[str] | None = None, *, causes: bool = True) -> Iterator[FlowChange]:
        """Every flow that differs, by source, then to and from outside, then from ingress controllers.

        ``namespaces`` keeps the rows with at least one end in them (None: all). ``causes`` says whether to look for
        what brought each about.
        """
        for rows in (self._between(namespaces), self._outside_rows(namespaces), self._ingress_rows(namespaces)):
            for row in map(self._beside.as_known, rows):
                yield self._causes.explain(row) if causes else row

    def _between(self, namespaces: Container[str] | None) -> Iterator[FlowChange]:
        chosen = [namespaces is None or ref.namespace in namespaces for ref in self.refs]
        for source in range(len(self.refs)):
            found: list[_Pair] = []
            if not self._is_host(source):
                for block in self._blocks_of(source):
                    reached = positions(block.destinations & ~(1 << source))
                    found += [_Pair(source, dst, *block[1:]) for dst in reached if chosen[source] or chosen[dst]]
            found += [p for p in self._host_pairs([source]) if chosen[p.src] or chosen[p.dst]]
            for pair in sorted(found, key=lambda p: p.dst):
                yield self._row(pair)

    def _host_pairs(self, sources: Iterable[int]) -> Iterator[_Pair]:
        old, new = self._sides
        for source in sources:
            for dst in range(len(self.refs)) if self._is_host(source) else self._hosts:
                if source == dst:
                    continue
                before, after = old.one(source, dst), new.one(source, dst)
                change = self._judge(before, after)
                if change is not None:
                    yield _Pair(source, dst, change, before, after)

    def _judge(self, old: FlowAnswer, new: FlowAnswer) -> Change | None:
        """As ``judge``, remembered: many pairs have the same two answers."""
        if old is new:
            return None
        key = old, new
        if key not in self._judged:
            self._judged[key] = judge(old, new)
        return self._judged[key]

    @cached_property
    def _judged(self) -> dict[tuple[FlowAnswer, FlowAnswer], Change | None]:
        return {}

    def _row(self, pair: _Pair) -> FlowChange:
        old, new = self._sides
        src, dst = self.refs[pair.src], self.refs[pair.dst]
        host = self._is_host(pair.src) or self._is_host(pair.dst)
        pods = (
            old.pods(pair.src, pair.dst) if pair.old.partial else "",
            new.pods(pair.src, pair.dst) if pair.new.partial else "",
        )
        return FlowChange(
            pair.change,
            str(src),
            str(dst),
            pair.old,
            pair.new,
            workloads=self._beside.said(src, dst),
            notes=self._beside.notes(pair.old, pair.new, src, dst, host),
            pods=pods,
            host=host,
            src_ref=src,
            dst_ref=dst,
        )

    def _outside_rows(self, namespaces: Container[str] | None) -> Iterator[FlowChange]:
        for direction in (Direction.EGRESS, Direction.INGRESS):
            for i, ref in enumerate(self.refs):
                if namespaces is not None and ref.namespace not in namespaces:
                    continue
                for change, before, after, addresses in self._outside(i, direction):
                    for first, last in addresses.ranges():
                        if change is Change.UNKNOWN and family_of(first) not in self.families:
                            continue
                        ends, host = f"{first}-{last}{OUTSIDE_SUFFIX}", self._is_host(i)
                        src, dst = (str(ref), ends) if direction is Direction.EGRESS else (ends, str(ref))
                        src_ref, dst_ref = (ref, None) if direction is Direction.EGRESS else (None, ref)
                        notes = self._beside.notes(before, after, src_ref, dst_ref, False)
                        said = self._beside.said(ref)
                        yield FlowChange(
                            change,
                            src,
                            dst,
                            before,
                            after,
                            workloads=said,
                            notes=notes,
                            host=host,
                            src_ref=src_ref,
                            dst_ref=dst_ref,
                        )

    def _outside(self, i: int, direction: Direction) -> Sequence[tuple[Change, FlowAnswer, FlowAnswer, AddressSet]]:
        key = direction, *(side.mixture(i) for side in self._sides)
        found = self._outsides.get(key)
        if found is None:
            old, new = (with_rest(side.outside(i, direction)) for side in self._sides)
            found = self._outsides[key] = tuple(
                (change, before, after, common)
                for before, some in old.items()
                for after, others in new.items()
                if (change := self._judge(before, after)) is not None and (common := some & others)
            )
        return found

    @cached_property
    def _outsides(self) -> dict[Hashable, tuple[tuple[Change, FlowAnswer, FlowAnswer, AddressSet], ...]]:
        return {}

    def _ingress_rows(self, namespaces: Container[str] | None) -> Iterator[FlowChange]:
        old, new = (
            from_ingress(side, backends, namespaces)
            for side, backends in zip(self._sides, (self.old_backends, self.new_backends), strict=True)
        )
        for ref in dict.fromkeys((*old, *new)):
            before, after = old.get(ref, NOTHING), new.get(ref, NOTHING)
            change = judge(before, after)
            if change is not None:
                yield FlowChange(
                    change,
                    INGRESS_CONTROLLER,
                    str(ref),
                    before,
                    after,
                    workloads=self._beside.said(ref),
                    notes=self._beside.notes(FlowAnswer(), FlowAnswer(), None, ref, False),
                    dst_ref=ref,
                )

    @cached_property
    def _beside(self) -> DiffNotes:
        return DiffNotes(self.old, self.new, self.membership)

    @cached_property
    def _causes(self) -> Causes:
        return Causes(self.old, self.new)


class _Pair(NamedTuple):
    src: int
    dst: int
    change: Change
    old: FlowAnswer
    new: FlowAnswer


def _outer(name: str) -> str:
    return "outside" if name.endswith(OUTSIDE_SUFFIX) else name


def diff(
    old: Engine,
    new: Engine,
    old_backends: Iterable[RoutedBackend] = (),
    new_backends: Iterable[RoutedBackend] = (),
) -> Diff:
    """Compare two readings: two snapshots under one profile, or one snapshot under two profiles.

    ``old_backends`` and ``new_backends`` are what routes lead to, for the rows from ingress controllers. Of one
    snapshot under two profiles only the families count that its addresses show; ``Diff.left_out`` says so.
    """
    families = old.spaces.endpoints.families if old.snapshot is new.snapshot else frozenset(Family)
    return Diff(old, new, tuple(old_backends), tuple(new_backends), families)
