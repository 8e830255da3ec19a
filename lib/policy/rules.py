"""What every kind of policy is compiled to: bitsets over the spaces, with provenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Family
from lib.policy.bits import Bits, union


class Grant(NamedTuple):
    """Every end in ``sources`` may reach every end in ``destinations`` on ``ports``.

    Ends are numbers of ``Spaces``: classes, then address atoms. ``ports`` is a mask of ``PortSpace``. Named ports are
    already resolved: a rule becomes one grant for each number that destinations declare. ``family`` is the only one
    that it holds for, None where it holds for both.
    """

    sources: Bits
    destinations: Bits
    ports: Bits
    family: Family | None = None


class Named(NamedTuple):
    """Ends that a rule names, parted by the family of the packets that it names them for.

    ``always`` are outside addresses, and pods named by their labels; the others are pods and nodes of which only the
    addresses of one family stand in an ipBlock.
    """

    always: Bits = 0
    ipv4: Bits = 0
    ipv6: Bits = 0

    @classmethod
    def of(cls, always: Bits, ipv4: Bits, ipv6: Bits) -> Named:
        """What is named for both families counts as always named."""
        always |= ipv4 & ipv6
        return cls(always, ipv4 & ~always, ipv6 & ~always)

    @property
    def any(self) -> Bits:
        """The ends that are named for some packets."""
        return self.always | self.ipv4 | self.ipv6

    def parts(self) -> tuple[tuple[Family | None, Bits], ...]:
        """Each family with its ends, None with those that are named whatever the family."""
        return (None, self.always), (Family.IPV4, self.ipv4), (Family.IPV6, self.ipv6)


class PortsAt(NamedTuple):
    """The ports that a rule names, for the destinations that it means them for.

    Numbers mean every destination; a named port means the classes that declare it, one entry for each number.
    """

    destinations: Bits
    mask: Bits


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule over the spaces: its subjects, its peers and its ports.

    ``sure`` are the ends that it surely names; ``possible`` those that it names if something holds that the input does
    not show (``doubt`` says what). ``names_pods``: some peer is a pod selector, so that pods which are
    not in the input may be let in too.
    """

    policy: ObjectRef
    direction: Direction
    label: str
    source: Source
    text: str
    subjects: Bits
    sure: Named
    possible: Named
    ports: tuple[PortsAt, ...]
    names_pods: bool = False
    doubt: str = ""

    @property
    def peers(self) -> Bits:
        """The ends that it surely names, for some packets at least."""
        return self.sure.any

    @property
    def possible_peers(self) -> Bits:
        """The ends that it may name and does not surely name."""
        return self.possible.any & ~self.sure.any

    def mask_at(self, destination: int) -> Bits:
        """The ports that the rule names at one destination."""
        return union(p.mask for p in self.ports if p.destinations >> destination & 1)

    def grants(self, named: Named) -> Iterator[Grant]:
        """What the rule permits with the ``named`` ends as its peers."""
        for family, peers in named.parts():
            sources, destinations = self.subjects, peers
            if self.direction is Direction.INGRESS:
                sources, destinations = peers, self.subjects
            for meant, mask in self.ports:
                if sources and (reached := destinations & meant):
                    yield Grant(sources, reached, mask, family)


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """One policy: the classes that it isolates, by direction, and its rules in the order of the spec."""

    ref: ObjectRef
    source: Source
    subjects: Bits
    directions: frozenset[Direction]
    rules: tuple[CompiledRule, ...]

    def isolates(self, direction: Direction) -> Bits:
        """The classes that it isolates for ``direction``."""
        return self.subjects if direction in self.directions else 0


@dataclass(frozen=True, slots=True)
class CompiledRejection:
    """A policy that was rejected, and the classes whose verdicts it could change, by direction."""

    ref: ObjectRef
    source: Source
    subjects: Bits
    directions: frozenset[Direction]

    def touches(self, direction: Direction) -> Bits:
        """The classes whose verdict for ``direction`` it could change."""
        return self.subjects if direction in self.directions else 0
