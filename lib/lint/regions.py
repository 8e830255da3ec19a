"""Sets of packets of one group of subjects, as masks of ports with the peers that they hold for."""

from __future__ import annotations

from collections.abc import Iterable

from lib.policy.bits import Bits
from lib.policy.cells import disjoint
from lib.policy.columns import Region


def minus(region: Region, taken: Region) -> Region:
    """The packets of ``region`` that are not in ``taken``."""
    found: dict[Bits, Bits] = {}
    for mask, peers in region.items():
        rest = peers
        for other, some in taken.items():
            if common := rest & some:
                rest &= ~common
                if left := mask & ~other:
                    found[left] = found.get(left, 0) | common
        if rest:
            found[mask] = found.get(mask, 0) | rest
    return found


def common(region: Region, other: Region) -> Region:
    """The packets that are in both."""
    found: dict[Bits, Bits] = {}
    for mask, peers in region.items():
        for another, some in other.items():
            if (ports := mask & another) and (both := peers & some):
                found[ports] = found.get(ports, 0) | both
    return found


def meets(region: Region, other: Region) -> bool:
    """Whether some packet is in both."""
    return any(mask & another and peers & some for mask, peers in region.items() for another, some in other.items())


def joined(regions: Iterable[Region]) -> Region:
    """The packets of all regions; every peer is in one entry."""
    totals: dict[Bits, Bits] = {}
    for region in regions:
        for mask, peers in region.items():
            totals[mask] = totals.get(mask, 0) | peers
    return disjoint(totals) if len(totals) > 1 else totals
