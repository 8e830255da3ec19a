"""What becomes of ports, told for whole sets of ends at once: the steps of ``Outcome`` over bitsets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lib.model.sets import Family
from lib.policy.bits import Bits
from lib.policy.outcome import Outcome
from lib.policy.rules import Action, CompiledPolicy

Partition = Mapping[Bits, Bits]
"""Port mask → ends that have exactly this mask; ends with none are left out."""

Cells = dict[Outcome, Bits]
"""Outcome → the ends of which it holds; every end is in one."""


def means_families(policies: Iterable[CompiledPolicy]) -> bool:
    """Whether some rule means ends by the addresses of one family, so that the two have to be told apart."""
    return any(named.ipv4 or named.ipv6 for p in policies for r in p.rules for named in (r.sure, r.possible))


def of_family(ports: Bits, family: Family | None, shift: int) -> Bits:
    """A mask of ports as one that holds every port twice: for IPv4, and ``shift`` above that for IPv6."""
    match family:
        case None:
            return ports | ports << shift
        case Family.IPV4:
            return ports
        case Family.IPV6:
            return ports << shift


def matched(cells: Cells, partition: Partition, action: Action, *, sure: bool) -> Cells:
    """The cells after a rule, or several of one action, that surely or perhaps match on a partition."""
    after: Cells = {}
    for outcome, ends in cells.items():
        rest = ends
        for mask, some in partition.items():
            if common := rest & some:
                rest &= ~common
                changed = outcome.match(action, mask, sure=sure)
                after[changed] = after.get(changed, 0) | common
        if rest:
            after[outcome] = after.get(outcome, 0) | rest
    return after


def beside(cells: Cells, others: Cells) -> Cells:
    """The cells where two policies of equal precedence are both asked."""
    return _joined(cells, others, Outcome.beside)


def whichever(cells: Cells, others: Cells) -> Cells:
    """The cells after the last stage of two readings of which nobody knows which one counts."""
    return _joined(cells, others, Outcome.whichever)


def _joined(cells: Cells, others: Cells, join: Callable[[Outcome, Outcome], Outcome]) -> Cells:
    after: Cells = {}
    for outcome, ends in cells.items():
        for other, some in others.items():
            if common := ends & some:
                both = join(outcome, other)
                after[both] = after.get(both, 0) | common
    return after


def after_stage(cells: Cells, closes: Bits) -> Cells:
    """The cells at the end of a stage that denies what is left to the ends in ``closes``."""
    after: Cells = {}
    for outcome, ends in cells.items():
        for closed, some in ((True, ends & closes), (False, ends & ~closes)):
            if some:
                changed = outcome.end_stage(closed=closed)
                after[changed] = after.get(changed, 0) | some
    return after


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
