"""The endpoints of a Service: as its slices say, or as they follow from its pods."""

from __future__ import annotations

from collections.abc import Sequence

from lib.model.cluster import Pod
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.services import Endpoint, EndpointSlice, Service
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One backend of a Service, counted once however many slices name it.

    ``ready`` is None where the input has no status (a pod template). ``published`` says that it gets connections
    although it is not ready, because the Service publishes not-ready addresses.
    """

    addresses: tuple[str, ...]
    ready: bool | None
    serving: bool | None
    terminating: bool
    node_name: str
    pod: ObjectRef | None
    source: Source
    published: bool = False

    @property
    def takes_connections(self) -> bool:
        """Whether new connections are sent to it; an unknown readiness counts as ready."""
        return self.published or (self.ready is not False and not self.terminating)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All endpoints of a Service; ``origin`` is EndpointSlice, Endpoints or pods: whose word it is."""

    origin: str
    items: tuple[EndpointView, ...] = ()

    @property
    def ready(self) -> int:
        """How many are known to take new connections."""
        return sum(1 for e in self.items if e.takes_connections and (e.ready is not None or e.published))

    @property
    def not_ready(self) -> int:
        """How many are known not to take new connections."""
        return sum(1 for e in self.items if not e.takes_connections)

    @property
    def unknown(self) -> int:
        """How many have no status in the input."""
        return len(self.items) - self.ready - self.not_ready

    @property
    def usable(self) -> int:
        """How many take, or may take, new connections."""
        return len(self.items) - self.not_ready

    @property
    def draining(self) -> int:
        """How many end but still serve; they get connections only while nothing else is ready."""
        return sum(1 for e in self.items if e.terminating and e.serving)

    def __str__(self) -> str:
        if self.unknown == len(self.items):
            return f"{len(self.items)} without status" if self.items else "none"
        return f"{self.ready}/{len(self.items)}"


def endpoints_of(snapshot: Snapshot, service: Service, pods: Sequence[Pod]) -> Endpoints:
    """The endpoints of ``service``, whose selector takes ``pods``.

    Slices decide where the input has any for it; then an Endpoints object of its name; then the pods. Where all slices
    are known and none belongs to a Service with live pods, it has no endpoints. An input with live pods and not a
    single slice is one without slices, whatever is said of it: every cluster has the API server's own.
    """
    slices = snapshot.slices_by_service.get(service.ref, ())
    for origin in ("EndpointSlice", "Endpoints"):
        found = [s for s in slices if s.ref.kind == origin]
        if found:
            return Endpoints(origin, _from_slices(found, service))
    if service.selector is None:
        return Endpoints("EndpointSlice")
    live = any(not pod.from_template for pod in pods)
    if live and snapshot.endpoint_slices and snapshot.is_complete("EndpointSlice"):
        return Endpoints("EndpointSlice")
    return Endpoints("pods", tuple(_from_pod(pod, service) for pod in pods))


def _from_slices(slices: Sequence[EndpointSlice], service: Service) -> tuple[EndpointView, ...]:
    merged: dict[object, EndpointView] = {}
    for endpoint_slice in slices:
        for endpoint in endpoint_slice.endpoints:
            key = endpoint.target or endpoint.addresses
            view = _from_endpoint(endpoint, endpoint_slice, service)
            merged[key] = _join(merged[key], view) if key in merged else view
    return tuple(merged.values())


def _from_endpoint(endpoint: Endpoint, owner: EndpointSlice, service: Service) -> EndpointView:
    return EndpointView(
        addresses=endpoint.addresses,
        ready=endpoint.ready,
        serving=endpoint.serving,
        terminating=endpoint.terminating,
        node_name=endpoint.node_name,
        pod=endpoint.target if endpoint.target and endpoint.target.kind == "Pod" else None,
        source=endpoint.source or owner.source,
        published=service.publish_not_ready_addresses and endpoint.ready,
    )


def _join(a: EndpointView, b: EndpointView) -> EndpointView:
    """The same backend in two slices (two families, or a move between slices): ready in one is ready."""
    return EndpointView(
        addresses=tuple(dict.fromkeys(a.addresses + b.addresses)),
        ready=bool(a.ready or b.ready),
        serving=bool(a.serving or b.serving),
        terminating=a.terminating and b.terminating,
        node_name=a.node_name or b.node_name,
        pod=a.pod,
        source=a.source,
        published=a.published or b.published,
    )


def _from_pod(pod: Pod, service: Service) -> EndpointView:
    addressed = pod.is_endpoint
    published = service.publish_not_ready_addresses and addressed
    return EndpointView(
        addresses=tuple(map(str, pod.ips)),
        ready=pod.ready if addressed else False,
        serving=pod.ready if addressed else False,
        terminating=pod.deleting,
        node_name=pod.node_name,
        pod=pod.ref,
        source=pod.source,
        published=published,
    )


def differences(endpoints: Endpoints, pods: Sequence[Pod]) -> tuple[str, ...]:
    """Where the slices and the live pods of a Service tell different stories, a sentence part each.

    Only meaningful where all pods are in the input. A pod that is just starting or ending is no difference.
    """
    listed = {e.pod: e for e in endpoints.items if e.pod is not None}
    known = {p.ref: p for p in pods}
    stale = sorted(ref.name for ref in listed if ref not in known)
    absent = sorted(p.ref.name for p in pods if p.ready and not p.deleting and p.ref not in listed)
    wrong = sorted(
        p.ref.name
        for ref, p in known.items()
        if ref in listed and p.ready and not p.deleting and listed[ref].ready is False
    )
    parts = [
        ("listed but not selected", stale),
        ("selected and ready but not listed", absent),
        ("ready but listed as not ready", wrong),
    ]
    return tuple(f"{what}: {', '.join(names)}" for what, names in parts if names)
