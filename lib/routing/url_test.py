"""Test a URL: which route takes the request, and why each of the others does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import Final

from lib.model.records import dataclass
from lib.model.snapshot import Snapshot
from lib.routing.route_view import INGRESS_API, RouteView
from lib.routing.routes import route_views
from lib.routing.services import ServiceView
from lib.routing.url import UrlError, UrlRequest, parse_url
from lib.routing.url_gateway import judge_gateway
from lib.routing.url_ingress import judge_ingress
from lib.routing.url_verdict import Candidate, Fit

_ROUTE_KINDS: Final = ("Ingress", "Gateway", "HTTPRoute", "GRPCRoute")


class Certainty(Enum):
    """How sure the answer is; ``value`` is the word that people see."""

    CERTAIN = "certain"
    UNKNOWN = "unknown"
    NO_ROUTE = "no route"
    BAD_URL = "bad URL"


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """The answer of one controller or Gateway; ``candidates`` come in its order, the winner first.

    ``notes`` say what else happens to the request: a redirect, a part for a canary, a controller that is not known.
    """

    name: str
    candidates: tuple[Candidate, ...]
    winners: tuple[RouteView, ...]
    certainty: Certainty
    sentence: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UrlAnswer:
    """The answer to a URL.

    ``winners`` are the rows that take the request: several where a rule shares it among backends by weight; empty where
    none does or where it is unknown which. ``servers`` has the answer of every controller and Gateway that was asked.
    """

    text: str
    request: UrlRequest | None
    certainty: Certainty
    sentence: str
    winners: tuple[RouteView, ...] = ()
    servers: tuple[ServerAnswer, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What else happens to the request on its way, by all servers that take it, each thing once."""
        return tuple(dict.fromkeys(note for server in self.servers for note in server.notes))

    @property
    def winner(self) -> RouteView | None:
        """The row that takes the request, or the first of those that share it."""
        return self.winners[0] if self.winners else None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every route that was looked at, with why it wins or loses."""
        return tuple(c for server in self.servers for c in server.candidates)


def test_url(
    snapshot: Snapshot,
    url: str,
    *,
    server: str = "",
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    routes: Sequence[RouteView] | None = None,
    services: Sequence[ServiceView] | None = None,
) -> UrlAnswer:
    """Ask which route takes a request for ``url``.

    ``server`` narrows it to one controller or Gateway, by the name in the answer; without it all are asked, and where
    several have a route, DNS decides, so that the answer is unknown. Never raises for a bad URL.
    """
    try:
        request = parse_url(url)
    except UrlError as error:
        return UrlAnswer(url[:200], None, Certainty.BAD_URL, str(error))
    rows = route_views(snapshot, services) if routes is None else routes
    groups: dict[str, list[RouteView]] = defaultdict(list)
    for row in rows:
        if server in ("", server_of(row)):
            groups[server_of(row)].append(row)
    answers = tuple(_ask(snapshot, request, name, group, method, headers) for name, group in sorted(groups.items()))
    return _as_far_as_read(_combine(url, request, answers), snapshot)


# pytest collects what is called test_*; this is none.
test_url.__test__ = False  # type: ignore[attr-defined]


def server_of(row: RouteView) -> str:
    """The name of the controller or Gateway that serves a row."""
    if row.api == INGRESS_API:
        name = row.served_by.name or "(no class)"
        return f"Ingress class {name}"
    return f"Gateway {row.gateway.qualified_name}" if row.gateway else "(no Gateway)"


def _ask(
    snapshot: Snapshot,
    request: UrlRequest,
    name: str,
    rows: Sequence[RouteView],
    method: str,
    headers: Sequence[tuple[str, str]],
) -> ServerAnswer:
    if rows[0].api == INGRESS_API:
        candidates = judge_ingress(request, rows)
    else:
        candidates = judge_gateway(snapshot, request, rows, method, headers)
    answer = _decide(name, candidates)
    return replace(answer, notes=tuple(_notes(request, answer)))


def _notes(request: UrlRequest, answer: ServerAnswer) -> Iterator[str]:
    """What the winner's controller does beyond choosing it."""
    row = answer.winners[0] if answer.winners else None
    if row is None:
        return
    terminates = row.tls.mode == "terminate"
    if row.served_by.is_nginx and terminates and request.scheme == "http" and "no https redirect" not in row.behaviours:
        yield "NGINX first redirects http to https, since the host has a certificate"
    if row.api == INGRESS_API and row.tls.mode == "none" and request.scheme == "https":
        yield "no certificate is named for the host, so the controller answers with its default one"
    canaries = [c.row for c in answer.candidates if "canary" in c.row.behaviours and c.row.where == row.where]
    if canaries and row.served_by.is_nginx:
        names = ", ".join(dict.fromkeys(c.route.qualified_name for c in canaries))
        yield f"a part of the requests goes to the canary {names}"
    if "redirect" in row.behaviours or "RequestRedirect" in row.filters:
        yield "the request is answered with a redirect"
    if {"rewrite", "URLRewrite"} & {*row.behaviours, *row.filters}:
        yield "the path is rewritten before the backend sees it"
    yield from dict.fromkeys(i.reason for r in answer.winners for i in r.backend.issues)
    yield from row.served_by.unchecked


def _decide(name: str, candidates: tuple[Candidate, ...]) -> ServerAnswer:
    """The first that fits wins, with those of equal rank that share its rule; an undecided one before it: unknown."""
    first = next((c for c in candidates if c.fit is not Fit.NO), None)
    if first is None:
        return ServerAnswer(name, candidates, (), Certainty.NO_ROUTE, "no route takes the request")
    if first.fit is Fit.UNKNOWN:
        return ServerAnswer(name, candidates, (), Certainty.UNKNOWN, first.why)
    sharing = [c.row for c in candidates if c.fit is Fit.YES and c.shares_with(first)]
    shared = tuple(row for row in sharing if row.backend.weight or not row.backend.weight_total)
    text = f"{first.row.route.kind} {first.row.route.qualified_name} takes it: {first.why}"
    return ServerAnswer(name, candidates, shared, Certainty.CERTAIN, text)


def _as_far_as_read(answer: UrlAnswer, snapshot: Snapshot) -> UrlAnswer:
    """Unknown where a server did not give all routes: one that was not read may take the request before any other."""
    unread = snapshot.unread_text(*_ROUTE_KINDS)
    if not unread:
        return answer
    sentence = f"{answer.sentence} But routes that were not read may take it: {unread}."
    return replace(answer, certainty=Certainty.UNKNOWN, sentence=sentence, winners=())


def _combine(url: str, request: UrlRequest, answers: tuple[ServerAnswer, ...]) -> UrlAnswer:
    def answer(certainty: Certainty, sentence: str, winners: tuple[RouteView, ...] = ()) -> UrlAnswer:
        return UrlAnswer(url, request, certainty, sentence, winners, answers)

    taking = [a for a in answers if a.certainty is not Certainty.NO_ROUTE]
    if not taking:
        return answer(Certainty.NO_ROUTE, f"No route takes {request}.")
    if len(taking) > 1:
        names = ", ".join(a.name for a in taking)
        return answer(Certainty.UNKNOWN, f"Several answer for {request}, and DNS decides between them: {names}.")
    only = taking[0]
    return answer(only.certainty, f"{only.name}: {only.sentence}.", only.winners)
