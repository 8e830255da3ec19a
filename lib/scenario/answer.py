"""What one pair of ends has under one engine, and what became of it under another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from lib.model.sets import ConnectionSet


class Change(Enum):
    """What became of a flow; UNKNOWN where the input does not settle whether anything did."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"
    UNKNOWN = "unknown"


NO_PORTS = ConnectionSet()


@dataclass(frozen=True, slots=True)
class FlowAnswer:
    """The ports of a pair of ends, by verdict; no port is in two of them.

    ``partial`` are those that only some pairs of their pods have, or that they have over one IP family only: of these
    ``only_ipv4`` and ``only_ipv6`` say over which. How many pods that are is left out: scaling a workload changes what
    no policy says.
    """

    allowed: ConnectionSet = NO_PORTS
    partial: ConnectionSet = NO_PORTS
    unknown: ConnectionSet = NO_PORTS
    only_ipv4: ConnectionSet = NO_PORTS
    only_ipv6: ConnectionSet = NO_PORTS

    @property
    def some(self) -> ConnectionSet:
        """The ports that at least one pair of pods surely has."""
        return self.allowed | self.partial

    @property
    def possible(self) -> ConnectionSet:
        """The ports that at least one pair of pods has or may have."""
        return self.some | self.unknown

    def to_json(self) -> dict[str, dict[str, list[list[int]]]]:
        """Ports by verdict, and the partial ones by IP family; what has no port is left out."""
        named = (
            ("allowed", self.allowed),
            ("partial", self.partial),
            ("unknown", self.unknown),
            ("only_ipv4", self.only_ipv4),
            ("only_ipv6", self.only_ipv6),
        )
        return {name: ports.to_json() for name, ports in named if ports}

    def __str__(self) -> str:
        return self.beside(NOTHING)

    def beside(self, other: FlowAnswer) -> str:
        """The answer in words that say in what it differs from another one: "all pods" where that has only some."""
        of_pods, others = (each.partial - each.only_ipv4 - each.only_ipv6 for each in (self, other))
        one_family = other.only_ipv4 | other.only_ipv6
        rest = self.allowed - others - one_family
        parts = [str(rest)] if rest else []
        parts += [f"{found} (all pods)"] if (found := self.allowed & others) else []
        parts += [f"{found} (over both IP families)"] if (found := self.allowed & one_family) else []
        parts += [f"{of_pods} (some pods)"] if of_pods else []
        parts += [f"{self.only_ipv4} (over IPv4 alone)"] if self.only_ipv4 else []
        parts += [f"{self.only_ipv6} (over IPv6 alone)"] if self.only_ipv6 else []
        parts += [f"{self.unknown} (unknown)"] if self.unknown else []
        return "; ".join(parts) or "none"


NOTHING = FlowAnswer()


def judge(old: FlowAnswer, new: FlowAnswer) -> Change | None:
    """What became of a flow; None where nothing did.

    It is gained where surely nothing was and surely something is, lost the other way round, and changed where some
    port surely came or went, or is now for all pods or only for some. What is left hangs on unknown ports alone.
    """
    if old == new:
        return None
    if not old.possible and new.some:
        return Change.GAINED
    if old.some and not new.possible:
        return Change.LOST
    surely = (
        new.some - old.possible or old.some - new.possible or old.allowed & new.partial or old.partial & new.allowed
    ) or bool(old.only_ipv4 & new.only_ipv6 or old.only_ipv6 & new.only_ipv4)
    return Change.CHANGED if surely else Change.UNKNOWN


def differing(old: FlowAnswer, new: FlowAnswer) -> ConnectionSet:
    """The ports whose verdict is not the same."""
    return (
        (old.allowed - new.allowed)
        | (new.allowed - old.allowed)
        | (old.partial - new.partial)
        | (new.partial - old.partial)
        | (old.unknown - new.unknown)
        | (new.unknown - old.unknown)
        | (old.only_ipv4 - new.only_ipv4)
        | (new.only_ipv4 - old.only_ipv4)
        | (old.only_ipv6 - new.only_ipv6)
        | (new.only_ipv6 - old.only_ipv6)
    )


Judge = Callable[[FlowAnswer, FlowAnswer], Change | None]
"""As ``judge``."""
