"""Services, faulty ones first; their ports and their backends."""

from __future__ import annotations

from collections.abc import Iterable

from lib.model.services import ServicePort, SessionAffinity
from lib.routing.services import ServiceView
from lib.tables.row import Locate, Row, listed


def service_rows(views: Iterable[ServiceView], locate: Locate) -> list[Row]:
    """One row a Service, in the order of ``views``."""
    return [_service(view, locate) for view in views]


def _service(view: ServiceView, locate: Locate) -> Row:
    service = view.service
    affinity = service.session_affinity
    return {
        "state": view.state.value,
        "namespace": service.namespace,
        "service": service.name,
        "type": "headless" if service.headless else service.type.value,
        "endpoints": str(view.endpoints),
        "reason": view.reason,
        "cluster_ips": listed(service.cluster_ips),
        "external": listed(view.external_addresses) or service.external_name,
        "reached_by": str(view.reach),
        "allowed_sources": listed(view.sources),
        "ports": listed(p.text for p in view.ports),
        "workloads": listed(w.ref.qualified_name for w in view.workloads),
        "external_traffic_policy": service.external_traffic_policy.value if view.external_addresses else "",
        "internal_traffic_policy": service.internal_traffic_policy.value,
        "session_affinity": (
            f"{affinity.value}, {service.session_affinity_timeout_s} s"
            if affinity is SessionAffinity.CLIENT_IP
            else affinity.value
        ),
        "rules": listed(view.rules),
        "source": locate(service.source),
    }


def port_order(view: ServiceView) -> list[ServicePort]:
    """The port that each row of ``port_rows`` is about."""
    return [port.port for port in view.ports for _ in port.targets or (None,)]


def port_rows(view: ServiceView, locate: Locate) -> list[Row]:
    """Each port of a Service and where it leads, a row for each workload behind it."""
    rows: list[Row] = []
    for port in view.ports:
        base: Row = {
            "port": port.port.port,
            "name": port.port.name,
            "protocol": port.port.protocol.value,
            "target_port": str(port.port.target_port),
            "node_port": port.port.node_port or None,
        }
        place = locate(port.port.source)
        for target in port.targets:
            found = str(target.port) if target.port is not None else "not declared"
            rows.append(
                base
                | {
                    "workload": target.workload.ref.qualified_name,
                    "container": target.container,
                    "container_port": found,
                    "source": place,
                }
            )
        if not port.targets:
            rows.append(base | {"workload": "", "container": "", "container_port": "", "source": place})
    return rows


def backend_rows(view: ServiceView, locate: Locate) -> list[Row]:
    """The endpoints of a Service; ``ready`` is yes, no or unknown."""
    return [
        {
            "address": listed(e.addresses),
            "ready": "unknown" if e.ready is None else "yes" if e.ready else "no",
            "takes_connections": "yes" if e.takes_connections else "no",
            "terminating": "yes" if e.terminating else "no",
            "pod": e.pod.qualified_name if e.pod else "",
            "node": e.node_name,
            "source": locate(e.source),
        }
        for e in view.endpoints.items
    ]
