"""The address plan as data for JSON, in the stable form ``netatlas.plan/1``."""

from __future__ import annotations

from typing import Any

from lib.ipplan.demand import NetworkModel
from lib.ipplan.layout import FreeSpace
from lib.ipplan.pod_subnet_dynamic import allotment, batch_size, max_free, min_free
from lib.ipplan.pod_subnet_static_block import blocks_per_node
from lib.ipplan.pools import SizedPool
from lib.ipplan.problems import PlanProblem
from lib.ipplan.result import AddressPlan, ClusterPlan, Limit, OutboundPlan, PodCidrPlan, ServiceCidrPlan
from lib.ipplan.subnets import SubnetPlan

SCHEMA = "netatlas.plan/1"


def to_json(plan: AddressPlan) -> dict[str, Any]:
    """The plan as mappings, lists, texts and numbers only; keys in a fixed order."""
    return {
        "schema": SCHEMA,
        "clusters": [_cluster(cluster) for cluster in plan.clusters],
        "subnets": [
            {"name": subnet.name, "role": subnet.role.value, "suggested_cidr": plan.layout.cidr_text(subnet)}
            | _place(plan, subnet)
            | _subnet(subnet)
            for subnet in plan.subnets
        ],
        "free": [_free(space) for space in plan.layout.free],
        "avoided": [{"cidr": str(item.cidr), "name": item.name} for item in plan.layout.avoided],
        "problems": [problem_json(problem) for problem in plan.problems],
    }


def problem_json(problem: PlanProblem) -> dict[str, Any]:
    """One problem; ``source`` joins the keys of several sources."""
    return {
        "code": problem.code,
        "class": problem.problem_class.value,
        "message": problem.message,
        "rule": problem.rule,
        "remedy": problem.remedy,
        "source": "; ".join(problem.sources),
        "subject": problem.subject,
        "field": problem.field,
        "line": problem.line,
    }


def _cluster(plan: ClusterPlan) -> dict[str, Any]:
    binding = plan.binding_limit
    return {
        "name": plan.demand.name,
        "model": plan.demand.model.value,
        "node_subnet": _subnet(plan.node_subnets[0]) if plan.node_subnets else None,
        "pod_subnet": _subnet(plan.pod_subnets[0]) if plan.pod_subnets else None,
        "pod_cidr": _pod_cidr(plan.pod_cidr) if plan.pod_cidr is not None else None,
        "service_cidr": _service_cidr(plan.service_cidr),
        "limits": [_limit(limit) for limit in plan.limits],
        "binding_limit": binding.name if binding is not None else None,
        "growth_per_month": str(plan.demand.growth) if plan.demand.growth is not None else None,
        "nodes_now": sum(pool.now for pool in plan.pools),
        "nodes_at_max": sum(pool.maximum for pool in plan.pools),
        "nodes_peak": plan.nodes_peak,
        "pods_max": plan.pods_max,
        "pools": [_pool(pool, plan.demand.model) for pool in plan.pools],
        "outbound": _outbound(plan.outbound) if plan.outbound is not None else None,
        "formula": plan.formula,
        "formula_source": "; ".join(plan.formula_sources),
        "assumptions": [
            {"field": a.field, "text": a.text, "source": "; ".join(a.sources), "conflict": a.conflict or None}
            for a in plan.assumptions
        ],
    }


def _place(plan: AddressPlan, subnet: SubnetPlan) -> dict[str, Any]:
    place = plan.layout.place_of(subnet)
    return {
        "cidr_ipv6": str(place.ipv6) if place is not None and place.ipv6 is not None else None,
        "can_grow_to": str(place.room) if place is not None and place.room != place.cidr else None,
    }


def _pool(sized: SizedPool, model: NetworkModel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": sized.pool.name,
        "nodes_now": sized.now,
        "nodes_at_max": sized.maximum,
        "extra_in_upgrade": sized.extra,
        "max_pods": sized.max_pods,
        "zones": list(sized.pool.zones),
    }
    if model is NetworkModel.POD_SUBNET_STATIC_BLOCK:
        blocks = blocks_per_node(sized.max_pods)
        found["blocks_per_node"] = blocks.count
        found["wasted_per_node"] = blocks.wasted
        found["ideal_max_pods"] = blocks.ideal_max_pods
    if model is NetworkModel.POD_SUBNET_DYNAMIC:
        found["ips_per_full_node"] = allotment(sized.max_pods)
        found["batch"] = {"size": batch_size(), "min_free": min_free(), "max_free": max_free()}
    return found


def _subnet(plan: SubnetPlan) -> dict[str, Any]:
    return {
        "cidr": str(plan.cidr) if plan.cidr is not None else None,
        "ips_now": plan.ips_now,
        "ips_at_max": plan.ips_at_max,
        "ips_needed": plan.ips_needed,
        "ips_with_reserved": plan.ips_with_reserved,
        "prefix": plan.prefix,
        "smallest_prefix": plan.smallest_prefix,
        "usable": plan.usable,
        "available": plan.available,
        "utilization": round(plan.utilization, 2),
        "ips_other": plan.ips_other,
    }


def _outbound(plan: OutboundPlan) -> dict[str, Any]:
    gateway = plan.gateway
    return {
        "type": plan.type,
        "load_balancer": [
            {
                "when": step.when,
                "nodes": step.ports.nodes,
                "surge_nodes": step.ports.surge_nodes,
                "outbound_ips": step.ports.outbound_ips,
                "ports_per_node": step.ports.ports_per_node,
                "ports_while_surging": step.ports.ports_while_surging,
                "available_ports": step.ports.available_ports,
                "headroom_ports": step.ports.headroom_ports,
                "required_ips": step.ports.required_ips,
            }
            for step in plan.steps
        ],
        "nat_gateway": None
        if gateway is None
        else {
            "public_ips": gateway.public_ips,
            "ports": gateway.ports,
            "connections_to_one_destination": gateway.connections_to_one_destination,
        },
        "source": "; ".join(plan.sources),
    }


def _pod_cidr(plan: PodCidrPlan) -> dict[str, Any]:
    return {
        "cidr": str(plan.cidr),
        "cidr_ipv6": str(plan.ipv6) if plan.ipv6 is not None else None,
        "nodes_max": plan.nodes_max,
        "nodes_now": plan.nodes_now,
        "nodes_at_max": plan.nodes_at_max,
        "nodes_needed": plan.nodes_needed,
        "available": plan.nodes_max - plan.nodes_needed,
        "smallest_prefix": plan.smallest_prefix,
        "utilization": _share(plan.utilization),
    }


def _service_cidr(plan: ServiceCidrPlan) -> dict[str, Any]:
    return {
        "cidr": str(plan.cidr),
        "cidr_ipv6": str(plan.ipv6) if plan.ipv6 is not None else None,
        "dns_service_ip": str(plan.dns_service_ip),
        "size": plan.size,
        "usable": plan.usable,
        "services": plan.services,
        "available": plan.usable - (plan.services or 0),
        "static_band": plan.static_band,
        "smallest_prefix": plan.smallest_prefix,
        "utilization": _share(plan.utilization),
    }


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 2)


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "name": limit.name,
        "label": limit.label,
        "value": limit.value,
        "used": limit.used,
        "headroom": limit.headroom,
        "unit": limit.unit,
        "more_nodes": limit.more_nodes,
        "more_pods": limit.more_pods,
        "pool": limit.pool,
        "months": limit.months,
        "month": limit.month.strftime("%Y-%m") if limit.month is not None else None,
        "chosen": limit.is_chosen,
        "source": "; ".join(limit.sources),
        "conflict": limit.conflict or None,
    }


def _free(space: FreeSpace) -> dict[str, Any]:
    return {"cidr": str(space.cidr), "addresses": space.cidr.num_addresses}
