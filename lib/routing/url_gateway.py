"""Which Gateway API route takes a request, by the specification's order of precedence."""

from __future__ import annotations

from collections.abc import Sequence

from lib.model.routes import Gateway, Listener, NameValueMatch, RouteMatch
from lib.model.snapshot import Snapshot
from lib.routing.hostnames import gateway_host_matches, specificity
from lib.routing.paths import exact_matches, prefix_matches
from lib.routing.route_view import RouteView
from lib.routing.url import UrlRequest
from lib.routing.url_verdict import Candidate, Fit

# The listener protocols that can take a connection of each scheme; TLS looks at the server name only.
_PROTOCOLS = {"http": ("HTTP",), "https": ("HTTPS", "TLS")}


def judge_gateway(
    snapshot: Snapshot,
    request: UrlRequest,
    rows: Sequence[RouteView],
    method: str,
    headers: Sequence[tuple[str, str]],
) -> tuple[Candidate, ...]:
    """Every row of one Gateway with its answer, the winner first.

    One listener takes the connection: that of the port with the most specific hostname. Then hostname, path, method,
    headers, query parameters, age and name decide (gateway.networking.k8s.io/v1, HTTPRouteRule.matches).
    """
    gateway = next((g for g in snapshot.gateways if g.ref == rows[0].gateway), None)
    listener = listener_for(gateway, request) if gateway else None
    candidates = [_judge(request, row, gateway, listener, method, headers) for row in rows]
    return tuple(_explain_losers(sorted(candidates, key=_order)))


def listener_for(gateway: Gateway, request: UrlRequest) -> Listener | None:
    """The listener that takes the request: its port and protocol, and the most specific hostname that fits."""
    fitting = [
        found
        for found in gateway.listeners
        if found.port == request.port
        and found.protocol in _PROTOCOLS[request.scheme]
        and gateway_host_matches(found.hostname, request.host)
    ]
    return max(fitting, key=lambda found: specificity(found.hostname), default=None)


def _order(candidate: Candidate) -> tuple[object, ...]:
    row = candidate.row
    place = (row.route.namespace, row.route.name, row.rule, row.item, row.backend.label)
    if candidate.fit is Fit.NO:
        return (1, row.host, row.path, place)
    return (0, *candidate.rank, row.created or "~", place)


def _judge(
    request: UrlRequest,
    row: RouteView,
    gateway: Gateway | None,
    listener: Listener | None,
    method: str,
    headers: Sequence[tuple[str, str]],
) -> Candidate:
    def no(why: str) -> Candidate:
        return Candidate(row, Fit.NO, why)

    match = row.match
    by_name = row.route.kind == "TLSRoute" and request.scheme == "https"
    if not by_name and (match is None or row.route.kind not in ("HTTPRoute", "GRPCRoute")):
        return no(f"a {row.route.kind} carries connections, not requests with a path")
    if row.accepted is False:
        return no("no Gateway has accepted it")
    if gateway is not None and listener is None:
        wanted = _PROTOCOLS[request.scheme][0]
        return no(f"the Gateway has no {wanted} listener on port {request.port} for {request.host}")
    if listener is not None and listener.name not in row.listeners:
        return no(f"listener {listener.name} takes the connection, and the route is not attached to it there")
    if not gateway_host_matches(row.host, request.host) or (request.address is not None and row.host):
        return no(f"the host is not {row.host}")
    if match is None:
        specific = tuple(-n for n in specificity(row.host))
        if gateway is None:
            return Candidate(row, Fit.UNKNOWN, "its Gateway's listeners are not in the input", (specific,))
        return Candidate(row, Fit.YES, "it takes the connection by its server name, whatever the path", (specific,))
    path = _path_fit(match, request.path)
    if path is Fit.NO:
        return no(f"the path doesn't match {match.path_type} {match.path}")
    if match.method and match.method != method:
        return no(f"the method is not {match.method}")
    fits = [
        path,
        *(_pair_fit(pair, _header(headers, pair.name)) for pair in match.headers),
        *(_pair_fit(pair, dict(reversed(request.query)).get(pair.name)) for pair in match.query_params),
    ]
    if Fit.NO in fits:
        return no(f"the request has no {row.conditions}")
    rank = (tuple(-n for n in specificity(row.host)), *_rank(match))
    if row.route.kind == "GRPCRoute":
        return Candidate(row, Fit.UNKNOWN, "a GRPCRoute takes only gRPC requests, which a URL does not show", rank)
    hidden = [pair.name for pair in (*match.headers, *match.query_params) if pair.is_hidden]
    if hidden:
        why = f"what it wants {' and '.join(hidden)} to be is a credential, which is not kept"
        return Candidate(row, Fit.UNKNOWN, why, rank)
    if Fit.UNKNOWN in fits:
        why = f"{match.path_type} {match.path} {row.conditions}".strip()
        return Candidate(row, Fit.UNKNOWN, f"{why} is a regular expression, which is not evaluated here", rank)
    if gateway is None:
        return Candidate(row, Fit.UNKNOWN, "its Gateway's listeners are not in the input", rank)
    return Candidate(row, Fit.YES, f"{row.host or 'every host'}, {match.path_type} {match.path}", rank)


def _rank(match: RouteMatch) -> tuple[object, ...]:
    kind = {"Exact": 0, "PathPrefix": 1}.get(match.path_type, 0)
    length = -len(match.path) if match.path_type == "PathPrefix" else 0
    return (kind, length, not match.method, -len(match.headers), -len(match.query_params))


def _path_fit(match: RouteMatch, path: str) -> Fit:
    if match.path_type == "Exact":
        return Fit.YES if exact_matches(match.path, path) else Fit.NO
    if match.path_type == "PathPrefix":
        return Fit.YES if prefix_matches(match.path, path) else Fit.NO
    return Fit.UNKNOWN


def _header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def _pair_fit(wanted: NameValueMatch, value: str | None) -> Fit:
    if value is None:
        return Fit.NO
    if wanted.type != "Exact" or wanted.is_hidden:
        return Fit.UNKNOWN
    return Fit.YES if value == wanted.value else Fit.NO


def _explain_losers(candidates: list[Candidate]) -> list[Candidate]:
    first = next((c for c in candidates if c.fit is not Fit.NO), None)
    if first is None:
        return candidates
    out = []
    for c in candidates:
        loses = c.fit is Fit.YES and c is not first and not c.shares_with(first)
        why = f"fits as well, but {first.row.where} of {first.row.route.qualified_name} comes first"
        out.append(Candidate(c.row, c.fit, why, c.rank) if loses else c)
    return out
