"""A cluster as the resource manager's own properties, which Bicep and AzAPI both write down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.ipplan.export.resources import ClusterResource, PoolResource, SubnetResource


@dataclass(frozen=True, slots=True)
class SubnetId:
    """The id of a subnet, which each language finds in its own way."""

    subnet: SubnetResource


@dataclass(frozen=True, slots=True)
class NodeSize:
    """The size of the nodes, which the plan does not know: a parameter."""


def cluster_properties(cluster: ClusterResource) -> dict[str, Any]:
    """``properties`` of a managed cluster: texts, whole numbers, lists, mappings, SubnetId and NodeSize."""
    network: dict[str, Any] = {
        "networkPlugin": cluster.plugin,
        "networkPluginMode": cluster.plugin_mode,
        "networkDataplane": cluster.dataplane,
        "networkPolicy": cluster.policy,
        "ipFamilies": list(cluster.families),
        "podCidrs": list(cluster.pod_cidrs),
        "serviceCidrs": list(cluster.service_cidrs),
        "dnsServiceIP": cluster.dns_service_ip,
        "outboundType": cluster.outbound_type,
    }
    found: dict[str, Any] = {
        "dnsPrefix": dns_prefix(cluster.name),
        "agentPoolProfiles": [_pool(cluster, pool) for pool in cluster.pools],
        "networkProfile": {key: value for key, value in network.items() if value},
    }
    if cluster.provisions_nodes:
        found["nodeProvisioningProfile"] = {"mode": "Auto"}
    if cluster.api_server_subnet is not None:
        found["apiServerAccessProfile"] = {
            "enableVnetIntegration": True,
            "subnetId": SubnetId(cluster.api_server_subnet),
        }
    return found


def dns_prefix(name: str) -> str:
    """The name as a part of the API server's domain name: letters, digits and hyphens."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name).strip("-") or "aks"


def _pool(cluster: ClusterResource, pool: PoolResource) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": pool.name,
        "mode": pool.mode,
        "osType": pool.os_type,
        "type": "VirtualMachineScaleSets",
        "vmSize": NodeSize(),
        "count": pool.nodes,
    }
    if pool.most is not None:
        found |= {"enableAutoScaling": True, "minCount": pool.least, "maxCount": pool.most}
    found |= {"maxPods": pool.max_pods, "vnetSubnetID": SubnetId(pool.node_subnet)}
    if pool.pod_subnet is not None:
        found |= {"podSubnetID": SubnetId(pool.pod_subnet), "podIPAllocationMode": cluster.allocation_mode}
    if pool.zones:
        found["availabilityZones"] = list(pool.zones)
    if pool.gateway_prefix is not None:
        found["gatewayProfile"] = {"publicIPPrefixSize": pool.gateway_prefix}
    unavailable = {"maxUnavailable": pool.max_unavailable} if pool.max_unavailable else {}
    return found | {"upgradeSettings": {"maxSurge": pool.max_surge} | unavailable}
