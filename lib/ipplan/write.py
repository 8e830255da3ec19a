"""A demand as a plan file: what ``read`` reads back to the same demand."""

from __future__ import annotations

from typing import Any

import yaml

from lib.ipplan.demand import (
    AddressPlanInput,
    ClusterDemand,
    ExtraSubnet,
    NodePool,
    OperatingSystem,
    PoolMode,
    Subnet,
    Surge,
)


def to_yaml(demand: AddressPlanInput) -> str:
    """The demand as the text of a plan file."""
    return yaml.safe_dump(to_document(demand), sort_keys=False, allow_unicode=True, width=120)


def to_document(demand: AddressPlanInput) -> dict[str, Any]:
    """The demand as mappings, lists, texts and numbers; what was left open is left out.

    The day that growth counts from is only said where something grows.
    """
    grows = any(cluster.growth is not None for cluster in demand.clusters)
    return _given(
        {
            "start": demand.start.isoformat() if demand.start is not None and grows else None,
            "resource_group": demand.resource_group,
            "vnet_name": demand.vnet_name,
            "vnet": [str(space) for space in demand.vnet],
            "connected": [_given({"name": other.name, "cidr": str(other.cidr)}) for other in demand.connected],
            "extra_subnets": [_extra(extra) for extra in demand.extra_subnets],
            "keep": {name: str(cidr) for name, cidr in demand.kept} or None,
            "clusters": [_cluster(cluster) for cluster in demand.clusters],
        }
    )


def _cluster(cluster: ClusterDemand) -> dict[str, Any]:
    other = cluster.other
    until = cluster.growth_until
    return _given(
        {
            "name": cluster.name,
            "model": cluster.model.value,
            "dual_stack": cluster.dual_stack,
            "service_cidr": _text(cluster.service_cidr),
            "service_cidr_ipv6": _text(cluster.service_cidr_ipv6),
            "dns_service_ip": _text(cluster.dns_service_ip),
            "pod_cidr": _text(cluster.pod_cidr),
            "pod_cidr_ipv6": _text(cluster.pod_cidr_ipv6),
            "pod_cidr_now": _text(cluster.pod_cidr_now),
            "node_subnet": subnet_text(cluster.node_subnet),
            "pod_subnet": subnet_text(cluster.pod_subnet),
            "services": cluster.services,
            "load_balancer_ports": cluster.load_balancer_ports,
            "internal_load_balancers": other.internal_load_balancers,
            "private_link_services": other.private_link_services,
            "private_link_ips": other.private_link_ips if other.private_link_ips != 1 else None,
            "private_endpoints": other.private_endpoints,
            "other_addresses": other.other,
            "api_server_vnet_integration": cluster.api_server_vnet_integration,
            "policy_engine": cluster.policy_engine,
            "outbound_type": cluster.outbound.type,
            "outbound_ips": cluster.outbound.ips if cluster.outbound.ips != 1 else None,
            "outbound_ports_per_node": cluster.outbound.ports_per_node,
            "pods_ceiling": cluster.pods_ceiling,
            "growth_per_month": _growth(cluster) if until is None else None,
            "target_date": until.isoformat() if until is not None else None,
            "pools": [_pool(pool) for pool in cluster.pools],
        },
        keep=("services",),
    )


def _growth(cluster: ClusterDemand) -> str | None:
    growth = cluster.growth
    if growth is None:
        return None
    number = f"{float(growth.amount):.6f}".rstrip("0").rstrip(".")
    return f"{number}%" if growth.is_percent else number


def _pool(pool: NodePool) -> dict[str, Any]:
    return _given(
        {
            "name": pool.name,
            "mode": pool.mode.value if pool.mode is not PoolMode.SYSTEM else None,
            "os": pool.operating_system.value if pool.operating_system is not OperatingSystem.LINUX else None,
            "nodes": pool.nodes,
            "nodes_max": pool.nodes_max,
            "max_pods": pool.max_pods,
            "surge": _share(pool.surge),
            "max_unavailable": _share(pool.max_unavailable) if pool.max_unavailable.amount else None,
            "replaced": pool.replaced,
            "auto_provisioned": pool.auto_provisioned,
            "egress_prefix": pool.egress_prefix,
            "zones": list(pool.zones),
            "pods_expected": pool.pods_expected,
            "node_subnet": subnet_text(pool.node_subnet),
            "pod_subnet": subnet_text(pool.pod_subnet),
        },
        keep=("nodes", "nodes_max", "max_pods", "surge", "pods_expected"),
    )


def _extra(extra: ExtraSubnet) -> dict[str, Any]:
    return _given(
        {
            "service": extra.service,
            "name": extra.name,
            "prefix": extra.prefix if extra.cidr is None else None,
            "cidr": _text(extra.cidr),
            "ipv6": _text(extra.ipv6),
            "delegation": extra.delegation,
        }
    )


def subnet_text(subnet: Subnet | None) -> str | None:
    """A subnet as its name, its ranges and its delegation, as far as it has them; None for none."""
    if subnet is None:
        return None
    ranges = [str(cidr) for cidr in (subnet.cidr, subnet.ipv6) if cidr is not None]
    named = [] if subnet.name in ranges[:1] else [subnet.name]
    return " ".join(filter(None, [*named, *ranges, subnet.delegation]))


def _share(surge: Surge | None) -> int | str | None:
    return None if surge is None else str(surge) if surge.is_percent else surge.amount


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _given(values: dict[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values without those that say nothing; of ``keep`` only None does."""
    return {
        key: value
        for key, value in values.items()
        if value is not None and (key in keep or (value not in ("", False, 0) and value != []))
    }
