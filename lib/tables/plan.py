"""An address plan as rows."""

from __future__ import annotations

from collections.abc import Iterable

from lib.facts.engines import Known
from lib.facts.sources import describe
from lib.ipplan.compare import ModelRow
from lib.ipplan.problems import PlanProblem
from lib.ipplan.result import AddressPlan, ClusterPlan, Limit
from lib.tables.row import Row, listed

_KNOWN = {Known.YES: "yes", Known.NO: "no", Known.UNKNOWN: "unknown"}


def prefix_text(prefix: int | None) -> str:
    """``/24``, or a dash where there is none."""
    return "–" if prefix is None else f"/{prefix}"


def subnet_rows(plan: AddressPlan) -> list[Row]:
    """The subnets of a plan: what each needs, the smallest prefix, and what is left of the prefix in use."""
    return [
        {
            "subnet": subnet.name,
            "for": subnet.role.value,
            "range": str(plan.layout.cidr_of(subnet) or ""),
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
        }
        for sized in cluster.pools
    ]


def remaining(limit: Limit) -> str:
    """What is left of a limit in words: ``room for 14 more nodes with 420 pods, passed in March 2027``."""
    if limit.more_nodes is None:
        return "nodes don't count against it"
    if limit.headroom < 0:
        return f"passed by {-limit.headroom:,} {limit.unit} already"
    plural = "" if limit.more_nodes == 1 else "s"
    text = f"room for {limit.more_nodes:,} more node{plural}"
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
            "value": limit.value,
            "used": limit.used,
            "headroom": limit.headroom,
            "unit": limit.unit,
            "more_nodes": limit.more_nodes,
            "more_pods": limit.more_pods,
            "reached": reached(limit),
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


def comparison_rows(models: Iterable[ModelRow]) -> list[Row]:
    """The network models side by side."""
    return [
        {
            "model": row.label,
            "family": row.family,
            "yours": "✔" if row.is_current else "",
            "fits": "yes" if row.fits else "no",
            "vnet_addresses": row.vnet_ips,
            "node_subnet": prefix_text(row.node_subnet_prefix),
            "pod_subnet": prefix_text(row.pod_subnet_prefix),
            "pod_cidr": prefix_text(row.pod_cidr_prefix),
            "nodes_at_most": row.nodes_max,
            "pods_at_most": row.pods_max,
            "pods_reachable_from_vnet": _KNOWN[row.pods_reachable_from_vnet],
            "windows": _KNOWN[row.windows],
            "dual_stack": _KNOWN[row.dual_stack],
            "policy_engines": listed(row.policy_engines),
            "status": row.status_text or row.status,
            "why_not": listed((p.message for p in row.problems), 2),
            "sources": describe(row.sources),
        }
        for row in models
    ]
