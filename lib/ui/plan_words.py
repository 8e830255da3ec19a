"""Problems of reading a plan in the words of its form."""

from __future__ import annotations

import re
from typing import Final

from lib.ipplan.problems import PlanProblem
from lib.ipplan.sheet import Sheet, names_of
from lib.ui.plan_fields import CLUSTER, MODELS, PLAN, POOL, SUBNET

_PLACE: Final = re.compile(
    r"(?:clusters\[(?P<cluster>\d+)\]\.?)?(?:pools\[(?P<pool>\d+)\]\.?)?(?:extra_subnets\[(?P<subnet>\d+)\]\.?)?(?P<field>\w+)?"
)
_LISTS: Final = {"clusters": "Clusters", "pools": "Node pools", "extra_subnets": "Subnets of other services"}


def in_words(problem: PlanProblem, sheet: Sheet) -> str:
    """The problem's sentence with the form's label and the pool's name in place of the field's path."""
    found = _PLACE.fullmatch(problem.field)
    if found is None or not problem.field or problem.field not in problem.message:
        return _models(problem.message)
    field = found["field"] or ""
    if field == "cluster":
        known_names = names_of(sheet.clusters)
        lost = [pool for pool in sheet.pools if pool.get("cluster") and pool["cluster"] not in known_names]
        wrong = ", ".join(f"{pool.get('name', 'without a name')} ({pool['cluster']})" for pool in lost[:5])
        return f"Node pools name a cluster that the plan does not have: {wrong}. It has {', '.join(known_names[:20])}."
    owner = ""
    if found["subnet"] is not None:
        known = SUBNET.get(field)
        owner = " of subnet " + (_name(sheet.subnets, int(found["subnet"])))
    elif found["pool"] is not None:
        known = POOL.get(field)
        name = sheet.clusters[int(found["cluster"] or 0)].get("name", "")
        own = [pool for pool in sheet.pools if len(sheet.clusters) == 1 or pool.get("cluster") == name]
        owner = " of pool " + _name(tuple(own), int(found["pool"]))
        if len(sheet.clusters) > 1:
            owner += f" in {name}"
    else:
        known = CLUSTER.get(field) if found["cluster"] is not None else PLAN.get(field)
        if found["cluster"] is not None and len(sheet.clusters) > 1:
            owner = " of " + _name(sheet.clusters, int(found["cluster"]))
    label = known.label if known is not None else _LISTS.get(field, field)
    return _models(problem.message.replace(problem.field, f"{label}{owner}", 1))


def _name(rows: tuple[dict[str, str], ...], index: int) -> str:
    row = rows[index] if index < len(rows) else {}
    return row.get("name") or row.get("service") or f"number {index + 1}"


def _models(text: str) -> str:
    """Ids of network models, where one is asked for, as their labels."""
    if "It must be one of azure_cni_overlay" not in text:
        return text
    return text.partition("It must be one of")[0] + f"It must be one of these: {'; '.join(MODELS.values())}."
