"""The space of the virtual network as a limit: how far subnets that the plan sizes can still grow in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network, collapse_addresses

from lib.facts import reader as facts
from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.layout import Layout, lay_out
from lib.ipplan.result import Limit
from lib.ipplan.room import Ceiling
from lib.ipplan.subnets import SubnetPlan, smallest_prefix, usable_ips

NAME = "vnet_space"
_MOST_NODES = 1 << 24


def space_ceiling(
    demand: AddressPlanInput, layout: Layout, subnets: Mapping[str, SubnetPlan], ceilings: tuple[Ceiling, ...]
) -> Ceiling | None:
    """The virtual network as the limit of one cluster, with ``ceilings`` of its own; None without an IPv4 space.

    More nodes fit as long as each subnet that the plan sizes finds a block that is large enough while all other
    subnets stay where they are. A subnet that the person chose can't grow, and is a limit of its own.
    """
    spaces = [space for space in demand.vnet if isinstance(space, IPv4Network)]
    if not spaces:
        return None
    value = sum(space.num_addresses for space in collapse_addresses(spaces))
    used = sum(subnet.size for subnet in subnets.values())
    nodes: int | None = None
    pods: int | None = None
    pool = ""
    for ceiling in ceilings:
        subnet = subnets.get(ceiling.shared.removeprefix("subnet:"))
        if subnet is None or subnet.is_chosen or ceiling.cost is None:
            continue
        more = _most_nodes(ceiling, _largest(layout, subnet) - subnet.ips_needed - subnet.ips_other)
        if nodes is None or more < nodes:
            nodes, pool = more, ceiling.limit.pool
            pods = ceiling.brings(more) if ceiling.brings is not None else None
    if layout.unplaced:
        nodes, pods = 0, 0
    label = f"Virtual network {', '.join(map(str, spaces[:3]))}{' and more' if len(spaces) > 3 else ''}"
    sources = facts.get("subnet_ipv4_longest_prefix").sources
    limit = Limit(NAME, label, value, used, "addresses", nodes, pods, pool, sources)
    return Ceiling(limit, NAME)


def fits(demand: AddressPlanInput, layout: Layout, subnets: Mapping[str, SubnetPlan], more: Mapping[str, int]) -> bool:
    """Whether the virtual network still holds all subnets when those with the keys of ``more`` need as many more
    addresses; every subnet that stays large enough stays where it is."""
    grown = []
    for subnet in subnets.values():
        needed = subnet.ips_needed + more.get(subnet.key, 0)
        prefix = smallest_prefix(needed + subnet.ips_other)
        here = layout.cidr_of(subnet)
        if subnet.is_chosen or subnet.key not in more or here is None:
            grown.append(subnet if here is None else replace(subnet, cidr=here, prefix=here.prefixlen))
        elif prefix is None:
            return False
        elif prefix >= here.prefixlen:
            grown.append(replace(subnet, cidr=here, prefix=here.prefixlen))
        else:
            grown.append(replace(subnet, prefix=prefix, ips_needed=needed))
    return not lay_out(demand, tuple(grown), layout.avoided).unplaced


def _largest(layout: Layout, subnet: SubnetPlan) -> int:
    """The usable addresses of the largest block that the subnet could have with all others where they are."""
    here = layout.cidr_of(subnet)
    free = [space.cidr for space in layout.free]
    blocks = list(collapse_addresses([*free, here] if here is not None else free))
    shortest = facts.get("subnet_ipv4_shortest_prefix").number
    return max((usable_ips(max(block.prefixlen, shortest)) for block in blocks), default=0)


def _most_nodes(ceiling: Ceiling, headroom: int) -> int:
    """The most nodes whose cost is within ``headroom``, by halving: the cost only grows with the nodes."""
    cost = ceiling.cost
    if cost is None or cost(1) > headroom:
        return 0
    low, high = 1, 2
    while high < _MOST_NODES and cost(high) <= headroom:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) <= headroom else (low, middle)
    return low
