"""The network models side by side, as rows."""

from __future__ import annotations

from collections.abc import Iterable

from lib.facts.engines import Known
from lib.facts.sources import describe
from lib.ipplan.compare import ModelRow
from lib.tables.plan import prefix_text
from lib.tables.row import Row, listed

_KNOWN = {Known.YES: "yes", Known.NO: "no", Known.UNKNOWN: "unknown"}


def comparison_rows(models: Iterable[ModelRow]) -> list[Row]:
    """The addresses that every model takes for the demand, and its ceilings."""
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
            "pods_at_most_elsewhere": row.pods_max_conflict,
            "why_not": listed((p.message for p in row.problems), 2),
        }
        for row in models
    ]


def reach_rows(models: Iterable[ModelRow]) -> list[Row]:
    """What is reachable from where with every model, who enforces policies, what retires and what can change later."""
    return [
        {
            "model": row.label,
            "yours": "✔" if row.is_current else "",
            "pods_reachable_from_vnet": _KNOWN[row.pods_reachable_from_vnet],
            "from_vnet": row.from_vnet,
            "from_premises": row.from_premises,
            "snat": row.snat,
            "windows": row.windows_text,
            "dual_stack": _KNOWN[row.dual_stack],
            "policy_engines": listed(row.policy_engines),
            "application_gateway_for_containers": row.agc,
            "subnet_shared_by_clusters": "yes" if row.subnet_shared else "no",
            "status": row.status_text or row.status,
            "retires": f"{row.retires:%-d %B %Y}" if row.retires is not None else "",
            "migrations": " ".join(row.migrations) or "none documented",
            "sources": describe(row.sources),
        }
        for row in models
    ]
