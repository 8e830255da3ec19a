"""The plan as a Bicep file for one resource group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.facts.azure_resources import azure_resource_fact
from lib.ipplan.export.arm import NodeSize, SubnetId, cluster_properties
from lib.ipplan.export.resources import ClusterResource, Resources, SubnetResource
from lib.ipplan.export.text import comments

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PARAMETERS = """\
targetScope = 'resourceGroup'

@description('The region of the resources.')
param location string = resourceGroup().location
"""
_NODE_SIZE = """
@description('The size of the nodes, which the plan does not know.')
param nodeVmSize string
"""
_IDENTITY = """
@description('The id of a managed identity that may use the subnets.')
param clusterIdentityId string
"""


class _Raw(str):
    """An expression."""


def to_bicep(resources: Resources) -> Iterator[str]:
    """The file, a piece at a time; every text of the plan is a literal, in which nothing is evaluated."""
    yield comments(resources.remarks, "// ")
    yield _PARAMETERS
    if resources.clusters:
        yield _NODE_SIZE
    if any(cluster.needs_own_identity for cluster in resources.clusters):
        yield _IDENTITY
    network = {
        "name": resources.vnet_name,
        "location": _Raw("location"),
        "properties": {
            "addressSpace": {"addressPrefixes": list(resources.address_prefixes)},
            "subnets": [_subnet(subnet) for subnet in resources.subnets],
        },
    }
    version = azure_resource_fact("virtual_networks_api").value
    yield f"\nresource vnet 'Microsoft.Network/virtualNetworks@{version}' = {_value(network, 0)}\n"
    version = azure_resource_fact("managed_clusters_api").value
    for cluster in resources.clusters:
        written = _value(_cluster(cluster), 0)
        yield f"\nresource {cluster.identifier} 'Microsoft.ContainerService/managedClusters@{version}' = {written}\n"


def _subnet(subnet: SubnetResource) -> dict[str, Any]:
    several = len(subnet.prefixes) > 1
    prefixes = {"addressPrefixes": list(subnet.prefixes)} if several else {"addressPrefix": subnet.prefixes[0]}
    delegations = [{"name": "delegation", "properties": {"serviceName": subnet.delegation}}]
    return {
        "name": subnet.name,
        "properties": prefixes | ({"delegations": delegations} if subnet.delegation else {}),
    }


def _cluster(cluster: ClusterResource) -> dict[str, Any]:
    identity: dict[str, Any] = {"type": "SystemAssigned"}
    if cluster.needs_own_identity:
        identity = {"type": "UserAssigned", "userAssignedIdentities": {_Raw("'${clusterIdentityId}'"): {}}}
    return {
        "name": cluster.name,
        "location": _Raw("location"),
        "identity": identity,
        "properties": cluster_properties(cluster),
    }


def _value(value: Any, depth: int) -> str:
    inner, outer = "  " * (depth + 1), "  " * depth
    match value:
        case dict():
            lines = [f"{inner}{key}: {_value(item, depth + 1)}\n" for key, item in value.items()]
            return "{\n" + "".join(lines) + outer + "}" if lines else "{}"
        case list():
            lines = [f"{inner}{_value(item, depth + 1)}\n" for item in value]
            return "[\n" + "".join(lines) + outer + "]" if lines else "[]"
        case bool():
            return "true" if value else "false"
        case _Raw():
            return value
        case SubnetId():
            # The id of the network makes the cluster wait for it.
            return f"'${{vnet.id}}{_escaped(f'/subnets/{value.subnet.name}')}'"
        case NodeSize():
            return "nodeVmSize"
        case str():
            return f"'{_escaped(value)}'"
        case _:
            return str(value)


def _escaped(text: str) -> str:
    escaped = "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text)
    return escaped.replace("${", "\\${")
