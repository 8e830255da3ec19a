"""What two ends have towards each other over each IP family that both speak, and over all of them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from lib.model.policies import Verdict
from lib.model.sets import Family
from lib.policy.bits import Bits

Masks: TypeAlias = tuple[Bits, Bits]
"""The ports that are allowed, and those that are or may be."""


class Parted(NamedTuple):
    """The masks of packets of one family each, where the two differ."""

    ipv4: Masks
    ipv6: Masks

    @property
    def some(self) -> Bits:
        """The ports that are allowed for one family at least."""
        return self.ipv4[0] | self.ipv6[0]


class Reach(NamedTuple):
    """The ports that are ``allowed`` over every family that the ends have in common, and ``possible`` over some.

    ``parted`` is None where all families have the same.
    """

    allowed: Bits
    possible: Bits
    parted: Parted | None = None

    @property
    def some(self) -> Bits:
        """The ports that are allowed over one family at least."""
        return self.allowed if self.parted is None else self.parted.some

    def over(self, ipv4: bool, asked: Bits) -> Masks:
        """The asked ports for packets of one family."""
        found = (self.allowed, self.possible) if self.parted is None else self.parted[0 if ipv4 else 1]
        return found[0] & asked, found[1] & asked

    def is_parted(self, asked: Bits) -> bool:
        """Whether families differ on the asked ports."""
        return self.over(True, asked) != self.over(False, asked)


def words_by_family(parted: Parted, ports: Bits) -> dict[str, Bits]:
    """What is told of ``ports`` whose families differ: words → the ports that they are about."""
    found: dict[str, Bits] = {}
    for word4, some in _by_word(parted.ipv4, ports):
        for word6, others in _by_word(parted.ipv6, ports):
            if word4 != word6 and (common := some & others):
                found[f"over {Family.IPV4.label} {word4}, over {Family.IPV6.label} {word6}"] = common
    return found


def _by_word(masks: Masks, ports: Bits) -> tuple[tuple[str, Bits], ...]:
    allowed, possible = masks
    return (
        (Verdict.ALLOWED.value, ports & allowed),
        (Verdict.UNKNOWN.value, ports & possible & ~allowed),
        (Verdict.DENIED.value, ports & ~(allowed | possible)),
    )


def over_both(ipv4: Masks, ipv6: Masks) -> Reach:
    """What ends that speak both families have."""
    if ipv4 == ipv6:
        return Reach(*ipv4)
    return Reach(ipv4[0] & ipv6[0], ipv4[1] | ipv6[1], Parted(ipv4, ipv6))


def over_either(ipv4: Masks, ipv6: Masks) -> Reach:
    """The same where one family, or which does not matter, is all that is asked about."""
    return Reach(ipv4[0] | ipv6[0], ipv4[1] | ipv6[1])


def one_of(cases: tuple[Reach, ...]) -> Reach:
    """What holds whichever of several cases it is."""
    if all(case.parted is None for case in cases):
        return Reach(*_in_all([(case.allowed, case.possible) for case in cases]))
    parts = [case.parted or Parted(*((case.allowed, case.possible),) * 2) for case in cases]
    return over_both(_in_all([part.ipv4 for part in parts]), _in_all([part.ipv6 for part in parts]))


def _in_all(cases: list[Masks]) -> Masks:
    allowed, possible = cases[0]
    for surely, maybe in cases[1:]:
        allowed, possible = allowed & surely, possible | maybe
    return allowed, possible
