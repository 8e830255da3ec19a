"""Sizes of subnets: how many addresses one offers, and the smallest that is large enough."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

from lib.facts import reader as facts
from lib.ipplan.demand import Network

IPV4_BITS = 32


class SubnetRole(StrEnum):
    """What takes the addresses of a subnet."""

    NODES = "nodes"
    NODES_AND_PODS = "nodes and pods"
    PODS = "pods"
    OTHER = "other"


def reserved_ips() -> int:
    """The addresses of every subnet that Azure keeps."""
    return facts.get("subnet_reserved_ips").number


def usable_ips(prefix: int) -> int:
    """The addresses of an IPv4 subnet that can be given out: its size less the reserved, never below 0."""
    return max(0, (1 << (IPV4_BITS - prefix)) - reserved_ips())


def smallest_prefix(ips: int) -> int | None:
    """The longest IPv4 prefix whose subnet offers ``ips`` addresses; None if even the largest subnet is too small."""
    longest = facts.get("subnet_ipv4_longest_prefix").number
    shortest = facts.get("subnet_ipv4_shortest_prefix").number
    return next((prefix for prefix in range(longest, shortest - 1, -1) if usable_ips(prefix) >= ips), None)


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """One subnet of the plan and what takes its addresses.

    ``key`` tells subnets apart, as ``Subnet.key`` does.
    ``cidr`` is None while only the size is known. ``prefix`` is the chosen subnet's, else the smallest that fits; None
    if none is large enough. ``ips_now`` serves the present node counts, ``ips_at_max`` the autoscaler's maxima,
    ``ips_needed`` those and an upgrade's surge; all three without the reserved and without ``ips_other`` (load
    balancers, Private Link, endpoints). ``clusters`` names the clusters that use it. ``ipv6`` is the IPv6 prefix that
    was chosen.
    """

    key: str
    name: str
    role: SubnetRole
    cidr: IPv4Network | None
    prefix: int | None
    ips_now: int
    ips_at_max: int
    ips_needed: int
    ips_other: int
    clusters: tuple[str, ...]
    delegation: str = ""
    ipv6: IPv6Network | None = None

    @property
    def words(self) -> str:
        """The name with the range, or with the size while there is no range."""
        return self.called(self.cidr if self.cidr is not None else f"/{self.prefix}")

    def called(self, prefix: object) -> str:
        """The name with a prefix; one that is the name stands once."""
        return self.name if self.name == str(prefix) else f"{self.name} {prefix}"

    @property
    def prefixes(self) -> tuple[Network, ...]:
        """The prefixes that were chosen, the IPv4 one first."""
        return tuple(cidr for cidr in (self.cidr, self.ipv6) if cidr is not None)

    @property
    def is_chosen(self) -> bool:
        """Whether the person chose the prefix; otherwise the plan did."""
        return self.cidr is not None

    @property
    def reserved(self) -> int:
        """The addresses that Azure keeps."""
        return reserved_ips()

    @property
    def ips_with_reserved(self) -> int:
        """Every address that the plan takes of the subnet, reserved ones included."""
        return self.ips_needed + self.ips_other + self.reserved

    @property
    def smallest_prefix(self) -> int | None:
        """The longest prefix that is large enough, whatever was chosen; None if even the largest is too small.

        Of a subnet that no cluster uses only the wanted size is known.
        """
        if self.role is SubnetRole.OTHER and not self.ips_needed + self.ips_other:
            return self.prefix
        return smallest_prefix(self.ips_needed + self.ips_other)

    @property
    def size(self) -> int:
        """All addresses of the subnet; 0 while no prefix fits."""
        return 1 << (IPV4_BITS - self.prefix) if self.prefix is not None else 0

    @property
    def usable(self) -> int:
        """The addresses that can be given out."""
        return usable_ips(self.prefix) if self.prefix is not None else 0

    @property
    def available(self) -> int:
        """The usable addresses that the plan leaves free; negative when the subnet is too small."""
        return self.usable - self.ips_needed - self.ips_other

    @property
    def utilization(self) -> float:
        """Taken of usable, as a fraction; over 1 when the subnet is too small."""
        taken = self.ips_needed + self.ips_other
        return taken / self.usable if self.usable else float(taken > 0)


def ipv4(network: Network | None) -> IPv4Network | None:
    """The network if it is IPv4; nodes and pods of a subnet are counted in IPv4 addresses."""
    return network if isinstance(network, IPv4Network) else None
