"""Two routes that claim the same host and path at the same controller, and which of them wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lib.model.records import dataclass, replace
from lib.routing.faults import Fault, Issue, issue
from lib.routing.route_view import INGRESS_API, RouteView


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that want the same requests; ``winner`` is None where the input or the controller does not settle it."""

    rows: tuple[RouteView, ...]
    winner: RouteView | None
    outcome: str

    def issue_for(self, row: RouteView) -> Issue:
        """The conflict as an issue of one of its rows."""
        others = [other for other in self.rows if other is not row]
        text = ", ".join(dict.fromkeys(f"{o.route.kind} {o.route.qualified_name} to {o.backend.label}" for o in others))
        where = f"{row.where} ({row.path_type})" if row.path_type else row.where
        return issue(Fault.ROUTE_CONFLICT, row.source, where=where, others=text, outcome=self.outcome)


def conflicts(rows: Sequence[RouteView]) -> tuple[Conflict, ...]:
    """Every conflict among ``rows``: another object, the same requests, another backend."""
    groups: dict[tuple[object, ...], list[RouteView]] = defaultdict(list)
    for row in rows:
        if row.accepted is not False and "canary" not in row.behaviours and row.path_type != "Default":
            groups[_key(row)].append(row)
    found = []
    for group in groups.values():
        objects = {(row.route, row.rule, row.item) for row in group}
        if len(objects) > 1 and len({row.backend.label for row in group}) > 1:
            winner, outcome = _winner(group)
            found.append(Conflict(tuple(group), winner, outcome))
    return tuple(found)


def with_conflicts(rows: Sequence[RouteView]) -> tuple[RouteView, ...]:
    """The rows, those in conflict with an issue that says so."""
    issues: dict[int, list[Issue]] = defaultdict(list)
    for conflict in conflicts(rows):
        for row in conflict.rows:
            issues[id(row)].append(conflict.issue_for(row))
    return tuple(
        replace(row, own_issues=(*row.own_issues, *issues[id(row)])) if id(row) in issues else row for row in rows
    )


def _key(row: RouteView) -> tuple[object, ...]:
    if row.api == INGRESS_API:
        return (row.api, row.served_by.key, row.host, row.path, row.path_type)
    match = row.match
    if match is None:
        return (row.api, row.route.kind, row.gateway, row.listeners, row.host)
    headers = frozenset((h.name.lower(), h.value, h.type) for h in match.headers)
    # Two credentials that were not kept look alike and need not be.
    is_hidden = any(pair.is_hidden for pair in (*match.headers, *match.query_params))
    return (
        (row.route, row.rule, row.item) if is_hidden else None,
        row.api,
        row.gateway,
        row.listeners,
        row.host,
        match.path,
        match.path_type,
        match.method,
        headers,
        frozenset(match.query_params),
    )


def _winner(group: Sequence[RouteView]) -> tuple[RouteView | None, str]:
    if group[0].api == INGRESS_API and not group[0].served_by.is_nginx:
        return None, "which one wins depends on the controller"
    if len({row.route for row in group}) == 1:
        first = min(group, key=lambda r: (r.rule, r.item))
        return first, "the first in the object wins"
    if not all(row.created for row in group):
        return None, "the older one wins, and the input has no creation times"
    oldest = min(row.created for row in group)
    old = [row for row in group if row.created == oldest]
    if len({row.route for row in old}) > 1 and group[0].api == INGRESS_API:
        return None, "the older one wins, and they are equally old"
    first = min(old, key=lambda r: (r.route.namespace, r.route.name, r.rule, r.item))
    return first, f"{first.route.kind} {first.route.qualified_name} wins, as the older one"
