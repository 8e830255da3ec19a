"""Routes that nobody serves or that lead nowhere, classes, certificates, and routes that claim the same requests."""

from __future__ import annotations

from collections.abc import Iterator

from lib.checks.context import Context, from_issues
from lib.facts.ingress_azure import on_azure
from lib.model.finding import Finding, finding
from lib.model.routes import Gateway, Listener
from lib.routing.conflicts import conflicts
from lib.routing.faults import SUPPORT, Fault, Issue
from lib.routing.ingress_class import ClassAnswer, class_of_gateway, class_of_ingress
from lib.routing.route_view import INGRESS_API
from lib.routing.tls import tls_of_listener


def check_routes(context: Context) -> Iterator[Finding]:
    """What is wrong with a route's parents, backends and certificates; conflicts have a check of their own."""
    for row in context.routes:
        own = (i for i in row.own_issues if i.fault is not Fault.ROUTE_CONFLICT)
        certificates = row.tls.issues if row.api == INGRESS_API else ()
        yield from from_issues(row.route, (*own, *row.backend.issues, *certificates))


def check_conflicts(context: Context) -> Iterator[Finding]:
    """One finding for each conflict, about the row that loses, or the later one by name where that is not known."""
    for conflict in conflicts(context.routes):
        losers = [row for row in conflict.rows if conflict.winner is None or row.route != conflict.winner.route]
        row = max(losers or conflict.rows, key=lambda r: (r.route, r.rule, r.item))
        yield from from_issues(row.route, (conflict.issue_for(row),))


def check_ingress_classes(context: Context) -> Iterator[Finding]:
    """Ingresses without a controller; and once for each class, a controller whose support ends."""
    seen: set[str] = set()
    for ingress in sorted(context.snapshot.ingresses, key=lambda i: i.ref):
        answer = class_of_ingress(context.snapshot, ingress).on(context.day)
        yield from from_issues(ingress.ref, _new(answer, seen))


def check_gateways(context: Context) -> Iterator[Finding]:
    """Gateways without a controller, and listeners without a usable certificate."""
    seen: set[str] = set()
    for gateway in sorted(context.snapshot.gateways, key=lambda g: g.ref):
        answer = class_of_gateway(context.snapshot, gateway).on(context.day)
        yield from from_issues(gateway.ref, _new(answer, seen))
        for listener in gateway.listeners:
            yield from _not_offered(answer, gateway, listener)
            yield from from_issues(gateway.ref, tls_of_listener(context.snapshot, gateway, listener).issues)


def _not_offered(answer: ClassAnswer, gateway: Gateway, listener: Listener) -> Iterator[Finding]:
    """A listener with a port or protocol that its controller is not documented to take."""
    known = on_azure(answer.controller.id) if answer.controller else None
    if known is None or known.listeners is None:
        return
    offered = known.listeners
    if listener.port in offered.ports and listener.protocol in offered.protocols:
        return
    yield finding(
        "azure-listener-not-offered",
        gateway.ref,
        listener.source,
        listener=listener.name,
        asked=f"{listener.protocol} on port {listener.port}",
        controller=answer.label,
        ports=" and ".join(map(str, offered.ports)),
        protocols=" and ".join(offered.protocols),
    )


def _new(answer: ClassAnswer, seen: set[str]) -> Iterator[Issue]:
    for found in answer.issues:
        if found.fault not in SUPPORT or answer.key not in seen:
            yield found
    seen.add(answer.key)
