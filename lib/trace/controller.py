"""Who opens the connections of a route: the pods behind its address, else at their documented place, else unknown."""

from __future__ import annotations

from dataclasses import dataclass

from lib.facts.sources import describe
from lib.model.cluster import Workload
from lib.model.refs import ObjectRef, Source
from lib.model.services import ServiceType
from lib.model.sets import Protocol
from lib.policy.points import End
from lib.routing.controller_places import controller_places
from lib.routing.reach import address_or_none
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView
from lib.trace.context import Context
from lib.trace.hop import Hop, HopKind, HopVerdict


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller as far as it is known.

    ``ends`` open the connections to backends; empty where that is not known, and ``why`` says so. ``front`` is the
    Service that clients reach it by, ``addresses`` those that the Ingress or Gateway has; ``hosted`` where Azure runs
    it outside the cluster. ``missing`` says what to add to the input where who opens the connections is not known.
    """

    name: str
    ends: tuple[End, ...]
    why: str
    source: Source | None = None
    front: ServiceView | None = None
    addresses: tuple[str, ...] = ()
    hosted: bool = False
    missing: str = ""

    def hop(self) -> Hop:
        """The controller as a hop: unknown where nobody knows who opens the connections."""
        if self.ends:
            after = "the controller's own address; it opens a connection of its own"
            return Hop(HopKind.CONTROLLER, HopVerdict.ALLOWED, self.name, self.why, self.source, source_after=after)
        why = f"{self.why}: {self.missing}" if self.missing else self.why
        change = "with those in the input the connections to the backend are judged"
        return Hop(HopKind.CONTROLLER, HopVerdict.UNKNOWN, self.name, why, self.source, change=change)


def controller_of(context: Context, row: RouteView) -> Controller:
    """Who serves a route."""
    front = row.gateway or row.route
    addresses = _addresses(context, front)
    label = row.served_by.label
    for text in addresses:
        address = address_or_none(text)
        found = context.owner(address, None, Protocol.TCP) if address is not None else None
        view = found[0] if found else None
        if view is not None and view.workloads:
            why = f"{front} has the address {text} of Service {view.ref.qualified_name}, whose pods it is"
            return _running(view.workloads, label, why, view.service.source, view, addresses)
    known = row.served_by.controller
    if known is not None and known.kind == "azure":
        return _hosted(context, label, addresses)
    places = list(controller_places(context.snapshot, front, known))
    for place in places:
        if place.workloads:
            why = (
                f"{place.workloads[0].ref} has the documented place and labels of {label} ({describe((place.source,))})"
            )
            view = _in_front(context, place.workloads)
            return _running(place.workloads, label, why, place.workloads[0].source, view, addresses)
    if places:
        labels = ", ".join(f"{key}={value}" for key, value in places[0].labels)
        why = f"its pods would run in {places[0].namespace} with {labels}, and the input does not hold them"
        missing = f"add the pods of namespace {places[0].namespace} with {labels}, and the Service in front of them"
        return Controller(label, (), why, addresses=addresses, missing=missing)
    of = f"class {row.served_by.name}" if row.served_by.name else f"{front}, which names no class,"
    missing = (
        "add the controller's pods and the Service of type LoadBalancer in front of them, with the address that "
        f"{front} has in its status"
    )
    why = f"where the controller of {of} runs is not known"
    return Controller(f"the controller of {of.rstrip(',')}", (), why, addresses=addresses, missing=missing)


def _addresses(context: Context, front: ObjectRef) -> tuple[str, ...]:
    for ingress in context.snapshot.ingresses:
        if ingress.ref == front:
            return tuple(a.ip or a.hostname for a in ingress.addresses)
    return next((g.addresses for g in context.snapshot.gateways if g.ref == front), ())


def _running(
    workloads: tuple[Workload, ...],
    label: str,
    why: str,
    source: Source,
    view: ServiceView | None,
    addresses: tuple[str, ...],
) -> Controller:
    names = ", ".join(str(w.ref) for w in workloads)
    return Controller(f"{label}: {names}", tuple(workloads), why, source, view, addresses)


def _hosted(context: Context, label: str, addresses: tuple[str, ...]) -> Controller:
    subnet = context.given.gateway_subnet
    if subnet is None:
        why = "Azure hosts it in a subnet of its own, whose addresses are not in the input"
        missing = "give the addresses of the Application Gateway's subnet (--gateway-subnet)"
        return Controller(label, (), why, addresses=addresses, hosted=True, missing=missing)
    why = "it connects straight to pods, from the addresses of its subnet that you gave"
    return Controller(f"{label} in {subnet}", (subnet,), why, addresses=addresses, hosted=True)


def _in_front(context: Context, workloads: tuple[Workload, ...]) -> ServiceView | None:
    """The load balancer Service in front of the controller's pods, where the route shows no address, if it is one."""
    wanted = {w.ref for w in workloads}
    balanced = (s.ref for s in context.snapshot.services if s.type is ServiceType.LOAD_BALANCER)
    views = [view for ref in balanced if (view := context.service(ref)) is not None]
    found = [view for view in views if wanted & {w.ref for w in view.workloads}]
    return found[0] if len(found) == 1 else None
