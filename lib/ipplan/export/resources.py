"""A plan as Azure's resources: what every export writes down, each in its own language."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from lib.facts.azure_resources import azure_resource_fact
from lib.facts.outbound import outbound_type
from lib.ipplan import ranges
from lib.ipplan.allocation import node_subnet_of, pod_subnet_of
from lib.ipplan.demand import ClusterDemand, NetworkModel, OperatingSystem, PoolMode
from lib.ipplan.export.names import Identifier, identifiers, subnet_names
from lib.ipplan.export.text import NOTE
from lib.ipplan.models import rules_of
from lib.ipplan.pools import SizedPool, size_pools, surge_of
from lib.ipplan.result import AddressPlan
from lib.ipplan.subnets import SubnetRole

_OVERLAY = (NetworkModel.AZURE_CNI_OVERLAY, NetworkModel.AZURE_CNI_OVERLAY_CILIUM)
_PLUGINS = {NetworkModel.KUBENET: "kubenet", NetworkModel.BYO_CNI: "none"}
_ALLOCATION = {
    NetworkModel.POD_SUBNET_DYNAMIC: "DynamicIndividual",
    NetworkModel.POD_SUBNET_STATIC_BLOCK: "StaticBlock",
}


@dataclass(frozen=True, slots=True)
class SubnetResource:
    """A subnet: ``prefixes`` the IPv4 one first; ``purpose`` says for people what it is for."""

    name: str
    identifier: str
    prefixes: tuple[str, ...]
    delegation: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PoolResource:
    """A node pool. ``most`` is the autoscaler's maximum, None where the pool does not scale.

    ``gateway_prefix`` is the length of the public IP prefix of a gateway pool, None for any other.
    """

    name: str
    identifier: str
    mode: str
    os_type: str
    nodes: int
    most: int | None
    max_pods: int
    max_surge: str
    max_unavailable: str
    node_subnet: SubnetResource
    pod_subnet: SubnetResource | None
    zones: tuple[str, ...]
    gateway_prefix: int | None

    @property
    def least(self) -> int:
        """The autoscaler's minimum: the nodes of now, which the plan counts on."""
        return self.nodes


@dataclass(frozen=True, slots=True)
class ClusterResource:
    """A cluster. The first of ``pools`` can be made with it: a Linux system pool, where there is one.

    ``plugin_mode``, ``dataplane``, ``policy``, ``allocation_mode`` and ``outbound_type`` are "" where nothing is to be
    said.
    """

    name: str
    identifier: str
    plugin: str
    plugin_mode: str
    dataplane: str
    policy: str
    allocation_mode: str
    families: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]
    dns_service_ip: str
    outbound_type: str
    pools: tuple[PoolResource, ...]
    provisions_nodes: bool
    api_server_subnet: SubnetResource | None

    @property
    def needs_own_identity(self) -> bool:
        """Whether its identity must be there before it: with kubenet or the API server in a subnet of one's own."""
        return self.plugin == "kubenet" or self.api_server_subnet is not None


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that the plan asks Azure for. ``remarks`` are lines for a reader: what is wrong or was left open.

    ``group`` is the resource group, "" where the plan does not name it.
    """

    vnet_name: str
    address_prefixes: tuple[str, ...]
    subnets: tuple[SubnetResource, ...]
    clusters: tuple[ClusterResource, ...]
    remarks: tuple[str, ...]
    group: str = ""


def obstacles(plan: AddressPlan) -> tuple[str, ...]:
    """Why the plan can't be written down as code, a sentence each; empty where it can."""
    found = []
    if not plan.demand.vnet:
        found.append("The plan names no virtual network: give its address space, so that every subnet has a place.")
    if plan.layout.unplaced and plan.demand.vnet:
        names = ", ".join(subnet.name for subnet in plan.layout.unplaced[:5])
        found.append(f"These subnets have no place in the virtual network: {names}.")
    return tuple(found)


def to_resources(plan: AddressPlan) -> Resources:
    """The plan's resources; meant for a plan without ``obstacles``, what has no place is left out otherwise."""
    identifier = identifiers()
    placed = plan.layout.placed
    subnets: dict[str, SubnetResource] = {}
    every = []
    api_servers: dict[str, SubnetResource] = {}
    for item, name in zip(placed, subnet_names(placed), strict=True):
        users = f" of {', '.join(item.plan.clusters[:5])}" if item.plan.clusters else ""
        prefixes = (str(item.cidr), *((str(item.ipv6),) if item.ipv6 is not None else ()))
        purpose = f"{item.plan.role.value}{users}"
        found = SubnetResource(name, identifier("subnet", name), prefixes, item.plan.delegation, purpose)
        every.append(found)
        subnets.setdefault(item.plan.key, found)
        if item.plan.role is SubnetRole.OTHER:
            # Beside the clusters' own subnets only that of their API servers names clusters.
            api_servers |= dict.fromkeys(item.plan.clusters, found)
    clusters = tuple(
        _cluster(cluster, subnets, api_servers.get(cluster.name), identifier) for cluster in plan.demand.clusters
    )
    return Resources(
        plan.demand.vnet_name or "vnet",
        tuple(str(space) for space in plan.demand.vnet),
        tuple(every),
        clusters,
        tuple(_remarks(plan)),
        plan.demand.resource_group,
    )


def _cluster(
    cluster: ClusterDemand,
    subnets: dict[str, SubnetResource],
    api_server: SubnetResource | None,
    identifier: Identifier,
) -> ClusterResource:
    cilium = cluster.model is NetworkModel.AZURE_CNI_OVERLAY_CILIUM or cluster.policy_engine == "cilium"
    pod_cidrs = (ranges.pod_cidr(cluster), ranges.pod_cidr_ipv6(cluster))
    services = (ranges.service_cidr(cluster), ranges.service_cidr_ipv6(cluster))
    has_pod_cidr = not rules_of(cluster.model).family_is_flat
    pools = [_pool(cluster, pool, subnets, identifier) for pool in _own_pools(cluster)]
    # The pool that a cluster is made with is a Linux system pool.
    first = sorted(pools, key=lambda pool: (pool.mode != "System", pool.os_type != "Linux"))[:1]
    return ClusterResource(
        name=cluster.name,
        identifier=identifier("aks", cluster.name),
        plugin=_PLUGINS.get(cluster.model, "azure"),
        plugin_mode="overlay" if cluster.model in _OVERLAY else "",
        dataplane="cilium" if cilium else "",
        policy=_policy(cluster, cilium),
        allocation_mode=_ALLOCATION.get(cluster.model, ""),
        families=("IPv4", "IPv6") if cluster.dual_stack else ("IPv4",),
        pod_cidrs=tuple(str(cidr) for cidr in pod_cidrs if cidr is not None and has_pod_cidr),
        service_cidrs=tuple(str(cidr) for cidr in services if cidr is not None),
        dns_service_ip=str(ranges.dns_service_ip(cluster)),
        outbound_type=cluster.outbound.type,
        pools=(*first, *(pool for pool in pools if pool not in first)),
        provisions_nodes=any(pool.auto_provisioned for pool in cluster.pools),
        api_server_subnet=api_server if cluster.api_server_vnet_integration else None,
    )


def _own_pools(cluster: ClusterDemand) -> list[SizedPool]:
    """The pools that are made: nodes that node auto-provisioning makes need none, but a cluster needs one."""
    pools = size_pools(cluster)
    return [pool for pool in pools if not pool.pool.auto_provisioned] or list(pools)


def _policy(cluster: ClusterDemand, cilium: bool) -> str:
    if cluster.model is NetworkModel.BYO_CNI:
        return ""
    engine = "cilium" if cilium else cluster.policy_engine
    return {"azure-npm": "azure"}.get(engine, engine)


def _pool(
    cluster: ClusterDemand, sized: SizedPool, subnets: dict[str, SubnetResource], identifier: Identifier
) -> PoolResource:
    pool = sized.pool
    uses_pods = rules_of(cluster.model).uses_pod_subnet
    return PoolResource(
        name=pool.name,
        identifier=identifier("pool", f"{cluster.name} {pool.name}"),
        mode=pool.mode.value.capitalize(),
        os_type="Windows" if pool.operating_system is OperatingSystem.WINDOWS else "Linux",
        nodes=sized.now,
        most=sized.maximum if pool.nodes_max is not None else None,
        max_pods=sized.max_pods,
        max_surge=str(surge_of(pool)),
        max_unavailable=str(pool.max_unavailable) if pool.max_unavailable.amount else "",
        node_subnet=subnets[node_subnet_of(cluster, sized).key],
        pod_subnet=subnets[pod_subnet_of(cluster, sized).key] if uses_pods else None,
        zones=pool.zones,
        gateway_prefix=pool.egress_prefix if pool.mode is PoolMode.GATEWAY else None,
    )


def _remarks(plan: AddressPlan) -> list[str]:
    found = [NOTE, *(f"{problem.problem_class.label}: {problem.message}" for problem in plan.problems)]
    for cluster in plan.demand.clusters:
        if not any(
            pool.mode is PoolMode.SYSTEM and pool.operating_system is OperatingSystem.LINUX for pool in cluster.pools
        ):
            found.append(f"The cluster {cluster.name} has no Linux system pool, and a cluster needs one.")
        if cluster.outbound.type and outbound_type(cluster.outbound.type).state == "preview":
            out, version = cluster.outbound.type, azure_resource_fact("managed_clusters_api").value
            found.append(f"The outbound type {out} of {cluster.name} is in preview; the API version {version} is not.")
        for pool in cluster.pools:
            if pool.auto_provisioned and pool.nodes_max is not None:
                text = f"{pool.nodes_max} nodes that the plan counts for {pool.name} in {cluster.name}"
                found.append(f"Node auto-provisioning is not held to the {text}: limit it in its NodePool.")
    for field, group in groupby(
        sorted((a for cluster in plan.clusters for a in cluster.assumptions), key=attrgetter("field")),
        key=attrgetter("field"),
    ):
        texts = dict.fromkeys(assumed.text for assumed in group)
        found.append(f"Left open ({field}): {'; '.join(texts)}")
    return found
