"""Flows between workloads and the addresses outside the cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from lib.flows.row import FlowRow, RowVerdict, unknown_reason, verdicts
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import OUTSIDE_SUFFIX
from lib.model.sets import AddressSet
from lib.policy.bits import Bits, from_positions, positions
from lib.policy.pairs import Part, Sum, WorkloadPairs, add_up

Split = tuple[tuple[Bits, Bits, Bits], ...]
"""Outside ends with their allowed and possible masks; ends that have nothing are left out."""
Range = tuple[tuple[int, int], str]
"""Family and first address of a range, by which rows are put in order, and how they name it."""


@dataclass(frozen=True)
class Outside:
    """What every class exchanges with the outside; one side only, since no policy governs the other."""

    pairs: WorkloadPairs

    @cached_property
    def arriving(self) -> Mapping[int, Split]:
        """Class → the outside sources that reach it."""
        engine = self.pairs.engine
        reachability, spaces = engine.reachability(), engine.spaces
        groups: dict[object, list[int]] = defaultdict(list)
        for end in range(spaces.first_address, spaces.first_address + len(spaces.addresses)):
            groups[reachability.group_of(end)].append(end)
        found: dict[int, list[tuple[Bits, Bits, Bits]]] = defaultdict(list)
        used = from_positions(n for members in spaces.endpoints.members for n in members)
        for ends in groups.values():
            sources = from_positions(ends)
            for destinations, allowed, possible, _ in reachability.row(ends[0]):
                for number in positions(destinations & used):
                    found[number].append((sources, allowed, possible))
        return {number: tuple(split) for number, split in found.items()}

    def leaving(self, number: int) -> Split:
        """The outside destinations that a class reaches."""
        outside = self.pairs.engine.spaces.outside
        row = self.pairs.engine.reachability().row(number)
        return tuple((ends & outside, allowed, possible) for ends, allowed, possible, _ in row if ends & outside)

    def of_workload(self, workload: int, direction: Direction) -> Iterator[tuple[RowVerdict, Bits, str, AddressSet]]:
        """Verdict, port mask, ``k/n`` and addresses; addresses of equal answers come together."""
        answers: dict[tuple[RowVerdict, Bits, str], Bits] = defaultdict(int)
        for ends, total in self.cells(workload, direction):
            for answer in verdicts(total):
                answers[answer] |= ends
        for (verdict, mask, pods), ends in answers.items():
            yield verdict, mask, pods, self.addresses(ends)

    def cells(self, workload: int, direction: Direction) -> Iterator[tuple[Bits, Sum]]:
        """Disjoint outside ends with what the workload exchanges with them; ends that have nothing are left out."""
        splits = [
            (count, self.arriving.get(number, ()) if direction is Direction.INGRESS else self.leaving(number))
            for number, count in self.pairs.mixtures[workload]
        ]
        for ends, parts in _refine(splits):
            yield ends, add_up(parts, self.pairs.sizes[workload])

    def addresses(self, ends: Bits) -> AddressSet:
        """The addresses of a set of outside ends; equal ends give the same object."""
        found = self._addresses.get(ends)
        if found is None:
            found = self._addresses[ends] = self.pairs.engine.spaces.addresses_in(ends)
        return found

    @cached_property
    def _addresses(self) -> dict[Bits, AddressSet]:
        return {}

    def ranges(self, addresses: AddressSet) -> tuple[Range, ...]:
        """The ranges of a set of addresses as rows name them; many workloads have the same."""
        found = self._ranges.get(addresses)
        if found is None:
            found = self._ranges[addresses] = tuple(
                ((first.version, int(first)), f"{first}-{last}{OUTSIDE_SUFFIX}") for first, last in addresses.ranges()
            )
        return found

    @cached_property
    def _ranges(self) -> dict[AddressSet, tuple[Range, ...]]:
        return {}


def _refine(splits: Iterable[tuple[int, Split]]) -> Iterator[tuple[Bits, list[Part]]]:
    """Cut the ends of all splits into cells inside which every split says one thing."""
    cells: list[tuple[Bits, list[Part]]] = []
    for count, split in splits:
        refined: list[tuple[Bits, list[Part]]] = []
        fresh = [(ends, Part(count, allowed, possible)) for ends, allowed, possible in split]
        for ends, parts in cells:
            rest = ends
            for others, part in fresh:
                if common := ends & others:
                    refined.append((common, [*parts, part]))
                    rest &= ~common
            if rest:
                refined.append((rest, parts))
        covered = 0
        for ends, _ in cells:
            covered |= ends
        refined += [(others & ~covered, [part]) for others, part in fresh if others & ~covered]
        cells = refined
    yield from cells


def outside_rows(pairs: WorkloadPairs, workloads: Iterable[int], direction: Direction) -> Iterator[FlowRow]:
    """The rows to (EGRESS) or from (INGRESS) outside of each of ``workloads``, by ascending address, IPv4 first."""
    outside = Outside(pairs)
    for number in workloads:
        workload = pairs.workload(number)
        name, host = str(workload.ref), workload.host_network
        listed = []
        for verdict, mask, pods, addresses in outside.of_workload(number, direction):
            ports = pairs.engine.connections(mask)
            reason = unknown_reason(pairs.engine, False) if verdict is RowVerdict.UNKNOWN else ""
            listed += [(*each, ports, verdict, pods, reason) for each in outside.ranges(addresses)]
        for _, ends, ports, verdict, pods, reason in sorted(listed, key=lambda item: item[0]):
            if direction is Direction.INGRESS:
                yield FlowRow(ends, name, ports, verdict, pods, reason, host, None, workload.ref)
            else:
                yield FlowRow(name, ends, ports, verdict, pods, reason, host, workload.ref, None)
