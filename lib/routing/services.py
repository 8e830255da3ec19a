"""Each Service with its pods, ports, endpoints and reach, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Container, Mapping

from lib.model.cluster import Pod, Workload
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.services import Service, ServicePort, ServiceType
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.routing.endpoints import Endpoints, endpoints_of
from lib.routing.faults import WITHOUT_ENDPOINTS, Issue, State, notes_of, reason_of, worst
from lib.routing.reach import Reach, allowed_sources, reach_of_service
from lib.routing.selection import PodIndex
from lib.routing.service_faults import judge
from lib.routing.target_ports import PortView, port_views


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A Service and everything that follows from the snapshot.

    ``pods`` are those that the selector takes, ended ones excluded (none for a Service without selector and for
    ExternalName); ``workloads`` are theirs. ``rules`` names what makes the Service special, in words.
    ``unchecked`` says what the input does not settle.
    """

    service: Service
    rules: tuple[str, ...]
    workloads: tuple[Workload, ...]
    pods: tuple[Pod, ...]
    ports: tuple[PortView, ...]
    endpoints: Endpoints
    reach: Reach
    sources: tuple[str, ...]
    issues: tuple[Issue, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        """The Service's reference."""
        return self.service.ref

    @property
    def state(self) -> State:
        """How it stands, from its issues."""
        return worst(self.issues, self.unchecked)

    @property
    def reason(self) -> str:
        """Why, in words, worst first; "" where it is ok."""
        return reason_of(self.issues, self.unchecked)

    @property
    def notes(self) -> str:
        """What is worth knowing though nothing is wrong; "" for nothing."""
        return notes_of(self.issues)

    @property
    def without_endpoints(self) -> bool:
        """Whether it is known that nobody takes its connections; False for an alias, and where it was not checked."""
        return any(i.fault in WITHOUT_ENDPOINTS for i in self.issues)

    @property
    def external_addresses(self) -> tuple[str, ...]:
        """The load balancer's addresses or host names and the external IPs."""
        balancer = (i.ip or i.hostname for i in self.service.load_balancer_ingress)
        return tuple(dict.fromkeys([*balancer, *map(str, self.service.external_ips)]))

    def port(self, wanted: int | str, protocol: Protocol | None = None) -> PortView | None:
        """The port with this number or name, as an Ingress or a route refers to it; None if there is none."""
        for view in self.ports:
            if protocol in (None, view.port.protocol) and wanted in (view.port.port, view.port.name):
                return view
        return None


def service_views(snapshot: Snapshot, only: Container[ObjectRef] | None = None) -> tuple[ServiceView, ...]:
    """A view of every Service, or of those in ``only``, faulty ones first, then by namespace and name."""
    services = [service for service in snapshot.services if only is None or service.ref in only]
    if not services:
        return ()
    index = PodIndex(snapshot)
    by_pod = snapshot.workload_by_pod
    views = (service_view(snapshot, service, index, by_pod) for service in services)
    return tuple(sorted(views, key=lambda v: (v.state.rank, v.ref)))


def service_view(
    snapshot: Snapshot, service: Service, index: PodIndex, by_pod: Mapping[ObjectRef, Workload]
) -> ServiceView:
    """The view of one Service, which need not be as the snapshot has it."""
    selects = service.selector is not None and service.type is not ServiceType.EXTERNAL_NAME
    pods = index.select(service.namespace, service.selector) if selects and service.selector is not None else ()
    external_name = service.type is ServiceType.EXTERNAL_NAME
    endpoints = Endpoints("none") if external_name else endpoints_of(snapshot, service, pods)
    ports = port_views(service.ports, pods, by_pod)
    issues, unchecked = judge(snapshot, service, pods, ports, endpoints)
    return ServiceView(
        service=service,
        rules=_rules(service),
        workloads=tuple({by_pod[p.ref].ref: by_pod[p.ref] for p in pods}.values()),
        pods=pods,
        ports=ports,
        endpoints=endpoints,
        reach=reach_of_service(service),
        sources=allowed_sources(service) if service.type is ServiceType.LOAD_BALANCER else (),
        issues=issues,
        unchecked=unchecked,
    )


def _rules(service: Service) -> tuple[str, ...]:
    if service.type is ServiceType.EXTERNAL_NAME:
        return (f"DNS alias of {service.external_name}: no address, no ports, no endpoints",)
    rules = []
    if service.headless:
        rules.append("headless: DNS answers with the pods' own addresses and ports")
    if service.selector is None:
        rules.append("without selector: its endpoints are written by somebody else")
    if service.publish_not_ready_addresses:
        rules.append("publishes addresses that are not ready")
    if service.selector is not None and service.selector.is_everything:
        rules.append("empty selector: takes every pod of the namespace")
    return tuple(rules)


def target_ports(view: ServiceView, port: ServicePort) -> tuple[int, ...]:
    """The numbers that one of the Service's ports has on its pods."""
    return next((p.numbers for p in view.ports if p.port == port), ())
