"""A URL's way: name, record, the controller's front, the controller, the route that wins, its backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lib.azure.security_group_match import Place
from lib.model.cluster import Node, Pod, Workload
from lib.model.domain_names import NamePattern
from lib.model.policies import Direction
from lib.model.problem import Severity
from lib.model.services import ServiceType
from lib.model.sets import Address, AddressSet, Protocol
from lib.policy.points import End, points_of
from lib.routing.faults import WITHOUT_BACKEND
from lib.routing.hostnames import ingress_host_matches
from lib.routing.reach import address_or_none, is_public
from lib.routing.route_view import RouteView
from lib.routing.services import ServiceView
from lib.routing.url import UrlRequest
from lib.routing.url_test import Certainty, UrlAnswer, test_url
from lib.trace.context import Context
from lib.trace.controller import Controller, controller_of
from lib.trace.ends import Start
from lib.trace.frontends import receivers_of
from lib.trace.hop import Decider, Hop, HopKind, HopVerdict, Way, together
from lib.trace.inside import arrived, end_hop
from lib.trace.policies import Flow, ask, policy_hops
from lib.trace.service import Target, targets_of


@dataclass(frozen=True, slots=True)
class WebRoute:
    """What is known of a URL: the answer of the routes, and the controller that serves its host; None for nobody."""

    answer: UrlAnswer
    controller: Controller | None

    @property
    def rows(self) -> tuple[RouteView, ...]:
        """The rows that share the request."""
        return self.answer.winners


def web_route(context: Context, request: UrlRequest) -> WebRoute:
    """Which route takes the request, and who serves its host."""
    answer = test_url(context.snapshot, str(request), routes=context.routes)
    row = answer.winner
    if row is None:
        hosts = (c.row for c in answer.candidates if c.row.host and ingress_host_matches(c.row.host, request.host))
        row = next(hosts, None)
    return WebRoute(answer, controller_of(context, row) if row is not None else None)


def record_hop(context: Context, request: UrlRequest, controller: Controller, start: Start) -> Hop:
    """Where the host leads: as a table of names says, else taken to be the controller's address."""
    held = [a for a in front_addresses(controller) if start.speaks(a)]
    texts = map(str, held) if held else controller.addresses
    wanted = ", ".join(texts) or "the controller's address"
    entry = context.snapshot.domain_names.entries.get(request.host)
    source = controller.source
    if entry is None:
        why = f"{request.host} leads to {wanted} (no DNS record is in the input)"
        return Hop(
            HopKind.RECORD, HopVerdict.UNKNOWN, request.host, why, source, premise=True, destination_after=wanted
        )
    found = ", ".join(map(str, entry.networks)) or "no address"
    decider = Decider(entry.place, "says", "", found)
    if not held or any(any(a in net for net in entry.networks) for a in held):
        why = f"the table of names says that it leads to {found}"
        return Hop(HopKind.RECORD, HopVerdict.ALLOWED, request.host, why, source, (decider,), destination_after=found)
    why = f"the table of names says that it leads to {found}, and the routes are served at {wanted}"
    change = f"a record for {request.host} with {wanted}"
    return Hop(HopKind.RECORD, HopVerdict.DENIED, request.host, why, source, (decider,), change=change)


def front_addresses(controller: Controller) -> tuple[Address, ...]:
    """The addresses that clients reach the controller by, those of the route first; none where no object has them."""
    texts = list(controller.addresses)
    if controller.front is not None and controller.front.service.type is ServiceType.LOAD_BALANCER:
        texts += [str(each) for each in receivers_of(controller.front.service)]
    return tuple(dict.fromkeys(a for a in map(address_or_none, texts) if a is not None))


def front_address(controller: Controller, start: Start) -> Address | None:
    """The one that the sender can reach: of its family, and public for somebody on the Internet where one is."""
    found = [a for a in front_addresses(controller) if start.speaks(a)]
    if start.place is Place.INTERNET:
        found.sort(key=lambda address: not is_public(address))
    return found[0] if found else None


def behind_controller(context: Context, found: WebRoute, controller: Controller) -> Iterator[Hop]:
    """The controller, its route and what follows."""
    yield controller.hop()
    yield route_hop(found)
    if not found.rows:
        return
    shared = [backend_hop(context, row) for row in found.rows]
    yield _shared([hop for hop, _ in shared])
    targets = [target for _, mine in shared for target in mine]
    if targets and controller.ends:
        yield from _connections(context, controller.ends, targets, found.rows)
    elif targets:
        yield from _from_nobody_known(context, controller, targets)


def route_hop(found: WebRoute) -> Hop:
    """Which route wins; what is wrong with it without keeping the request from its backend is told as notes."""
    answer = found.answer
    row = answer.winner
    if row is None:
        unknown = answer.certainty is Certainty.UNKNOWN
        verdict = HopVerdict.UNKNOWN if unknown else HopVerdict.DENIED
        change = "" if unknown else "a rule for this host and path; without one the controller answers 404"
        return Hop(HopKind.ROUTE, verdict, answer.text, answer.sentence.removesuffix("."), change=change)
    beside = [i for i in row.issues if i.fault not in WITHOUT_BACKEND and i.fault.severity is not Severity.INFO]
    deciders = (
        Decider(str(row.route), "wins", row.where, answer.sentence, row.source),
        *(Decider(str(row.route), "is at fault", "", i.reason, i.source) for i in beside),
    )
    notes = (*answer.notes, *(i.reason for i in beside), *row.unchecked)
    name = f"{row.route.kind} {row.route.qualified_name}"
    why = answer.sentence.removesuffix(".")
    return Hop(HopKind.ROUTE, HopVerdict.ALLOWED, name, why, row.source, deciders, notes=tuple(dict.fromkeys(notes)))


def _shared(hops: Sequence[Hop]) -> Hop:
    """One hop of the backends among which weights divide the requests."""
    if len(hops) == 1:
        return hops[0]
    return Hop(
        HopKind.BACKEND,
        together(hop.verdict for hop in hops),
        ", ".join(hop.subject for hop in hops),
        "; ".join(f"{hop.subject}: {hop.reason}" for hop in hops),
        hops[0].source,
        tuple(decider for hop in hops for decider in hop.deciders),
        tuple(Way(hop.subject, hop.verdict, hop.reason) for hop in hops),
        next((hop.change for hop in hops if hop.change), ""),
    )


def backend_hop(context: Context, row: RouteView) -> tuple[Hop, tuple[Target, ...]]:
    """The Service that the route names, and the pods that the controller connects to."""
    backend = row.backend
    source = backend.backend.source if backend.backend is not None else row.source
    name = f"Service {backend.label}"
    bites = [i for i in backend.issues if i.fault in WITHOUT_BACKEND]
    deciders = tuple(Decider(str(row.route), "is at fault", "", i.reason, i.source) for i in backend.issues)
    if bites:
        why = "; ".join(i.reason for i in bites)
        change = "a Service with this name and port, and ready pods behind it; until then the controller answers 503"
        return Hop(HopKind.BACKEND, HopVerdict.DENIED, name, why, source, deciders, change=change), ()
    view: ServiceView | None = backend.service
    if view is None or backend.port is None:
        why = "; ".join(backend.unchecked) or "what it leads to is not in the input"
        return Hop(HopKind.BACKEND, HopVerdict.UNKNOWN, name, why, source, deciders), ()
    if view.service.type is ServiceType.EXTERNAL_NAME:
        why = f"an alias of {view.service.external_name}, which not every controller forwards to"
        return Hop(HopKind.BACKEND, HopVerdict.UNKNOWN, name, why, source, deciders), ()
    targets = targets_of(context, view, backend.port)
    if not targets:
        verdict = HopVerdict.UNKNOWN if view.unchecked else HopVerdict.DENIED
        why = "; ".join(view.unchecked) or "no endpoint takes new connections"
        return Hop(HopKind.BACKEND, verdict, name, why, source, deciders), ()
    listed = ", ".join(f"{t.name} port {t.port}" for t in targets[:4])
    share = row.weight_share
    part = f" for {share:.0%} of the requests" if share is not None and share < 1 else ""
    why = f"the controller connects to its endpoints itself{part}: {listed}"
    return (
        Hop(HopKind.BACKEND, HopVerdict.ALLOWED, name, why, view.service.source, deciders, destination_after=listed),
        targets,
    )


def _connections(
    context: Context, ends: Sequence[End], targets: Sequence[Target], rows: Sequence[RouteView]
) -> Iterator[Hop]:
    port = rows[0].backend.port
    protocol = port.port.protocol if port is not None else Protocol.TCP
    several = len(targets) > 1 or len(ends) > 1 or any(len(t.ends) > 1 for t in targets)
    flows = [
        Flow(src, dst, protocol, t.port, t.name if several else "") for src in ends for t in targets for dst in t.ends
    ]
    asked = ask(context, flows)
    leaving, entering = policy_hops(asked)
    if any(isinstance(end, Workload | Pod | Node) for end in ends):
        yield leaving
    yield entering
    yield arrived(asked, targets)


def _from_nobody_known(context: Context, controller: Controller, targets: Sequence[Target]) -> Iterator[Hop]:
    """Who connects is not known: that matters only where some policy selects the pods for what they let in."""
    held = context.engine.governed(Direction.INGRESS)
    ends = [(target, point) for target in targets for end in target.ends for point in points_of(context.engine, end)]
    closed = list(dict.fromkeys(target.name for target, point in ends if held >> point.number & 1))
    name = targets[0].name if len(targets) == 1 else f"{targets[0].name} and {len(targets) - 1} more"
    verdict = HopVerdict.UNKNOWN if closed else HopVerdict.ALLOWED
    why = "no policy selects it for ingress, so that it does not matter who connects"
    change = f"a policy that selects {name} for ingress and does not let the controller in would stop it"
    if closed:
        listed = ", ".join(closed[:3])
        why = f"policies select {listed} for ingress, and whether they let {controller.name} in hangs on where it runs"
        change = controller.missing
    yield Hop(HopKind.INGRESS, verdict, name, why, targets[0].source, change=change)
    yield end_hop(targets, verdict)


def addresses_of_name(context: Context, host: str) -> AddressSet:
    """The addresses that the table of names has for a host."""
    return context.snapshot.domain_names.resolve(NamePattern.exactly(host)).addresses
