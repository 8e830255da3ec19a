"""Addresses as ipBlocks, and which addresses go with which ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range
from itertools import pairwise
from typing import Final, NamedTuple

from lib.model.sets import Address, AddressSet, ConnectionSet, Family, Interval, Network, PortSet, Protocol

Raw = dict[str, object]

BLOCKS_TOLD: Final = 3


class _Block(NamedTuple):
    cidr: Network
    excepts: tuple[Network, ...] = ()


def ip_blocks(addresses: AddressSet) -> list[Raw]:
    """The fewest blocks: plain prefixes, or one prefix with exceptions where that is shorter; IPv4 first."""
    return [
        {"ipBlock": {"cidr": str(b.cidr), **({"except": [str(e) for e in b.excepts]} if b.excepts else {})}}
        for b in _blocks(addresses)
    ]


def _blocks(addresses: AddressSet) -> Iterator[_Block]:
    for family in Family:
        intervals = addresses.of_family(family)
        if not intervals:
            continue
        plain = _prefixes(intervals, family)
        whole = _prefix_over(intervals, family)
        rest = AddressSet.from_networks([whole]) - addresses
        excepts = _prefixes(rest.of_family(family), family)
        if 1 + len(excepts) < len(plain):
            yield _Block(whole, tuple(excepts))
        else:
            yield from map(_Block, plain)


def blocks_text(addresses: AddressSet) -> str:
    """The blocks as people write them: ``0.0.0.0/0 except 10.0.0.0/8``; what is over BLOCKS_TOLD is counted."""
    blocks = [f"{block.cidr}{_excepts(block)}" for block in _blocks(addresses)]
    more = len(blocks) - BLOCKS_TOLD
    return ", ".join(blocks[:BLOCKS_TOLD]) + (f" and {more} more" if more > 0 else "")


def _excepts(block: _Block) -> str:
    if not block.excepts:
        return ""
    more = len(block.excepts) - BLOCKS_TOLD
    told = ", ".join(map(str, block.excepts[:BLOCKS_TOLD]))
    return f" except {told}" + (f" and {more} more" if more > 0 else "")


def _address(number: int, family: Family) -> Address:
    return IPv4Address(number) if family is Family.IPV4 else IPv6Address(number)


def _prefixes(intervals: Iterable[Interval], family: Family) -> list[Network]:
    return [
        network
        for first, last in intervals
        for network in summarize_address_range(_address(first, family), _address(last, family))
    ]


def _prefix_over(intervals: tuple[Interval, ...], family: Family) -> Network:
    """The longest prefix that holds all of the intervals."""
    first, last = intervals[0][0], intervals[-1][1]
    bits = 32 if family is Family.IPV4 else 128
    length = bits - (first ^ last).bit_length()
    return IPv4Network((first, length), strict=False) if bits == 32 else IPv6Network((first, length), strict=False)


def by_addresses(entries: Iterable[tuple[AddressSet, ConnectionSet]]) -> list[tuple[AddressSet, ConnectionSet]]:
    """The same permissions with every port named once: each set of addresses with all ports that it goes with."""
    given = list(entries)
    found: dict[AddressSet, dict[Protocol, list[Interval]]] = {}
    for protocol in Protocol:
        starts = {first for _, held in given for first, _ in held[protocol].intervals}
        starts |= {last + 1 for _, held in given for _, last in held[protocol].intervals}
        cuts = sorted(starts)
        for first, after in pairwise(cuts):
            addresses = AddressSet()
            for mine, held in given:
                if first in held[protocol]:
                    addresses |= mine
            if addresses:
                found.setdefault(addresses, {}).setdefault(protocol, []).append((first, after - 1))
    return [
        (addresses, ConnectionSet.from_ports({p: PortSet.from_intervals(i) for p, i in ports.items()}))
        for addresses, ports in found.items()
    ]


def port_items(ports: ConnectionSet) -> list[Raw]:
    """The ports as a rule's ``ports``; empty where every port of every protocol is meant."""
    if ports.is_all:
        return []
    found: list[Raw] = []
    for protocol, numbers in ports.ports:
        for first, last in numbers.intervals:
            item: Raw = {"protocol": protocol.value}
            if (first, last) != PortSet.all().intervals[0]:
                item["port"] = first
                if last > first:
                    item["endPort"] = last
            found.append(item)
    return found
