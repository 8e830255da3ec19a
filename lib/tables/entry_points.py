"""The doors from outside, the main ones and the side doors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from lib.model.refs import ObjectRef
from lib.routing.entry_points import EntryPoint
from lib.routing.route_view import RouteView
from lib.tables.row import Locate, Row, listed

_Door = tuple[ObjectRef, str]
_RANK: Final = {"internet": 0, "unknown": 1, "vnet": 2, "node network": 3, "cluster": 4}


def entry_point_rows(points: Iterable[EntryPoint], locate: Locate, routes: Iterable[RouteView] = ()) -> list[Row]:
    """One row a door, in the order of ``widest_first``.

    ``routes`` say where an Ingress or a Gateway's listener leads to: the workloads of all its routes together.
    """
    behind = _behind(routes)
    return [
        {
            "kind": point.kind.value,
            "subject": point.subject.qualified_name,
            "addresses": listed(point.addresses),
            "port": point.port or None,
            "protocol": point.protocol,
            "scope": point.reach.scope.value,
            "reached_by": point.reached_by,
            "leads_to": listed(
                w.qualified_name for w in point.workloads or sorted(behind.get((point.subject, point.listener), ()))
            ),
            "endpoints": point.endpoints,
            "note": point.note,
            "source": locate(point.source),
        }
        for point in widest_first(points)
    ]


def widest_first(points: Iterable[EntryPoint]) -> tuple[EntryPoint, ...]:
    """The doors, those that the internet can reach first."""
    return tuple(sorted(points, key=lambda p: _RANK.get(p.reach.scope.value, len(_RANK))))


def _behind(routes: Iterable[RouteView]) -> dict[_Door, set[ObjectRef]]:
    """The workloads behind each Ingress and each listener; a route that nobody serves leads nowhere."""
    found: defaultdict[_Door, set[ObjectRef]] = defaultdict(set)
    for route in routes:
        if route.accepted is False:
            continue
        doors = [(route.gateway, name) for name in route.listeners] if route.gateway else [(route.route, "")]
        for door in doors:
            found[door].update(w.ref for w in route.backend.workloads)
    return dict(found)
