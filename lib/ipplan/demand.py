"""What a cluster is meant to become: the input of an address plan, normalised and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from math import ceil
from typing import Final

from lib.model.errors import ModelError

NODES_MAX: Final = 1_000_000_000
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


class NetworkModel(StrEnum):
    """The network models of AKS; the values are the ids of the network facts."""

    AZURE_CNI_OVERLAY = "azure_cni_overlay"
    AZURE_CNI_OVERLAY_CILIUM = "azure_cni_overlay_cilium"
    KUBENET = "kubenet"
    POD_SUBNET_DYNAMIC = "pod_subnet_dynamic"
    POD_SUBNET_STATIC_BLOCK = "pod_subnet_static_block"
    NODE_SUBNET = "node_subnet"
    BYO_CNI = "byo_cni"


class PoolMode(StrEnum):
    """Whether a node pool runs the cluster's own pods, others, or only carries a Static Egress Gateway."""

    SYSTEM = "system"
    USER = "user"
    GATEWAY = "gateway"


class OperatingSystem(StrEnum):
    """The operating system of a pool's nodes."""

    LINUX = "linux"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True)
class Surge:
    """Some of a pool's nodes, for maxSurge and maxUnavailable: a number of nodes, or a percentage of the pool.

    Raises ModelError for a negative amount.
    """

    amount: int
    is_percent: bool = False

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ModelError(f"{self.amount} nodes is negative")

    def nodes(self, pool_nodes: int) -> int:
        """How many of ``pool_nodes`` these are: a percentage rounded up, and never more than there are to upgrade."""
        wanted = ceil(pool_nodes * self.amount / 100) if self.is_percent else self.amount
        return min(wanted, pool_nodes)

    def __str__(self) -> str:
        return f"{self.amount}%" if self.is_percent else str(self.amount)


@dataclass(frozen=True, slots=True)
class Growth:
    """How a cluster's nodes grow: by a number of nodes each month, or by a percentage of what there is.

    Raises ModelError for a negative amount.
    """

    amount: Fraction
    is_percent: bool = False

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ModelError(f"a growth of {self.amount} is negative")

    def nodes(self, nodes_now: int, months: int) -> int:
        """The nodes after some whole months, rounded up: a part of a node is a node."""
        if self.is_percent:
            # In floating point 10% more than 100 would be 111 nodes, since it is a little over 110.
            return min(ceil(nodes_now * (1 + self.amount / 100) ** months), NODES_MAX)
        return min(ceil(nodes_now + self.amount * months), NODES_MAX)

    def __str__(self) -> str:
        number = f"{float(self.amount):.4g}"
        return f"{number}%" if self.is_percent else number


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet by name, with its prefix once one is chosen.

    Two subnets with the same prefix are the same; without a prefix the name decides. ``delegation`` is the service
    it is delegated to, "" for none. ``ipv6`` is the prefix beside an IPv4 one, None where it has none or the plan is
    to choose it.
    """

    name: str
    cidr: Network | None = None
    delegation: str = ""
    ipv6: IPv6Network | None = None

    @property
    def key(self) -> str:
        """What makes two mentions the same subnet."""
        return str(self.cidr) if self.cidr is not None else self.name


@dataclass(frozen=True, slots=True)
class OtherAddresses:
    """Addresses of the node subnet that neither nodes nor pods take.

    Each of them takes one, but a Private Link Service ``private_link_ips``.
    """

    internal_load_balancers: int = 0
    private_link_services: int = 0
    private_endpoints: int = 0
    other: int = 0
    private_link_ips: int = 1

    @property
    def total(self) -> int:
        """All of them together."""
        linked = self.private_link_services * self.private_link_ips
        return self.internal_load_balancers + linked + self.private_endpoints + self.other


@dataclass(frozen=True, slots=True)
class Outbound:
    """How a cluster's nodes reach the Internet: ``type`` is an id of the outbound types, "" when it plays no part.

    ``ips`` are the public addresses, ``ports_per_node`` the ports that each node is allocated, 0 for Azure's own
    allocation.
    """

    type: str = ""
    ips: int = 1
    ports_per_node: int = 0


@dataclass(frozen=True, slots=True)
class NodePool:
    """One node pool.

    ``nodes`` is the count now, ``nodes_max`` the autoscaler's maximum (None: the pool does not scale). ``max_pods``
    None stands for the network model's default, ``surge`` None for the default of AKS. ``max_unavailable`` nodes are
    upgraded in place. A ``replaced`` pool is upgraded by a second pool beside it, so that both exist for a while.
    ``pods_expected`` is the number of pods of the whole pool at its maximum, None for as many as fit. A pool without
    subnets of its own uses the cluster's. ``zones`` are carried along: they change no number. An ``auto_provisioned``
    pool stands for all nodes that node auto-provisioning may make: ``nodes_max`` is the limit entered for it.
    ``egress_prefix`` is the length of the public IP prefix of a gateway pool.
    """

    name: str = "pool"
    nodes: int = 1
    nodes_max: int | None = None
    max_pods: int | None = None
    surge: Surge | None = None
    max_unavailable: Surge = Surge(0)
    mode: PoolMode = PoolMode.SYSTEM
    operating_system: OperatingSystem = OperatingSystem.LINUX
    replaced: bool = False
    pods_expected: int | None = None
    node_subnet: Subnet | None = None
    pod_subnet: Subnet | None = None
    zones: tuple[str, ...] = ()
    auto_provisioned: bool = False
    egress_prefix: int | None = None


@dataclass(frozen=True, slots=True)
class ClusterDemand:
    """One cluster: its network model, its pools and the ranges chosen for it.

    A range that is None was not chosen: the default of AKS counts where it has one, a subnet is sized by the plan.
    ``policy_engine`` is the id of an engine, "" when it plays no part. ``services`` is the number of Services expected,
    ``load_balancer_ports`` the ports of all load-balanced ones together. ``pod_cidr_now`` is the pod CIDR of a cluster
    that exists already. ``pods_ceiling`` is the one that was chosen of several that sources state, None for the first.
    ``growth_until`` is the target date that a growth was worked out from.
    """

    name: str = "cluster"
    model: NetworkModel = NetworkModel.AZURE_CNI_OVERLAY
    pools: tuple[NodePool, ...] = (NodePool(),)
    service_cidr: Network | None = None
    service_cidr_ipv6: IPv6Network | None = None
    dns_service_ip: Address | None = None
    pod_cidr: Network | None = None
    pod_cidr_ipv6: IPv6Network | None = None
    node_subnet: Subnet | None = None
    pod_subnet: Subnet | None = None
    other: OtherAddresses = OtherAddresses()
    dual_stack: bool = False
    policy_engine: str = ""
    services: int | None = None
    load_balancer_ports: int = 0
    pod_cidr_now: Network | None = None
    pods_ceiling: int | None = None
    api_server_vnet_integration: bool = False
    growth: Growth | None = None
    growth_until: date | None = None
    outbound: Outbound = Outbound()


@dataclass(frozen=True, slots=True)
class ExtraSubnet:
    """A subnet beside the clusters', e.g. for an Application Gateway: sized by ``prefix``, pinned by ``cidr``.

    ``service`` is an id of ``lib.facts.service_subnets``, "" for anything else.
    """

    name: str
    prefix: int
    cidr: IPv4Network | None = None
    delegation: str = ""
    service: str = ""
    ipv6: IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class ConnectedNetwork:
    """A range that the virtual network can reach and must not repeat: a peered network or one on premises."""

    name: str
    cidr: Network


@dataclass(frozen=True, slots=True)
class AddressPlanInput:
    """Clusters that share one virtual network; ``vnet`` holds its address spaces, empty while none is chosen.

    ``vnet_name`` and ``resource_group`` are "" where they are not known yet.
    ``kept`` are places of an earlier layout by the names of their subnets: suggestions that should not move.
    ``start`` is the day that growth is counted from; None where months are only counted.
    """

    clusters: tuple[ClusterDemand, ...]
    vnet: tuple[Network, ...] = ()
    extra_subnets: tuple[ExtraSubnet, ...] = ()
    connected: tuple[ConnectedNetwork, ...] = ()
    kept: tuple[tuple[str, IPv4Network], ...] = ()
    start: date | None = None
    vnet_name: str = ""
    resource_group: str = ""
