"""Who can reach whom, as bitsets: one row for each group of sources that the rules treat alike.

A row splits all destinations into cells with equal ports. Rows are made when asked for and kept; nothing ever has the
size of pods times pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from lib.model.policies import Direction
from lib.model.records import dataclass, field
from lib.model.sets import Family
from lib.policy.bits import Bits, positions, union
from lib.policy.by_family import Parted, Reach, over_both, over_either
from lib.policy.cells import Cells, after_stage, beside, disjoint, matched, means_families, of_family, whichever
from lib.policy.compile import Spaces
from lib.policy.outcome import Outcome
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Stage


class Cell(NamedTuple):
    """The destinations that a source reaches on exactly ``allowed``; on ``possible`` beyond it nobody knows.

    ``allowed`` is always part of ``possible``. Where ``parted`` is not None, packets of the two IP families that both
    ends speak differ: ``allowed`` is then what both have, and what is beyond it stands in ``parted``.
    """

    destinations: Bits
    allowed: Bits
    possible: Bits
    parted: Parted | None = None


_FAMILIES: Final = (Family.IPV4, Family.IPV6)


@dataclass(frozen=True)
class Reachability:
    """The permitted connections between all ends, by the rules alone.

    What the rules do not say is left to the callers: a pod always reaches itself, a node its own pods, and two
    outside ends are nobody's matter. ``isolated`` are the classes that some policy isolates, by direction. A packet
    has one IP family: what one side permits for IPv4 alone and the other for IPv6 alone, nobody can use.
    ``parts_families``: some rule means pods or nodes by the addresses of one family; then masks hold every port twice
    in here, for IPv4 and above that for IPv6.
    """

    spaces: Spaces
    isolated: Mapping[Direction, Bits]
    parts_families: bool
    _sides: Mapping[Direction, _Side]
    _rows: dict[object, tuple[Cell, ...]] = field(default_factory=dict)
    _groups: dict[int, object] = field(default_factory=dict)

    def row(self, source: int) -> tuple[Cell, ...]:
        """The cells of one source; destinations that it surely cannot reach are in none."""
        key = self.group_of(source)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._cells(source)
        return row

    def group_of(self, source: int) -> object:
        """A value that is equal for sources with equal rows."""
        group = self._groups.get(source)
        if group is None:
            group = self._groups[source] = self._group_of(source)
        return group

    def _group_of(self, source: int) -> object:
        signature = self._sides[Direction.EGRESS].signature(source), self._sides[Direction.INGRESS].signature(source)
        return (*signature, *self._spoken(source)) if self.parts_families else signature

    def _spoken(self, source: int) -> tuple[bool, ...]:
        return tuple(bool(self.spaces.speaking(family) >> source & 1) for family in _FAMILIES)

    def between(self, source: int, destination: int) -> Reach:
        """What one end has towards another."""
        bit = 1 << destination
        for cell in self.row(source):
            if cell.destinations & bit:
                return Reach(cell.allowed, cell.possible, cell.parted)
        return Reach(0, 0)

    def _cells(self, source: int) -> tuple[Cell, ...]:
        row: dict[Reach, Bits] = {}
        leaving = self._sides[Direction.EGRESS].row(source)
        for (allowed_in, possible_in), some in self._sides[Direction.INGRESS].row(source).items():
            for (allowed_out, possible_out), others in leaving.items():
                if (possible := possible_out & possible_in) and (common := some & others):
                    allowed = allowed_out & allowed_in
                    parts = self._by_family(source, common) if self.parts_families else ((common, None),)
                    for ends, families in parts:
                        found = self._put_together(allowed, possible, families)
                        if found.possible:
                            row[found] = row.get(found, 0) | ends
        return tuple(Cell(ends, *found) for found, ends in row.items())

    def _by_family(self, source: int, ends: Bits) -> Iterator[tuple[Bits, tuple[bool, ...]]]:
        """The ends that have the same families in common with a source, with those: IPv4, IPv6."""
        spoken = self._spoken(source)
        if source >= self.spaces.first_address:
            yield ends, spoken
            return
        for some, common in self._destinations(spoken):
            if found := ends & some:
                yield found, common

    def _destinations(self, spoken: tuple[bool, ...]) -> tuple[tuple[Bits, tuple[bool, ...]], ...]:
        """All ends, parted by the families that they have in common with a pod that speaks some; perhaps none."""
        pods = self.spaces.endpoints.everything
        ipv4, ipv6 = (pods & self.spaces.speaking(f) if spoken[i] else 0 for i, f in enumerate(_FAMILIES))
        outside4, outside6 = map(self.spaces.outside_of, _FAMILIES)
        return (
            (ipv4 & ~ipv6 | outside4, (True, False)),
            (ipv6 & ~ipv4 | outside6, (False, True)),
            (ipv4 & ipv6, (True, True)),
            (pods & ~(ipv4 | ipv6), (False, False)),
        )

    def _put_together(self, allowed: Bits, possible: Bits, families: tuple[bool, ...] | None) -> Reach:
        """What masks say of packets of some families; None where masks hold every port once.

        Two pods that have no family in common exchange no packet: they are judged as if one did.
        """
        if families is None:
            return Reach(allowed, possible)
        shift, every = len(self.spaces.ports.atoms), self.spaces.ports.all
        ipv4, ipv6 = (allowed & every, possible & every), (allowed >> shift, possible >> shift)
        match families:
            case (True, True):
                return over_both(ipv4, ipv6)
            case (True, False):
                return Reach(*ipv4)
            case (False, True):
                return Reach(*ipv6)
            case _:
                return over_either(ipv4, ipv6)


@dataclass(frozen=True, slots=True)
class _Run:
    """Rules of one action that are asked one after the other, so that their order does not matter.

    ``branch`` tells policies of equal precedence apart, which are all asked about the same; -1: there are none.
    """

    stage: int
    level: int
    branch: int
    action: Action


class _Side:
    """The rules of one direction, merged and filed by source."""

    def __init__(self, spaces: Spaces, stages: tuple[Stage, ...], direction: Direction, shift: int) -> None:
        self._direction = direction
        self._every_port = spaces.ports.all | spaces.ports.all << shift
        self._everything = spaces.everything
        self._closes = [stage.closes(direction) for stage in stages]
        self._closes_any = union(self._closes)
        readings: dict[str, list[int]] = defaultdict(list)
        for number, stage in enumerate(stages):
            readings[stage.reader].append(number)
        self._readings = tuple(readings.values()) or ([],)
        self._runs: list[_Run] = []
        self._entries: list[tuple[int, bool, dict[Bits, Bits]]] = []
        self._filed: dict[int, list[int]] = defaultdict(list)
        self._common: list[int] = []
        self._rows: dict[object, dict[tuple[Bits, Bits], Bits]] = {}
        merged: dict[tuple[int, bool, Bits], dict[Bits, Bits]] = defaultdict(dict)
        for run, rule in self._in_runs(stages):
            for sure, named in ((True, rule.sure), (False, rule.possible)):
                for sources, destinations, ports, family in rule.grants(named):
                    mask = of_family(ports, family, shift)
                    by_mask = merged[run, not sure, sources]
                    by_mask[mask] = by_mask.get(mask, 0) | destinations
        for (run, unsure, sources), by_mask in sorted(merged.items(), key=lambda item: item[0][:2]):
            number = len(self._entries)
            self._entries.append((run, not unsure, by_mask))
            if sources == self._everything:
                self._common.append(number)
                continue
            for source in positions(sources):
                self._filed[source].append(number)

    def _in_runs(self, stages: tuple[Stage, ...]) -> Iterator[tuple[int, CompiledRule]]:
        for stage_number, stage in enumerate(stages):
            for level_number, level in enumerate(stage.levels):
                rules = [p.rules_for(self._direction) for p in level]
                contested = len({r.action for of_one in rules for r in of_one}) > 1 and sum(map(bool, rules)) > 1
                for branch, of_one in enumerate(rules):
                    for rule in of_one:
                        # Without a contest, neighbours of one action are one run across all levels of the stage.
                        run = _Run(
                            stage_number,
                            level_number if contested else -1,
                            branch if contested else -1,
                            rule.action,
                        )
                        if not self._runs or self._runs[-1] != run:
                            self._runs.append(run)
                        yield len(self._runs) - 1, rule

    def signature(self, source: int) -> tuple[object, ...]:
        """Equal for sources with equal rows."""
        filed = tuple(self._filed.get(source, ()))
        if self._direction is Direction.INGRESS or not self._closes_any >> source & 1:
            return (filed,)
        return filed, tuple(i for i, closes in enumerate(self._closes) if closes >> source & 1)

    def row(self, source: int) -> dict[tuple[Bits, Bits], Bits]:
        """(Allowed, possible) → the destinations for which this direction says so; every destination is in one."""
        key = self.signature(source)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = self._row(source)
        return row

    def _row(self, source: int) -> dict[tuple[Bits, Bits], Bits]:
        numbers = sorted((*self._common, *self._filed.get(source, ())))
        by_stage = {
            stage: tuple(of_stage)
            for stage, of_stage in groupby(numbers, lambda n: self._runs[self._entries[n][0]].stage)
        }
        start: Cells = {Outcome(0, 0, self._every_port): self._everything}
        cells, *others = (self._through(start, of_one, by_stage, source) for of_one in self._readings)
        for other in others:
            cells = whichever(cells, other)
        row: dict[tuple[Bits, Bits], Bits] = {}
        for outcome, ends in cells.items():
            masks = outcome.surely, outcome.possibly
            row[masks] = row.get(masks, 0) | ends
        return row

    def _through(
        self, cells: Cells, stages: Iterable[int], by_stage: Mapping[int, tuple[int, ...]], source: int
    ) -> Cells:
        for stage in stages:
            closes = self._closes[stage]
            if stage in by_stage:
                cells = self._after_rules(cells, by_stage[stage])
            if self._direction is Direction.EGRESS:
                closes = self._everything if closes >> source & 1 else 0
            cells = after_stage(cells, closes)
        return cells

    def _after_rules(self, cells: Cells, numbers: tuple[int, ...]) -> Cells:
        for level, of_level in groupby(numbers, lambda n: self._runs[self._entries[n][0]].level):
            if level < 0:
                cells = self._in_order(cells, of_level)
                continue
            branches = [
                self._in_order(cells, of_branch)
                for _, of_branch in groupby(of_level, lambda n: self._runs[self._entries[n][0]].branch)
            ]
            cells = branches[0]
            for other in branches[1:]:
                cells = beside(cells, other)
        return cells

    def _in_order(self, cells: Cells, numbers: Iterable[int]) -> Cells:
        for (run, sure), group in groupby(numbers, lambda n: self._entries[n][:2]):
            totals: dict[Bits, Bits] = {}
            for number in group:
                for mask, destinations in self._entries[number][2].items():
                    totals[mask] = totals.get(mask, 0) | destinations
            cells = matched(cells, disjoint(totals), self._runs[run].action, sure=sure)
        return cells


def build_reachability(spaces: Spaces, stages: tuple[Stage, ...]) -> Reachability:
    """File the rules of all policies by source; rows are made on demand."""
    policies: list[CompiledPolicy] = [p for stage in stages for p in stage.policies]
    isolated = {d: union(p.isolates(d) for p in policies) for d in Direction}
    apart = means_families(policies)
    shift = len(spaces.ports.atoms) if apart else 0
    return Reachability(spaces, isolated, apart, {d: _Side(spaces, stages, d, shift) for d in Direction})
