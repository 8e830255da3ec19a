"""Exact sets of ports, addresses and connections, as canonical intervals.

Every set is kept sorted, disjoint and merged, so that equal sets compare and hash equal. The verbs are Python's own:
``|`` union, ``&`` intersection, ``-`` difference, ``in`` membership, ``<=`` subset, truth: not empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from operator import and_, or_, sub
from typing import Final, Self

from lib.model.errors import ModelError
from lib.model.records import dataclass

Interval = tuple[int, int]
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

FIRST_PORT: Final = 1
LAST_PORT: Final = 65535
DNS_PORT: Final = 53


class Protocol(Enum):
    """The transport protocols that a NetworkPolicy, a Service or a container port can name."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Family(Enum):
    """The two IP families; the value is the highest address as a number."""

    IPV4 = 2**32 - 1
    IPV6 = 2**128 - 1

    @property
    def label(self) -> str:
        """``IPv4`` or ``IPv6``, as the Kubernetes API writes it."""
        return "IPv4" if self is Family.IPV4 else "IPv6"


def family_of(value: Network | Address) -> Family:
    """The family of an ``ipaddress`` value."""
    return Family.IPV4 if value.version == 4 else Family.IPV6


def canonical(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Sort, drop empties and merge intervals that overlap or touch."""
    merged: list[Interval] = []
    for first, last in sorted(i for i in intervals if i[0] <= i[1]):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def intersect(a: tuple[Interval, ...], b: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The common part of two canonical sequences."""
    out: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            out.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def subtract(a: tuple[Interval, ...], b: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """What of canonical ``a`` is not in canonical ``b``."""
    out: list[Interval] = []
    j = 0
    for first, last in a:
        while j < len(b) and b[j][1] < first:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= last:
            if b[k][0] > first:
                out.append((first, b[k][0] - 1))
            first = b[k][1] + 1
            k += 1
        if first <= last:
            out.append((first, last))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class PortSet:
    """A set of port numbers; build it with ``of``, ``all`` or ``from_intervals``."""

    intervals: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, first: int, last: int | None = None) -> Self:
        """One port, or ``first`` to ``last``, both included. Raises ModelError outside 1-65535 or when reversed."""
        last = first if last is None else last
        if not FIRST_PORT <= first <= last <= LAST_PORT:
            raise ModelError(f"port range {first}-{last} is not within {FIRST_PORT}-{LAST_PORT}")
        return cls(((first, last),))

    @classmethod
    def all(cls) -> Self:
        """Every port, 1-65535."""
        return cls(((FIRST_PORT, LAST_PORT),))

    @classmethod
    def from_intervals(cls, intervals: Iterable[Interval]) -> Self:
        """From inclusive intervals in any order."""
        return cls(canonical(intervals))

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(canonical((*self.intervals, *other.intervals)))

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet(intersect(self.intervals, other.intervals))

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(subtract(self.intervals, other.intervals))

    def __le__(self, other: PortSet) -> bool:
        return not subtract(self.intervals, other.intervals)

    def __contains__(self, port: int) -> bool:
        return any(first <= port <= last for first, last in self.intervals)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __str__(self) -> str:
        if self.intervals == ((FIRST_PORT, LAST_PORT),):
            return "all"
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.intervals) or "none"


_NO_PORTS: Final = PortSet()


@dataclass(frozen=True, slots=True)
class ConnectionSet:
    """Ports by protocol; protocols without a port are left out, so that the empty set is ``ports == ()``."""

    ports: tuple[tuple[Protocol, PortSet], ...] = ()

    @classmethod
    def from_ports(cls, ports: Mapping[Protocol, PortSet]) -> Self:
        """From a mapping; the order of protocols becomes that of the enum."""
        return cls(tuple((p, ports[p]) for p in Protocol if ports.get(p)))

    @classmethod
    def all(cls) -> Self:
        """Every port of every protocol."""
        return cls(tuple((p, PortSet.all()) for p in Protocol))

    @classmethod
    def of(cls, protocol: Protocol, first: int, last: int | None = None) -> Self:
        """One protocol's port or range. Raises ModelError as ``PortSet.of``."""
        return cls(((protocol, PortSet.of(first, last)),))

    def __getitem__(self, protocol: Protocol) -> PortSet:
        return dict(self.ports).get(protocol, _NO_PORTS)

    def _merge(self, other: ConnectionSet, verb: Callable[[PortSet, PortSet], PortSet]) -> ConnectionSet:
        mine, others = dict(self.ports), dict(other.ports)
        return ConnectionSet.from_ports({p: verb(mine.get(p, _NO_PORTS), others.get(p, _NO_PORTS)) for p in Protocol})

    def __or__(self, other: ConnectionSet) -> ConnectionSet:
        return self._merge(other, or_) if self.ports and other.ports else self if self.ports else other

    def __and__(self, other: ConnectionSet) -> ConnectionSet:
        return self._merge(other, and_) if self.ports and other.ports else ConnectionSet()

    def __sub__(self, other: ConnectionSet) -> ConnectionSet:
        return self._merge(other, sub) if self.ports and other.ports else self

    def __le__(self, other: ConnectionSet) -> bool:
        return not self - other

    def __bool__(self) -> bool:
        return bool(self.ports)

    @property
    def is_all(self) -> bool:
        """Whether every port of every protocol is in it."""
        return self == ConnectionSet.all()

    def to_json(self) -> dict[str, list[list[int]]]:
        """``{"TCP": [[80, 80]]}``: the form of the command line's rows."""
        return {p.value: [list(i) for i in ports.intervals] for p, ports in self.ports}

    def __str__(self) -> str:
        if self.is_all:
            return "all ports"
        return "; ".join(f"{p.value} {ports}" for p, ports in self.ports) or "none"


@dataclass(frozen=True, slots=True)
class AddressSet:
    """A set of IPv4 and IPv6 addresses; the two families never mix."""

    ipv4: tuple[Interval, ...] = ()
    ipv6: tuple[Interval, ...] = ()

    @classmethod
    def from_intervals(cls, family: Family, intervals: Iterable[Interval]) -> Self:
        """From inclusive intervals of one family, in any order."""
        merged = canonical(intervals)
        return cls(ipv4=merged) if family is Family.IPV4 else cls(ipv6=merged)

    @classmethod
    def from_networks(cls, networks: Iterable[Network]) -> Self:
        """The union of prefixes of both families."""
        by_family: dict[Family, list[Interval]] = {Family.IPV4: [], Family.IPV6: []}
        for network in networks:
            by_family[family_of(network)].append((int(network.network_address), int(network.broadcast_address)))
        return cls(canonical(by_family[Family.IPV4]), canonical(by_family[Family.IPV6]))

    @classmethod
    def all(cls) -> Self:
        """Every address of both families."""
        return cls(((0, Family.IPV4.value),), ((0, Family.IPV6.value),))

    def of_family(self, family: Family) -> tuple[Interval, ...]:
        """The canonical intervals of one family."""
        return self.ipv4 if family is Family.IPV4 else self.ipv6

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(canonical((*self.ipv4, *other.ipv4)), canonical((*self.ipv6, *other.ipv6)))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intersect(self.ipv4, other.ipv4), intersect(self.ipv6, other.ipv6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(subtract(self.ipv4, other.ipv4), subtract(self.ipv6, other.ipv6))

    def __le__(self, other: AddressSet) -> bool:
        return not self - other

    def __contains__(self, address: Address) -> bool:
        return any(first <= int(address) <= last for first, last in self.of_family(family_of(address)))

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)

    def ranges(self) -> Iterator[tuple[Address, Address]]:
        """First and last address of every interval, IPv4 first, ascending."""
        for first, last in self.ipv4:
            yield IPv4Address(first), IPv4Address(last)
        for first, last in self.ipv6:
            yield IPv6Address(first), IPv6Address(last)

    def __str__(self) -> str:
        return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in self.ranges()) or "none"


def parse_address(text: str) -> Address:
    """``ip_address`` with ModelError instead of ValueError; a zone (``fe80::1%eth0``) is refused."""
    try:
        if "%" in text:
            raise ValueError
        return ip_address(text)
    except ValueError:
        raise ModelError(f"{text[:64]!r} is not an IP address") from None
