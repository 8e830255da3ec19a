"""The virtual network of a plan in address order, and what the JSON of an existing one does not say, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network

from lib.ipplan.existing.values import Unknown
from lib.ipplan.result import AddressPlan
from lib.tables.row import Row


def space_rows(plan: AddressPlan) -> list[Row]:
    """The virtual network in address order: subnets, what is free, and what suggestions keep out of."""
    layout = plan.layout
    rooms = {item.room: item.plan.name for item in layout.placed if item.room != item.cidr}
    parts: list[tuple[IPv4Network | IPv6Network, str, str]] = [
        *((item.cidr, item.plan.name, item.plan.role.value) for item in layout.placed),
        *((item.cidr, *_free_for(item.cidr, rooms)) for item in layout.free),
        *((item.cidr, item.name, "avoided") for item in layout.avoided),
    ]
    ordered = sorted(parts, key=lambda part: (part[0].version, int(part[0].network_address), part[0].prefixlen))
    return [
        {
            "range": str(cidr),
            "first": str(cidr[0]),
            "last": str(cidr[-1]),
            "size": cidr.num_addresses,
            "name": name,
            "for": what,
        }
        for cidr, name, what in ordered
    ]


def unknown_rows(found: Iterable[Unknown]) -> list[Row]:
    """What the JSON of an existing cluster does not say."""
    return [{"json_path": item.path, "not_stated": item.message} for item in found]


def _free_for(cidr: IPv4Network, rooms: Mapping[IPv4Network, str]) -> tuple[str, str]:
    """Whose room to grow a free block is; the other half of its pair is that subnet."""
    owner = rooms.get(cidr.supernet()) if cidr.prefixlen else None
    return (owner, "room to grow") if owner is not None else ("", "free")
