"""Where a service CIDR or a pod CIDR could lie instead, when something else is there already."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address, IPv4Network

from lib.facts import reader as facts
from lib.ipplan.blocks import FreeBlocks, Span
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, Network
from lib.ipplan.subnets import IPV4_BITS


def free_range(prefix: int, taken: Iterable[Network]) -> IPv4Network | None:
    """A private range of this length that touches nothing of ``taken`` nor what AKS keeps; None where none is left."""
    private, kept = _private_and_kept()
    gone = [_span(cidr) for cidr in taken if cidr.version == 4]
    block = FreeBlocks(IPV4_BITS, private, (*gone, *kept)).take(prefix)
    return IPv4Network((IPv4Address(block.start), block.prefix)) if block is not None else None


def taken_around(demand: AddressPlanInput, cluster: ClusterDemand) -> tuple[Network, ...]:
    """What the ranges of ``cluster`` must keep out of: the virtual network, connected ones, chosen subnets."""
    own = (cluster.node_subnet, cluster.pod_subnet)
    of_pools = (subnet for pool in cluster.pools for subnet in (pool.node_subnet, pool.pod_subnet))
    chosen = [subnet.cidr for subnet in (*own, *of_pools) if subnet is not None and subnet.cidr is not None]
    extra = [subnet.cidr for subnet in demand.extra_subnets if subnet.cidr is not None]
    return (*demand.vnet, *(other.cidr for other in demand.connected), *chosen, *extra)


@cache
def _private_and_kept() -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The private ranges and those that AKS keeps, of the facts only."""
    kept = (*facts.get("reserved_ranges").networks, *facts.get("vnet_forbidden_ranges").networks)
    return tuple(map(_span, facts.get("private_ranges").networks)), tuple(map(_span, kept))


def _span(cidr: Network) -> Span:
    return int(cidr.network_address), int(cidr.broadcast_address) + 1
