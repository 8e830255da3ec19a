"""Straight to a pod or a node, from inside the cluster or from outside, and to the node ports of Services."""

from __future__ import annotations

from collections.abc import Iterator

from lib.azure.security_group_match import Place
from lib.azure.security_group_question import Question
from lib.model.cluster import Node, Pod, Workload
from lib.model.sets import Address, Family, Protocol
from lib.policy.points import name_of
from lib.routing.reach import address_or_none, is_public
from lib.routing.services import ServiceView
from lib.routing.target_ports import PortView
from lib.trace.context import Context
from lib.trace.ends import Start, addresses_of_end
from lib.trace.entering import client_of, on_the_nodes
from lib.trace.front import security_hop, sender_on_the_way
from lib.trace.hop import Hop, HopKind, HopVerdict
from lib.trace.inside import end_hop, to_end, to_node_port, to_targets
from lib.trace.outside import direct_hop
from lib.trace.policies import Flow, ask, policy_hops, verdict_of
from lib.trace.service import Target


def to_node_address(
    context: Context, start: Start, node: Node, address: Address, port: int, protocol: Protocol
) -> Iterator[Hop]:
    """To a node's address: a node port of a Service, or the node itself."""
    name = f"{address} of node {node.name}"
    view, found = _node_port(context, port, protocol)
    if not start.in_cluster:
        if context.on_the_internet(start.address or start.place) and not is_public(address):
            why = "nodes have private addresses, and the Internet has no way to them"
            yield Hop(HopKind.ADDRESS, HopVerdict.DENIED, name, why, node.source, change="a load balancer")
            return
        yield Hop(HopKind.ADDRESS, HopVerdict.ALLOWED, name, "an address of the node", node.source)
        yield security_hop(context, Question(sender_on_the_way(start, address), address, port, protocol))
    if view is None or found is None:
        if (taken := _host_port(context, node, address, port, protocol)) is not None:
            yield from _to_host_port(context, start, node, address, taken, protocol)
        elif start.in_cluster:
            yield from to_end(context, start, node, port, protocol)
        else:
            yield from _at_node(context, start, node, address, port, protocol)
    elif start.in_cluster:
        yield from to_node_port(context, start, node, view, found, port)
    else:
        yield from on_the_nodes(context, start, view, found, address, node)


def _at_node(
    context: Context, start: Start, node: Node, address: Address, port: int, protocol: Protocol
) -> Iterator[Hop]:
    client = client_of(context, start, address, None)
    asked = ask(context, [Flow(client.end, node, protocol, port, "", client.name)])
    yield policy_hops(asked)[1]
    yield end_hop([Target(name_of(node), (node,), port, (), node.source)], verdict_of(asked))


def _host_port(context: Context, node: Node, address: Address, port: int, protocol: Protocol) -> Target | None:
    """The pod on the node that takes packets to one of the node's ports; None where the node itself does."""
    for workload in context.snapshot.workloads:
        for pod in workload.endpoints:
            if pod.node_name != node.name or pod.host_network:
                continue
            for each in pod.ports:
                fits = not each.host_ip or _means(each.host_ip, address)
                if (each.host_port, each.protocol) == (port, protocol) and fits:
                    return Target(name_of(pod), (pod,), each.port, (pod,), each.source or pod.source)
    return None


def _means(host_ip: str, address: Address) -> bool:
    """Whether a hostIP is the address, or every one of the node's."""
    found = address_or_none(host_ip)
    return found is not None and (found.is_unspecified or found == address)


def _to_host_port(
    context: Context, start: Start, node: Node, address: Address, taken: Target, protocol: Protocol
) -> Iterator[Hop]:
    why = f"a hostPort: node {node.name} hands it to {taken.name} on port {taken.port}"
    change = "without the hostPort of that container the node itself would take it"
    after = f"{taken.name}, port {taken.port}"
    name = f"node {node.name}"
    yield Hop(HopKind.SERVICE, HopVerdict.ALLOWED, name, why, taken.source, change=change, destination_after=after)
    if start.in_cluster:
        yield from to_targets(context, start, [taken], protocol)
        return
    client = client_of(context, start, address, None)
    asked = ask(context, [Flow(client.end, end, protocol, taken.port, "", client.name) for end in taken.ends])
    yield policy_hops(asked)[1]
    yield end_hop([taken], verdict_of(asked))


def _node_port(context: Context, port: int, protocol: Protocol) -> tuple[ServiceView | None, PortView | None]:
    for service in context.snapshot.services:
        for each in service.ports:
            if each.node_port == port and each.protocol is protocol:
                view = context.service(service.ref)
                return view, view.port(each.port, protocol) if view else None
    return None, None


def to_pod_or_node(
    context: Context, start: Start, end: Workload | Pod | Node, port: int, protocol: Protocol
) -> Iterator[Hop]:
    if isinstance(end, Node):
        address = next((a for a in addresses_of_end(end) if start.speaks(a)), None)
        if address is not None:
            yield from to_node_address(context, start, end, address, port, protocol)
            return
    if start.in_cluster:
        yield from to_end(context, start, end, port, protocol)
        return
    pods = end.endpoints if isinstance(end, Workload) else (end,) if isinstance(end, Pod) else ()
    host = next((n for n in context.snapshot.nodes for p in pods if p.host_network and n.name == p.node_name), None)
    if host is not None:
        yield from to_pod_or_node(context, start, host, port, protocol)
        return
    address = next((ip for pod in pods for ip in pod.ips if start.speaks(ip)), None)
    hop = direct_hop(context, name_of(end), internet=context.on_the_internet(start.address or start.place))
    yield hop
    if hop.verdict is HopVerdict.DENIED:
        return
    if address is not None:
        yield security_hop(context, Question(start.place or start.address or Place.INTERNET, address, port, protocol))
    sender = start.address or context.virtual_network(start.family or Family.IPV4)
    name = str(start.address) if start.address else "an address of the virtual network"
    asked = ask(context, [Flow(sender, end, protocol, port, "", name)])
    yield policy_hops(asked)[1]
    yield end_hop([Target(name_of(end), (end,), port, pods, pods[0].source if pods else None)], verdict_of(asked))
