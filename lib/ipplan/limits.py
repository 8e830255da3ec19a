"""The ceilings that a cluster grows into, each with what is used of it and how many nodes remain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lib.facts import reader as facts
from lib.facts.engines import engine
from lib.ipplan.allocation import node_subnet_of, pod_subnet_of
from lib.ipplan.demand import ClusterDemand
from lib.ipplan.models import rules_of
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.result import Limit, PodCidrPlan, ServiceCidrPlan
from lib.ipplan.subnets import SubnetPlan

Uses = Callable[[SizedPool], int]
_SAMPLE = 1024
_UNLIMITED = 1 << 62


def cluster_limits(
    cluster: ClusterDemand,
    subnets: Mapping[str, SubnetPlan],
    pod_cidr: PodCidrPlan | None,
    services: ServiceCidrPlan,
    vnet_ips_used: int,
) -> tuple[Limit, ...]:
    """Every limit of one cluster, the one that more nodes reach first at the head.

    ``subnets`` maps the keys of subnets to their plans; ``vnet_ips_used`` counts the addresses that all clusters of
    the virtual network have configured, as Azure counts them.
    """
    pools = size_pools(cluster)
    rules = rules_of(cluster.model)
    found = [
        *_subnet_limits(cluster, pools, subnets),
        *_pool_limits(pools),
        _fact_limit("nodes_per_cluster", "Nodes of a cluster", cluster, pools, lambda pool: pool.peak),
        _fact_limit("pods_per_cluster", "Pods of a cluster", cluster, pools, lambda pool: pool.pods_max),
        _vnet_limit(pools, lambda pool: rules.take(pool, pool.peak).vnet_ips, vnet_ips_used),
        _static("pools_per_cluster", "Node pools of a cluster", len(pools)),
    ]
    if pod_cidr is not None:
        found.append(_pod_cidr_limit(cluster, pools, pod_cidr))
    if cluster.services is not None:
        found.append(_service_limit(services, cluster.services))
    if cluster.other.internal_load_balancers:
        used = cluster.other.internal_load_balancers
        found.append(_static("load_balanced_services_per_cluster", "Load-balanced Services of a cluster", used))
    found.extend(_engine_limits(cluster, pools))
    return tuple(sorted((limit for limit in found if limit is not None), key=_reached_first))


def _reached_first(limit: Limit) -> tuple[bool, int, int, str]:
    return limit.more_nodes is None, limit.more_nodes or 0, limit.headroom, limit.name


def _room(pools: Iterable[SizedPool], uses: Uses, headroom: int) -> tuple[int | None, int | None, str]:
    """How many nodes fit into ``headroom``, for the pool that uses it up fastest."""
    best: tuple[int, int, str] | None = None
    answers: dict[tuple[object, ...], int] = {}
    for pool in pools:
        alike = (pool.now, pool.maximum, pool.extra, pool.max_pods, pool.pool.surge, pool.pool.pods_expected)
        if alike not in answers:
            answers[alike] = _more_nodes(pool, uses, headroom)
        nodes = answers[alike]
        if nodes < _UNLIMITED and (best is None or nodes < best[0]):
            best = (nodes, nodes * pool.max_pods, pool.pool.name)
    return best if best is not None else (None, None, "")


def _more_nodes(pool: SizedPool, uses: Uses, headroom: int) -> int:
    """The most nodes whose additional use is within ``headroom``; _UNLIMITED where nodes cost nothing.

    The use grows almost evenly with the nodes (a surge in percent is rounded up), so a guess from the slope is close
    and the search around it short.
    """
    base = uses(pool)

    def cost(nodes: int) -> int:
        return uses(pool.grown(nodes)) - base

    slope = cost(_SAMPLE)
    if slope <= 0:
        return _UNLIMITED if headroom >= 0 else 0
    if cost(1) > headroom:
        return 0
    low, step = 1, 1
    high = max(2, headroom * _SAMPLE // slope)
    while cost(high) <= headroom:
        low, high, step = high, high + step, 2 * step
    while high - low > 1:
        # From above the guess is near: come down in growing steps before halving.
        middle = max(high - step, (low + high) // 2) if step < high - low else (low + high) // 2
        if cost(middle) <= headroom:
            low = middle
        else:
            high, step = middle, 2 * step
    return low


def _subnet_limits(
    cluster: ClusterDemand, pools: tuple[SizedPool, ...], subnets: Mapping[str, SubnetPlan]
) -> Iterable[Limit]:
    rules = rules_of(cluster.model)
    yield from _role_limits(
        "node_subnet", "Node subnet", pools, lambda pool: node_subnet_of(cluster, pool).key,
        lambda pool: rules.take(pool, pool.peak).node_subnet, subnets, rules.sources,
    )  # fmt: skip
    if rules.uses_pod_subnet:
        yield from _role_limits(
            "pod_subnet", "Pod subnet", pools, lambda pool: pod_subnet_of(cluster, pool).key,
            lambda pool: rules.take(pool, pool.peak).pod_subnet, subnets, rules.sources,
        )  # fmt: skip


def _role_limits(
    name: str,
    label: str,
    pools: tuple[SizedPool, ...],
    key_of: Callable[[SizedPool], str],
    uses: Uses,
    subnets: Mapping[str, SubnetPlan],
    sources: tuple[str, ...],
) -> Iterable[Limit]:
    by_key: dict[str, list[SizedPool]] = {}
    for pool in pools:
        by_key.setdefault(key_of(pool), []).append(pool)
    for key, members in by_key.items():
        subnet = subnets[key]
        used = subnet.ips_needed + subnet.ips_other
        nodes, pods, slowest = _room(members, uses, subnet.usable - used)
        size = f"/{subnet.prefix}" if subnet.prefix is not None else "none large enough"
        yield Limit(
            name if len(by_key) == 1 else f"{name}:{subnet.name}",
            f"{label} {subnet.cidr or f'{subnet.name} ({size})'}",
            subnet.usable, used, "addresses", nodes, pods, slowest,
            tuple(dict.fromkeys((*facts.get("subnet_reserved_ips").sources[:1], *sources))), is_chosen=subnet.is_chosen,
        )  # fmt: skip


def _pod_cidr_limit(cluster: ClusterDemand, pools: tuple[SizedPool, ...], plan: PodCidrPlan) -> Limit:
    nodes, pods, slowest = _room(pools, lambda pool: pool.peak, plan.nodes_max - plan.nodes_needed)
    return Limit(
        "pod_cidr",
        f"Pod CIDR {plan.cidr}",
        plan.nodes_max,
        plan.nodes_needed,
        "nodes",
        nodes,
        pods,
        slowest,
        facts.get("pod_cidr_prefix_per_node", cluster.model).sources,
        is_chosen=cluster.pod_cidr is not None,
    )


def _pool_limits(pools: tuple[SizedPool, ...]) -> Iterable[Limit]:
    fact = facts.get("nodes_per_pool")
    largest = max(pools, key=lambda pool: pool.peak, default=None)
    if largest is not None:
        nodes, pods, slowest = _room((largest,), lambda pool: pool.peak, fact.number - largest.peak)
        yield Limit(
            fact.name, f"Nodes of a pool ({largest.pool.name})", fact.number, largest.peak, fact.unit,
            nodes, pods, slowest, fact.sources, fact.conflict_text,
        )  # fmt: skip


def _fact_limit(
    name: str, label: str, cluster: ClusterDemand, pools: tuple[SizedPool, ...], uses: Uses
) -> Limit | None:
    fact = facts.find(name, cluster.model)
    if fact is None:
        return None
    used = sum(uses(pool) for pool in pools)
    nodes, pods, slowest = _room(pools, uses, fact.number - used)
    return Limit(name, label, fact.number, used, fact.unit, nodes, pods, slowest, fact.sources, fact.conflict_text)


def _vnet_limit(pools: tuple[SizedPool, ...], uses: Uses, used: int) -> Limit:
    fact = facts.get("vnet_private_ips")
    nodes, pods, slowest = _room(pools, uses, fact.number - used)
    label = "Private addresses of the virtual network"
    return Limit(fact.name, label, fact.number, used, fact.unit, nodes, pods, slowest, fact.sources)


def _static(name: str, label: str, used: int) -> Limit:
    fact = facts.get(name)
    return Limit(name, label, fact.number, used, fact.unit, None, None, "", fact.sources, fact.conflict_text)


def _service_limit(plan: ServiceCidrPlan, services: int) -> Limit:
    sources = facts.get("service_cidr_prefix_longer_than").sources
    # The network's own address is given to nobody.
    return Limit(
        "service_cidr", f"Service CIDR {plan.cidr}", plan.size - 1, services, "addresses", None, None, "", sources
    )


def _engine_limits(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterable[Limit]:
    if not cluster.policy_engine:
        return
    found = engine(cluster.policy_engine)
    scales: tuple[tuple[str, str, int | None, Uses], ...] = (
        ("policy_engine_nodes", "nodes", found.max_nodes, lambda pool: pool.peak),
        ("policy_engine_pods", "pods", found.max_pods, lambda pool: pool.pods_max),
    )
    for name, unit, value, uses in scales:
        if value is not None:
            used = sum(uses(pool) for pool in pools)
            nodes, pods, slowest = _room(pools, uses, value - used)
            yield Limit(name, f"{found.label}, {unit}", value, used, unit, nodes, pods, slowest, found.sources)
