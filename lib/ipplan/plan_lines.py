"""Which line of a plan file a problem is about."""

from __future__ import annotations

from dataclasses import replace

from lib.ipplan.demand import AddressPlanInput
from lib.ipplan.plan_file import PlanText
from lib.ipplan.problems import PlanProblem


def with_lines(
    problems: tuple[PlanProblem, ...], text: PlanText, demand: AddressPlanInput | None = None
) -> tuple[PlanProblem, ...]:
    """The problems with their lines: of the field, or else of the pool, cluster or subnet that they name."""
    paths = _paths(demand) if demand is not None else {}
    return tuple(replace(found, line=_line(found, text, paths)) for found in problems)


def _line(found: PlanProblem, text: PlanText, paths: dict[str, str]) -> int | None:
    owner = paths.get(found.subject, "")
    # A plan of one cluster may have the cluster's fields at its top, and the pool's as well.
    path = owner if owner.partition(".")[0] in text.lines else ""
    return text.line_of(f"{path}.{found.field}" if path and found.field else path or found.field)


def _paths(demand: AddressPlanInput) -> dict[str, str]:
    """The paths of what problems are about, by the subject that they name."""
    found = {extra.name: f"extra_subnets[{index}]" for index, extra in enumerate(demand.extra_subnets)}
    for number, cluster in enumerate(demand.clusters):
        place = f"clusters[{number}]"
        found[cluster.name] = place
        found |= {f"{cluster.name}/{pool.name}": f"{place}.pools[{i}]" for i, pool in enumerate(cluster.pools)}
    return found
