"""From outside the cluster: by a load balancer or a node port to the pods behind it."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.security_group_match import Place
from lib.azure.unassigned import Receiver, family_at, public_at
from lib.model.cluster import Node
from lib.model.services import ServiceType
from lib.model.sets import Protocol
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView
from lib.trace.arrival import Client, arrival_hop
from lib.trace.context import Context
from lib.trace.ends import Goal, GoalKind, Start
from lib.trace.front import front_hops, inside_hop, ranges_hop, sender_on_the_way
from lib.trace.frontends import receiver_for
from lib.trace.hop import Hop, HopKind, HopVerdict
from lib.trace.inside import end_hop, to_service
from lib.trace.outside import return_hop
from lib.trace.service import port_of, service_hop


def no_port_hop(view: ServiceView, goal: Goal) -> Hop:
    ports = ", ".join(f"{p.port.port}/{p.port.protocol.value}" for p in view.ports) or "none"
    asked = f"{goal.port}/{goal.protocol.value}" if goal.protocol else str(goal.port)
    why = f"it has no port {asked}; its ports are {ports}"
    name = f"Service {view.ref.qualified_name}"
    change = "one of its ports, or this port in its spec.ports"
    return Hop(HopKind.SERVICE, HopVerdict.DENIED, name, why, view.service.source.at("spec", "ports"), change=change)


def from_outside(context: Context, start: Start, view: ServiceView, port: PortView) -> Iterator[Hop]:
    """To a Service by its own frontend; Services without one are not to be reached from outside."""
    service = view.service
    name = f"Service {view.ref.qualified_name}"
    if service.type is not ServiceType.LOAD_BALANCER:
        why = f"its type is {service.type.value}: outside the cluster nobody knows its address"
        change = "type LoadBalancer, a route, or a node port by a node's address"
        yield Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, why, service.source.at("spec", "type"), change=change)
        return
    receiver = receiver_for(service, start)
    if receiver is None:
        why = "the address of its load balancer is not in the input"
        yield Hop(
            HopKind.ADDRESS, HopVerdict.UNKNOWN, name, why, service.source, change="load the Service with its status"
        )
        return
    yield from to_frontend(context, start, view, port, receiver)


def to_frontend(context: Context, start: Start, view: ServiceView, port: PortView, address: Receiver) -> Iterator[Hop]:
    """From outside through a load balancer to the pods."""
    asked = port.port
    front = front_hops(context, view, address, asked, start)
    yield from front
    if len(front) == 1:
        return
    yield from on_the_nodes(context, start, view, port, address)
    back = return_hop(context, str(address)) if public_at(address) else None
    if back is not None:
        yield back


def to_front(context: Context, start: Start, view: ServiceView, port: int) -> Iterator[Hop]:
    """To the Service in front of a controller, whose address is not in the input."""
    found = port_of(view, port, Protocol.TCP)
    receiver = receiver_for(view.service, start)
    if found is None:
        yield no_port_hop(view, Goal(GoalKind.SERVICE, view.ref.qualified_name, port, Protocol.TCP))
    elif start.in_cluster and receiver is not None:
        yield inside_hop(context, view, receiver)
        if (ranges := ranges_hop(context, view.service, start, receiver)) is not None:
            yield ranges
        yield from to_service(context, start, view, found, port, by_cluster_ip=False)
    else:
        yield from from_outside(context, start, view, found)


def on_the_nodes(
    context: Context,
    start: Start,
    view: ServiceView,
    port: PortView,
    address: Receiver,
    node: Node | None = None,
) -> Iterator[Hop]:
    """What came from outside to a node: the source ranges, the choice of an endpoint, policies, the pod."""
    ranges = ranges_hop(context, view.service, start, address) if node is None else None
    if ranges is not None:
        yield ranges
    hop, targets = service_hop(context, view, port, start, outside=True)
    yield hop
    if node is not None and targets and view.service.external_traffic_policy.value == "Local":
        targets = tuple(t for t in targets if not t.pods or node.name in {p.node_name for p in t.pods})
        if not targets:
            why = f"externalTrafficPolicy is Local, and node {node.name} has no endpoint: it drops the packet"
            yield Hop(HopKind.SERVICE, HopVerdict.DENIED, hop.subject, why, hop.source, change="another node's address")
    if targets:
        client = client_of(context, start, address, node)
        entered = arrival_hop(context, view.service, targets, port.port.protocol, client)
        yield entered
        yield end_hop(targets, entered.verdict)


def client_of(context: Context, start: Start, destination: Receiver, node: Node | None) -> Client:
    """The sender as its packets show it at a frontend."""
    nodes = (node,) if node is not None else ()
    seen = sender_on_the_way(start, destination)
    if seen is Place.INTERNET:
        name = "the Internet" if start.place is Place.INTERNET else "a public address"
        return Client(context.internet(family_at(destination)), name, nodes)
    if isinstance(seen, Place):
        whole = context.virtual_network(family_at(destination))
        return Client(whole, "an address of the virtual network", nodes)
    return Client(seen, str(seen), nodes)
