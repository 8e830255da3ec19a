"""The ends that a condition of Calico's means, for packets of each IP family."""

from __future__ import annotations

from typing import NamedTuple

from lib.model.sets import Family
from lib.policy.bits import Bits
from lib.policy.compile import Spaces
from lib.policy.rules import Named


class Ends(NamedTuple):
    """The ends that are meant, by the family of the packets: surely, and perhaps (which holds the sure ones too)."""

    sure4: Bits
    maybe4: Bits
    sure6: Bits
    maybe6: Bits

    @classmethod
    def both(cls, sure: Bits, maybe: Bits) -> Ends:
        """The same ends for both families."""
        return cls(sure, maybe, sure, maybe)

    @classmethod
    def of(cls, sure: Named, possible: Named) -> Ends:
        """Ends by address, as the spaces name them."""
        four, six = sure.always | sure.ipv4, sure.always | sure.ipv6
        return cls(four, four | possible.always | possible.ipv4, six, six | possible.always | possible.ipv6)

    def __and__(self, other: Ends) -> Ends:
        return Ends(*(a & b for a, b in zip(self, other, strict=True)))

    def __or__(self, other: Ends) -> Ends:
        return Ends(*(a | b for a, b in zip(self, other, strict=True)))

    @property
    def perhaps(self) -> Ends:
        """The same ends, of which none is surely meant."""
        return Ends(0, self.maybe4, 0, self.maybe6)

    def inverted(self, everything: Bits) -> Ends:
        """What is not meant."""
        return Ends(
            everything & ~self.maybe4, everything & ~self.sure4, everything & ~self.maybe6, everything & ~self.sure6
        )

    def only(self, family: Family | None) -> Ends:
        """The ends for packets of one family; None: of both."""
        if family is None:
            return self
        if family is Family.IPV4:
            return Ends(self.sure4, self.maybe4, 0, 0)
        return Ends(0, 0, self.sure6, self.maybe6)

    def named(self, spaces: Spaces) -> tuple[Named, Named]:
        """Surely and only perhaps meant, as rules have it; outside addresses have a family of their own."""
        of4, of6 = spaces.outside_of(Family.IPV4), spaces.outside_of(Family.IPV6)
        maybe4, maybe6 = self.maybe4 & ~self.sure4, self.maybe6 & ~self.sure6
        return (
            Named.of(self.sure4 & of4 | self.sure6 & of6, self.sure4 & ~of6, self.sure6 & ~of4),
            Named.of(maybe4 & of4 | maybe6 & of6, maybe4 & ~of6, maybe6 & ~of4),
        )
