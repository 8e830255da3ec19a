"""What every kind of policy is compiled to: bitsets over the spaces, with provenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.policy.bits import Bits, union


class Grant(NamedTuple):
    """Every end in ``sources`` may reach every end in ``destinations`` on ``ports``.

    Ends are numbers of ``Spaces``: classes, then address atoms. ``ports`` is a mask of ``PortSpace``. Named ports are
    already resolved: a rule becomes one grant for each number that destinations declare.
    """

    sources: Bits
    destinations: Bits
    ports: Bits


class PortsAt(NamedTuple):
    """The ports that a rule names, for the destinations that it means them for.

    Numbers mean every destination; a named port means the classes that declare it, one entry for each number.
    """

    destinations: Bits
    mask: Bits


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule over the spaces: its subjects, its peers and its ports.

    ``peers`` are the ends that it surely names; ``possible_peers`` those that it names if something holds that the
    input does not show (``doubt`` says what). ``names_pods``: some peer is a pod selector, so that pods which are
    not in the input may be let in too.
    """

    policy: ObjectRef
    direction: Direction
    label: str
    source: Source
    text: str
    subjects: Bits
    peers: Bits
    possible_peers: Bits
    ports: tuple[PortsAt, ...]
    names_pods: bool = False
    doubt: str = ""

    def mask_at(self, destination: int) -> Bits:
        """The ports that the rule names at one destination."""
        return union(p.mask for p in self.ports if p.destinations >> destination & 1)

    def grants(self, peers: Bits) -> Iterator[Grant]:
        """What the rule permits with ``peers`` at the other end."""
        sources, destinations = (self.subjects, peers) if self.direction is Direction.EGRESS else (peers, self.subjects)
        for meant, mask in self.ports:
            if sources and (reached := destinations & meant):
                yield Grant(sources, reached, mask)


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
