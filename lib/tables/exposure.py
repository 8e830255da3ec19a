"""How open each workload is: isolated or not, and what the unforeseen may reach."""

from __future__ import annotations

from collections.abc import Iterable

from lib.exposure import Exposure, Isolation
from lib.model.sets import ConnectionSet
from lib.tables.row import Locate, Row

_RANK = (Isolation.NONE, Isolation.SOME, Isolation.ALL, Isolation.NOT_SELECTABLE)


def exposure_rows(found: Iterable[Exposure], locate: Locate) -> list[Row]:
    """One row a workload: those that the Internet may reach first, then those that are not isolated."""
    ordered = sorted(
        found,
        key=lambda e: (
            not e.ingress.internet,
            _RANK.index(e.ingress.isolation),
            _RANK.index(e.egress.isolation),
            e.workload,
        ),
    )
    return [
        {
            "namespace": each.workload.namespace,
            "workload": each.workload.name,
            "kind": each.workload.kind,
            "isolated_ingress": each.ingress.isolation.value,
            "from_internet": _ports(each.ingress.internet),
            "from_any_namespace": _ports(each.ingress.any_namespace),
            "from_own_namespace": _ports(each.ingress.own_namespace),
            "isolated_egress": each.egress.isolation.value,
            "to_internet": _ports(each.egress.internet),
            "source": locate(each.source),
        }
        for each in ordered
    ]


def _ports(connections: ConnectionSet) -> str:
    return str(connections) if connections else "–"
