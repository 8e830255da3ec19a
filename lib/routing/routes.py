"""All routes of both APIs in one table, and what they carry to which pods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lib.model.cluster import Pod, Workload
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Backend, ServiceBackend
from lib.model.sets import ConnectionSet, Protocol
from lib.model.snapshot import Snapshot
from lib.routing.conflicts import with_conflicts
from lib.routing.ingress_rows import ingress_rows
from lib.routing.route_view import GATEWAY_API, RouteView
from lib.routing.services import ServiceView, service_views


def route_views(
    snapshot: Snapshot, services: Sequence[ServiceView] | None = None, day: date | None = None
) -> tuple[RouteView, ...]:
    """A row for every host × path × backend, faulty ones first, then by host, path and object.

    Pass ``services`` where they are at hand. Controllers are told of as they are supported on ``day``; None: on the
    day when the sources were read.
    """
    rows = [replace(row, served_by=row.served_by.on(day)) for row in with_conflicts(_rows(snapshot, services))]
    return tuple(sorted(rows, key=lambda r: (r.state.rank, r.host, r.path, r.route, r.rule, r.item, r.backend.label)))


def named_services(snapshot: Snapshot) -> frozenset[ObjectRef]:
    """The Services that some route names as a backend, be they in the input or not."""
    found: list[Backend] = []
    for ingress in snapshot.ingresses:
        found += [path.backend for rule in ingress.rules for path in rule.paths]
        found += [ingress.default_backend] if ingress.default_backend is not None else []
    found += [backend for route in snapshot.gateway_routes for rule in route.rules for backend in rule.backends]
    return frozenset(backend.service for backend in found if isinstance(backend, ServiceBackend))


def _rows(snapshot: Snapshot, services: Sequence[ServiceView] | None) -> list[RouteView]:
    # Routes look at the Services that they name, and at no others.
    views = service_views(snapshot, named_services(snapshot)) if services is None else services
    by_ref = {view.ref: view for view in views}
    rows = [row for ingress in snapshot.ingresses for row in ingress_rows(snapshot, by_ref, ingress)]
    if snapshot.gateway_routes:
        from lib.routing.gateway_rows import gateway_rows

        rows += [row for route in snapshot.gateway_routes for row in gateway_rows(snapshot, by_ref, route)]
    return rows


@dataclass(frozen=True, slots=True)
class RoutedBackend:
    """What one route carries to one workload: the pods, and the port on them."""

    route: ObjectRef
    service: ObjectRef
    workload: Workload
    pods: tuple[Pod, ...]
    port: int
    protocol: Protocol
    source: Source

    @property
    def connections(self) -> ConnectionSet:
        """The port as a set of connections."""
        return ConnectionSet.of(self.protocol, self.port)


def ingress_backends(snapshot: Snapshot, services: Sequence[ServiceView] | None = None) -> tuple[RoutedBackend, ...]:
    """Every workload that an Ingress or a Gateway API route leads to, once for each route, Service and port.

    A Gateway API route that no Gateway accepts carries nothing; one whose Gateway is not in the input counts, and so
    does an Ingress whatever its class, since which controllers run is not for the objects to say.
    """
    found: dict[tuple[object, ...], RoutedBackend] = {}
    for row in _rows(snapshot, services):
        backend, service = row.backend, row.backend.service_ref
        refused = row.api == GATEWAY_API and row.accepted is False
        if refused or backend.port is None or service is None or not backend.weight:
            continue
        for target in backend.port.targets:
            if target.port is not None:
                protocol = backend.port.port.protocol
                source = backend.backend.source if backend.backend else row.source
                routed = RoutedBackend(row.route, service, target.workload, target.pods, target.port, protocol, source)
                key = (row.route, service, target.workload.ref, target.container, target.port, protocol)
                found.setdefault(key, routed)
    return tuple(found.values())
