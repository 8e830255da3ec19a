"""The ends that peers of Cilium's policies mean, surely and perhaps, those by their addresses for one IP family."""

from __future__ import annotations

from lib.model.records import dataclass
from lib.policy.bits import Bits
from lib.policy.rules import Named

_NOBODY = Named()


@dataclass(frozen=True, slots=True)
class Ends:
    """Ends that are surely meant, and those that may be; ``doubts`` say what that hangs on.

    ``own`` are meant by those subjects whose own node they are on, ``others`` by all others. ``surely_at`` and
    ``perhaps_at`` are meant by their addresses: for packets of the family of these.
    """

    sure: Bits = 0
    maybe: Bits = 0
    doubts: tuple[str, ...] = ()
    own: Bits = 0
    others: Named = _NOBODY
    surely_at: Named = _NOBODY
    perhaps_at: Named = _NOBODY

    @property
    def surely(self) -> Named:
        """The ends that are surely meant, by the family of the packets."""
        return _both(Named(always=self.sure), self.surely_at)

    @property
    def perhaps(self) -> Named:
        """The ends that may be meant and are not surely."""
        return without(_both(Named(always=self.maybe), self.perhaps_at), self.surely)

    def beside(self, other: Ends) -> Ends:
        """Both together."""
        return Ends(
            self.sure | other.sure,
            self.maybe | other.maybe,
            (*self.doubts, *other.doubts),
            self.own | other.own,
            _both(self.others, other.others),
            _both(self.surely_at, other.surely_at),
            _both(self.perhaps_at, other.perhaps_at),
        )


def _both(one: Named, other: Named) -> Named:
    return Named.of(one.always | other.always, one.ipv4 | other.ipv4, one.ipv6 | other.ipv6)


def without(one: Named, other: Named) -> Named:
    """The ends of ``one`` for the packets for which ``other`` does not name them."""
    ipv4, ipv6 = ((one.always | a) & ~(other.always | b) for a, b in ((one.ipv4, other.ipv4), (one.ipv6, other.ipv6)))
    return Named.of(0, ipv4, ipv6)
