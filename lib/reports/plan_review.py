"""An address plan as Markdown for a design review: what is planned, why, what limits it, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.facts.networks import network
from lib.facts.sources import describe
from lib.ipplan.compare import compare_models
from lib.ipplan.result import AddressPlan, ClusterPlan
from lib.reports.tabular import Row, cell_text, escape_markdown, to_markdown
from lib.tables.plan import limit_rows, plan_problem_rows, pool_rows, subnet_rows
from lib.tables.plan_models import comparison_rows
from lib.tables.plan_space import space_rows

# Each cluster is planned with every model, beside all the others.
_COMPARED_UP_TO: Final = 10


def plan_review(plan: AddressPlan) -> Iterator[str]:
    """The document, a line or a few at a time; every name is shown letter by letter."""
    yield "# Address plan\n\n"
    spaces = ", ".join(str(space) for space in plan.demand.vnet) or "not chosen"
    clusters = ", ".join(cluster.demand.name for cluster in plan.clusters)
    yield from _points(
        [
            ("Virtual network", spaces),
            ("Clusters", clusters),
            ("Addresses of the virtual network", f"{plan.vnet_ips:,}, those that Azure keeps included"),
            *((f"Connected network {item.name}".rstrip(), str(item.cidr)) for item in plan.demand.connected),
        ]
    )
    yield "\n## Problems\n\n"
    if plan.problems:
        yield from to_markdown(_only(plan_problem_rows(plan.problems), "severity", "subject", "problem", "remedy"))
    else:
        yield "Azure takes this plan, as far as its documented rules go.\n"
    yield "\n## Subnets\n\n"
    yield from to_markdown(subnet_rows(plan))
    if plan.demand.vnet:
        yield "\n## The virtual network in address order\n\n"
        yield from to_markdown(space_rows(plan))
    if len(plan.clusters) > _COMPARED_UP_TO:
        yield f"\nOther network models are compared in plans of at most {_COMPARED_UP_TO} clusters.\n"
    for cluster in plan.clusters:
        yield from _cluster(plan, cluster)


def _cluster(plan: AddressPlan, cluster: ClusterPlan) -> Iterator[str]:
    facts = network(cluster.demand.model)
    binding = cluster.binding_limit
    yield f"\n## Cluster {_shown(cluster.demand.name)}\n\n"
    points = [
        ("Network model", f"{facts.label}. {facts.status_text}"),
        ("Formula", cluster.formula),
        ("Source", describe(cluster.formula_sources)),
        ("Service CIDR", f"{cluster.service_cidr.cidr}, DNS at {cluster.service_cidr.dns_service_ip}"),
    ]
    if cluster.pod_cidr is not None:
        pods = cluster.pod_cidr
        points.append(("Pod CIDR", f"{pods.cidr}, {pods.nodes_needed:,} of {pods.nodes_max:,} nodes"))
    if binding is not None:
        points.append(("Binding limit", f"{binding.label}: {binding.used:,} of {binding.value:,} {binding.unit}"))
    yield from _points(points)
    yield "\n### Node pools\n\n"
    yield from to_markdown(pool_rows(cluster))
    yield "\n### Limits, the one that is reached first at the top\n\n"
    yield from to_markdown(limit_rows(cluster.limits))
    if cluster.assumptions:
        yield "\n### Left open, and taken from the documentation\n\n"
        for assumed in cluster.assumptions:
            said = f"; other sources say: {assumed.conflict}" if assumed.conflict else ""
            yield f"- {_shown(assumed.text)}{_shown(said)}\n"
    if len(plan.clusters) <= _COMPARED_UP_TO:
        yield "\n### The same demand with other network models\n\n"
        rows = comparison_rows(compare_models(cluster.demand, plan.demand))
        yield from to_markdown(_without(rows, "sources"))


def _points(points: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"- **{_shown(name)}:** {_shown(text)}\n" for name, text in points)


def _shown(text: str) -> str:
    return escape_markdown(cell_text(text))


def _only(rows: Iterable[Row], *columns: str) -> list[Row]:
    return [{name: row[name] for name in columns} for row in rows]


def _without(rows: Iterable[Row], *columns: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]
