"""One end beyond the pods of the input to which a workload is open, with the ports and the rules that decide."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet, Protocol
from lib.policy.newcomers import ANYBODY, Newcomers

_RANGES_NAMED: Final = 3
_EVERY_ADDRESS: Final = ["0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports by number, and by the names that destinations give them.

    ``but`` are the names of ports that are left out of ``numbers`` where a destination has such a name.
    """

    numbers: ConnectionSet
    names: tuple[tuple[Protocol, str], ...] = ()
    but: tuple[tuple[Protocol, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.numbers or self.names)

    def __str__(self) -> str:
        told = [str(self.numbers)] if self.numbers else []
        told += [f"{protocol.value} {name}" for protocol, name in self.names]
        left_out = ", ".join(f"{protocol.value} {name}" for protocol, name in self.but)
        return ", ".join(told) + (f" but {left_out}" if left_out else "")


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule that decides, and where it stands; ``effect``: permits, denies, passes or undecided."""

    policy: ObjectRef
    effect: str
    rule: str
    source: Source


@dataclass(frozen=True, slots=True)
class ExposedTo:
    """One direction of a workload and ends that are not in the input: ``newcomers``, or ``addresses`` outside.

    ``ports`` are those that all of the workload's pods have with all of these ends, ``some`` those beyond them that
    only some have, or that nobody knows of, which ``doubt`` says. ``rules`` decide; none where no policy selects the
    workload. ``present`` are the workloads of the input that fulfil the newcomers' selector today. ``apart``: not
    meant are those of other rows of the same workload and direction, who have less.
    """

    workload: ObjectRef
    direction: Direction
    newcomers: Newcomers | None
    addresses: AddressSet
    ports: Ports
    some: Ports
    present: tuple[ObjectRef, ...] = ()
    rules: tuple[Cause, ...] = ()
    doubt: str = ""
    apart: bool = False

    @property
    def selects(self) -> bool:
        """Whether the ends are pods that a selector of some rule means."""
        return self.newcomers is not None and self.newcomers != ANYBODY and not self.newcomers.doubt

    @property
    def peer(self) -> str:
        """The ends in words."""
        if self.newcomers is None:
            ranges = [
                f"{first}-{last}" if first != last else str(first)
                for first, last in islice(self.addresses.ranges(), _RANGES_NAMED + 1)
            ]
            if ranges == _EVERY_ADDRESS:
                return "any address outside"
            more = " and more" if len(ranges) > _RANGES_NAMED else ""
            return f"outside: {', '.join(ranges[:_RANGES_NAMED])}{more}"
        named = "any pod of any namespace" if self.newcomers == ANYBODY else str(self.newcomers)
        return f"{named} but those listed apart" if self.apart else named
