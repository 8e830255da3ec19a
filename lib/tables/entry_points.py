"""The doors from outside, the main ones and the side doors."""

from __future__ import annotations

from collections.abc import Iterable

from lib.routing.entry_points import EntryPoint
from lib.tables.row import Locate, Row, listed


def entry_point_rows(points: Iterable[EntryPoint], locate: Locate) -> list[Row]:
    """One row a door, in the order of ``widest_first``."""
    return [
        {
            "kind": point.kind.value,
            "subject": point.subject.qualified_name,
            "addresses": listed(point.addresses),
            "port": point.port or None,
            "protocol": point.protocol,
            "scope": point.reach.scope.value,
            "reached_by": point.reached_by,
            "leads_to": listed(w.qualified_name for w in point.workloads),
            "endpoints": point.endpoints,
            "note": point.note,
            "source": locate(point.source),
        }
        for point in widest_first(points)
    ]


def widest_first(points: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """The doors, those that the internet can reach first."""
    return tuple(sorted(points, key=lambda p: _RANK.get(p.reach.scope.value, len(_RANK))))


_RANK = {"internet": 0, "unknown": 1, "vnet": 2, "node network": 3, "cluster": 4}
