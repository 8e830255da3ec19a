"""The address plan: what every cluster takes, what limits it, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from ipaddress import IPv6Network

from lib.azure.snat import NatGatewayPlan, SnatPlan
from lib.ipplan.demand import Address, AddressPlanInput, ClusterDemand, Network
from lib.ipplan.layout import Layout
from lib.ipplan.pools import SizedPool
from lib.ipplan.problems import PlanProblem
from lib.ipplan.subnets import SubnetPlan


@dataclass(frozen=True, slots=True)
class Limit:
    """One ceiling and how much of it the plan uses, both in ``unit``.

    ``more_nodes`` is how many nodes any pool may grow by before the limit is passed, counted for the pool that uses
    it up fastest (``pool``); None where nodes don't count against it. ``more_pods`` are the pods of those nodes.
    Negative numbers: the plan is over the limit already (then ``more_nodes`` is 0). ``is_chosen`` is False for the
    size that the plan itself proposes. ``conflict`` says what other sources state instead. ``months`` counts the months
    until growth passes the limit (0: it has), None without growth, or where growth does not reach it; ``month`` is the
    first day of that month where it is known from when the growth counts.
    """

    name: str
    label: str
    value: int
    used: int
    unit: str
    more_nodes: int | None
    more_pods: int | None
    pool: str
    sources: tuple[str, ...]
    conflict: str = ""
    is_chosen: bool = True
    months: int | None = None
    month: date | None = None

    @property
    def headroom(self) -> int:
        """What is left, in ``unit``; negative when the plan is over the limit."""
        return self.value - self.used


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that the person did not give and the plan took from the facts."""

    field: str
    text: str
    sources: tuple[str, ...]
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class PodCidrPlan:
    """The pod CIDR and its blocks, of which every node takes one.

    ``smallest_prefix`` would hold the nodes of an upgrade; None when even /8 does not. ``ipv6`` is None unless the
    cluster is dual-stack.
    """

    cidr: Network
    ipv6: IPv6Network | None
    nodes_max: int
    nodes_now: int
    nodes_at_max: int
    nodes_needed: int
    smallest_prefix: int | None

    @property
    def utilization(self) -> float | None:
        """The share of the blocks that the nodes of an upgrade take; None for a range without a block."""
        return self.nodes_needed / self.nodes_max if self.nodes_max else None


@dataclass(frozen=True, slots=True)
class ServiceCidrPlan:
    """The service CIDR; ``size`` counts all its addresses, ``usable`` those that Kubernetes gives out.

    ``static_band`` is the number of low addresses that Kubernetes leaves for hand-picked ClusterIPs.
    ``smallest_prefix`` would hold the Services that are expected; None where none are, or no allowed range does.
    """

    cidr: Network
    ipv6: IPv6Network | None
    dns_service_ip: Address
    size: int
    usable: int
    services: int | None
    static_band: int
    smallest_prefix: int | None

    @property
    def utilization(self) -> float | None:
        """The share of the usable addresses that the expected Services take; None where none are expected."""
        return None if self.services is None or not self.usable else self.services / self.usable


@dataclass(frozen=True, slots=True)
class OutboundStep:
    """The ports at one size of the cluster: ``when`` is ``now`` or ``at maximum``, both with the surge besides."""

    when: str
    ports: SnatPlan


@dataclass(frozen=True, slots=True)
class OutboundPlan:
    """The ports of one cluster: ``steps`` of a load balancer, or the NAT gateway's; neither for other ways out."""

    type: str
    steps: tuple[OutboundStep, ...]
    gateway: NatGatewayPlan | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """What one cluster takes. ``limits`` begins with the one that is reached first."""

    demand: ClusterDemand
    pools: tuple[SizedPool, ...]
    node_subnets: tuple[SubnetPlan, ...]
    pod_subnets: tuple[SubnetPlan, ...]
    pod_cidr: PodCidrPlan | None
    service_cidr: ServiceCidrPlan
    formula: str
    formula_sources: tuple[str, ...]
    limits: tuple[Limit, ...]
    assumptions: tuple[Assumption, ...]
    outbound: OutboundPlan | None = None

    @property
    def binding_limit(self) -> Limit | None:
        """The limit that more nodes reach first; None if no limit depends on nodes."""
        return next((limit for limit in self.limits if limit.more_nodes is not None), None)

    @property
    def nodes_peak(self) -> int:
        """The most nodes that exist at once: every pool at its maximum, and all their surge nodes."""
        return sum(pool.peak for pool in self.pools)

    @property
    def pods_max(self) -> int:
        """The pods that fit with every pool at its maximum."""
        return sum(pool.pods_max for pool in self.pools)


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """The whole plan.

    ``subnets`` are those of all clusters and the extra ones, in the order of the input; ``layout`` says where they
    lie in the virtual network. ``problems`` begins with the worst.
    """

    demand: AddressPlanInput
    clusters: tuple[ClusterPlan, ...]
    subnets: tuple[SubnetPlan, ...]
    layout: Layout
    problems: tuple[PlanProblem, ...]

    @property
    def vnet_reserved(self) -> int:
        """Those of ``vnet_ips`` that Azure keeps."""
        return sum(subnet.reserved for subnet in self.subnets)

    @property
    def vnet_ips(self) -> int:
        """Every address that the plan takes of the virtual network, the reserved of each subnet included."""
        return sum(subnet.ips_with_reserved for subnet in self.subnets)
