"""What a cluster's nodes need to reach the Internet: ports of public addresses, counted as Egress counts them."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.snat import load_balancer_snat, nat_gateway
from lib.facts import reader as facts
from lib.facts.outbound import OWN, outbound_type
from lib.facts.snat import default_steps_sources, snat_fact
from lib.ipplan.demand import AddressPlanInput, ClusterDemand, NetworkModel
from lib.ipplan.pools import SizedPool, size_pools
from lib.ipplan.problems import PlanProblem, problem
from lib.ipplan.result import OutboundPlan, OutboundStep
from lib.ipplan.room import Ceiling, ceiling_of, room

_BALANCER, _GATEWAY = "load_balancer", "nat_gateway"


def plan_outbound(cluster: ClusterDemand) -> OutboundPlan | None:
    """The ports that the nodes find; None where the plan leaves the way out open."""
    out = cluster.outbound
    if not out.type:
        return None
    found = outbound_type(out.type)
    if found.ports == _GATEWAY:
        most = snat_fact(_GATEWAY, "public_ips_max").value
        sources = snat_fact(_GATEWAY, "ports_per_public_ip").sources
        return OutboundPlan(out.type, (), nat_gateway(min(out.ips, most)), sources)
    if found.ports != _BALANCER:
        return OutboundPlan(out.type, (), None, found.sources)
    pools = size_pools(cluster)
    now, most_nodes = sum(pool.now for pool in pools), sum(pool.maximum for pool in pools)
    surge = sum(pool.extra for pool in pools)
    steps = tuple(
        OutboundStep(when, load_balancer_snat(nodes, surge, out.ips, out.ports_per_node))
        for when, nodes in (("now", now), ("at maximum", most_nodes))
    )
    sources = (*snat_fact(_BALANCER, "ports_per_public_ip").sources, *default_steps_sources())
    return OutboundPlan(out.type, steps, None, tuple(dict.fromkeys(sources)))


def outbound_ceilings(cluster: ClusterDemand, pools: tuple[SizedPool, ...]) -> Iterator[Ceiling]:
    """The nodes that find their allocated ports; Azure's own allocation has no such limit, its ports only fall."""
    found = plan_outbound(cluster)
    if found is None or not found.steps or not cluster.outbound.ports_per_node:
        return
    most = found.steps[-1].ports.max_nodes
    if most is not None:
        used = sum(pool.peak for pool in pools)
        left = room(pools, lambda pool: pool.peak, most - used)
        label = f"Outbound ports ({cluster.outbound.ports_per_node} a node of {cluster.outbound.ips} addresses)"
        yield ceiling_of("outbound_ports", label, most, used, "nodes", left, found.sources)


def check_outbound_network(cluster: ClusterDemand, demand: AddressPlanInput) -> Iterator[PlanProblem]:
    """Whether the way out goes with the virtual network that the plan names, and with two IP families."""
    out = cluster.outbound.type
    if not out:
        return
    found = outbound_type(out)
    if demand.vnet and OWN not in found.networks:
        message = f"The outbound type {out} needs a virtual network that AKS makes, and the plan names its own."
        yield problem("outbound-network", message, cluster.name, "outbound_type", found.sources)
    if cluster.model is NetworkModel.KUBENET and out in facts.get("kubenet_outbound_refused").words:
        message = f"The outbound type {out} makes a network isolated cluster, and {cluster.name} has kubenet."
        yield problem("outbound-kubenet", message, cluster.name, "outbound_type")
    if cluster.dual_stack and out in facts.get("dual_stack_outbound_refused").words:
        message = f"The cluster is dual-stack, and the outbound type is {out}."
        yield problem("outbound-dual-stack", message, cluster.name, "outbound_type")


def check_outbound(cluster: ClusterDemand) -> Iterator[PlanProblem]:
    """What Azure refuses of the addresses and ports, and where nodes find none or fewer than before."""
    out, found = cluster.outbound, plan_outbound(cluster)
    if found is None:
        return
    subject = cluster.name
    if found.gateway is not None and out.ips > found.gateway.public_ips:
        message = f"{out.ips} public addresses are more than the {found.gateway.public_ips} of a NAT gateway."
        yield problem("outbound-allocation", message, subject, "outbound_ips")
    if not found.steps:
        return
    last = found.steps[-1].ports
    most, step = snat_fact(_BALANCER, "managed_ips_max").value, snat_fact(_BALANCER, "allocation_step").value
    if out.ips > most:
        message = f"{out.ips} outbound addresses are more than the {most} that AKS manages."
        yield problem("outbound-allocation", message, subject, "outbound_ips")
    if out.ports_per_node % step:
        message = f"{out.ports_per_node} ports a node are not a multiple of {step}."
        yield problem("outbound-allocation", message, subject, "outbound_ports_per_node")
    if last.sufficient is False:
        message = (
            f"{last.nodes} nodes and {last.surge_nodes} surge nodes find {last.available_ports} outbound ports "
            f"and lack {-(last.headroom_ports or 0)}; {last.required_ips} addresses would do."
        )
        yield problem("outbound-ports-lacking", message, subject, "outbound_ips")
    elif last.ports_per_node is None or last.ports_while_surging is None:
        message = f"For {last.nodes} nodes and {last.surge_nodes} surge nodes no default of outbound ports is stated."
        yield problem("outbound-ports-not-stated", message, subject, "outbound_ports_per_node")
    elif last.falls_while_surging or found.steps[0].ports.ports_per_node != last.ports_while_surging:
        first = found.steps[0].ports
        message = (
            f"Growing from {first.nodes} to {last.nodes} nodes and {last.surge_nodes} surge nodes, every node falls "
            f"from {first.ports_per_node} to {last.ports_while_surging} outbound ports."
        )
        yield problem("outbound-ports-fall", message, subject, "outbound_ports_per_node")
