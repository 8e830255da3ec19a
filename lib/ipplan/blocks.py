"""Free space as aligned blocks, cut without waste: what a subnet takes is always the smallest block that holds it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]  # the first address and the one after the last


@dataclass(frozen=True, slots=True)
class Block:
    """Addresses of one family from ``start`` on, as many as ``prefix`` of ``bits`` leaves; ``start`` is aligned."""

    start: int
    prefix: int
    bits: int

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return 1 << (self.bits - self.prefix)

    @property
    def end(self) -> int:
        """The address after its last."""
        return self.start + self.size

    def at(self, prefix: int) -> Block:
        """The block of length ``prefix`` that begins where this one does, or that holds this one."""
        size = 1 << (self.bits - prefix)
        return Block(self.start // size * size, prefix, self.bits)


class FreeBlocks:
    """The free blocks of some address spaces, which shrink as subnets take them.

    Each space is cut by itself, since a subnet lies in one space. A block is given out at the lowest address of the
    smallest free block that holds it, which leaves no fewer blocks of any size than any other choice would.
    """

    def __init__(self, bits: int, spaces: Iterable[Span], taken: Iterable[Span]) -> None:
        self._bits = bits
        self._free: list[list[int]] = [[] for _ in range(bits + 1)]
        gone = merged(taken)
        for space in spaces:
            for start, end in without(space, gone):
                for block in aligned(start, end, bits):
                    insort(self._free[block.prefix], block.start)

    def counts(self) -> list[int]:
        """How many free blocks there are of every prefix length."""
        return [len(starts) for starts in self._free]

    def counts_without(self, block: Block) -> list[int] | None:
        """What ``counts`` would say with ``block`` taken; None where some of it is not free."""
        found = self._holding(block)
        if found is None:
            return None
        counts = self.counts()
        counts[found[0]] -= 1
        for inner in range(found[0] + 1, block.prefix + 1):
            counts[inner] += 1
        return counts

    def take(self, prefix: int) -> Block | None:
        """The best block of this length, which is free no more; None where none is left."""
        for length in range(prefix, -1, -1):
            if self._free[length]:
                return self._cut(length, 0, Block(self._free[length][0], prefix, self._bits))
        return None

    def take_this(self, block: Block) -> bool:
        """Take exactly ``block``; False where some of it is not free."""
        found = self._holding(block)
        if found is None:
            return False
        self._cut(*found, block)
        return True

    def _holding(self, block: Block) -> tuple[int, int] | None:
        """The free block that holds all of ``block``: its length, and its position among those of that length."""
        for length in range(block.prefix, -1, -1):
            starts = self._free[length]
            outer = block.at(length).start
            index = bisect_left(starts, outer)
            if index < len(starts) and starts[index] == outer:
                return length, index
        return None

    def _cut(self, length: int, index: int, block: Block) -> Block:
        """Take ``block`` out of a free one, whose other halves stay free."""
        del self._free[length][index]
        for inner in range(length + 1, block.prefix + 1):
            half = block.at(inner)
            insort(self._free[inner], half.start ^ half.size)
        return block


def fits(free: list[int], wanted: list[int]) -> bool:
    """Whether all wanted blocks can be cut of the free ones; both are counted by their prefix length."""
    spare = 0
    for have, need in zip(free, wanted, strict=True):
        # What a length leaves over splits into twice as many of the next.
        spare = 2 * spare + have - need
        if spare < 0:
            return False
    return True


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same addresses as disjoint spans in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(space: Span, gone: list[Span]) -> Iterator[Span]:
    """What is left of ``space`` without the spans of ``gone``, which are disjoint and in order."""
    start, end = space
    # The first of them that reaches into the space is the last to begin before it, or a later one.
    for first, after in gone[max(0, bisect_left(gone, (start, 0)) - 1) :]:
        if after <= start:
            continue
        if first >= end:
            break
        if first > start:
            yield start, first
        start = max(start, after)
    if start < end:
        yield start, end


def aligned(start: int, end: int, bits: int) -> Iterator[Block]:
    """A span cut into the fewest aligned blocks, in order."""
    while start < end:
        size = min(start & -start or 1 << bits, 1 << ((end - start).bit_length() - 1))
        yield Block(start, bits - size.bit_length() + 1, bits)
        start += size
