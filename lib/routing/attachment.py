"""Whether a Gateway API route attaches to the listeners of the Gateways that it names, or why not."""

from __future__ import annotations

from typing import Final

from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.routes import Gateway, GatewayRoute, Listener, ParentRef
from lib.model.snapshot import Snapshot
from lib.routing.coverage import not_checked
from lib.routing.faults import Fault, Issue, issue
from lib.routing.hostnames import intersections
from lib.routing.ingress_class import ClassAnswer, class_of_gateway

# Gateway API, Listener.protocol and AllowedRoutes.kinds: what a listener takes where it does not say.
_KINDS_OF_PROTOCOL: Final = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
# TCPRoute and UDPRoute have no hostnames, so that a listener's is not compared.
_WITHOUT_HOSTNAMES: Final = ("TCPRoute", "UDPRoute")


@dataclass(frozen=True, slots=True)
class ListenerMatch:
    """A listener that serves a route, and the hostnames under which it does ("" is every host)."""

    listener: Listener
    hostnames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attachment:
    """How one parent of a route answers it.

    ``gateway`` is None where it is not in the input or the parent is no Gateway. ``accepted`` is None where the input
    does not settle it; then ``unchecked`` says why.
    """

    parent: ParentRef
    gateway: Gateway | None
    served_by: ClassAnswer
    listeners: tuple[ListenerMatch, ...]
    issues: tuple[Issue, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool | None:
        """Whether at least one listener serves the route."""
        if self.listeners:
            return True
        return None if self.unchecked else False


NO_CLASS: Final = ClassAnswer("", "none", "", None)


def attach(snapshot: Snapshot, route: GatewayRoute, parent: ParentRef) -> Attachment:
    """Judge ``route`` at one of its parents.

    The stages are section and port, kind, namespace, hostname; the reason is the stage at which the last listener fell.
    """
    if parent.ref.kind != "Gateway":
        return Attachment(parent, None, NO_CLASS, (), (issue(Fault.MESH_PARENT, parent.source, parent=parent.ref),))
    name = parent.ref.qualified_name
    gateway = next((g for g in snapshot.gateways if g.ref == parent.ref), None)
    if gateway is None:
        if snapshot.is_complete("Gateway"):
            return Attachment(parent, None, NO_CLASS, (), (issue(Fault.GATEWAY_MISSING, parent.source, gateway=name),))
        return Attachment(parent, None, NO_CLASS, (), (), (not_checked(snapshot, f"Gateway {name}", "Gateway"),))
    served_by = class_of_gateway(snapshot, gateway)

    def refused(fault: Fault, **evidence: object) -> Attachment:
        why = issue(fault, parent.source, gateway=name, **evidence)
        return Attachment(parent, gateway, served_by, (), (why,))

    named = [
        listener
        for listener in gateway.listeners
        if parent.section in ("", listener.name) and parent.port in (None, listener.port)
    ]
    if not named:
        return refused(Fault.NO_LISTENER, wanted=_wanted(parent))
    taking = [listener for listener in named if route.ref.kind in kinds_of(listener)]
    if not taking:
        return refused(Fault.NOT_ALLOWED_KIND, listeners=_names(named), kind=route.ref.kind)
    answers = [(listener, allows_namespace(snapshot, gateway, listener, route.ref)) for listener in taking]
    allowed = [listener for listener, answer in answers if answer]
    open_ = [listener for listener, answer in answers if answer is None]
    if not allowed and open_:
        what = f"whether {_names(open_)} of Gateway {name} takes routes from namespace {route.ref.namespace} was"
        return Attachment(parent, gateway, served_by, (), (), (not_checked(snapshot, what, "Namespace"),))
    if not allowed:
        return refused(Fault.NOT_ALLOWED_NAMESPACE, listeners=_names(taking), namespace=route.ref.namespace)
    matches = tuple(ListenerMatch(listener, _hostnames(listener, route)) for listener in allowed)
    serving = tuple(m for m in matches if m.hostnames)
    if not serving:
        return refused(
            Fault.NO_MATCHING_HOSTNAME, listeners=_names(allowed), hostnames=", ".join(route.hostnames) or "(any)"
        )
    return Attachment(parent, gateway, served_by, serving)


def kinds_of(listener: Listener) -> tuple[str, ...]:
    """The route kinds that a listener takes: those it names, as far as its protocol can carry them."""
    implied = _KINDS_OF_PROTOCOL.get(listener.protocol)
    named = listener.allowed_routes.kinds
    if not named:
        return implied or ()
    return named if implied is None else tuple(k for k in named if k in implied)


def allows_namespace(snapshot: Snapshot, gateway: Gateway, listener: Listener, route: ObjectRef) -> bool | None:
    """Whether a listener takes routes from the route's namespace; None where the namespace's labels are unknown."""
    allowed = listener.allowed_routes
    match allowed.namespaces_from:
        case "All":
            return True
        case "Same":
            return route.namespace == gateway.ref.namespace
        case "Selector":
            namespace = snapshot.namespace_by_name.get(route.namespace)
            if namespace is None:
                return None
            known = namespace.labels_known or allowed.selector.keys <= namespace.labels.keys()
            return allowed.selector.matches(namespace.labels) if known else None
        case _:
            return False


def _hostnames(listener: Listener, route: GatewayRoute) -> tuple[str, ...]:
    if route.ref.kind in _WITHOUT_HOSTNAMES:
        return ("",)
    return intersections(listener.hostname, route.hostnames)


def _names(listeners: list[Listener]) -> str:
    names = ", ".join(listener.name for listener in listeners)
    return f"listener {names}" if len(listeners) == 1 else f"the listeners {names}"


def _wanted(parent: ParentRef) -> str:
    section = f"named {parent.section}" if parent.section else ""
    port = f"on port {parent.port}" if parent.port is not None else ""
    return " ".join(filter(None, (section, port))) or "at all"
