"""The plan as Terraform: azurerm, and AzAPI for what azurerm has no argument for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.facts.azure_resources import azure_resource_fact
from lib.ipplan.export.arm import NodeSize, SubnetId, cluster_properties, dns_prefix
from lib.ipplan.export.hcl import Attribute, Block, Expression, written
from lib.ipplan.export.resources import ClusterResource, PoolResource, Resources, SubnetResource
from lib.ipplan.export.text import comments

_GROUP, _LOCATION, _SIZE = "var.resource_group_name", "var.location", "var.node_vm_size"


def to_terraform(resources: Resources) -> Iterator[str]:
    """The file, a piece at a time; every text of the plan is a literal, in which nothing is evaluated."""
    with_azapi = any(_needs_azapi(cluster) for cluster in resources.clusters)
    yield comments(resources.remarks, "# ")
    for block in (*_head(resources, with_azapi), _network(resources), *map(_subnet, resources.subnets)):
        yield from written(block)
        yield "\n"
    for cluster in resources.clusters:
        if _needs_azapi(cluster):
            yield f"# AzAPI makes this cluster: azurerm does not document {_beyond_azurerm(cluster)}.\n"
            yield from written(_azapi_cluster(cluster))
            yield "\n"
            continue
        yield from written(_cluster(cluster))
        yield "\n"
        for pool in cluster.pools[1:]:
            yield from written(_pool(cluster, pool))
            yield "\n"


def _needs_azapi(cluster: ClusterResource) -> bool:
    return bool(_beyond_azurerm(cluster))


def _beyond_azurerm(cluster: ClusterResource) -> str:
    """What of a cluster the documentation of azurerm has no argument for, e.g. ``static blocks``; "" for nothing."""
    found = {
        "static blocks": cluster.allocation_mode == "StaticBlock",
        "maxUnavailable": any(pool.max_unavailable for pool in cluster.pools),
        "gateway pools": any(pool.mode == "Gateway" for pool in cluster.pools),
        "node auto-provisioning": cluster.provisions_nodes,
        "this outbound type": cluster.outbound_type in ("managedNATGatewayV2", "block"),
        "the API server's own subnet": cluster.api_server_subnet is not None,
    }
    return ", ".join(name for name, is_needed in found.items() if is_needed)


def _head(resources: Resources, with_azapi: bool) -> Iterator[Block]:
    providers = [_provider("azurerm", "hashicorp/azurerm", "azurerm_version")]
    if with_azapi:
        providers.append(_provider("azapi", "Azure/azapi", "azapi_version"))
    yield Block("terraform", (), (Block("required_providers", (), tuple(providers)),))
    yield Block("provider", ("azurerm",), (Block("features", (), ()),))
    yield _variable("resource_group_name", "The resource group, which exists.", resources.group)
    yield _variable("location", "The region of the resources.")
    if resources.clusters:
        yield _variable("node_vm_size", "The size of the nodes, which the plan does not know.")
    if any(cluster.needs_own_identity for cluster in resources.clusters):
        yield _variable("cluster_identity_id", "The id of a managed identity that may use the subnets.")
    if with_azapi:
        group = Attribute("name", Expression(_GROUP))
        yield Block("data", ("azurerm_resource_group", "this"), (group,))


def _provider(name: str, source: str, version: str) -> Attribute:
    return Attribute(name, {"source": source, "version": str(azure_resource_fact(version).value)})


def _variable(name: str, text: str, default: str = "") -> Block:
    body = [Attribute("type", Expression("string")), Attribute("description", text)]
    if default:
        body.append(Attribute("default", default))
    return Block("variable", (name,), tuple(body))


def _network(resources: Resources) -> Block:
    body = (
        Attribute("name", resources.vnet_name),
        Attribute("location", Expression(_LOCATION)),
        Attribute("resource_group_name", Expression(_GROUP)),
        Attribute("address_space", list(resources.address_prefixes)),
    )
    return Block("resource", ("azurerm_virtual_network", "this"), body)


def _subnet(subnet: SubnetResource) -> Block:
    service = Block("service_delegation", (), (Attribute("name", subnet.delegation),))
    delegation = Block("delegation", (), (Attribute("name", "delegation"), service)) if subnet.delegation else None
    body = (
        Attribute("name", subnet.name),
        Attribute("resource_group_name", Expression(_GROUP)),
        Attribute("virtual_network_name", Expression("azurerm_virtual_network.this.name")),
        Attribute("address_prefixes", list(subnet.prefixes)),
        delegation,
    )
    return Block("resource", ("azurerm_subnet", subnet.identifier), body)


def _cluster(cluster: ClusterResource) -> Block:
    first = cluster.pools[0]
    body = (
        Attribute("name", cluster.name),
        Attribute("location", Expression(_LOCATION)),
        Attribute("resource_group_name", Expression(_GROUP)),
        Attribute("dns_prefix", dns_prefix(cluster.name)),
        Block("default_node_pool", (), (Attribute("name", first.name), *_pool_body(first))),
        _identity(cluster),
        Block("network_profile", (), tuple(_profile(cluster))),
    )
    return Block("resource", ("azurerm_kubernetes_cluster", cluster.identifier), body)


def _identity(cluster: ClusterResource) -> Block:
    if cluster.needs_own_identity:
        ids = Attribute("identity_ids", [Expression("var.cluster_identity_id")])
        return Block("identity", (), (Attribute("type", "UserAssigned"), ids))
    return Block("identity", (), (Attribute("type", "SystemAssigned"),))


def _profile(cluster: ClusterResource) -> Iterator[Attribute]:
    yield Attribute("network_plugin", cluster.plugin)
    # azurerm takes no policy for one, and no "none".
    policy = "" if cluster.policy == "none" else cluster.policy
    for name, value in (
        ("network_plugin_mode", cluster.plugin_mode),
        ("network_data_plane", cluster.dataplane),
        ("network_policy", policy),
        ("outbound_type", cluster.outbound_type),
    ):
        if value:
            yield Attribute(name, value)
    if len(cluster.families) > 1:
        yield Attribute("ip_versions", list(cluster.families))
    for name, cidrs in (("pod_cidr", cluster.pod_cidrs), ("service_cidr", cluster.service_cidrs)):
        if len(cidrs) == 1:
            yield Attribute(name, cidrs[0])
        elif cidrs:
            yield Attribute(f"{name}s", list(cidrs))
    yield Attribute("dns_service_ip", cluster.dns_service_ip)


def _pool(cluster: ClusterResource, pool: PoolResource) -> Block:
    body = (
        Attribute("name", pool.name),
        Attribute("kubernetes_cluster_id", Expression(f"azurerm_kubernetes_cluster.{cluster.identifier}.id")),
        Attribute("mode", pool.mode),
        Attribute("os_type", pool.os_type),
        *_pool_body(pool),
    )
    return Block("resource", ("azurerm_kubernetes_cluster_node_pool", pool.identifier), body)


def _pool_body(pool: PoolResource) -> Iterator[Attribute | Block]:
    yield Attribute("vm_size", Expression(_SIZE))
    yield Attribute("node_count", pool.nodes)
    if pool.most is not None:
        yield Attribute("auto_scaling_enabled", True)
        yield Attribute("min_count", pool.least)
        yield Attribute("max_count", pool.most)
    yield Attribute("max_pods", pool.max_pods)
    if pool.zones:
        yield Attribute("zones", list(pool.zones))
    yield Attribute("vnet_subnet_id", _subnet_id(pool.node_subnet))
    if pool.pod_subnet is not None:
        yield Attribute("pod_subnet_id", _subnet_id(pool.pod_subnet))
    yield Block("upgrade_settings", (), (Attribute("max_surge", pool.max_surge),))


def _subnet_id(subnet: SubnetResource) -> Expression:
    return Expression(f"azurerm_subnet.{subnet.identifier}.id")


def _azapi_cluster(cluster: ClusterResource) -> Block:
    version = azure_resource_fact("managed_clusters_api").value
    body = (
        Attribute("type", f"Microsoft.ContainerService/managedClusters@{version}"),
        Attribute("name", cluster.name),
        Attribute("location", Expression(_LOCATION)),
        Attribute("parent_id", Expression("data.azurerm_resource_group.this.id")),
        Attribute("body", {"properties": _resolved(cluster_properties(cluster))}),
        _identity(cluster),
    )
    return Block("resource", ("azapi_resource", cluster.identifier), body)


def _resolved(value: Any) -> Any:
    match value:
        case dict():
            return {key: _resolved(item) for key, item in value.items()}
        case list():
            return [_resolved(item) for item in value]
        case SubnetId():
            return _subnet_id(value.subnet)
        case NodeSize():
            return Expression(_SIZE)
        case _:
            return value
