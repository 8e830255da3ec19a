"""The fields of a plan in people's words: label, help and what kind of value each takes."""

# ruff: noqa: E501 - one field a line reads as a table

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from lib.facts.engines import engine_facts
from lib.facts.networks import network_facts
from lib.facts.outbound import outbound_types
from lib.facts.service_subnets import service_subnets

Kind = Literal["text", "count", "flag", "choice"]


@dataclass(frozen=True, slots=True)
class PlanField:
    """One field; ``options`` maps the values of a choice to their labels, ``example`` stands in an empty box.

    ``is_rare`` fields are only shown on request.
    """

    label: str
    help: str
    kind: Kind = "text"
    example: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    is_rare: bool = True


def _named(label: str, help_: str, example: str = "", *, rare: bool = False) -> PlanField:
    return PlanField(label, help_, "text", example, is_rare=rare)


def _count(label: str, help_: str, example: str = "0", *, rare: bool = True) -> PlanField:
    return PlanField(label, help_, "count", example, is_rare=rare)


def _flag(label: str, help_: str) -> PlanField:
    return PlanField(label, help_, "flag")


MODELS: Final = MappingProxyType({found.id: found.label for found in network_facts()})
_ENGINES: Final = MappingProxyType({found.id: found.label for found in engine_facts()})
_OUTBOUND: Final = MappingProxyType({found.id: found.id for found in outbound_types()})
_SERVICES: Final = MappingProxyType({found.id: found.label for found in service_subnets()})

PLAN: Final[Mapping[str, PlanField]] = MappingProxyType(
    {
        "vnet": _named("Virtual network", "Its address spaces, with commas between.", "e.g. 10.20.0.0/16"),
        "vnet_name": _named(
            "Name of the network", "Of the virtual network, in the code that is written.", "vnet", rare=True
        ),
        "resource_group": _named(
            "Resource group",
            "Its name, if you know it already; with Azure CNI Overlay it may not be long.",
            "chosen later",
            rare=True,
        ),
        "connected": _named(
            "Peered and on-premises networks",
            "Ranges that must not be repeated, with commas between; a name may stand before each: hq 10.100.0.0/16.",
            "e.g. hq 10.100.0.0/16, hub 10.8.0.0/16",
        ),
        "start": _named("Growth counts from", "A day or a month; empty: today.", "today", rare=True),
        "keep": _named(
            "Pinned places",
            "Where suggested subnets stay, also where they do not lie yet: name=range, with commas between.",
            "e.g. shop-nodes=10.20.0.0/24",
            rare=True,
        ),
    }
)
CLUSTER: Final[Mapping[str, PlanField]] = MappingProxyType(
    {
        "name": _named("Cluster", "Letters, digits, hyphens.", "cluster"),
        "model": PlanField(
            "Network model",
            "Overlay: pods have addresses of their own range, outside the virtual network. Flat: pods take addresses "
            "of a subnet.",
            "choice",
            options=MODELS,
            is_rare=False,
        ),
        "node_subnet": _named("Node subnet", "A range such as 10.224.0.0/22, a name, or both.", "chosen by the plan"),
        "pod_subnet": _named("Pod subnet", "A range such as 10.225.0.0/20, a name, or both.", "chosen by the plan"),
        "pod_cidr": _named("Pod CIDR", "Outside the virtual network; every node takes a block.", "10.244.0.0/16"),
        "service_cidr": _named("Service CIDR", "Virtual addresses of Services.", "10.0.0.0/16"),
        "growth_per_month": _named("Growth per month", "Nodes that are added each month: 5, 2.5 or 10%.", "none"),
        "target_date": _named("Or grown by", "The day or month by which all pools are at their maximum, such as 2028-03.", "no date"),
        "dns_service_ip": _named("DNS service IP", "An address of the service CIDR, not its first.", "10.0.0.10", rare=True),
        "services": _count("Services", "How many Services you expect.", "not counted"),
        "load_balancer_ports": _count("Load-balanced ports", "The ports of all Services of type LoadBalancer together."),
        "internal_load_balancers": _count("Internal load balancers", "Each takes an address of the node subnet."),
        "private_link_services": _count("Private Link Services", "They take addresses of the node subnet."),
        "private_link_ips": _count("Addresses of each Private Link Service", "1 to 8.", "1"),
        "private_endpoints": _count("Private endpoints", "In the node subnet; a private cluster has one of its own."),
        "other_addresses": _count("Other addresses", "Anything else that takes addresses of the node subnet."),
        "policy_engine": PlanField("Policy engine", "Some engines have limits of their own.", "choice", "not said", options=_ENGINES),
        "outbound_type": PlanField("Way out", "Counts the outbound ports (SNAT) of the nodes; the page Egress says more.", "choice", "not counted", options=_OUTBOUND),
        "outbound_ips": _count("Outbound addresses", "Public addresses of the load balancer or the NAT gateway.", "1"),
        "outbound_ports_per_node": _count("Outbound ports a node", "Allocated to each node; empty or 0 leaves it to Azure.", "automatic"),
        "pods_ceiling": _count("Pods of a cluster at most", "Where sources state several figures: the one to count with.", "default"),
        "pod_cidr_now": _named("Pod CIDR today", "Of a cluster that exists, to check an expansion.", "new cluster", rare=True),
        "pod_cidr_ipv6": _named("IPv6 pod CIDR", "With dual stack.", "fd12:3456:789a::/64", rare=True),
        "service_cidr_ipv6": _named("IPv6 service CIDR", "With dual stack.", "fd12:3456:789a:1::/108", rare=True),
        "dual_stack": _flag("Dual stack", "IPv4 and IPv6 together."),
        "api_server_vnet_integration": _flag("API server VNet integration", "The API server has addresses in a subnet of its own."),
    }
)  # fmt: skip
POOL: Final[Mapping[str, PlanField]] = MappingProxyType(
    {
        "cluster": _named("Cluster", "The cluster that the pool belongs to."),
        "name": _named("Pool", "Lowercase letters and digits, at most 12 (6 on Windows).", "apps"),
        "nodes": _count("Nodes now", "The count, or the autoscaler's minimum.", "1", rare=False),
        "nodes_max": _count("Nodes at most", "The autoscaler's maximum; empty: the pool does not scale.", "does not scale", rare=False),
        "max_pods": _count("Max pods", "Pods that one node may run. Empty: the network model's default.", "default", rare=False),
        "surge": _named("Surge", "Extra nodes while upgrading, as a number or in percent (33%). Empty: the default.", "1"),
        "mode": PlanField("Mode", "Gateway: a pool for Static Egress Gateway.", "choice", "system", options=MappingProxyType({"system": "system", "user": "user", "gateway": "gateway"}), is_rare=False),
        "os": PlanField("System", "Of the nodes.", "choice", "linux", options=MappingProxyType({"linux": "linux", "windows": "windows"}), is_rare=False),
        "max_unavailable": _named("Max unavailable", "Nodes that an upgrade takes away instead of adding: with surge 0 it needs no more addresses.", "0", rare=True),
        "replaced": _flag("Replaced", "A second pool is built beside it, and both exist for a while."),
        "auto_provisioned": _flag("Auto-provisioned", "Node auto-provisioning makes the nodes; 'Nodes at most' is its limit."),
        "pods_expected": _count("Pods expected", "Of the whole pool at its maximum; empty: as many as fit. Counts for dynamic pod subnets and for limits of pods.", "full nodes"),
        "zones": _named("Zones", "For example 1 2 3; they change no number.", "none", rare=True),
        "node_subnet": _named("Own node subnet", "A range, a name, or both; pools may share one.", "the cluster's", rare=True),
        "pod_subnet": _named("Own pod subnet", "A range, a name, or both; pools may share one.", "the cluster's", rare=True),
        "egress_prefix": _count("Egress prefix", "Length of a gateway pool's public IP prefix, 28 to 31.", "28 to 31"),
    }
)  # fmt: skip
SUBNET: Final[Mapping[str, PlanField]] = MappingProxyType(
    {
        "service": PlanField("For", "What Azure wants of its subnet is filled in where a source says it.", "choice", options=_SERVICES, is_rare=False),
        "name": _named("Name", "Empty: the name that the service demands.", "the service's"),
        "prefix": _count("Prefix length", "Empty: what the sources recommend.", "as advised", rare=False),
        "cidr": _named("Range", "Empty: the plan chooses the place.", "chosen by the plan"),
        "ipv6": _named("IPv6 range", "A /64 beside the IPv4 range.", "none", rare=True),
        "delegation": _named("Delegated to", "", rare=True),
    }
)  # fmt: skip
TABLES: Final = MappingProxyType({"clusters": CLUSTER, "pools": POOL, "subnets": SUBNET})
