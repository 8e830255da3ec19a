"""Ports for outbound connections: how many each node has, and how many public addresses that takes.

Pure functions in plain numbers, so that the address plan can ask them too. Nodes are those of the whole cluster, since
all of them stand in the load balancer's one backend pool.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.facts.snat import PortStep, default_steps, snat_fact
from lib.model.errors import ModelError


@dataclass(frozen=True, slots=True)
class SnatPlan:
    """The ports of a load balancer against those that nodes take.

    ``ports_per_node`` and ``ports_while_surging`` are None where no default is stated for so many nodes; then what
    follows from them is None too. ``available_ports`` are those of all outbound addresses, ``cluster_ports`` those of
    the nodes, ``surge_ports`` those of the surge nodes besides, ``excess_ports`` what the nodes leave of the available
    (negative: they lack). ``max_nodes`` is the most that the addresses serve, surge nodes included.
    """

    nodes: int
    surge_nodes: int
    outbound_ips: int
    automatic: bool
    ports_per_node: int | None
    ports_while_surging: int | None
    available_ports: int
    cluster_ports: int | None
    surge_ports: int | None
    excess_ports: int | None
    max_nodes: int | None
    required_ips: int | None

    @property
    def sufficient(self) -> bool | None:
        """Whether the addresses also serve the surge nodes of an upgrade; None where that isn't known."""
        if self.excess_ports is None or self.surge_ports is None:
            return None
        return self.surge_ports <= self.excess_ports

    @property
    def headroom_ports(self) -> int | None:
        """Ports that are left while an upgrade surges; negative where they lack."""
        if self.excess_ports is None or self.surge_ports is None:
            return None
        return self.excess_ports - self.surge_ports

    @property
    def falls_while_surging(self) -> bool:
        """Whether the surge nodes take the pool past a step, so that every node's ports fall."""
        return self.ports_per_node != self.ports_while_surging


def default_ports_per_node(nodes: int) -> int | None:
    """The ports that each of ``nodes`` nodes gets without an allocation; None where no default is stated."""
    return next((s.ports for s in default_steps() if s.nodes_min <= nodes <= s.nodes_max), None)


def load_balancer_snat(nodes: int, surge_nodes: int, outbound_ips: int, ports_per_node: int = 0) -> SnatPlan:
    """The ports of a load balancer with ``outbound_ips`` public addresses.

    ``ports_per_node`` 0 leaves the allocation to Azure. With an allocation every node takes its ports; the surge nodes
    of an upgrade must find theirs as well. Raises ModelError for numbers below 0, and for no address.
    """
    if nodes < 0 or surge_nodes < 0 or ports_per_node < 0 or outbound_ips < 1:
        raise ModelError("nodes, surge nodes and ports must not be negative, and there must be an outbound address")
    per_ip = snat_fact("load_balancer", "ports_per_public_ip").value
    available = per_ip * outbound_ips
    automatic = ports_per_node == 0
    now = default_ports_per_node(nodes) if automatic else ports_per_node
    surging = default_ports_per_node(nodes + surge_nodes) if automatic else ports_per_node
    if now is None or surging is None:
        # An empty pool, or one that is larger than any for which a default is stated.
        return SnatPlan(
            nodes, surge_nodes, outbound_ips, automatic, now, surging, available, None, None, None, None, None
        )
    cluster = nodes * now
    # Automatic ports fall for all nodes when the pool passes a step; the surge is what it takes beyond the nodes.
    surge = max(0, (nodes + surge_nodes) * surging - cluster) if automatic else surge_nodes * now
    return SnatPlan(
        nodes=nodes,
        surge_nodes=surge_nodes,
        outbound_ips=outbound_ips,
        automatic=automatic,
        ports_per_node=now,
        ports_while_surging=surging,
        available_ports=available,
        cluster_ports=cluster,
        surge_ports=surge,
        excess_ports=available - cluster,
        max_nodes=default_steps()[-1].nodes_max if automatic else max_nodes(ports_per_node, outbound_ips),
        required_ips=1 if automatic else required_ips(nodes + surge_nodes, ports_per_node),
    )


def max_nodes(ports_per_node: int, outbound_ips: int) -> int:
    """The most nodes that find ``ports_per_node`` ports, rounded down. Raises ModelError unless both are positive."""
    if ports_per_node < 1 or outbound_ips < 1:
        raise ModelError("ports per node and outbound addresses must be positive")
    return snat_fact("load_balancer", "ports_per_public_ip").value * outbound_ips // ports_per_node


def required_ips(nodes: int, ports_per_node: int) -> int:
    """The fewest outbound addresses that give each of ``nodes`` nodes its ports; at least 1.

    ``nodes`` should count the surge nodes. Raises ModelError for negative numbers.
    """
    if nodes < 0 or ports_per_node < 0:
        raise ModelError("nodes and ports must not be negative")
    per_ip = snat_fact("load_balancer", "ports_per_public_ip").value
    return max(1, -(-nodes * ports_per_node // per_ip))


def allocation_problems(plan: SnatPlan) -> tuple[str, ...]:
    """What Azure would refuse of an allocation, or what it means for the nodes, a sentence each."""
    found = []
    step = snat_fact("load_balancer", "allocation_step").value
    most = snat_fact("load_balancer", "managed_ips_max").value
    last = default_steps()[-1]
    if plan.outbound_ips > most:
        found.append(
            f"AKS manages at most {most:,} outbound addresses; for more, bring your own addresses or prefixes."
        )
    if not plan.automatic and plan.ports_per_node is not None and plan.ports_per_node % step:
        found.append(f"{plan.ports_per_node:,} is not a multiple of {step}, which allocated ports must be.")
    if plan.automatic and plan.nodes + plan.surge_nodes > last.nodes_max:
        found.append(
            f"No default is stated for more than {last.nodes_max:,} nodes: allocate ports, or use a NAT gateway."
        )
    if plan.sufficient is False:
        lacking = -(plan.headroom_ports or 0)
        found.append(
            f"{lacking:,} ports are lacking while {plan.surge_nodes:,} surge nodes run: "
            f"{plan.required_ips:,} outbound addresses would do."
        )
    if plan.falls_while_surging and plan.ports_while_surging is not None and plan.ports_per_node is not None:
        found.append(
            f"With its surge nodes the pool passes a step: every node falls from {plan.ports_per_node:,} to "
            f"{plan.ports_while_surging:,} ports, which breaks connections."
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NatGatewayPlan:
    """The ports of a NAT gateway, which nodes take as they need them.

    ``connections_to_one_destination`` and ``connections`` are the most at one time. ``required_ips`` serves the asked
    number of connections to one destination; None where more addresses would be needed than a gateway can have.
    """

    public_ips: int
    ports: int
    connections_to_one_destination: int
    connections: int
    required_ips: int | None


def nat_gateway(public_ips: int, connections_to_one_destination: int = 0) -> NatGatewayPlan:
    """The ports of a NAT gateway with so many public addresses, for a peak of connections to one destination.

    Raises ModelError for no address, more than a gateway can have, and a negative peak.
    """
    most = snat_fact("nat_gateway", "public_ips_max").value
    if not 1 <= public_ips <= most or connections_to_one_destination < 0:
        raise ModelError(f"a NAT gateway has 1 to {most} public addresses, and connections can't be negative")
    per_ip = snat_fact("nat_gateway", "ports_per_public_ip").value
    to_one = snat_fact("nat_gateway", "connections_to_one_destination").value
    needed = max(1, -(-connections_to_one_destination // to_one))
    return NatGatewayPlan(
        public_ips=public_ips,
        ports=public_ips * per_ip,
        connections_to_one_destination=public_ips * to_one,
        connections=snat_fact("nat_gateway", "connections_max").value,
        required_ips=needed if needed <= most else None,
    )


def steps_of(plan: SnatPlan) -> tuple[PortStep, ...]:
    """The ports that each node has against the number of nodes, for a plan's addresses; ports 0: there are none left.

    Automatic ports fall in steps; allocated ones stay until the addresses are used up.
    """
    steps = default_steps()
    if plan.automatic or plan.ports_per_node is None or plan.max_nodes is None:
        return steps
    shown = max(steps[-1].nodes_max, plan.nodes + plan.surge_nodes)
    served = PortStep(1, min(plan.max_nodes, shown), plan.ports_per_node)
    if plan.max_nodes >= shown:
        return (served,)
    if not plan.max_nodes:
        return (PortStep(1, shown, 0),)
    return served, PortStep(plan.max_nodes + 1, shown, 0)
