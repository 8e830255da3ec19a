"""Who can reach whom, as bitsets: one row for each group of sources that the rules treat alike.

A row splits all destinations into cells with equal ports. Rows are made when asked for and kept; nothing ever has the
size of pods times pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.sets import Family
from lib.policy.bits import Bits, positions, union
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledPolicy, Grant


class Cell(NamedTuple):
    """The destinations that a source reaches on exactly ``allowed``; on ``possible`` beyond it nobody knows.

    ``allowed`` is always part of ``possible``.
    """

    destinations: Bits
    allowed: Bits
    possible: Bits


Partition = Mapping[Bits, Bits]
"""Port mask → destinations that have exactly this mask; destinations with none are left out."""


@dataclass(frozen=True)
class Reachability:
    """The permitted connections between all ends, by the rules alone.

    What the rules do not say is left to the callers: a pod always reaches itself, a node its own pods, and two
    outside ends are nobody's matter. ``isolated`` are the classes that some policy isolates, by direction. A packet
    has one IP family: what one side permits for IPv4 alone and the other for IPv6 alone, nobody can use.
    ``parts_families``: some rule means pods or nodes by the addresses of one family.
    """

    spaces: Spaces
    isolated: Mapping[Direction, Bits]
    _sure: _Grants
    _all: _Grants
    parts_families: bool = False
    _rows: dict[object, tuple[Cell, ...]] = field(default_factory=dict)

    def row(self, source: int) -> tuple[Cell, ...]:
        """The cells of one source; destinations that it surely cannot reach are in none."""
        key = (*self._sure.signature(source), *(self._all.signature(source) if self._has_doubt else ()))
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = tuple(self._cells(source))
        return row

    def group_of(self, source: int) -> object:
        """A value that is equal for sources with equal rows."""
        return (*self._sure.signature(source), *(self._all.signature(source) if self._has_doubt else ()))

    def between(self, source: int, destination: int) -> tuple[Bits, Bits]:
        """The masks that are allowed and possible from one end to another."""
        bit = 1 << destination
        for cell in self.row(source):
            if cell.destinations & bit:
                return cell.allowed, cell.possible
        return 0, 0

    @property
    def _has_doubt(self) -> bool:
        return self._all is not self._sure

    def _cells(self, source: int) -> Iterator[Cell]:
        allowed = self._sure.row(source)
        if not self._has_doubt:
            for mask, destinations in allowed.items():
                yield Cell(destinations, mask, mask)
            return
        for possible, destinations in self._all.row(source).items():
            rest = destinations
            for mask, some in allowed.items():
                if common := destinations & some:
                    yield Cell(common, mask, possible)
                    rest &= ~common
            if rest:
                yield Cell(rest, 0, possible)


class _Grants:
    """All grants of both directions, merged and filed by source."""

    def __init__(
        self,
        spaces: Spaces,
        isolated: Mapping[Direction, Bits],
        grants: Iterable[tuple[Direction, Grant]],
        part_families: bool,
    ) -> None:
        # Where families part, a mask holds every port twice: for IPv4, and above that for IPv6.
        self._ports = spaces.ports.all
        self._shift = len(spaces.ports.atoms) if part_families else 0
        self._every_port = self._ports | self._ports << self._shift
        self._everything = spaces.everything
        self._egress_isolated = isolated[Direction.EGRESS]
        self._open = spaces.everything & ~isolated[Direction.INGRESS]
        merged: dict[tuple[Direction, Bits], dict[Bits, Bits]] = defaultdict(dict)
        for direction, (sources, destinations, ports, family) in grants:
            if family is None:
                ports |= ports << self._shift
            elif family is Family.IPV6:
                ports <<= self._shift
            by_mask = merged[direction, sources]
            by_mask[ports] = by_mask.get(ports, 0) | destinations
        self._tables = list(merged.values())
        self._filed: dict[Direction, dict[int, list[int]]] = {d: defaultdict(list) for d in Direction}
        self._common: list[int] = []
        for number, (direction, sources) in enumerate(merged):
            if direction is Direction.INGRESS and sources == self._everything:
                self._common.append(number)
                continue
            filed = self._filed[direction]
            for source in positions(sources):
                filed[source].append(number)

    def signature(self, source: int) -> tuple[object, ...]:
        return (
            bool(self._egress_isolated >> source & 1),
            tuple(self._filed[Direction.EGRESS].get(source, ())),
            tuple(self._filed[Direction.INGRESS].get(source, ())),
        )

    def row(self, source: int) -> Partition:
        """The ports of each destination, whatever the family."""
        row = self._row(source)
        if not self._shift:
            return row
        folded: dict[Bits, Bits] = {}
        for mask, destinations in row.items():
            ports = mask & self._ports | mask >> self._shift
            folded[ports] = folded.get(ports, 0) | destinations
        return folded

    def _row(self, source: int) -> Partition:
        arriving = self._partition(
            [*self._common, *self._filed[Direction.INGRESS].get(source, ())], {self._every_port: self._open}
        )
        if not self._egress_isolated >> source & 1:
            return arriving
        leaving = self._partition(self._filed[Direction.EGRESS].get(source, ()), {})
        row: dict[Bits, Bits] = {}
        for mask, destinations in leaving.items():
            for other, some in arriving.items():
                if (ports := mask & other) and (common := destinations & some):
                    row[ports] = row.get(ports, 0) | common
        return row

    def _partition(self, numbers: Iterable[int], start: Partition) -> Partition:
        totals = dict(start)
        for number in numbers:
            for mask, destinations in self._tables[number].items():
                totals[mask] = totals.get(mask, 0) | destinations
        return disjoint(totals)


def disjoint(sets: Mapping[Bits, Bits]) -> Partition:
    """Turn overlapping sets into disjoint ones: where sets overlap, their masks unite."""
    cells: dict[Bits, Bits] = {}
    for mask, members in sets.items():
        fresh = members
        changed: dict[Bits, Bits] = {}
        for present, held in cells.items():
            common = held & members
            if common:
                fresh &= ~common
                both = present | mask
                changed[both] = changed.get(both, 0) | common
                held &= ~common
            if held:
                changed[present] = changed.get(present, 0) | held
        if fresh:
            changed[mask] = changed.get(mask, 0) | fresh
        cells = changed
    return cells


def build_reachability(spaces: Spaces, policies: Iterable[CompiledPolicy]) -> Reachability:
    """File the grants of all policies by source; rows are made on demand."""
    policies = tuple(policies)
    isolated = {d: union(p.isolates(d) for p in policies) for d in Direction}
    rules = [r for p in policies for r in p.rules]
    sure = [(r.direction, g) for r in rules for g in r.grants(r.sure)]
    possible = [(r.direction, g) for r in rules for g in r.grants(r.possible)]
    apart = any(grant.family for _, grant in sure + possible)
    settled = _Grants(spaces, isolated, sure, apart)
    in_doubt = _Grants(spaces, isolated, sure + possible, apart) if possible else settled
    return Reachability(spaces, isolated, settled, in_doubt, apart)
