"""The virtual network in address order, as blocks: what the picture of the address space draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from math import ceil

from lib.figures.address_rows import Part, subnet_title
from lib.figures.text import middle_cut, shown
from lib.ipplan.result import AddressPlan

NAME_LENGTH = 22
_PADDING = 3


@dataclass(frozen=True, slots=True)
class SpaceBlock:
    """Neighbouring addresses with one use: ``first`` and ``last`` included; ``lines`` is what is written into it."""

    first: int
    last: int
    part: Part
    lines: tuple[str, ...]
    hover: str

    @property
    def length(self) -> int:
        """The characters that its longest line takes, with some room on either side."""
        return max(len(line) for line in self.lines) + _PADDING


def space_blocks(plan: AddressPlan, space: IPv4Network) -> list[SpaceBlock]:
    """Everything in one space of the virtual network, in address order."""
    rooms = {placed.room: subnet_title(placed.plan) for placed in plan.layout.placed if placed.room != placed.cidr}
    found = []
    for placed in plan.layout.placed:
        if placed.cidr.subnet_of(space):
            found.append(_block(placed.cidr, subnet_title(placed.plan), Part.SUBNET, placed.plan.role.value))
    for free in plan.layout.free:
        if free.cidr.subnet_of(space):
            owner = rooms.get(free.cidr.supernet()) if free.cidr.prefixlen else None
            found.append(
                _block(free.cidr, "free", Part.FREE, "addresses")
                if owner is None
                else _block(free.cidr, "room", Part.ROOM, f"kept free for {owner} to grow")
            )
    for item in plan.layout.avoided:
        if isinstance(item.cidr, IPv4Network) and item.cidr.subnet_of(space):
            found.append(_block(item.cidr, item.name, Part.AVOIDED, "not for subnets"))
    return sorted(found, key=lambda block: (block.first, -block.last))


def merged_free(blocks: list[SpaceBlock]) -> list[SpaceBlock]:
    """Neighbouring free blocks become one: only their alignment tells them apart, which the hover says."""
    merged: list[SpaceBlock] = []
    for block in blocks:
        before = merged[-1] if merged else None
        if before is not None and block.part is before.part is Part.FREE and before.last + 1 == block.first:
            size = block.last - before.first + 1
            hover = f"{before.hover}<br>{block.hover}" if len(before.hover) < 600 else before.hover
            merged[-1] = replace(before, last=block.last, lines=("free", f"{size:,}"), hover=hover)
        else:
            merged.append(block)
    return merged


def in_lines(blocks: list[SpaceBlock], length: int) -> Iterator[list[SpaceBlock]]:
    """The blocks broken into lines of at most ``length`` characters, which are about equally full."""
    total = sum(block.length for block in blocks)
    wanted = total / max(1, ceil(total / length))
    line: list[SpaceBlock] = []
    width = 0
    for block in blocks:
        if line and (width + block.length > length or width + block.length / 2 > wanted):
            yield line
            line, width = [], 0
        line.append(block)
        width += block.length
    if line:
        yield line


def _block(cidr: IPv4Network, name: str, part: Part, what: str) -> SpaceBlock:
    hover = f"<b>{shown(name)}</b> {cidr}<br>{cidr.num_addresses:,} · {shown(what)}"
    second = f"{cidr.num_addresses:,}" if part in (Part.FREE, Part.ROOM) else str(cidr)
    lines = (middle_cut(name, NAME_LENGTH), second)
    return SpaceBlock(int(cidr.network_address), int(cidr.broadcast_address), part, lines, hover)
