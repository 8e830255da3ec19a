"""Which pool takes how many addresses of which subnet, summed per subnet over all clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lib.facts import reader as facts
from lib.facts.service_subnets import service_subnet
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, ExtraSubnet, Subnet
from lib.ipplan.models import rules_of
from lib.ipplan.network import Take
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.subnets import SubnetPlan, SubnetRole, ipv4, smallest_prefix


@dataclass(slots=True)
class _Tally:
    subnet: Subnet
    role: SubnetRole
    clusters: list[str]
    now: int = 0
    at_max: int = 0
    needed: int = 0
    other: int = 0


def node_subnet_of(cluster: ClusterDemand, pool: SizedPool) -> Subnet:
    """The subnet that the pool's nodes live in; named after the cluster where none is chosen."""
    return pool.pool.node_subnet or cluster.node_subnet or Subnet(f"{cluster.name}-nodes")


def pod_subnet_of(cluster: ClusterDemand, pool: SizedPool) -> Subnet:
    """The subnet that the pool's pods get addresses of; named after the cluster where none is chosen."""
    return pool.pool.pod_subnet or cluster.pod_subnet or Subnet(f"{cluster.name}-pods")


def plan_subnets(demand: AddressPlanInput) -> tuple[SubnetPlan, ...]:
    """Every subnet of the plan with what is taken of it, clusters first, in the order of the input."""
    tallies: dict[str, _Tally] = {}

    def add(subnet: Subnet, role: SubnetRole, cluster: str, now: int, at_max: int, needed: int, other: int = 0) -> None:
        tally = tallies.setdefault(subnet.key, _Tally(subnet, role, []))
        if tally.subnet.ipv6 is None and subnet.ipv6 is not None:
            tally.subnet = replace(tally.subnet, ipv6=subnet.ipv6)
        if cluster not in tally.clusters:
            tally.clusters.append(cluster)
        tally.now += now
        tally.at_max += at_max
        tally.needed += needed
        tally.other += other

    for cluster in demand.clusters:
        rules = rules_of(cluster.model)
        role = SubnetRole.NODES_AND_PODS if cluster.model == "node_subnet" else SubnetRole.NODES
        for index, pool in enumerate(size_pools(cluster)):
            now, at_max, peak = takes(cluster, pool)
            # Load balancers and endpoints lie in the cluster's subnet: the one of its first pool.
            other = cluster.other.total if index == 0 else 0
            nodes = (now.node_subnet, at_max.node_subnet, peak.node_subnet)
            add(node_subnet_of(cluster, pool), role, cluster.name, *nodes, other)
            if rules.uses_pod_subnet:
                pods = (now.pod_subnet, at_max.pod_subnet, peak.pod_subnet)
                add(pod_subnet_of(cluster, pool), SubnetRole.PODS, cluster.name, *pods)
    return tuple(_finish(tally) for tally in tallies.values()) + _extra_subnets(demand)


API_SERVER: Final = "api_server"


def _extra_subnets(demand: AddressPlanInput) -> tuple[SubnetPlan, ...]:
    """The subnets beside the clusters'; the one of API servers is added where clusters want one and none is given."""
    integrated = tuple(cluster.name for cluster in demand.clusters if cluster.api_server_vnet_integration)
    needed = sum(map(api_server_ips, demand.clusters))
    found = list(demand.extra_subnets)
    if integrated and not any(extra.service == API_SERVER for extra in found):
        known = service_subnet(API_SERVER)
        fitting, longest = smallest_prefix(needed), known.longest_prefix
        prefix = fitting if fitting is None or longest is None else min(fitting, longest)
        found.append(ExtraSubnet("api-server", prefix or 0, None, known.delegation, API_SERVER))
    first = next((extra for extra in found if extra.service == API_SERVER), None)
    return tuple(
        SubnetPlan(
            key=str(extra.cidr or extra.name),
            name=extra.name,
            role=SubnetRole.OTHER,
            cidr=extra.cidr,
            prefix=extra.cidr.prefixlen if extra.cidr is not None else extra.prefix,
            ips_now=needed if extra is first else 0,
            ips_at_max=needed if extra is first else 0,
            ips_needed=needed if extra is first else 0,
            ips_other=0,
            clusters=integrated if extra is first else (),
            delegation=extra.delegation,
            ipv6=extra.ipv6,
        )
        for extra in found
    )


def api_server_ips(cluster: ClusterDemand) -> int:
    """The addresses that the API server takes of its own subnet with VNet integration, else 0."""
    return facts.get("api_server_subnet_ips_per_cluster").number if cluster.api_server_vnet_integration else 0


def takes(cluster: ClusterDemand, pool: SizedPool) -> tuple[Take, Take, Take]:
    """What a pool takes now, at its maximum, and during an upgrade."""
    rules = rules_of(cluster.model)
    return rules.take(pool, pool.now), rules.take(pool, pool.maximum), rules.take(pool, pool.peak)


def _finish(tally: _Tally) -> SubnetPlan:
    cidr = ipv4(tally.subnet.cidr)
    return SubnetPlan(
        key=tally.subnet.key,
        name=tally.subnet.name,
        role=tally.role,
        cidr=cidr,
        prefix=cidr.prefixlen if cidr is not None else smallest_prefix(tally.needed + tally.other),
        ips_now=tally.now,
        ips_at_max=tally.at_max,
        ips_needed=tally.needed,
        ips_other=tally.other,
        clusters=tuple(tally.clusters),
        delegation=tally.subnet.delegation,
        ipv6=tally.subnet.ipv6,
    )
