"""A route's backend → Service → port → workloads, and what of it is missing."""

from __future__ import annotations

from collections.abc import Mapping

from lib.model.cluster import Workload
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.routes import Backend, ResourceBackend, ServiceBackend
from lib.model.services import ServiceType
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.routing.coverage import not_checked
from lib.routing.faults import WITHOUT_ENDPOINTS, Fault, Issue, issue
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView


@dataclass(frozen=True, slots=True)
class BackendView:
    """One backend; ``service`` and ``port`` are None where they could not be found, or are no Service's.

    ``label`` is ``namespace/service:port``, the resource's name, or "none" for a rule without backend. ``weight`` is
    the backend's part of the rule's weights, which add up to ``weight_total``; 0 takes no traffic.
    """

    label: str
    backend: Backend | None = None
    service: ServiceView | None = None
    port: PortView | None = None
    weight: int = 1
    weight_total: int = 1
    issues: tuple[Issue, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def service_ref(self) -> ObjectRef | None:
        """The Service that is named, whether it exists or not."""
        return self.backend.service if isinstance(self.backend, ServiceBackend) else None

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads that get the traffic: those with a pod on which the port resolves."""
        if self.port is None:
            return ()
        found = {t.workload.ref: t.workload for t in self.port.targets if t.port is not None}
        return tuple(found.values())

    @property
    def target_ports(self) -> tuple[int, ...]:
        """The port numbers on the pods."""
        return self.port.numbers if self.port else ()


def resolve_backend(
    snapshot: Snapshot,
    services: Mapping[ObjectRef, ServiceView],
    backend: Backend,
    where: str,
    protocol: Protocol = Protocol.TCP,
) -> BackendView:
    """Find a backend; ``where`` names the route's place in the issues' sentences.

    A Service may have one number for two protocols; ``protocol`` is the route's.
    """
    if isinstance(backend, ResourceBackend):
        kind = f"{backend.ref.kind}.{backend.api_group}" if backend.api_group else backend.ref.kind
        label = f"{kind} {backend.ref.qualified_name}"
        return BackendView(
            label, backend, weight=backend.weight, unchecked=(f"backend {label} not checked: no Service",)
        )
    wanted = backend.service.qualified_name
    label = wanted if backend.port is None else f"{wanted}:{backend.port}"
    view = services.get(backend.service)
    if view is None:
        if snapshot.is_complete("Service"):
            missing = issue(Fault.BACKEND_MISSING, backend.source, where=where, service=wanted)
            return BackendView(label, backend, weight=backend.weight, issues=(missing,))
        unchecked = (not_checked(snapshot, f"backend Service {wanted}", "Service"),)
        return BackendView(label, backend, weight=backend.weight, unchecked=unchecked)
    port = view.port(backend.port, protocol) if backend.port is not None else None
    if port is None:
        ports = ", ".join(_port_text(p) for p in view.ports) or "no ports"
        absent = backend.port if backend.port is not None else "(none given)"
        gone = issue(Fault.BACKEND_PORT_MISSING, backend.source, where=where, port=absent, service=wanted, ports=ports)
        return BackendView(label, backend, view, weight=backend.weight, issues=(gone,))
    issues = _service_issues(view, port, backend, where, wanted)
    return BackendView(label, backend, view, port, backend.weight, issues=issues, unchecked=view.unchecked)


def _port_text(view: PortView) -> str:
    return f"{view.port.port} ({view.port.name})" if view.port.name else str(view.port.port)


def _service_issues(
    view: ServiceView, port: PortView, backend: ServiceBackend, where: str, wanted: str
) -> tuple[Issue, ...]:
    if view.service.type is ServiceType.EXTERNAL_NAME:
        return (issue(Fault.BACKEND_EXTERNAL_NAME, backend.source, where=where, service=wanted),)
    reasons = [i.reason for i in view.issues if i.fault in WITHOUT_ENDPOINTS]
    if not reasons and port.targets and not port.numbers:
        reasons = [f"its target port {port.port.target_port} is declared by none of its pods"]
    return tuple(
        issue(Fault.BACKEND_WITHOUT_ENDPOINTS, backend.source, where=where, service=wanted, reason=reason)
        for reason in reasons
    )
