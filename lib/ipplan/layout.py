"""Cuts a virtual network into the subnets of a plan: chosen prefixes stay, the others are placed beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, collapse_addresses

from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.subnets import SubnetPlan


@dataclass(frozen=True, slots=True)
class PlacedSubnet:
    """A subnet and its prefix; ``is_chosen`` tells a prefix of the person's from a suggested one."""

    plan: SubnetPlan
    cidr: IPv4Network
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """A block of the virtual network that no subnet takes; as large as alignment lets it be."""

    cidr: IPv4Network


@dataclass(frozen=True, slots=True)
class Layout:
    """The virtual network cut up; ``placed`` and ``free`` in address order, ``unplaced`` in the plan's."""

    placed: tuple[PlacedSubnet, ...]
    free: tuple[FreeSpace, ...]
    unplaced: tuple[SubnetPlan, ...]
    problems: tuple[PlanProblem, ...]

    def cidr_of(self, subnet: SubnetPlan) -> IPv4Network | None:
        """Where ``subnet`` was placed; None if nowhere."""
        return next((placed.cidr for placed in self.placed if placed.plan.key == subnet.key), None)

    def cidr_text(self, subnet: SubnetPlan) -> str | None:
        """The same as text, for JSON."""
        cidr = self.cidr_of(subnet)
        return str(cidr) if cidr is not None else None


def lay_out(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...]) -> Layout:
    """Place every subnet in the virtual network: the largest first, each at the lowest address that fits.

    Blocks are powers of two at multiples of their size, so this order leaves no gap between suggested subnets.
    Without an IPv4 virtual network nothing is placed and nothing is wrong. A subnet that does not fit is a problem.
    """
    spaces = [space for space in demand.vnet if isinstance(space, IPv4Network)]
    # An overlap with a connected network would break the plan, so suggested subnets keep away from them.
    forbidden = [other.cidr for other in demand.connected if isinstance(other.cidr, IPv4Network)]
    chosen = [PlacedSubnet(subnet, subnet.cidr, True) for subnet in subnets if subnet.cidr is not None]
    free = _subtract(collapse_addresses(spaces), [*forbidden, *(placed.cidr for placed in chosen)])
    placed, unplaced, problems = list(chosen), [], []
    waiting = [subnet for subnet in subnets if subnet.cidr is None]
    if not spaces:
        return Layout(tuple(sorted(placed, key=_by_address)), (), tuple(waiting), ())
    for subnet in sorted(waiting, key=lambda item: 99 if item.prefix is None else item.prefix):
        block = _lowest(free, subnet.prefix)
        if block is None:
            unplaced.append(subnet)
            size = f"/{subnet.prefix}" if subnet.prefix is not None else "large enough"
            message = f"The virtual network has no free block {size} for the subnet {subnet.name}."
            problems.append(problem("vnet-full", message, subnet.name, "vnet"))
        else:
            placed.append(PlacedSubnet(subnet, block, False))
            free = _subtract(free, [block])
    return Layout(
        tuple(sorted(placed, key=_by_address)),
        tuple(FreeSpace(block) for block in sorted(free)),
        tuple(unplaced),
        tuple(problems),
    )


def _by_address(placed: PlacedSubnet) -> tuple[int, int]:
    return int(placed.cidr.network_address), placed.cidr.prefixlen


def _lowest(free: Iterable[IPv4Network], prefix: int | None) -> IPv4Network | None:
    if prefix is None:
        return None
    fitting = [block for block in free if block.prefixlen <= prefix]
    # The smallest gap first keeps the large ones whole; among equals the lowest address.
    best = min(fitting, key=lambda block: (-block.prefixlen, int(block.network_address)), default=None)
    return next(best.subnets(new_prefix=prefix)) if best is not None else None


def _subtract(spaces: Iterable[IPv4Network], taken: Iterable[IPv4Network]) -> list[IPv4Network]:
    free = list(spaces)
    for block in taken:
        rest: list[IPv4Network] = []
        for space in free:
            if not space.overlaps(block):
                rest.append(space)
            elif block.subnet_of(space) and block != space:
                rest.extend(space.address_exclude(block))
        free = rest
    return list(collapse_addresses(free))
