"""The plan as a shell script of az commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from lib.ipplan.export.resources import ClusterResource, PoolResource, Resources, SubnetResource
from lib.ipplan.export.text import comments

_HEAD = """\
#!/usr/bin/env bash
{remarks}set -euo pipefail

# What the plan does not know. The resource group exists; the commands make the rest.
{group}
: "${{LOCATION:?name the region, e.g. westeurope}}"
: "${{NODE_VM_SIZE:?name the size of the nodes}}"
"""
_IDENTITY = ': "${CLUSTER_IDENTITY_ID:?give the id of a managed identity that may use the subnets}"\n'
_GROUP = '"$RESOURCE_GROUP"'


class _Raw(str):
    """A word that the shell is to expand."""


def to_az(resources: Resources) -> Iterator[str]:
    """The script, a piece at a time; every value that the plan holds is quoted."""
    group = ': "${RESOURCE_GROUP:?name the resource group}"'
    if resources.group:
        group = f"RESOURCE_GROUP={shlex.quote(resources.group)}"
    yield _HEAD.format(remarks=comments(resources.remarks, "# "), group=group)
    if any(cluster.needs_own_identity for cluster in resources.clusters):
        yield _IDENTITY
    yield "\n# The virtual network and its subnets.\n"
    vnet = resources.vnet_name
    yield _command(
        "az network vnet create",
        [("--resource-group", _Raw(_GROUP)), ("--name", vnet), ("--location", _Raw('"$LOCATION"'))],
        [("--address-prefixes", *resources.address_prefixes)],
    )
    for subnet in resources.subnets:
        yield f"\n{comments([subnet.purpose], '# ')}"
        options: list[tuple[str, ...]] = [("--address-prefixes", *subnet.prefixes)]
        if subnet.delegation:
            options.append(("--delegations", subnet.delegation))
        yield _command(
            "az network vnet subnet create",
            [("--resource-group", _Raw(_GROUP)), ("--vnet-name", vnet), ("--name", subnet.name)],
            options,
        )
    if resources.clusters:
        show = f"az network vnet show --resource-group {_GROUP} --name {shlex.quote(vnet)} --query id --output tsv"
        yield f'\nVNET_ID="$({show})"\n'
    for cluster in resources.clusters:
        yield from _cluster(cluster)


def _cluster(cluster: ClusterResource) -> Iterator[str]:
    first, *others = cluster.pools
    options: list[tuple[str, ...]] = [("--network-plugin", cluster.plugin)]
    for flag, value in (
        ("--network-plugin-mode", cluster.plugin_mode),
        ("--network-dataplane", cluster.dataplane),
        ("--network-policy", cluster.policy),
        ("--outbound-type", cluster.outbound_type),
    ):
        if value:
            options.append((flag, value))
    if len(cluster.families) > 1:
        options.append(("--ip-families", ",".join(family.lower() for family in cluster.families)))
    for flag, cidrs in (("--pod-cidr", cluster.pod_cidrs), ("--service-cidr", cluster.service_cidrs)):
        if cidrs:
            options.append((flag if len(cidrs) == 1 else f"{flag}s", ",".join(cidrs)))
    options.append(("--dns-service-ip", cluster.dns_service_ip))
    if cluster.provisions_nodes:
        options.append(("--node-provisioning-mode", "Auto"))
    if cluster.api_server_subnet is not None:
        options.append(("--enable-apiserver-vnet-integration",))
        options.append(("--apiserver-subnet-id", _subnet_id(cluster.api_server_subnet)))
    if cluster.needs_own_identity:
        options.append(("--assign-identity", _Raw('"$CLUSTER_IDENTITY_ID"')))
    yield f"\n{comments([f'The cluster {cluster.name}, with its first node pool.'], '# ')}"
    yield _command(
        "az aks create",
        [("--resource-group", _Raw(_GROUP)), ("--name", cluster.name), ("--location", _Raw('"$LOCATION"'))],
        [*options, ("--nodepool-name", first.name), *_pool_options(cluster, first), ("--generate-ssh-keys",)],
    )
    named: list[tuple[str, ...]] = [("--resource-group", _Raw(_GROUP)), ("--cluster-name", cluster.name)]
    # `az aks create` can't say how the first pool is upgraded.
    yield _command("az aks nodepool update", [*named, ("--name", first.name)], _upgrade(first))
    for pool in others:
        gateway = [("--gateway-prefix-size", str(pool.gateway_prefix))] if pool.gateway_prefix is not None else []
        options = [
            ("--mode", pool.mode),
            ("--os-type", pool.os_type),
            *gateway,
            *_pool_options(cluster, pool),
            *_upgrade(pool),
        ]
        yield _command("az aks nodepool add", [*named, ("--name", pool.name)], options)


def _pool_options(cluster: ClusterResource, pool: PoolResource) -> list[tuple[str, ...]]:
    options: list[tuple[str, ...]] = [
        ("--node-vm-size", _Raw('"$NODE_VM_SIZE"')),
        ("--node-count", str(pool.nodes)),
        ("--max-pods", str(pool.max_pods)),
        ("--vnet-subnet-id", _subnet_id(pool.node_subnet)),
    ]
    if pool.most is not None:
        options.append(("--enable-cluster-autoscaler",))
        options += [("--min-count", str(pool.least)), ("--max-count", str(pool.most))]
    if pool.zones:
        options.append(("--zones", *pool.zones))
    if pool.pod_subnet is not None:
        options.append(("--pod-subnet-id", _subnet_id(pool.pod_subnet)))
        options.append(("--pod-ip-allocation-mode", cluster.allocation_mode))
    return options


def _upgrade(pool: PoolResource) -> list[tuple[str, ...]]:
    options: list[tuple[str, ...]] = [("--max-surge", pool.max_surge)]
    return [*options, ("--max-unavailable", pool.max_unavailable)] if pool.max_unavailable else options


def _subnet_id(subnet: SubnetResource) -> _Raw:
    return _Raw(f'"$VNET_ID"{shlex.quote(f"/subnets/{subnet.name}")}')


def _command(words: str, target: Iterable[tuple[str, ...]], options: Iterable[tuple[str, ...]]) -> str:
    """One command: what it is about on the first line, then an option a line."""
    lines = [f"{words} {' '.join(map(_option, target))}", *map(_option, options)]
    return " \\\n  ".join(lines) + "\n"


def _option(parts: tuple[str, ...]) -> str:
    flag, *values = parts
    if len(values) == 1 and values[0].startswith("-"):
        # az would take the value for an option.
        return f"{flag}={_word(values[0])}"
    return " ".join([flag, *map(_word, values)])


def _word(value: str) -> str:
    return value if isinstance(value, _Raw) else shlex.quote(value)
