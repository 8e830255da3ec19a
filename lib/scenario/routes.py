"""Routes and doors compared: what answers which host and path, and what can be reached from outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from lib.azure.services import service_views_on_azure
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.routing.entry_points import EntryPoint, entry_points
from lib.routing.route_view import RouteView
from lib.routing.routes import route_views
from lib.scenario.advice import Advice
from lib.scenario.answer import Change
from lib.trace.questions import NOWHERE, Cluster, Ends, of_door, of_route

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RouteChange:
    """A route or a door that is not the same in both snapshots.

    ``what`` is ``route``, ``exposure`` or, for what pods send to their own nodes, ``node``; ``name`` where it answers,
    ``old`` and ``new`` what is behind it ("" where there is none). The sources are None on the side that has none.
    ``advice``: why two engines differ on it, and what to change. ``way`` traces it: from where and to what.
    """

    what: str
    change: Change
    name: str
    old: str
    new: str
    old_source: Source | None = None
    new_source: Source | None = None
    advice: Advice | None = None
    way: Ends = NOWHERE


def route_changes(old: Snapshot, new: Snapshot) -> tuple[RouteChange, ...]:
    """The routes, then the doors, that were gained, lost or changed, by name."""
    before, after = Cluster(old, route_views(old)), Cluster(new, route_views(new))

    def way_of_route(row: RouteView) -> Ends:
        return of_route(row, new)

    def way_of_door(door: EntryPoint) -> Ends:
        return of_door(door, after if _is_there(door, new) else before)

    routes = _compared(
        "route", before.routes, after.routes, _route_key, _route_name, _route_leads_to, _route_kind, way_of_route
    )
    doors = _compared(
        "exposure", _doors(old), _doors(new), _door_key, _door_name, _door_leads_to, _door_kind, way_of_door
    )
    return tuple(_as_far_as_read(change, kind, old, new) for kind, change in (*routes, *doors))


def _is_there(door: EntryPoint, snapshot: Snapshot) -> bool:
    """Whether what is behind a door is in a snapshot: one that went was only in the old one."""
    return all(ref in snapshot.workload_by_ref for ref in door.workloads)


def _doors(snapshot: Snapshot) -> tuple[EntryPoint, ...]:
    return entry_points(snapshot, service_views_on_azure(snapshot))


_BEHIND_ROUTES: Final = ("Service", "IngressClass", "Gateway", "GatewayClass", "ReferenceGrant")
_BEHIND_DOORS: Final = (*_BEHIND_ROUTES, "Pod", "EndpointSlice")


def _as_far_as_read(change: RouteChange, kind: str, old: Snapshot, new: Snapshot) -> RouteChange:
    """Unknown where a server did not give the objects that would say it: they need be neither gone nor new."""
    kinds = (kind, *(_BEHIND_ROUTES if change.what == "route" else _BEHIND_DOORS))
    before, after = old.unread_text(*kinds), new.unread_text(*kinds)
    if not before and not after:
        return change
    was, is_now = (
        f"{text}; " * bool(text) + f"not read: {unread}" if unread else text
        for text, unread in ((change.old, before), (change.new, after))
    )
    return replace(change, change=Change.UNKNOWN, old=was, new=is_now)


def _compared(
    what: str,
    old: Iterable[T],
    new: Iterable[T],
    key: Callable[[T], Hashable],
    name: Callable[[T], str],
    leads_to: Callable[[T], str],
    kind: Callable[[T], str],
    way: Callable[[T], Ends],
) -> Iterator[tuple[str, RouteChange]]:
    """The changes, each with the kind of the object that it is about."""
    before, after = _grouped(old, key), _grouped(new, key)
    found = []
    for each in dict.fromkeys((*before, *after)):
        was, is_now = (sorted({leads_to(row) for row in side.get(each, ())}) for side in (before, after))
        if was == is_now:
            continue
        change = Change.CHANGED if was and is_now else Change.GAINED if is_now else Change.LOST
        first_old, first_new = (next(iter(side.get(each, ())), None) for side in (before, after))
        shown = first_new if first_new is not None else first_old
        assert shown is not None
        old_source, new_source = (getattr(row, "source", None) for row in (first_old, first_new))
        leads = "; ".join(was), "; ".join(is_now)
        about = RouteChange(what, change, name(shown), *leads, old_source, new_source, way=way(shown))
        found.append((kind(shown), about))
    yield from sorted(found, key=lambda each: each[1].name)


def _grouped(rows: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    found: dict[Hashable, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _route_key(row: RouteView) -> Hashable:
    # Where a match is written is no part of what it says.
    match = replace(row.match, source=None) if row.match else None
    return row.route, row.host, row.path, row.path_type, match


def _route_name(row: RouteView) -> str:
    return f"{row.where} ({row.path_type}, {row.route})"


def _route_leads_to(row: RouteView) -> str:
    served = "" if row.accepted is not False else ", not accepted"
    return f"{row.backend.label} by {row.served_by.name or 'nobody known'}{served}"


def _route_kind(row: RouteView) -> str:
    return row.route.kind


def _door_kind(door: EntryPoint) -> str:
    return door.subject.kind


def _door_key(door: EntryPoint) -> Hashable:
    return door.kind, door.subject, door.port, door.protocol


def _door_name(door: EntryPoint) -> str:
    port = f" {door.protocol} {door.port}" if door.port else ""
    return f"{door.kind.value} {door.subject}{port}"


def _door_leads_to(door: EntryPoint) -> str:
    behind = ", ".join(map(str, door.workloads)) or "nothing"
    at = f" at {', '.join(door.addresses)}" if door.addresses else ""
    return f"{behind}{at}, reached by {door.reached_by}"
