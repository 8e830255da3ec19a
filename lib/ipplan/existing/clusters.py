"""Clusters and node pools, as ``az aks show`` and ``az aks nodepool list`` say them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lib.ipplan.demand import ClusterDemand, NetworkModel, NodePool, OperatingSystem, PoolMode, Surge
from lib.ipplan.existing.networks import SubnetId, subnet_id
from lib.ipplan.existing.values import Json, is_name

_PLUGINS: Final = ("azure", "kubenet", "none")
_ENGINES: Final = {"azure": "azure-npm", "calico": "calico", "cilium": "cilium", "none": "none"}
_OWNER: Final = re.compile(r"/managedclusters/([^/]+)/agentpools/", re.I)


@dataclass(frozen=True, slots=True)
class FoundPool:
    """A node pool; its subnets are ids, whose prefixes the networks hold. ``allocation`` in lower case, "" for none."""

    pool: NodePool
    node_subnet: SubnetId | None
    pod_subnet: SubnetId | None
    allocation: str
    path: str

    @property
    def subnets(self) -> tuple[SubnetId, ...]:
        """The subnets that it names."""
        return tuple(id_ for id_ in (self.node_subnet, self.pod_subnet) if id_ is not None)


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """A cluster without its pools' subnets; ``node_group`` is its node resource group in lower case.

    ``api_server`` is the subnet of its API server, None where that is not in the network.
    """

    demand: ClusterDemand
    pools: tuple[FoundPool, ...]
    node_group: str
    api_server: SubnetId | None
    path: str


def owner_of(found: Json) -> str | None:
    """The cluster that a node pool's id names, in lower case; None for anything that is no pool of a cluster."""
    owner = _OWNER.search(found.text("id") or "")
    return owner[1].lower() if owner and is_name(owner[1]) else None


def read_cluster(found: Json, listed: list[FoundPool]) -> FoundCluster | None:
    """One cluster; ``listed`` are pools of it that were given by themselves, and count in place of its own.

    None where something that a plan can't do without is not there or can't be read, which is noted.
    """
    name = found.name()
    network = found.inner("networkProfile")
    own = [pool for item in found.items("agentPoolProfiles") if (pool := read_pool(item)) is not None]
    pools = tuple(listed or own)
    if network is None:
        found.wrong("networkProfile", "It must say which network model the cluster has.")
        return None
    if not pools and not found.has("agentPoolProfiles"):
        found.wrong("agentPoolProfiles", "Give the node pools too, e.g. with az aks nodepool list.")
    model = _model(network, pools)
    if name is None or model is None or not pools:
        return None
    provisioning = found.inner("nodeProvisioningProfile")
    if provisioning is not None and provisioning.text("mode") == "Auto":
        message = "is Auto: how many nodes are made is not stated, so they are not counted. Enter a maximum for them."
        found.notes.add_unknown(provisioning.place("mode"), message)
    access = found.inner("apiServerAccessProfile")
    integrated = access is not None and access.flag("enableVnetIntegration")
    api_server = _id(access, "subnetId") if access is not None and integrated else None
    if access is not None and integrated and api_server is None:
        access.notes.add_unknown(access.place("subnetId"), "is missing, so the API server's subnet is not checked.")
    engine = network.word("networkPolicy", tuple(_ENGINES))
    group = found.text("nodeResourceGroup")
    if group is None:
        message = "is missing, so that nodes can't be told from other machines in their subnets."
        found.notes.add_unknown(found.place("nodeResourceGroup"), message)
    demand = ClusterDemand(
        name=name,
        model=model,
        pools=tuple(pool.pool for pool in pools),
        service_cidr=network.ipv4("serviceCidrs", "serviceCidr"),
        service_cidr_ipv6=network.ipv6("serviceCidrs"),
        dns_service_ip=network.address("dnsServiceIp"),
        pod_cidr=network.ipv4("podCidrs", "podCidr"),
        pod_cidr_ipv6=network.ipv6("podCidrs"),
        dual_stack=len(_families(network)) > 1,
        policy_engine=_ENGINES[engine] if engine not in (None, "none") else "",
        api_server_vnet_integration=api_server is not None,
    )
    return FoundCluster(demand, pools, (group or "").lower(), api_server, found.path)


def read_pool(found: Json) -> FoundPool | None:
    """One node pool; None where its name or its number of nodes is not there, which is noted."""
    name, nodes = found.name(), found.whole("count")
    if nodes is None and not found.has("count"):
        found.wrong("count", "It must say how many nodes the pool has.")
    scales, most = found.flag("enableAutoScaling"), found.whole("maxCount")
    if scales and most is None and not found.has("maxCount"):
        found.wrong("maxCount", "A pool that scales by itself has a maximum.")
    if name is None or nodes is None:
        return None
    if not found.has("maxPods"):
        found.notes.add_unknown(found.place("maxPods"), "is missing: the default of the network model is taken.")
    upgrade = found.inner("upgradeSettings")
    surge = upgrade.share("maxSurge") if upgrade is not None else None
    if surge is None and not (upgrade is not None and upgrade.has("maxSurge")):
        found.notes.add_unknown(f"{found.path}.upgradeSettings.maxSurge", "is missing: the default is taken.")
    mode = found.word("mode", tuple(PoolMode))
    unavailable = (upgrade.share("maxUnavailable") if upgrade is not None else None) or Surge(0)
    if mode is None and not found.has("mode"):
        # Azure takes maxUnavailable for user pools only.
        mode = PoolMode.USER if unavailable.amount else PoolMode.SYSTEM
        found.notes.add_unknown(found.place("mode"), f"is missing: it is taken for a {mode.value} pool.")
    system = found.word("osType", tuple(OperatingSystem))
    gateway = found.inner("gatewayProfile")
    pool = NodePool(
        name=name,
        nodes=nodes,
        nodes_max=max(nodes, most) if scales and most is not None else None,
        max_pods=found.whole("maxPods"),
        surge=surge,
        max_unavailable=unavailable,
        mode=PoolMode(mode) if mode is not None else PoolMode.USER,
        operating_system=OperatingSystem(system) if system is not None else OperatingSystem.LINUX,
        zones=tuple(found.texts("availabilityZones")),
        egress_prefix=gateway.whole("publicIpPrefixSize") if gateway is not None else None,
    )
    allocation = found.word("podIpAllocationMode", ("dynamicindividual", "staticblock")) or ""
    return FoundPool(pool, _id(found, "vnetSubnetId"), _id(found, "podSubnetId"), allocation, found.path)


def _id(found: Json, name: str) -> SubnetId | None:
    text = found.text(name)
    if text is None:
        return None
    id_ = subnet_id(text)
    if id_ is None:
        found.wrong(name, "It must be the resource id of a subnet.")
    return id_


def _families(network: Json) -> list[str]:
    found = network.texts("ipFamilies")
    return [family for family in found if family.lower() in ("ipv4", "ipv6")]


def _model(network: Json, pools: tuple[FoundPool, ...]) -> NetworkModel | None:
    plugin = network.word("networkPlugin", _PLUGINS)
    if plugin is None:
        if not network.has("networkPlugin"):
            network.wrong("networkPlugin", f"It must be one of {', '.join(_PLUGINS)}.")
        return None
    if plugin != "azure":
        return NetworkModel.KUBENET if plugin == "kubenet" else NetworkModel.BYO_CNI
    cilium = network.text("networkDataplane") == "cilium"
    if network.word("networkPluginMode", ("overlay",)) == "overlay":
        return NetworkModel.AZURE_CNI_OVERLAY_CILIUM if cilium else NetworkModel.AZURE_CNI_OVERLAY
    with_pods = [pool for pool in pools if pool.pod_subnet is not None]
    if not with_pods:
        return NetworkModel.NODE_SUBNET
    for pool in pools:
        if pool not in with_pods:
            expected = "Check the pools with a pod subnet and those without one as two clusters."
            network.notes.add_wrong(
                f"{pool.path}.podSubnetId", f"is missing, and other pools have one. {expected}", expected
            )
    modes = {pool.allocation for pool in with_pods}
    if len(modes - {""}) > 1 or modes == {"", "staticblock"}:
        expected = "Check the pools of each allocation mode as a cluster of its own."
        paths = f"{with_pods[0].path}.podIpAllocationMode"
        network.notes.add_wrong(paths, f"is not the same for all pools. {expected}", expected)
    for pool in with_pods:
        if not pool.allocation:
            message = "is missing: DynamicIndividual, which is its default, is taken."
            network.notes.add_unknown(f"{pool.path}.podIpAllocationMode", message)
    static = "staticblock" in modes
    return NetworkModel.POD_SUBNET_STATIC_BLOCK if static else NetworkModel.POD_SUBNET_DYNAMIC
