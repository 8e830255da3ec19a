"""The rows of a Gateway API route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lib.model.records import replace
from lib.model.refs import ObjectRef
from lib.model.routes import Backend, Gateway, GatewayRoute, GatewayRouteRule, ResourceBackend, RouteMatch
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.routing.attachment import NO_CLASS, Attachment, attach
from lib.routing.backends import BackendView, resolve_backend
from lib.routing.coverage import not_checked
from lib.routing.faults import Fault, issue
from lib.routing.references import is_granted
from lib.routing.route_view import GATEWAY_API, RouteView
from lib.routing.services import ServiceView
from lib.routing.tls import NO_TLS, TlsView, tls_of_listener

# Filters that answer a request themselves, so that a rule needs no backend.
_ANSWERING = ("RequestRedirect",)


def gateway_rows(
    snapshot: Snapshot, services: Mapping[ObjectRef, ServiceView], route: GatewayRoute
) -> Iterator[RouteView]:
    """A row for every parent, hostname, match and backend; a refused route has rows that say why."""
    attachments = [attach(snapshot, route, parent) for parent in route.parents]
    if not attachments:
        rows = _rows(snapshot, services, route, None)
        yield from (replace(row, own_issues=(issue(Fault.NO_PARENT, route.source),)) for row in rows)
    for attachment in attachments:
        yield from _rows(snapshot, services, route, attachment)


def _hosts(route: GatewayRoute, attachment: Attachment | None) -> dict[str, tuple[str, ...]]:
    """The hostnames that count, each with the listeners that serve it."""
    if attachment is None or not attachment.listeners:
        return {host.lower(): () for host in route.hostnames or ("",)}
    hosts: dict[str, tuple[str, ...]] = {}
    for match in attachment.listeners:
        for host in match.hostnames:
            hosts[host] = (*hosts.get(host, ()), match.listener.name)
    return hosts


def _rows(
    snapshot: Snapshot,
    services: Mapping[ObjectRef, ServiceView],
    route: GatewayRoute,
    attachment: Attachment | None,
) -> Iterator[RouteView]:
    gateway = attachment.gateway if attachment else None
    for host, listeners in _hosts(route, attachment).items():
        tls = _tls(snapshot, gateway, listeners)
        for number, rule in enumerate(route.rules):
            matches: Sequence[RouteMatch | None] = rule.matches or (None,)
            for item, match in enumerate(matches):
                path = match.path if match else ""
                for backend in _backends(snapshot, services, route, rule, f"{host or '*'}{path}"):
                    yield RouteView(
                        route=route.ref,
                        api=GATEWAY_API,
                        source=(match.source if match and match.source else rule.source),
                        host=host,
                        path=path,
                        path_type=match.path_type if match else "",
                        served_by=attachment.served_by if attachment else NO_CLASS,
                        backend=backend,
                        gateway=attachment.parent.ref if attachment else None,
                        listeners=listeners,
                        tls=tls,
                        match=match,
                        filters=rule.filters,
                        accepted=attachment.accepted if attachment else False,
                        own_issues=attachment.issues if attachment else (),
                        own_unchecked=attachment.unchecked if attachment else (),
                        rule=number,
                        item=item,
                        created=route.created,
                    )


def _tls(snapshot: Snapshot, gateway: Gateway | None, listeners: Sequence[str]) -> TlsView:
    if gateway is None:
        return NO_TLS
    views = [tls_of_listener(snapshot, gateway, found) for found in gateway.listeners if found.name in listeners]
    secure = [view for view in views if view.mode != "none"]
    if not secure:
        return NO_TLS
    return TlsView(
        secure[0].mode,
        tuple(dict.fromkeys(s for view in secure for s in view.secrets)),
        tuple(i for view in secure for i in view.issues),
        tuple(u for view in secure for u in view.unchecked),
    )


def _backends(
    snapshot: Snapshot,
    services: Mapping[ObjectRef, ServiceView],
    route: GatewayRoute,
    rule: GatewayRouteRule,
    where: str,
) -> Iterator[BackendView]:
    total = sum(backend.weight for backend in rule.backends)
    protocol = Protocol.UDP if route.ref.kind == "UDPRoute" else Protocol.TCP
    idle = (issue(Fault.WEIGHTS_ZERO, rule.source, where=where),) if rule.backends and not total else ()
    for backend in rule.backends:
        view = _granted(snapshot, route, backend, resolve_backend(snapshot, services, backend, where, protocol), where)
        yield replace(view, weight_total=total, issues=(*view.issues, *idle))
    if not rule.backends:
        answered = any(f in _ANSWERING for f in rule.filters)
        empty = () if answered else (issue(Fault.NO_BACKEND, rule.source, where=where),)
        yield BackendView("none", issues=empty)


def _granted(snapshot: Snapshot, route: GatewayRoute, backend: Backend, view: BackendView, where: str) -> BackendView:
    """A backend of another namespace needs a grant there; without one it counts as not found."""
    target = backend.ref if isinstance(backend, ResourceBackend) else backend.service
    group = backend.api_group if isinstance(backend, ResourceBackend) else ""
    granted = is_granted(snapshot, route.ref, target, group)
    if granted is None:
        unchecked = not_checked(snapshot, f"the grant for {target.kind} {target.qualified_name}", "ReferenceGrant")
        return replace(view, unchecked=(*view.unchecked, unchecked))
    if granted:
        return view
    named = f"{target.kind} {target.qualified_name}"
    refused = issue(Fault.REFERENCE_NOT_GRANTED, backend.source, where=where, target=named)
    return BackendView(view.label, backend, weight=view.weight, issues=(refused,))
