"""Checks of clusters and node pools: what the network model and AKS let them have."""

from __future__ import annotations

from collections.abc import Iterator

from lib.facts import reader as facts
from lib.facts.engines import Known, engine
from lib.facts.networks import network
from lib.ipplan.demand import ClusterDemand, NetworkModel, OperatingSystem, PoolMode
from lib.ipplan.models import pods_counted
from lib.ipplan.pod_subnet_static_block import block_size, blocks_per_node
from lib.ipplan.pools import SizedPool, size_pools, surge_of
from lib.ipplan.problems import PlanProblem, problem


def check_cluster(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    """Everything about one cluster that needs no address range."""
    pools = size_pools(cluster)
    for pool in pools:
        yield from _pool(cluster, pool)
    yield from _system_pools(cluster, pools)
    yield from _scale(cluster, pools)
    yield from _families(cluster)
    yield from _engine(cluster, pools)
    model = network(cluster.model)
    if model.retires is not None:
        message = f"{model.label} retires on {_day(model.retires)}."
        yield problem("network-retires", message, cluster.name, "model")
    if cluster.model is NetworkModel.POD_SUBNET_STATIC_BLOCK and cluster.other.private_link_services:
        message = (
            f"{cluster.other.private_link_services} Private Link Service addresses are planned with static blocks."
        )
        yield problem("private-link-static-block", message, cluster.name, "private_link_services")
    balancers, most = cluster.other.internal_load_balancers, facts.get("load_balanced_services_per_cluster").number
    if balancers > most:
        message = f"{balancers} load-balanced Services are more than {most}."
        yield problem("too-many-load-balanced-services", message, cluster.name, "internal_load_balancers")


def _pool(cluster: ClusterDemand, sized: SizedPool) -> Iterator[PlanProblem]:
    pool = sized.pool
    subject = f"{cluster.name}/{pool.name}"
    least, most = facts.get("max_pods_per_node_min").number, facts.get("max_pods_per_node_hard_max").number
    if not least <= sized.max_pods <= most:
        message = f"Max pods {sized.max_pods} is not between {least} and {most}."
        yield problem("max-pods-out-of-range", message, subject, "max_pods")
    floor = facts.get("pool_min_pods").number
    if sized.now and not pool.auto_provisioned and sized.now * sized.max_pods < floor:
        needed = -(-floor // sized.max_pods) if sized.max_pods > 0 else 0
        hint = f"; {needed} nodes would do" if needed else ""
        message = f"{sized.now} × {sized.max_pods} = {sized.now * sized.max_pods} pods are fewer than {floor}{hint}."
        yield problem("pool-too-few-pods", message, subject, "max_pods")
    if pool.pods_expected is not None and pool.pods_expected > sized.pods_max:
        message = (
            f"{pool.pods_expected} pods are expected, and {sized.maximum} nodes with max pods {sized.max_pods} "
            f"run {sized.pods_max}."
        )
        yield problem("pods-expected-too-many", message, subject, "pods_expected")
    if pool.operating_system is OperatingSystem.WINDOWS:
        model = network(cluster.model)
        if model.windows is Known.NO:
            yield problem("windows-not-supported", f"{model.label} has no Windows nodes.", subject, "os")
        recommended = facts.get("max_pods_windows_recommended").number
        if recommended < sized.max_pods <= most:
            message = f"Max pods {sized.max_pods} on Windows nodes is over the recommended {recommended}."
            yield problem("windows-max-pods", message, subject, "max_pods")
    if pool.max_unavailable.amount and pool.mode is PoolMode.SYSTEM:
        message = f"maxUnavailable {pool.max_unavailable} is set on a system pool."
        yield problem("max-unavailable-system-pool", message, subject, "max_unavailable")
    may_stop = pool.replaced or pool.auto_provisioned
    if not surge_of(pool).amount and not pool.max_unavailable.amount and not may_stop:
        yield problem("surge-zero", "The surge and maxUnavailable are both 0, so no upgrade can run.", subject, "surge")
    limit = facts.get("nodes_per_pool").number
    if pool.auto_provisioned:
        # Its nodes are no scale set's, and belong to no pool.
        pass
    elif sized.maximum > limit:
        yield problem("pool-too-large", f"{sized.maximum} nodes are more than {limit}.", subject, "nodes")
    elif sized.peak > limit and not pool.replaced:
        message = f"{sized.maximum} nodes and {sized.extra} surge nodes are more than {limit}."
        yield problem("pool-upgrade-blocked", message, subject, "surge")
    if cluster.model is NetworkModel.POD_SUBNET_STATIC_BLOCK and least <= sized.max_pods <= most:
        yield from _blocks(sized, subject)


def _system_pools(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterator[PlanProblem]:
    systems = [pool for pool in pools if pool.pool.mode is PoolMode.SYSTEM]
    least = facts.get("system_pool_nodes_min").number
    nodes = sum(pool.now for pool in systems)
    if not systems:
        yield problem("cluster-no-system-pool", "No node pool is a system pool.", cluster.name, "mode")
    elif nodes < least and not any(pool.pool.auto_provisioned for pool in systems):
        message = f"The system pool {systems[0].pool.name} has {nodes} node{'' if nodes == 1 else 's'}."
        yield problem("system-pool-few-nodes", message, f"{cluster.name}/{systems[0].pool.name}", "nodes")
    for pool in systems:
        if pool.pool.operating_system is OperatingSystem.WINDOWS:
            message = f"The system pool {pool.pool.name} has Windows nodes."
            yield problem("system-pool-windows", message, f"{cluster.name}/{pool.pool.name}", "mode")


def _blocks(sized: SizedPool, subject: str) -> Iterator[PlanProblem]:
    blocks = blocks_per_node(sized.max_pods)
    if 2 * blocks.wasted >= block_size() and sized.max_pods != blocks.ideal_max_pods:
        message = (
            f"Max pods {sized.max_pods} takes {blocks.count} blocks a node and wastes {blocks.wasted} addresses; "
            f"{blocks.ideal_max_pods} would fill them."
        )
        yield problem("block-waste", message, subject, "max_pods")


def _scale(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterator[PlanProblem]:
    most_pools = facts.get("pools_per_cluster").number
    own = sum(not pool.pool.auto_provisioned for pool in pools)
    if own > most_pools:
        yield problem("too-many-pools", f"{own} node pools are more than {most_pools}.", cluster.name, "pools")
    most_nodes = facts.get("nodes_per_cluster", cluster.model).number
    nodes, peak = sum(pool.maximum for pool in pools), sum(pool.peak for pool in pools)
    if nodes > most_nodes:
        message = f"{nodes} nodes are more than the {most_nodes} that {network(cluster.model).label} allows."
        yield problem("cluster-too-large", message, cluster.name, "nodes")
    elif peak > most_nodes:
        message = f"{nodes} nodes and {peak - nodes} surge nodes are more than {most_nodes}."
        yield problem("cluster-upgrade-blocked", message, cluster.name, "surge")
    fact = facts.find("pods_per_cluster", cluster.model)
    if fact is None:
        return
    pods = sum(pods_counted(cluster.model, pool) for pool in pools)
    figures = [fact.number, *(claim.value for claim in fact.conflict if isinstance(claim.value, int))]
    if cluster.pods_ceiling is not None:
        figures = [cluster.pods_ceiling]
    if pods > max(figures):
        message = f"{pods} pods are more than the {max(figures)} that {network(cluster.model).label} allows."
        yield problem("cluster-too-many-pods", message, cluster.name, "max_pods")
    elif pods > min(figures):
        message = f"{pods} pods are more than {min(figures)}; the sources say {' or '.join(map(str, sorted(figures)))}."
        yield problem("cluster-pods-disputed", message, cluster.name, "max_pods")


def _families(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    if not cluster.dual_stack:
        for words, field, cidr in (
            ("pod CIDR", "pod_cidr_ipv6", cluster.pod_cidr_ipv6),
            ("service CIDR", "service_cidr_ipv6", cluster.service_cidr_ipv6),
        ):
            if cidr is not None:
                message = f"The IPv6 {words} {cidr} plays no part: the cluster is not dual-stack."
                yield problem("ipv6-range-unused", message, cluster.name, field)
        return
    model = network(cluster.model)
    if model.dual_stack is Known.NO:
        yield problem("dual-stack-not-supported", f"{model.label} has no dual stack.", cluster.name, "dual_stack")
    elif model.dual_stack is Known.UNKNOWN:
        message = f"Whether {model.label} can be dual-stack is not stated."
        yield problem("dual-stack-not-stated", message, cluster.name, "dual_stack")


def _engine(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterator[PlanProblem]:
    if not cluster.policy_engine:
        return
    model, chosen = network(cluster.model), engine(cluster.policy_engine)
    if model.policy_engines and chosen.id not in model.policy_engines:
        message = f"{chosen.label} does not run with {model.label}."
        yield problem("policy-engine-not-supported", message, cluster.name, "policy_engine")
    runs_on = model.windows is not Known.NO  # Otherwise the model itself has no such nodes, which is told already.
    for pool in pools:
        system = pool.pool.operating_system
        if runs_on and system.value not in chosen.operating_systems:
            message = f"{chosen.label} does not run on {system.value.capitalize()} nodes."
            yield problem("policy-engine-system", message, f"{cluster.name}/{pool.pool.name}", "policy_engine")
    if cluster.dual_stack and chosen.dual_stack is Known.NO:
        message = f"{chosen.label} does not work with dual stack."
        yield problem("policy-engine-dual-stack", message, cluster.name, "policy_engine")
    nodes, pods = sum(pool.peak for pool in pools), sum(pool.pods for pool in pools)
    for count, most, what in ((nodes, chosen.max_nodes, "nodes"), (pods, chosen.max_pods, "pods")):
        if most is not None and count > most:
            message = f"{count} {what} are more than the {most} that {chosen.label} supports."
            yield problem("policy-engine-scale", message, cluster.name, "policy_engine")
    systems = {pool.pool.operating_system.value for pool in pools}
    ends = [end for end in chosen.ends if end.operating_system in systems]
    if ends:
        text = " and ".join(f"{_day(end.last_day)} on {end.operating_system.capitalize()} nodes" for end in ends)
        yield problem("policy-engine-retires", f"{chosen.label} ends on {text}.", cluster.name, "policy_engine")


def _day(day: object) -> str:
    return f"{day:%-d %B %Y}"
