"""Which path of an Ingress takes a request.

The API settles hosts and the path types Exact and Prefix. What it leaves to the controller (ImplementationSpecific,
regular expressions, merging Ingresses of one host, a port of its own) is answered for Ingress NGINX and unknown
for the others. Source for NGINX: ingress-nginx, "Ingress Path Matching" and "Basic Usage".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lib.routing.hostnames import ingress_host_matches
from lib.routing.paths import exact_matches, prefix_matches
from lib.routing.route_view import RouteView
from lib.routing.url import DEFAULT_PORTS, UrlRequest
from lib.routing.url_verdict import Candidate, Fit

# A path that a regular expression engine reads as itself.
_PLAIN: Final = re.compile(r"[A-Za-z0-9/_~-]*")
_REGEX_MODE: Final = ("regex", "rewrite")


def judge_ingress(request: UrlRequest, rows: Sequence[RouteView]) -> tuple[Candidate, ...]:
    """Every row of one class with its answer, the winner first.

    Hosts come before paths: only the rules of the most specific host that fits are asked (exact, then wildcard, then
    none).
    """
    served = [row for row in rows if row.accepted is not False and row.backend.backend is not None]
    unserved = [
        Candidate(row, Fit.NO, "no controller serves its class" if row.accepted is False else "it has no backend")
        for row in rows
        if row.accepted is False or row.backend.backend is None
    ]
    hosts = {row.host for row in served if row.path_type != "Default"}
    hosts |= {row.host for row in served if row.path_type == "Default" and row.host}
    fitting = sorted((h for h in hosts if _host_fits(h, request)), key=_host_rank)
    chosen = fitting[0] if fitting else None
    regex_mode = chosen is not None and _regex_mode(served, chosen)
    first: list[Candidate] = []
    later: list[Candidate] = []
    for row in served:
        if row.path_type == "Default" and row.host != chosen:
            continue
        if row.host == chosen:
            first.append(_judge_path(request, row, regex_mode))
        elif row.host in fitting:
            later.append(_other_host(request, row, chosen or ""))
        else:
            later.append(_unfit_host(row, request))
    first = _settle(request, sorted(first, key=_order), served, chosen)
    defaults = [_default(row, chosen) for row in served if row.path_type == "Default" and row.host != chosen]
    return tuple(sorted([*first, *later, *_settle_defaults(defaults), *unserved], key=_place))


def _host_fits(host: str, request: UrlRequest) -> bool:
    return not host if request.address is not None else ingress_host_matches(host, request.host)


def _host_rank(host: str) -> tuple[bool, bool]:
    return (host == "", host.startswith("*."))


def _regex_mode(rows: Sequence[RouteView], host: str) -> bool:
    """NGINX reads all paths of a host as regular expressions once one Ingress of that host asks for it."""
    return any(
        row.host == host and row.served_by.is_nginx and any(b in _REGEX_MODE for b in row.behaviours) for row in rows
    )


def _judge_path(request: UrlRequest, row: RouteView, regex_mode: bool) -> Candidate:
    if row.path_type == "Default":
        return Candidate(row, Fit.YES, "default backend: no path of the host fits", (9,))
    if "canary" in row.behaviours:
        return Candidate(row, Fit.NO, "canary: takes the part of the main route's requests that its annotations set")
    if regex_mode:
        return _judge_regex(request, row)
    path = row.path
    if row.path_type == "Exact":
        if exact_matches(path, request.path):
            return Candidate(row, Fit.YES, f"the path is exactly {path}", (0, -len(path)))
        return Candidate(row, Fit.NO, f"the path is not exactly {path}")
    length = -len(path.rstrip("/"))
    if row.path_type == "Prefix":
        if prefix_matches(path, request.path):
            return Candidate(row, Fit.YES, f"{path} is the longest prefix of the path", (1, length))
        return Candidate(row, Fit.NO, f"the path's elements don't begin with {path}")
    if not row.served_by.is_nginx:
        why = f"how {row.path_type} {path} matches is up to the controller ({row.served_by.label})"
        return Candidate(row, Fit.UNKNOWN, why, (1, length))
    if request.path.startswith(path):
        return Candidate(row, Fit.YES, f"the path begins with the text {path}", (1, length))
    return Candidate(row, Fit.NO, f"the path doesn't begin with the text {path}")


def _judge_regex(request: UrlRequest, row: RouteView) -> Candidate:
    """NGINX tries the paths as case-insensitive expressions anchored at the start, the longest text first."""
    rank = (1, -len(row.path))
    if not _PLAIN.fullmatch(row.path):
        return Candidate(row, Fit.UNKNOWN, f"{row.path} is a regular expression, which is not evaluated here", rank)
    if request.path.lower().startswith(row.path.lower()):
        return Candidate(row, Fit.YES, f"the path begins with the text {row.path}, as its host uses expressions", rank)
    return Candidate(row, Fit.NO, f"the path doesn't begin with the text {row.path}")


def _other_host(request: UrlRequest, row: RouteView, chosen: str) -> Candidate:
    """A rule for a wider host: the API asks the host first and doesn't say whether a failed path falls back to it."""
    if row.served_by.is_nginx or _judge_path(request, row, False).fit is Fit.NO:
        return Candidate(row, Fit.NO, f"the rules of the more specific host {chosen} are asked instead")
    why = f"no path of {chosen} fits, and whether {row.where} is asked then is up to the controller"
    return Candidate(row, Fit.UNKNOWN, why, (3, _host_rank(row.host), -len(row.path)))


def _unfit_host(row: RouteView, request: UrlRequest) -> Candidate:
    if "server alias" in row.behaviours:
        return Candidate(row, Fit.UNKNOWN, "its annotation server-alias may name the host as well", (4,))
    if row.host.startswith("*.") and request.host.endswith(row.host[1:]):
        return Candidate(row, Fit.NO, f"{row.host} takes exactly one label in place of the asterisk")
    return Candidate(row, Fit.NO, f"the host is not {row.host or '*'}")


def _default(row: RouteView, chosen: str | None) -> Candidate:
    if chosen is not None and not row.served_by.is_nginx:
        why = f"no path of {chosen} fits, and whose default backend answers then is up to the controller"
        return Candidate(row, Fit.UNKNOWN, why, (6,))
    if chosen is not None:
        return Candidate(row, Fit.UNKNOWN, f"whether this default backend answers for {chosen} depends on NGINX", (6,))
    return Candidate(row, Fit.YES, "default backend: no rule fits", (6,))


def _settle_defaults(defaults: list[Candidate]) -> list[Candidate]:
    if len({c.row.backend.label for c in defaults}) < 2:
        return defaults
    why = "several Ingresses have a default backend, and which one answers is up to the controller"
    return [Candidate(c.row, Fit.UNKNOWN, why, c.rank) for c in defaults]


def _order(candidate: Candidate) -> tuple[object, ...]:
    row = candidate.row
    return (candidate.fit is Fit.NO, candidate.rank, row.created or "~", row.route, row.rule, row.item)


def _place(candidate: Candidate) -> tuple[object, ...]:
    row = candidate.row
    if candidate.fit is Fit.NO:
        return (True, row.host, row.path, row.route, row.rule, row.item)
    return _order(candidate)


def _settle(
    request: UrlRequest, candidates: list[Candidate], rows: Sequence[RouteView], host: str | None
) -> list[Candidate]:
    """Undecide what the API and the known controller leave open among the rules of one host."""
    fitting = [c for c in candidates if c.fit is not Fit.NO]
    if not fitting:
        return candidates
    first = fitting[0]
    nginx = first.row.served_by.is_nginx
    reason = ""
    owners = sorted({str(row.route) for row in rows if row.host == host})
    if request.port != DEFAULT_PORTS[request.scheme]:
        reason = f"whether port {request.port} is open is up to the controller"
    elif len(owners) > 1 and not nginx:
        reason = f"{len(owners)} Ingresses have rules for {host or 'every host'}, and merging is up to the controller"
    elif first.fit is Fit.YES:
        equal = [c for c in fitting if c.rank == first.rank and c.fit is Fit.YES]
        if len({c.row.backend.label for c in equal}) > 1 and not _older(equal):
            reason = "another route claims the same host and path, and the input does not say which is older"
    if not reason:
        return [_lost(c, first) for c in candidates]
    return [Candidate(c.row, Fit.UNKNOWN, reason, c.rank) if c.fit is Fit.YES else c for c in candidates]


def _older(equal: Sequence[Candidate]) -> bool:
    """Whether age or the place in one object settles a tie."""
    if len({c.row.route for c in equal}) == 1:
        return True
    ages = {c.row.route: c.row.created for c in equal}
    return all(ages.values()) and list(ages.values()).count(min(ages.values())) == 1


def _lost(candidate: Candidate, first: Candidate) -> Candidate:
    if candidate is first or candidate.fit is not Fit.YES:
        return candidate
    if candidate.rank == first.rank:
        why = f"fits as well, but {first.row.route.qualified_name} is older or stands first"
    else:
        why = f"fits as well, but {first.row.path_type} {first.row.path} is more specific"
    return Candidate(candidate.row, candidate.fit, why, candidate.rank)
