"""The walk from one end to the other: which hops a packet passes, by where it starts and what it is sent to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from itertools import islice
from typing import Final

from lib.azure.security_group_match import Place
from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.services import ServiceType
from lib.model.sets import Address, AddressSet, Family, Protocol, family_of
from lib.policy.ends import parse_end
from lib.routing.reach import is_public
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView
from lib.trace.changes import with_change
from lib.trace.context import Context
from lib.trace.ends import Goal, GoalKind, Start, read_goal
from lib.trace.entering import from_outside, no_port_hop, on_the_nodes, to_front, to_frontend
from lib.trace.families import common_families, families_between
from lib.trace.front import inside_hop, ranges_hop
from lib.trace.hop import Hop, HopKind, HopVerdict, Trace
from lib.trace.inside import to_service, to_targets
from lib.trace.leaving import to_outside
from lib.trace.names import listed_hop, name_hop, service_record
from lib.trace.service import Target, port_of
from lib.trace.straight import to_node_address, to_pod_or_node
from lib.trace.web import WebRoute, addresses_of_name, behind_controller, front_address, record_hop, web_route

ALIASES_MAX: Final = 8
"""So many ExternalName Services are followed one after the other."""
NAMED_MAX: Final = 64
"""So many addresses of a name are looked up among those of the cluster."""


def trace(context: Context, start: Start, goal: Goal) -> Trace:
    """Every hop from ``start`` to ``goal``, for each IP family that the packet can be of.

    Families whose hops are the same are one way. Raises ModelError with a sentence where the question makes no sense.
    """
    label = context.engine.profile.label
    mine, theirs = families_between(context, start, goal)
    if mine and theirs and not mine & theirs:
        if start.address is not None and goal.address is not None:
            raise ModelError(f"{start.address} and {goal.address} have no IP family in common")
        return Trace(start.name, goal.name, (_apart(start, goal, mine, theirs),), label)
    families = common_families(mine, theirs)
    ways = {
        family: tuple(map(with_change, _hops(_asked(context, family), replace(start, family=family), goal)))
        for family in families or (None,)
    }
    if len(set(ways.values())) == 1:
        return Trace(start.name, goal.name, next(iter(ways.values())), label)
    first, *others = (
        Trace(start.name, goal.name, hops, label, family.label) for family, hops in ways.items() if family
    )
    return replace(first, others=tuple(others))


def _asked(context: Context, family: Family | None) -> Context:
    return context if family is None else context.of_family(family)


def _apart(start: Start, goal: Goal, mine: frozenset[Family], theirs: frozenset[Family]) -> Hop:
    """Both ends have addresses, and of no family in common."""
    ours, others = (" and ".join(sorted(family.label for family in found)) for found in (mine, theirs))
    why = f"{start.name} has addresses of {ours} and the destination of {others}: no packet goes from one to the other"
    change = "an address of the same IP family on both sides: a dual-stack Service, or dual-stack pods"
    return Hop(HopKind.ADDRESS, HopVerdict.DENIED, goal.name, why, change=change)


def _hops(context: Context, start: Start, goal: Goal, aliases: int = 0) -> Iterator[Hop]:
    match goal.kind:
        case GoalKind.URL:
            yield from _to_url(context, start, goal)
        case GoalKind.SERVICE:
            yield from _to_service(context, start, goal, aliases)
        case GoalKind.ADDRESS:
            assert goal.address is not None
            yield from _to_address(context, start, goal.address, goal.number, goal.protocol or Protocol.TCP)
        case GoalKind.END:
            assert goal.end is not None
            yield from to_pod_or_node(context, start, goal.end, goal.number, goal.protocol or Protocol.TCP)
        case GoalKind.NAME:
            yield from _to_name(context, start, goal.host, goal.number, goal.protocol or Protocol.TCP)


def _to_service(context: Context, start: Start, goal: Goal, aliases: int) -> Iterator[Hop]:
    assert goal.service is not None
    view = context.service(goal.service)
    assert view is not None
    service = view.service
    if start.in_cluster:
        yield name_hop(context, start, goal.host or f"{service.name}.{service.namespace}.svc")
        yield service_record(service, start)
    if service.type is ServiceType.EXTERNAL_NAME:
        if not start.in_cluster:
            why = "an alias of another name, which only the cluster's DNS knows"
            yield Hop(HopKind.RECORD, HopVerdict.DENIED, goal.name, why, service.source)
        elif aliases >= ALIASES_MAX:
            why = f"after {ALIASES_MAX} aliases no address was found"
            yield Hop(HopKind.RECORD, HopVerdict.DENIED, goal.name, why, service.source)
        else:
            yield from _alias(context, start, goal, service.external_name, aliases)
        return
    port = port_of(view, goal.port, goal.protocol)
    if port is None:
        yield no_port_hop(view, goal)
        return
    if start.in_cluster:
        yield from to_service(context, start, view, port, goal.number or port.port.port)
        return
    yield from from_outside(context, start, view, port)


def _alias(context: Context, start: Start, goal: Goal, name: str, aliases: int) -> Iterator[Hop]:
    suffix = f":{goal.port}" + (f"/{goal.protocol.value}" if goal.protocol else "")
    try:
        yield from _hops(context, start, read_goal(f"{name}{suffix}", context.snapshot, start), aliases + 1)
    except ModelError as error:
        yield Hop(HopKind.RECORD, HopVerdict.UNKNOWN, name, f"where it leads is not known: {error}")


def _to_address(context: Context, start: Start, address: Address, port: int, protocol: Protocol) -> Iterator[Hop]:
    found = context.owner(address, port, protocol)
    if found is not None:
        yield from _to_service_address(context, start, *found, address, port, protocol)
        return
    for node in context.snapshot.nodes:
        if str(address) in (*node.addresses_of("InternalIP"), *node.addresses_of("ExternalIP")):
            yield from to_node_address(context, start, node, address, port, protocol)
            return
    end = parse_end(str(address), context.snapshot)
    if isinstance(end, Workload | Pod | Node):
        yield from to_pod_or_node(context, start, end, port, protocol)
        return
    if start.in_cluster and (pod := context.unread_pods.get(address)) is not None:
        yield from to_targets(context, start, [Target(str(pod), (address,), port)], protocol)
        return
    yield from to_outside(context, start, address, str(address), port, protocol)


def _to_service_address(
    context: Context, start: Start, view: ServiceView, what: str, address: Address, port: int, protocol: Protocol
) -> Iterator[Hop]:
    found = port_of(view, port, protocol)
    if found is None:
        yield no_port_hop(view, Goal(GoalKind.ADDRESS, str(address), port, protocol))
    elif what == "cluster IP" and not start.in_cluster:
        why = "a cluster IP: only the cluster's nodes know it, and nothing outside leads there"
        change = "type LoadBalancer, or a route"
        yield Hop(HopKind.ADDRESS, HopVerdict.DENIED, str(address), why, view.service.source, change=change)
    elif what == "cluster IP":
        yield from to_service(context, start, view, found, port)
    elif what == "external IP" and not start.in_cluster:
        why = f"an external IP of Service {view.ref.qualified_name}: who routes it to a node is in no object"
        source = view.service.source.at("spec", "externalIPs")
        yield Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, str(address), why, source)
        yield from on_the_nodes(context, start, view, found, address)
    elif start.in_cluster:
        hop = inside_hop(context, view, address)
        yield hop
        if hop.verdict is HopVerdict.UNKNOWN:
            yield from _out_and_back(context, start, view, found, address)
            return
        if (ranges := ranges_hop(context, view.service, start, address)) is not None:
            yield ranges
        yield from to_service(context, start, view, found, port, by_cluster_ip=False)
    else:
        yield from to_frontend(context, start, view, found, address)


def _out_and_back(context: Context, start: Start, view: ServiceView, port: PortView, address: Address) -> Iterator[Hop]:
    """ipMode Proxy: the sender's policies see the load balancer's address, which then is reached as from outside."""
    yield from to_outside(context, start, address, str(address), port.port.port, port.port.protocol)
    place = Place.INTERNET if is_public(address) else Place.VIRTUAL_NETWORK
    outside = Start(f"{start.name}, come back", place=place, family=family_of(address))
    yield from to_frontend(context, outside, view, port, address)


def _to_name(context: Context, start: Start, host: str, port: int, protocol: Protocol) -> Iterator[Hop]:
    """To a name outside: its addresses are those that the table of names has, else any of the Internet."""
    if not start.in_cluster:
        raise ModelError(f"{host} is no name of this cluster, and {start.words} is outside it as well")
    yield name_hop(context, start, host)
    found = addresses_of_name(context, host)
    mine = AddressSet.from_intervals(start.family, found.of_family(start.family)) if start.family else found
    listed = listed_hop(context, host, mine)
    yield listed
    if listed.verdict is HopVerdict.DENIED:
        return
    inside = next((a for a in map(ip_address, islice(_firsts(mine), NAMED_MAX)) if _is_ours(context, a)), None)
    if inside is not None:
        yield from _to_address(context, start, inside, port, protocol)
    else:
        yield from to_outside(context, start, mine or None, host, port, protocol)


def _firsts(addresses: AddressSet) -> Iterator[str]:
    return (str(first) for first, _ in addresses.ranges())


def _is_ours(context: Context, address: Address) -> bool:
    """Whether something in the input has the address: then its hops follow."""
    if address in context.by_address:
        return True
    try:
        return isinstance(parse_end(str(address), context.snapshot), Pod | Node)
    except ModelError:
        return False


def _to_url(context: Context, start: Start, goal: Goal) -> Iterator[Hop]:
    request = goal.url
    assert request is not None
    found = web_route(context, request)
    if found.controller is None:
        yield from _unrouted(context, start, goal, found)
        return
    controller = found.controller
    if start.in_cluster and request.address is None:
        yield name_hop(context, start, request.host)
    if request.address is None:
        yield record_hop(context, request, controller, start)
    address = request.address or front_address(controller, start)
    found_at = context.owner(address, request.port, Protocol.TCP) if address is not None else None
    view, what = found_at or (controller.front, "load balancer")
    if view is not None and address is not None:
        hops = list(_to_service_address(context, start, view, what, address, request.port, Protocol.TCP))
        yield from hops
        if not any(hop.kind is HopKind.POD for hop in hops):
            return
    elif view is not None and view.service.type is ServiceType.LOAD_BALANCER:
        hops = list(to_front(context, start, view, request.port))
        yield from hops
        if not any(hop.kind is HopKind.POD for hop in hops):
            return
    elif controller.hosted:
        why = "Azure hosts the gateway: its frontend and the security group of its subnet are not in the input"
        change = "a rule in the security group of the gateway's subnet, which no object of a cluster shows"
        yield Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, controller.name, why, change=change, premise=True)
    else:
        change = "the Service of type LoadBalancer in front of the controller's pods, with its status"
        why = f"how clients reach the controller is not in the input: {controller.missing or f'add {change}'}"
        yield Hop(HopKind.ADDRESS, HopVerdict.UNKNOWN, controller.name, why, change=change)
    yield from behind_controller(context, found, controller)


def _unrouted(context: Context, start: Start, goal: Goal, found: WebRoute) -> Iterator[Hop]:
    """A URL that no route of the input has: a Service's own name or address, or somewhere else."""
    request = goal.url
    assert request is not None
    if request.address is not None:
        yield from _to_address(context, start, request.address, request.port, Protocol.TCP)
        return
    other = _named_in(context, start, f"{request.host}:{request.port}")
    labelled = _by_label(context, request.host)
    if labelled is not None:
        yield from _to_service(
            context, start, Goal(GoalKind.SERVICE, goal.name, request.port, Protocol.TCP, service=labelled), 0
        )
    elif start.in_cluster and other is not None:
        yield from _hops(context, start, other)
    else:
        why = f"{found.answer.sentence.removesuffix('.')}; where the name leads is not in the input"
        change = "load the Ingresses, Gateways and routes, or put the name into the table of names"
        yield Hop(HopKind.ROUTE, HopVerdict.UNKNOWN, str(request), why, change=change)


def _named_in(context: Context, start: Start, text: str) -> Goal | None:
    """What the sender's DNS makes of a host: a Service in its search domains, or a name outside."""
    try:
        goal = read_goal(text, context.snapshot, start)
    except ModelError:
        return None
    return goal if goal.kind in (GoalKind.SERVICE, GoalKind.NAME) else None


def _by_label(context: Context, host: str) -> ObjectRef | None:
    return next(
        (
            access.service.ref
            for access in context.provider.accesses
            for frontend in context.balancer(access.service).frontends
            if frontend.dns_name and frontend.dns_name == host
        ),
        None,
    )
