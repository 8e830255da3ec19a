"""Counting pairs of workloads by their namespaces, sets at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, from_positions, positions
from lib.scenario.answer import Change
from lib.scenario.changes import Tally


class PairCounts:
    """Counts changes between the workloads ``refs``; one with an end of which ``not_known`` tells is unknown."""

    def __init__(self, refs: Sequence[ObjectRef], not_known: Bits) -> None:
        self._refs, self._not_known = refs, not_known
        self._parted: dict[Bits, list[tuple[str, Bits]]] = {}

    def count(self, counted: Tally, sources: Bits, destinations: Bits, change: Change) -> None:
        """Every pair of a source and another destination."""
        known, open_ = ~self._not_known, self._not_known
        self._add(counted, sources & known, destinations & known, change)
        self._add(counted, sources & known, destinations & open_, Change.UNKNOWN)
        self._add(counted, sources & open_, destinations, Change.UNKNOWN)

    def _add(self, counted: Tally, sources: Bits, destinations: Bits, change: Change) -> None:
        by_source = self._by_namespace(sources)
        for dst, theirs in self._by_namespace(destinations):
            for src, mine in by_source:
                counted.add(change, src, dst, mine.bit_count() * theirs.bit_count() - (mine & theirs).bit_count())

    def _by_namespace(self, ends: Bits) -> list[tuple[str, Bits]]:
        found = self._parted.get(ends)
        if found is None:
            parted: dict[str, list[int]] = defaultdict(list)
            for i in positions(ends):
                parted[self._refs[i].namespace].append(i)
            found = self._parted[ends] = [(name, from_positions(mine)) for name, mine in parted.items()]
        return found
