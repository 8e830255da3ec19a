"""From a demand to an address plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.ipplan import ranges
from lib.ipplan.allocation import api_server_ips, node_subnet_of, plan_subnets, pod_subnet_of
from lib.ipplan.avoid import avoided
from lib.ipplan.check_clusters import check_cluster
from lib.ipplan.check_features import check_features, check_service_subnets
from lib.ipplan.check_names import check_names
from lib.ipplan.check_ranges import check_cluster_ranges, check_vnet_ranges
from lib.ipplan.check_subnets import check_subnets, check_vnet_use
from lib.ipplan.demand import AddressPlanInput, ClusterDemand
from lib.ipplan.growth import with_months
from lib.ipplan.layout import Layout, lay_out
from lib.ipplan.limits import cluster_ceilings, in_order
from lib.ipplan.models import rules_of
from lib.ipplan.outbound import check_outbound_network, plan_outbound
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.problems import PlanProblem
from lib.ipplan.result import AddressPlan, ClusterPlan, Limit, PodCidrPlan, ServiceCidrPlan
from lib.ipplan.subnets import SubnetPlan
from lib.ipplan.vnet_space import fits, space_ceiling


def plan(demand: AddressPlanInput | ClusterDemand) -> AddressPlan:
    """Size every subnet and range, find the limits, and check every rule.

    Nothing raises: what is wrong with the demand stands in the plan's ``problems``, the worst first.
    """
    whole = demand if isinstance(demand, AddressPlanInput) else AddressPlanInput((demand,))
    subnets = plan_subnets(whole)
    vnet_used = sum(_vnet_ips(cluster) for cluster in whole.clusters)
    by_key = {subnet.key: subnet for subnet in subnets}
    layout = lay_out(whole, subnets, avoided(whole))
    clusters = _plan_clusters(whole, by_key, layout, vnet_used)
    found = [*_problems(whole, subnets, vnet_used), *layout.problems]
    worst_first = tuple(sorted(found, key=lambda problem: -problem.problem_class.exit_code))
    return AddressPlan(whole, clusters, subnets, layout, worst_first)


def suggest(demand: AddressPlanInput | ClusterDemand) -> Layout:
    """Only the layout of the plan: the virtual network cut into the subnets that the demand needs."""
    return plan(demand).layout


def _plan_clusters(
    demand: AddressPlanInput, subnets: Mapping[str, SubnetPlan], layout: Layout, vnet_used: int
) -> tuple[ClusterPlan, ...]:
    ranged = [(ranges.plan_pod_cidr(cluster), ranges.plan_service_cidr(cluster)) for cluster in demand.clusters]
    ceilings = []
    for cluster, (pod_cidr, services) in zip(demand.clusters, ranged, strict=True):
        own = cluster_ceilings(cluster, subnets, pod_cidr, services, vnet_used)
        space = space_ceiling(demand, layout, subnets, own)
        ceilings.append(own if space is None else (*own, space))
    limits = with_months(demand, ceilings, lambda more: fits(demand, layout, subnets, more))
    return tuple(
        _plan_cluster(cluster, subnets, pod_cidr, services, in_order(found))
        for cluster, (pod_cidr, services), found in zip(demand.clusters, ranged, limits, strict=True)
    )


def _plan_cluster(
    cluster: ClusterDemand,
    subnets: Mapping[str, SubnetPlan],
    pod_cidr: PodCidrPlan | None,
    services: ServiceCidrPlan,
    limits: tuple[Limit, ...],
) -> ClusterPlan:
    pools = size_pools(cluster)
    rules = rules_of(cluster.model)
    nodes = dict.fromkeys(node_subnet_of(cluster, pool).key for pool in pools)
    pods = dict.fromkeys(pod_subnet_of(cluster, pool).key for pool in pools) if rules.uses_pod_subnet else {}
    return ClusterPlan(
        demand=cluster,
        pools=pools,
        node_subnets=tuple(subnets[key] for key in nodes),
        pod_subnets=tuple(subnets[key] for key in pods),
        pod_cidr=pod_cidr,
        service_cidr=services,
        formula=_formula(cluster, pools),
        formula_sources=rules.sources,
        limits=limits,
        assumptions=ranges.assumptions(cluster),
        outbound=plan_outbound(cluster),
    )


def _problems(demand: AddressPlanInput, subnets: tuple[SubnetPlan, ...], vnet_used: int) -> Iterator[PlanProblem]:
    for cluster in demand.clusters:
        yield from check_cluster(cluster)
        yield from check_features(cluster)
        yield from check_outbound_network(cluster, demand)
        yield from check_cluster_ranges(cluster, demand, subnets)
    yield from check_vnet_ranges(demand, subnets)
    yield from check_subnets(demand, subnets)
    yield from check_names(demand, subnets)
    yield from check_vnet_use(vnet_used)
    yield from check_service_subnets(demand, subnets)


def _vnet_ips(cluster: ClusterDemand) -> int:
    rules = rules_of(cluster.model)
    nodes_and_pods = sum(rules.take(pool, pool.peak).vnet_ips for pool in size_pools(cluster))
    return nodes_and_pods + cluster.other.total + api_server_ips(cluster)


def _formula(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> str:
    rules = rules_of(cluster.model)
    if len(pools) == 1:
        return f"{rules.formula} = {rules.worked(pools[0])}"
    return f"{rules.formula}; " + "; ".join(f"{pool.pool.name}: {rules.worked(pool)}" for pool in pools)
