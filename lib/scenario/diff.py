"""Two readings of a cluster compared by effect: which flows were gained, lost, changed."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lib.model.policies import Direction
from lib.model.refs import INGRESS_CONTROLLER, OUTSIDE_SUFFIX, ObjectRef
from lib.model.sets import AddressSet, Family, family_of
from lib.policy.bits import from_positions
from lib.policy.engine import Engine
from lib.routing.routes import RoutedBackend
from lib.scenario.answer import NOTHING, Change, FlowAnswer, judge
from lib.scenario.causes import Causes
from lib.scenario.changes import FlowChange, Tally
from lib.scenario.diff_notes import DiffNotes
from lib.scenario.doubts import differing_doubts, unread_kinds
from lib.scenario.inside import Inside, Pair
from lib.scenario.membership import Membership
from lib.scenario.pair_counts import PairCounts
from lib.scenario.side import Side, from_ingress, with_rest
from lib.scenario.with_nodes import WithNodes

_NODES_NAMED: Final = 3


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
        """What is not listed and not counted, in sentences; "" where that is nothing."""
        absent = " and ".join(f.label for f in Family if f not in self.families)
        said = []
        if absent:
            said.append(
                f"No address in the input is {absent}: what neither the input nor the documentation settles for "
                f"{absent} addresses outside is left out."
            )
        judged = self.old.policies or self.new.policies
        if judged and not self.old.snapshot.nodes and not self.new.snapshot.nodes:
            said.append(
                "The input holds no Node: what pods exchange with others than their own nodes is not compared."
                if self.old.snapshot is self.new.snapshot
                else "No Node was given: what pods exchange with nodes is not compared."
            )
        one_sided = sorted({n.name for n in self.old.snapshot.nodes} ^ {n.name for n in self.new.snapshot.nodes})
        if one_sided and judged:
            more = f" and {len(one_sided) - _NODES_NAMED:,} more" if one_sided[_NODES_NAMED:] else ""
            said.append(
                f"What pods exchange with nodes that only one of the two has is not compared: "
                f"{', '.join(one_sided[:_NODES_NAMED])}{more}."
            )
        return " ".join(said)

    @cached_property
    def unsettled(self) -> str:
        """What is taken for equal and is not known to be, as a sentence; "" where nothing is.

        A flow that is unknown in both readings is not listed; of readings under two profiles that is what was asked.
        """
        # What a cluster's own settings and versions make of an engine differs from reading to reading as rules do.
        doubts = differing_doubts(self.old, self.new) if self.old.profile.id == self.new.profile.id else ()
        what = f"Rules that hang on {' or '.join(doubts)} are not the same in both"
        said = [f"{what}: flows that are unknown in both may differ, and are not listed."] if doubts else []
        # What the two may not read they do not read alike: another cluster, another moment, another engine.
        unread = sorted(unread_kinds(self.old) & unread_kinds(self.new))
        if unread:
            said.append(f"Not read: {', '.join(unread)}. What hangs on these is unknown in both, and is not listed.")
        return " ".join(said)

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

    @cached_property
    def _sides(self) -> tuple[Side, Side]:
        return Side(self.old, self.refs), Side(self.new, self.refs)

    @cached_property
    def _inside(self) -> Inside:
        return Inside(self._sides, self.refs, self._judge)

    @cached_property
    def _with_nodes(self) -> WithNodes:
        # What pods send to their own nodes under two engines that treat that otherwise is told by itself.
        old, new = self.old.profile, self.new.profile
        apart = self.old.snapshot is self.new.snapshot and (
            old.own_node_egress_allowed is not new.own_node_egress_allowed and old.enforces and new.enforces
        )
        return WithNodes(self._sides, self._judge, own=not apart)

    @cached_property
    def tally(self) -> Tally:
        """How many flows differ, without listing them."""
        counted = Tally()
        not_known = from_positions(i for i, ref in enumerate(self.refs) if ref in self.membership.not_known)
        pairs = PairCounts(self.refs, not_known)
        for sources, blocks in self._inside.grouped():
            for block in blocks:
                pairs.count(counted, sources, block.destinations, block.change)
        for pair in self._inside.host_pairs(range(len(self.refs))):
            pairs.count(counted, 1 << pair.src, 1 << pair.dst, pair.change)
        for rows in (self._outside_rows, self._ingress_rows, self._node_rows):
            for row in map(self._beside.as_known, rows(None)):
                src = row.src_ref.namespace if row.src_ref else _outer(row, row.src)
                counted.add(row.change, src, row.dst_ref.namespace if row.dst_ref else _outer(row, row.dst))
        return counted

    def rows(self, namespaces: Container[str] | None = None, *, causes: bool = True) -> Iterator[FlowChange]:
        """Every flow that differs, by source, then to and from outside, from ingress controllers, to and from nodes.

        ``namespaces`` keeps the rows with at least one end in them (None: all). ``causes`` says whether to look for
        what brought each about.
        """
        for rows in (self._between, self._outside_rows, self._ingress_rows, self._node_rows):
            for row in map(self._beside.as_known, rows(namespaces)):
                yield self._causes.explain(row) if causes else row

    def _between(self, namespaces: Container[str] | None) -> Iterator[FlowChange]:
        chosen = [namespaces is None or ref.namespace in namespaces for ref in self.refs]
        for source in range(len(self.refs)):
            found = [p for p in self._inside.pairs(source) if chosen[source] or chosen[p.dst]]
            for pair in sorted(found, key=lambda p: p.dst):
                yield self._row(pair)

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

    def _row(self, pair: Pair) -> FlowChange:
        old, new = self._sides
        src, dst = self.refs[pair.src], self.refs[pair.dst]
        host = self._inside.is_host(pair.src) or self._inside.is_host(pair.dst)
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
                        ends, host = f"{first}-{last}{OUTSIDE_SUFFIX}", self._inside.is_host(i)
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

    def _node_rows(self, namespaces: Container[str] | None) -> Iterator[FlowChange]:
        for direction in (Direction.EGRESS, Direction.INGRESS):
            for i, ref in enumerate(self.refs):
                if namespaces is not None and ref.namespace not in namespaces:
                    continue
                for change, before, after, end, example in self._with_nodes.changes(i, direction):
                    sends = direction is Direction.EGRESS
                    src_ref, dst_ref = (ref, None) if sends else (None, ref)
                    yield FlowChange(
                        change,
                        *((str(ref), end) if sends else (end, str(ref))),
                        before,
                        after,
                        workloads=self._beside.said(ref),
                        notes=self._beside.notes(before, after, src_ref, dst_ref, True),
                        host=True,
                        src_ref=src_ref,
                        dst_ref=dst_ref,
                        node=example,
                    )

    @cached_property
    def _beside(self) -> DiffNotes:
        return DiffNotes(self.old, self.new, self.membership)

    @cached_property
    def _causes(self) -> Causes:
        return Causes(self.old, self.new)


def _outer(row: FlowChange, name: str) -> str:
    if row.node:
        return "nodes"
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
