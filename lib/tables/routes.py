"""Routes of Ingresses and of the Gateway API in one table, and the answers of a tested URL."""

from __future__ import annotations

from collections.abc import Iterable

from lib.routing.route_view import RouteView
from lib.routing.url_test import UrlAnswer
from lib.routing.url_verdict import Fit
from lib.tables.row import Locate, Row, listed

_FITS = {Fit.YES: "fits", Fit.NO: "does not fit", Fit.UNKNOWN: "unknown"}


def route_rows(views: Iterable[RouteView], locate: Locate) -> list[Row]:
    """One row for each host, path and backend, in the order of ``views``."""
    return [
        {
            "state": view.state.value,
            "host": view.host or "*",
            "path": view.path or "*",
            "path_type": view.path_type,
            "conditions": view.conditions,
            "backend": view.backend.label,
            "reason": view.reason,
            "share_percent": _percent(view),
            "workloads": listed(w.ref.qualified_name for w in view.backend.workloads),
            "target_ports": listed(view.backend.target_ports),
            "tls": str(view.tls),
            "class": view.served_by.name,
            "controller": view.served_by.label,
            "gateway": view.gateway.qualified_name if view.gateway else "",
            "behaviours": listed((*view.filters, *view.behaviours)),
            "kind": view.route.kind,
            "route": view.route.qualified_name,
            "source": locate(view.source),
        }
        for view in views
    ]


def _percent(view: RouteView) -> int | None:
    share = view.weight_share
    return None if share is None else round(share * 100)


def candidate_rows(answer: UrlAnswer, locate: Locate) -> list[Row]:
    """Every route that was looked at, in the controller's order: whether it fits, and why it wins or loses."""
    winners = {id(row) for row in answer.winners}
    return [
        {
            "answer": "wins" if id(candidate.row) in winners else _FITS[candidate.fit],
            "host": candidate.row.host or "*",
            "path": candidate.row.path or "*",
            "path_type": candidate.row.path_type,
            "why": candidate.why,
            "backend": candidate.row.backend.label,
            "route": candidate.row.route.qualified_name,
            "kind": candidate.row.route.kind,
            "source": locate(candidate.row.source),
        }
        for candidate in answer.candidates
    ]
