"""An address plan as rows."""

from __future__ import annotations

from collections.abc import Iterable

from lib.facts.networks import network
from lib.facts.sources import describe
from lib.ipplan.demand import NetworkModel
from lib.ipplan.layout import PlacedSubnet
from lib.ipplan.pod_subnet_dynamic import allotment, batch_size, max_free, min_free
from lib.ipplan.pod_subnet_static_block import blocks_per_node
from lib.ipplan.pools import SizedPool
from lib.ipplan.problems import PlanProblem
from lib.ipplan.result import AddressPlan, ClusterPlan, Limit
from lib.tables.row import Row, listed


def prefix_text(prefix: int | None) -> str:
    """``/24``, or a dash where there is none."""
    return "–" if prefix is None else f"/{prefix}"


def subnet_rows(plan: AddressPlan) -> list[Row]:
    """The subnets of a plan: what each needs, the smallest prefix, and what is left of the prefix in use."""
    return [
        {
            "subnet": subnet.name,
            "for": subnet.role.value,
            **_place(plan.layout.place_of(subnet)),
            "chosen": "yes" if subnet.is_chosen else "no",
            "prefix": prefix_text(subnet.prefix),
            "smallest_prefix": prefix_text(subnet.smallest_prefix),
            "addresses_now": subnet.ips_now,
            "addresses_at_maximum": subnet.ips_at_max,
            "addresses_needed": subnet.ips_needed,
            "other_addresses": subnet.ips_other,
            "reserved_by_azure": subnet.reserved,
            "usable": subnet.usable,
            "available": subnet.available,
            "used_percent": round(subnet.utilization * 100),
        }
        for subnet in plan.subnets
    ]


def _place(place: PlacedSubnet | None) -> Row:
    """Where a subnet lies, and the range that it can grow to there."""
    if place is None:
        return {"range": "", "range_ipv6": "", "can_grow_to": ""}
    room = str(place.room) if place.room != place.cidr else ""
    return {"range": str(place.cidr), "range_ipv6": str(place.ipv6 or ""), "can_grow_to": room}


def range_rows(plan: AddressPlan) -> list[Row]:
    """The pod CIDR and the service CIDR of every cluster: what is needed now, at most and in an upgrade."""
    rows: list[Row] = []
    for cluster in plan.clusters:
        pods, services = cluster.pod_cidr, cluster.service_cidr
        if pods is not None:
            rows.append(
                {
                    "cluster": cluster.demand.name,
                    "for": "pod CIDR",
                    "range": str(pods.cidr),
                    "range_ipv6": str(pods.ipv6 or ""),
                    "unit": "nodes",
                    "needed_now": pods.nodes_now,
                    "needed_at_maximum": pods.nodes_at_max,
                    "needed_in_upgrade": pods.nodes_needed,
                    "value": pods.nodes_max,
                    "available": pods.nodes_max - pods.nodes_needed,
                    "used_percent": _percent(pods.utilization),
                    "smallest_prefix": prefix_text(pods.smallest_prefix),
                    "note": "every node takes one block",
                }
            )
        used = services.services
        rows.append(
            {
                "cluster": cluster.demand.name,
                "for": "service CIDR",
                "range": str(services.cidr),
                "range_ipv6": str(services.ipv6 or ""),
                "unit": "addresses",
                "needed_now": used,
                "needed_at_maximum": used,
                "needed_in_upgrade": used,
                "value": services.usable,
                "available": services.usable - (used or 0),
                "used_percent": _percent(services.utilization),
                "smallest_prefix": "" if used is None else prefix_text(services.smallest_prefix),
                "note": f"DNS {services.dns_service_ip}; the lowest {services.static_band} for hand-picked addresses",
            }
        )
    return rows


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def cluster_rows(plan: AddressPlan) -> list[Row]:
    """The clusters of a plan, each with the limit that it reaches first."""
    rows: list[Row] = []
    for cluster in plan.clusters:
        binding = cluster.binding_limit
        rows.append(
            {
                "cluster": cluster.demand.name,
                "model": network(cluster.demand.model).label,
                "nodes_now": sum(pool.now for pool in cluster.pools),
                "nodes_at_maximum": sum(pool.maximum for pool in cluster.pools),
                "nodes_at_peak": cluster.nodes_peak,
                "pods_at_maximum": cluster.pods_max,
                "node_subnet": listed(prefix_text(subnet.prefix) for subnet in cluster.node_subnets),
                "pod_subnet": listed(prefix_text(subnet.prefix) for subnet in cluster.pod_subnets),
                "pod_cidr": str(cluster.pod_cidr.cidr) if cluster.pod_cidr is not None else "",
                "binding_limit": binding.label if binding is not None else "",
                "more_nodes": binding.more_nodes if binding is not None else None,
                "reached": reached(binding) if binding is not None else "",
            }
        )
    return rows


def outbound_rows(cluster: ClusterPlan) -> list[Row]:
    """The outbound ports of a cluster's nodes through a load balancer, now and at its maximum; empty for other ways."""
    steps = cluster.outbound.steps if cluster.outbound is not None else ()
    return [
        {
            "when": step.when,
            "nodes": step.ports.nodes,
            "surge_nodes": step.ports.surge_nodes,
            "outbound_ips": step.ports.outbound_ips,
            "ports_per_node": step.ports.ports_per_node,
            "ports_in_upgrade": step.ports.ports_while_surging,
            "available_ports": step.ports.available_ports,
            "headroom_ports": step.ports.headroom_ports,
            "required_ips": step.ports.required_ips,
        }
        for step in steps
    ]


def nodes_text(nodes: int) -> str:
    """``1 node``, ``14 nodes``."""
    return f"{nodes:,} node{'' if nodes == 1 else 's'}"


def pool_rows(cluster: ClusterPlan) -> list[Row]:
    """The node pools with every default applied."""
    return [
        {
            "pool": sized.pool.name,
            "nodes_now": sized.now,
            "nodes_at_maximum": sized.maximum,
            "extra_in_upgrade": sized.extra,
            "nodes_at_peak": sized.peak,
            "max_pods": sized.max_pods,
            "pods_at_maximum": sized.pods_max,
            **_allotments(sized, cluster.demand.model),
        }
        for sized in cluster.pools
    ]


def _allotments(sized: SizedPool, model: NetworkModel) -> Row:
    """What a full node takes of the pod subnet: whole blocks with what they waste, or batches with their thresholds."""
    if model is NetworkModel.POD_SUBNET_STATIC_BLOCK:
        blocks = blocks_per_node(sized.max_pods)
        return {
            "blocks_per_node": blocks.count,
            "addresses_per_node": blocks.ips,
            "wasted_per_node": blocks.wasted,
            "ideal_max_pods": blocks.ideal_max_pods,
        }
    if model is NetworkModel.POD_SUBNET_DYNAMIC:
        return {
            "addresses_per_node": allotment(sized.max_pods),
            "batches": f"{batch_size()} at a time: more below {min_free()} free, back above {max_free()}",
        }
    return {}


def remaining(limit: Limit) -> str:
    """What is left of a limit in words: ``room for 14 more nodes with 420 pods, passed in March 2027``."""
    if limit.more_nodes is None:
        return "nodes don't count against it"
    if limit.headroom < 0:
        return f"passed by {-limit.headroom:,} {limit.unit} already"
    text = f"room for {nodes_text(limit.more_nodes)} more"
    if limit.more_pods:
        text += f" with {limit.more_pods:,} pods"
    return f"{text}, passed {reached(limit)}" if limit.months is not None else text


def reached(limit: Limit) -> str:
    """When growth passes the limit: ``in March 2027``, ``in 14 months``; "" where it does not."""
    if limit.months is None:
        return ""
    if limit.months == 0:
        return "already"
    return f"in {limit.month:%B %Y}" if limit.month is not None else f"in {limit.months} months"


def limit_rows(limits: Iterable[Limit]) -> list[Row]:
    """The limits, the one that is reached first at the top."""
    return [
        {
            "limit": limit.label,
            "more_nodes": limit.more_nodes,
            "more_pods": limit.more_pods,
            "reached": reached(limit),
            "value": limit.value,
            "used": limit.used,
            "headroom": limit.headroom,
            "unit": limit.unit,
            "pool": limit.pool,
            "set_by": "you or Azure" if limit.is_chosen else "the plan",
            "conflict": limit.conflict,
            "sources": describe(limit.sources),
        }
        for limit in limits
    ]


def plan_problem_rows(problems: Iterable[PlanProblem]) -> list[Row]:
    """What is wrong with a plan, refusals first."""
    return [
        {
            "severity": problem.problem_class.label,
            "subject": problem.subject,
            "problem": problem.message,
            "rule": problem.rule,
            "remedy": problem.remedy,
            "sources": describe(problem.sources),
            "code": problem.code,
        }
        for problem in problems
    ]
