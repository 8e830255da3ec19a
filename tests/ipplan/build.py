"""Short ways to say what a test plans."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from lib.ipplan.demand import AddressPlanInput, ClusterDemand, NetworkModel, NodePool, Subnet, Surge
from lib.ipplan.plan import plan
from lib.ipplan.result import AddressPlan, ClusterPlan

_RANGES = ("service_cidr", "service_cidr_ipv6", "pod_cidr", "pod_cidr_ipv6")


def net(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)


def subnet(text: str, name: str = "") -> Subnet:
    return Subnet(name or text, ip_network(text))


def pool(nodes: int = 3, *, surge: int | str = 1, **fields: Any) -> NodePool:
    text = str(surge)
    return NodePool(nodes=nodes, surge=Surge(int(text.rstrip("%")), text.endswith("%")), **fields)


def cluster(model: str = "azure_cni_overlay", *pools: NodePool, **fields: Any) -> ClusterDemand:
    for name in _RANGES:
        if isinstance(fields.get(name), str):
            fields[name] = ip_network(fields[name])
    for name in ("node_subnet", "pod_subnet"):
        if isinstance(fields.get(name), str):
            fields[name] = subnet(fields[name])
    if isinstance(fields.get("dns_service_ip"), str):
        fields["dns_service_ip"] = ip_address(fields["dns_service_ip"])
    return ClusterDemand(model=NetworkModel(model), pools=pools or (pool(),), **fields)


def planned(model: str = "azure_cni_overlay", *pools: NodePool, **fields: Any) -> ClusterPlan:
    return plan(cluster(model, *pools, **fields)).clusters[0]


def network_of(*clusters: ClusterDemand, vnet: str = "", **fields: Any) -> AddressPlan:
    spaces = tuple(ip_network(text) for text in vnet.split()) if vnet else ()
    return plan(AddressPlanInput(clusters, spaces, **fields))


def codes(result: AddressPlan) -> set[str]:
    return {problem.code for problem in result.problems}
