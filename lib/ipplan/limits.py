"""The ceilings that a cluster grows into, each with what is used of it and how many nodes remain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lib.facts import reader as facts
from lib.facts.engines import engine
from lib.ipplan.allocation import node_subnet_of, pod_subnet_of
from lib.ipplan.demand import ClusterDemand, NetworkModel, PoolMode
from lib.ipplan.models import pods_counted, rules_of
from lib.ipplan.outbound import outbound_ceilings
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.result import Limit, PodCidrPlan, ServiceCidrPlan
from lib.ipplan.room import Ceiling, Room, Uses, ceiling_of, room
from lib.ipplan.subnets import SubnetPlan


def cluster_ceilings(
    cluster: ClusterDemand,
    subnets: Mapping[str, SubnetPlan],
    pod_cidr: PodCidrPlan | None,
    services: ServiceCidrPlan,
    vnet_ips_used: int,
) -> tuple[Ceiling, ...]:
    """Every limit of one cluster but the space of the virtual network, in no order.

    ``subnets`` maps the keys of subnets to their plans; ``vnet_ips_used`` counts the addresses that all clusters of
    the virtual network have configured, as Azure counts them.
    """
    pools = size_pools(cluster)
    rules = rules_of(cluster.model)
    found = [
        *_subnet_limits(cluster, pools, subnets),
        *_pool_limits(pools),
        _nodes_limit(cluster, pools),
        _fact_limit("pods_per_cluster", "Pods of a cluster", cluster, pools, lambda p: pods_counted(cluster.model, p)),
        _vnet_limit(pools, lambda pool: rules.take(pool, pool.peak).vnet_ips, vnet_ips_used),
        _static("pools_per_cluster", "Node pools of a cluster", sum(not p.pool.auto_provisioned for p in pools)),
        _static("vnet_subnets", "Subnets of the virtual network", len(subnets)),
        *_backend_limit(cluster, pools),
        *outbound_ceilings(cluster, pools),
    ]
    if pod_cidr is not None:
        found.append(_pod_cidr_limit(cluster, pools, pod_cidr))
    if cluster.services is not None:
        found.append(_service_limit(services, cluster.services))
    if cluster.other.internal_load_balancers:
        used = cluster.other.internal_load_balancers
        found.append(_static("load_balanced_services_per_cluster", "Load-balanced Services of a cluster", used))
    found.extend(_engine_limits(cluster, pools))
    return tuple(ceiling for ceiling in found if ceiling is not None)


def in_order(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """The limits, the one that more nodes reach first at the head."""
    return tuple(sorted(limits, key=_reached_first))


def _reached_first(limit: Limit) -> tuple[bool, int, int, str]:
    return limit.more_nodes is None, limit.more_nodes or 0, limit.headroom, limit.name


def _subnet_limits(
    cluster: ClusterDemand, pools: tuple[SizedPool, ...], subnets: Mapping[str, SubnetPlan]
) -> Iterable[Ceiling]:
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
) -> Iterable[Ceiling]:
    by_key: dict[str, list[SizedPool]] = {}
    for pool in pools:
        by_key.setdefault(key_of(pool), []).append(pool)
    for key, members in by_key.items():
        subnet = subnets[key]
        used = subnet.ips_needed + subnet.ips_other
        left = room(members, uses, subnet.usable - used)
        size = f"/{subnet.prefix}" if subnet.prefix is not None else "none large enough"
        yield ceiling_of(
            name if len(by_key) == 1 else f"{name}:{subnet.name}",
            f"{label} {subnet.cidr or f'{subnet.name} ({size})'}",
            subnet.usable, used, "addresses", left,
            tuple(dict.fromkeys((*facts.get("subnet_reserved_ips").sources[:1], *sources))),
            is_chosen=subnet.is_chosen, shared=f"subnet:{key}",
        )  # fmt: skip


def _pod_cidr_limit(cluster: ClusterDemand, pools: tuple[SizedPool, ...], plan: PodCidrPlan) -> Ceiling:
    left = room(pools, lambda pool: pool.peak, plan.nodes_max - plan.nodes_needed)
    sources = facts.get("pod_cidr_prefix_per_node", cluster.model).sources
    return ceiling_of(
        "pod_cidr", f"Pod CIDR {plan.cidr}", plan.nodes_max, plan.nodes_needed, "nodes", left, sources,
        is_chosen=cluster.pod_cidr is not None,
    )  # fmt: skip


def _pool_limits(pools: tuple[SizedPool, ...]) -> Iterable[Ceiling]:
    fact = facts.get("nodes_per_pool")
    scale_sets = [pool for pool in pools if not pool.pool.auto_provisioned]
    largest = max(scale_sets, key=_nodes_of_one_pool, default=None)
    if largest is not None:
        used = _nodes_of_one_pool(largest)
        left = room((largest,), _nodes_of_one_pool, fact.number - used)
        yield ceiling_of(
            fact.name, f"Nodes of a pool ({largest.pool.name})", fact.number, used, fact.unit, left,
            fact.sources, fact.conflict_text,
        )  # fmt: skip
    gateway = facts.get("egress_gateway_prefix_longest")
    for pool in scale_sets:
        if pool.pool.mode is PoolMode.GATEWAY and pool.pool.egress_prefix is not None:
            value = egress_gateway_nodes(pool.pool.egress_prefix)
            left = room((pool,), lambda sized: sized.maximum, value - pool.maximum)
            label = f"Public IP prefix /{pool.pool.egress_prefix} of the gateway pool {pool.pool.name}"
            yield ceiling_of(
                f"egress_prefix:{pool.pool.name}", label, value, pool.maximum, "nodes", left, gateway.sources
            )


def _nodes_of_one_pool(sized: SizedPool) -> int:
    """The most nodes that a pool has: one that is replaced never has those of the pool beside it."""
    return sized.maximum if sized.pool.replaced else sized.peak


def egress_gateway_nodes(prefix: int) -> int:
    """The nodes that a gateway pool with a public IP prefix of this length can have: one for each address."""
    return int(2 ** (32 - prefix))


def _nodes_limit(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Ceiling | None:
    by_routes = cluster.model is NetworkModel.KUBENET
    label = "Nodes of a cluster (a route each in its route table)" if by_routes else "Nodes of a cluster"
    return _fact_limit("nodes_per_cluster", label, cluster, pools, lambda pool: pool.peak)


def _fact_limit(
    name: str, label: str, cluster: ClusterDemand, pools: tuple[SizedPool, ...], uses: Uses
) -> Ceiling | None:
    fact = facts.find(name, cluster.model)
    if fact is None:
        return None
    value, conflict, sources = fact.number, fact.conflict_text, fact.sources
    if name == "pods_per_cluster" and cluster.pods_ceiling not in (None, value):
        chosen = next(claim for claim in fact.conflict if claim.value == cluster.pods_ceiling)
        conflict = f"{', '.join(sources)} says {value}; the other figure was chosen"
        value, sources = cluster.pods_ceiling or value, chosen.sources
    used = sum(uses(pool) for pool in pools)
    return ceiling_of(name, label, value, used, fact.unit, room(pools, uses, value - used), sources, conflict)


def _vnet_limit(pools: tuple[SizedPool, ...], uses: Uses, used: int) -> Ceiling:
    fact = facts.get("vnet_private_ips")
    left = room(pools, uses, fact.number - used)
    label = "Configured addresses of the virtual network"
    return ceiling_of(fact.name, label, fact.number, used, fact.unit, left, fact.sources, shared="vnet")


def _backend_limit(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterable[Ceiling]:
    if cluster.load_balancer_ports:
        fact = facts.get("load_balancer_backend_ip_configurations")
        used = load_balancer_backends(cluster, pools)
        left = room(pools, lambda pool: cluster.load_balancer_ports * pool.peak, fact.number - used)
        label = f"Load balancer backends ({cluster.load_balancer_ports} ports × nodes)"
        yield ceiling_of(fact.name, label, fact.number, used, fact.unit, left, fact.sources)


def load_balancer_backends(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> int:
    """The backend IP configurations of the cluster's load balancer: a node stands behind every published port."""
    return cluster.load_balancer_ports * sum(pool.peak for pool in pools)


def _static(name: str, label: str, used: int) -> Ceiling:
    fact = facts.get(name)
    return ceiling_of(name, label, fact.number, used, fact.unit, Room(None, None, ""), fact.sources, fact.conflict_text)


def _service_limit(plan: ServiceCidrPlan, services: int) -> Ceiling:
    sources = facts.get("service_cidr_unused_ipv4").sources
    label = f"Service CIDR {plan.cidr}"
    return ceiling_of(
        "service_cidr", label, plan.usable, services, "addresses", Room(None, None, ""), sources
    )  # fmt: skip


def _engine_limits(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterable[Ceiling]:
    if not cluster.policy_engine:
        return
    found = engine(cluster.policy_engine)
    scales: tuple[tuple[str, str, int | None, Uses], ...] = (
        ("policy_engine_nodes", "nodes", found.max_nodes, lambda pool: pool.peak),
        ("policy_engine_pods", "pods", found.max_pods, lambda pool: pool.pods),
    )
    for name, unit, value, uses in scales:
        if value is not None:
            used = sum(uses(pool) for pool in pools)
            left = room(pools, uses, value - used)
            yield ceiling_of(name, f"{found.label}, {unit}", value, used, unit, left, found.sources)
