"""Sets of small numbers as Python integers: bit *i* is set when *i* is in the set.

Union, intersection and difference of ten thousand members then cost a fraction of a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Bits = int

_NARROW: Final = 512
"""Up to this width Python does without numpy, whose import costs more than a small input."""


def positions(bits: Bits) -> list[int]:
    """The members, ascending."""
    if bits.bit_length() <= _NARROW:
        return [i for i, digit in enumerate(bin(bits)[:1:-1]) if digit == "1"]
    import numpy as np

    octets = np.frombuffer(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), np.uint8)
    found: list[int] = np.flatnonzero(np.unpackbits(octets, bitorder="little")).tolist()
    return found


def lowest(bits: Bits) -> int:
    """The smallest member of a set that has one."""
    return (bits & -bits).bit_length() - 1


def from_positions(members: Iterable[int]) -> Bits:
    """The set of ``members``, in any order."""
    listed = list(members)
    if not listed:
        return 0
    octets = bytearray(max(listed) // 8 + 1)
    for i in listed:
        octets[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(octets, "little")


def span(first: int, last: int) -> Bits:
    """The numbers from ``first`` to ``last``, both included; empty when reversed."""
    return ((1 << (last + 1)) - (1 << first)) if first <= last else 0


def union(sets: Iterable[Bits]) -> Bits:
    """Everything that is in any of ``sets``."""
    out = 0
    for bits in sets:
        out |= bits
    return out
