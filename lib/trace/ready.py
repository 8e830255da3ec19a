"""Traces that an input invites to: at most one of each sort, found without tracing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lib.facts.egress_needs import NeedKind, egress_needs
from lib.model.cluster import Workload
from lib.model.services import ServiceType
from lib.policy.engine import Engine
from lib.routing.entry_points import EntryKind, EntryPoint
from lib.routing.reach import Scope
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView
from lib.trace.questions import can_be_asked, url_of
from lib.trace.questions.ends import suffix

PAIRS_MAX: Final = 2_000
"""So many pairs of a workload and a Service's pods are looked at for one that may not talk."""
_TRIED: Final = 20
_INTERNET: Final = "internet"
_SYSTEM: Final = "kube-system"
_HTTPS: Final = 443
# What stands for more than one name, or for a part that a reader has to fill in.
_UNSURE: Final = frozenset("*<|")


@dataclass(frozen=True, slots=True)
class ReadyTrace:
    """A question that can be asked as it stands: ``src`` and ``dst`` as a person writes them, ``asks`` in words."""

    asks: str
    src: str
    dst: str


def ready_traces(
    engine: Engine, services: Sequence[ServiceView], routes: Iterable[RouteView], doors: Sequence[EntryPoint]
) -> tuple[ReadyTrace, ...]:
    """From outside to a URL and to a load balancer, from a workload to a Service that is closed to it, and out."""
    sorts = (_to_routes(routes, doors), _to_load_balancers(doors), _refused(engine, services), _out(engine))
    known = engine.snapshot
    firsts = (
        next((each for each in islice(sort, _TRIED) if can_be_asked((each.src, each.dst), known)), None)
        for sort in sorts
    )
    return tuple(each for each in firsts if each is not None)


def _to_routes(routes: Iterable[RouteView], doors: Iterable[EntryPoint]) -> Iterator[ReadyTrace]:
    """Those first with nothing wrong, and of these the ones that the Internet is known to reach."""
    scopes = {door.subject: door.reach.scope for door in doors if door.kind in (EntryKind.INGRESS, EntryKind.GATEWAY)}
    ranks = {Scope.INTERNET: 0, Scope.UNKNOWN: 1}
    open_ones: list[tuple[bool, bool, int, int, RouteView]] = []
    for view in routes:
        scope = scopes.get(view.gateway or view.route, Scope.UNKNOWN)
        if view.host and not view.host.startswith("*") and view.accepted is not False and scope in ranks:
            open_ones.append((view.without_backend, bool(view.reason), ranks[scope], len(open_ones), view))
    for *_, view in sorted(open_ones):
        yield ReadyTrace("From the Internet to a route", _INTERNET, url_of(view))


def _to_load_balancers(doors: Iterable[EntryPoint]) -> Iterator[ReadyTrace]:
    for door in doors:
        if door.kind is EntryKind.LOAD_BALANCER and door.reach.scope is Scope.INTERNET and door.addresses:
            goal = f"svc/{door.subject.qualified_name}:{door.port}{suffix(door.protocol)}"
            yield ReadyTrace("From the Internet to a public load balancer", _INTERNET, goal)


def _refused(engine: Engine, services: Iterable[ServiceView]) -> Iterator[ReadyTrace]:
    """A workload that no pod of a Service may be reached by, of all ports' pods."""
    snapshot, spaces, reachability = engine.snapshot, engine.spaces, engine.reachability()
    members = zip(snapshot.workloads, spaces.endpoints.members, strict=True)
    classes = {w.ref: tuple(numbers) for w, numbers in members if w.endpoints and not w.host_network}
    senders = [w for w in snapshot.workloads if w.ref in classes and w.namespace != _SYSTEM]

    def pairs() -> Iterator[tuple[Workload, ServiceView]]:
        for view in services:
            inside = view.service.type is not ServiceType.EXTERNAL_NAME and view.ref.namespace != _SYSTEM
            for sender in senders if inside and view.ports and not view.service.headless else ():
                yield sender, view

    for sender, view in islice(pairs(), PAIRS_MAX):
        port = view.ports[0]
        own = {target.workload.ref for target in port.targets}
        closed = [
            not reachability.between(source, number)[1] & spaces.port_mask(port.port.protocol, target.port)
            for target in port.targets
            if target.port is not None
            for number in classes.get(target.workload.ref, ())
            for source in classes[sender.ref]
        ]
        if closed and all(closed) and sender.ref not in own:
            goal = f"svc/{view.ref.qualified_name}:{port.port.port}{suffix(port.port.protocol.value)}"
            yield ReadyTrace("From a workload to a Service that it may not reach", str(sender.ref), goal)


def _out(engine: Engine) -> Iterator[ReadyTrace]:
    """To a name of the table, else to the first that AKS's documentation asks for."""
    snapshot = engine.snapshot
    needed = (need.destination for need in egress_needs() if need.kind is NeedKind.FQDN and need.port == _HTTPS)
    exact = (name for name in (*snapshot.domain_names.entries, *needed) if not _UNSURE & set(name))
    name = next(exact, "")
    sender = next((w for w in snapshot.workloads if w.endpoints and w.namespace != _SYSTEM), None)
    if sender is not None and name:
        yield ReadyTrace("From a workload to a name outside", str(sender.ref), f"{name}:{_HTTPS}")
