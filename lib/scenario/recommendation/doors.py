"""What load balancers, node ports and external IPs need: the way in from outside, as the pods see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Final

from lib.facts.engines import Known
from lib.model.cluster import ContainerPort
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.services import Service, ServicePort, ServiceType, TrafficPolicy
from lib.model.sets import AddressSet, ConnectionSet, Family, Network
from lib.policy.engine import Engine
from lib.routing.reach import allowed_sources
from lib.routing.services import ServiceView
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needs import Basis, Evidence, Need, NodeGroup, Question
from lib.scenario.recommendation.nodes import all_nodes
from lib.scenario.recommendation.today import Today

_RANGES_UP_TO: Final = 8


def arriving(
    today: Today, services: Sequence[ServiceView], covered: Covered, stated: Sequence[Need] = ()
) -> Iterator[Need | Question]:
    """What comes from outside through Services, and what of it the input does not settle.

    Where the present policies let in only a part of what a Service is open to, the need is that part, and where they
    let in nothing there is none: a recommendation does not open what somebody has closed, unless that is ``stated``.
    """
    doors = _Doors(today, stated)
    for view in services:
        if not _is_door(view.service):
            continue
        for port in view.ports:
            for target in port.targets:
                if target.port is not None and target.workload.ref in covered.workloads:
                    ports = ConnectionSet.of(port.port.protocol, target.port)
                    yield from doors.through(view.service, port.port, target.workload.ref, ports)
    for workload in covered.workloads.values():
        taken = {(p.host_port, p.protocol): p for pod in workload.endpoints for p in pod.ports if p.host_port}
        yield from _host_ports(workload.ref, taken.values())


def _is_door(service: Service) -> bool:
    return service.type in (ServiceType.LOAD_BALANCER, ServiceType.NODE_PORT) or bool(
        service.external_ips and service.type is not ServiceType.EXTERNAL_NAME
    )


def _host_ports(ref: ObjectRef, ports: Iterable[ContainerPort]) -> Iterator[Question]:
    for port in sorted(ports, key=lambda p: (p.host_port, p.protocol.value)):
        text = f"{ref} takes port {port.host_port} of its nodes: who connects to it is not in the input"
        remedy = f"State the need: ADDRESS_OR_WORKLOAD={ref.qualified_name}:{port.port}"
        yield Question(text, remedy, ref, ConnectionSet.of(port.protocol, port.port), port.source)


class _Doors:
    def __init__(self, today: Today, stated: Sequence[Need]) -> None:
        self._today, self._stated = today, stated
        self._profile = today.engine.profile
        self._nodes = all_nodes(today.engine.snapshot)
        self._families = today.engine.spaces.endpoints.families
        self._pods = _pod_ranges(today.engine)

    def through(
        self, service: Service, port: ServicePort, ref: ObjectRef, ports: ConnectionSet
    ) -> Iterator[Need | Question]:
        """What one port of a Service needs towards one workload."""
        profile, source = self._profile, port.source or service.source
        local = service.external_traffic_policy is TrafficPolicy.LOCAL
        policy = service.external_traffic_policy.value
        enforced = profile.local_policy_ingress_enforced if local else profile.cluster_policy_ingress_enforced
        if profile.enforces and enforced is Known.NO:
            text = (
                f"{service.ref} carries connections to {ref} ({ports}) which {profile.label} does not subject to "
                "ingress policies: no rule is needed, and none can close it"
            )
            yield Question(text, "Limit them at the load balancer.", None, source=source)
            return
        kind = "load balancer" if service.type is ServiceType.LOAD_BALANCER else "node port"
        clients, words = self._clients(service)
        seen = "see the client" if local else "may see a node instead of the client"
        kept = self._open_today(ref, ports, clients)
        if profile.enforces and not kept:
            if any(n.dst == ref and isinstance(n.src, AddressSet) and ports <= n.ports for n in self._stated):
                return
            text = (
                f"{kind} Service {service.ref.qualified_name} is {words}, of whom the present policies are not known "
                f"to let anybody in to {ref} ({ports}): left closed"
            )
            end = f"{ref.qualified_name}:{ports.ports[0][1].intervals[0][0]}/{port.protocol.value}"
            yield Question(text, f"If it is needed, state it: ADDRESS_OR_PREFIX={end}", ref, ports, source)
            return
        if kept and kept != clients:
            clients, words = kept, f"{words}, and the present policies let in a part of them"
        text = f"{kind} Service {service.ref.qualified_name} is {words}; pods {seen} (externalTrafficPolicy {policy})"
        evidence = (Evidence(Basis.SERVICE, text, source),)
        yield Need(clients, ref, ports, evidence)
        if not local:
            yield from self._through_nodes(service, ref, ports, source, clients)

    def _through_nodes(
        self, service: Service, ref: ObjectRef, ports: ConnectionSet, source: Source, clients: AddressSet
    ) -> Iterator[Need | Question]:
        """With the traffic policy Cluster, packets from another node have that node's address."""
        profile = self._profile
        remedy = "Set externalTrafficPolicy: Local, or permit the nodes in a policy of the engine's own kind."
        about = f"{service.ref} has externalTrafficPolicy Cluster: {ref} may see another node's address ({ports})"
        if profile.ip_block_matches_nodes is Known.NO:
            text = f"{about}, which no NetworkPolicy can name under {profile.label}"
            yield Question(text, remedy, ref, ports, source)
        elif self._nodes is None:
            text = f"{about}, and the input does not show the nodes' addresses"
            remedy = f"Load the Nodes, or state the need: NODE_PREFIX={ref.qualified_name}:PORT"
            yield Question(text, remedy, ref, ports, source)
        elif not _covers(clients, self._nodes):
            yield from self._from_nodes(self._nodes, service, ref, ports, source)

    def _from_nodes(
        self, nodes: NodeGroup, service: Service, ref: ObjectRef, ports: ConnectionSet, source: Source
    ) -> Iterator[Need | Question]:
        """The nodes that the present policies let in: what somebody has closed stays closed, unless it is stated."""
        kept = self._nodes_open_today(nodes, ref, ports) if self._profile.enforces else nodes
        text = f"Service {service.ref.qualified_name} forwards from other nodes with their addresses"
        if kept is not None:
            part = "" if kept == nodes else ", of which the present policies let in a part"
            yield Need(kept, ref, ports, (Evidence(Basis.SERVICE, text + part, source),))
        elif not any(n.dst == ref and n.src == nodes and ports <= n.ports for n in self._stated):
            text += f", none of which the present policies are known to let in to {ref} ({ports}): left closed"
            end = f"{ref.qualified_name}:{ports.ports[0][1].intervals[0][0]}"
            remedy = f"If it is needed, state it for each node: node/{nodes.nodes[0][0]}={end}; or set "
            yield Question(text, f"{remedy}externalTrafficPolicy: Local.", ref, ports, source)

    def _nodes_open_today(self, nodes: NodeGroup, ref: ObjectRef, ports: ConnectionSet) -> NodeGroup | None:
        engine = self._today.engine
        classes = dict.fromkeys(engine.spaces.endpoints.members[self._today.number(ref)])
        between, numbers = engine.reachability().between, engine.spaces.endpoints.nodes
        kept = tuple(
            (name, addresses)
            for name, addresses in nodes.nodes
            if any(ports <= engine.connections(between(numbers[name], number)[0]) for number in classes)
        )
        return NodeGroup(kept) if kept else None

    def _clients(self, service: Service) -> tuple[AddressSet, str]:
        """Who may connect, and what says so in words."""
        families = frozenset(service.ip_families) or self._families
        everybody = AddressSet.all() - self._pods
        if families == {Family.IPV4}:
            everybody = AddressSet(ipv4=everybody.ipv4)
        elif families == {Family.IPV6}:
            everybody = AddressSet(ipv6=everybody.ipv6)
        written = allowed_sources(service) if service.type is ServiceType.LOAD_BALANCER else ()
        networks = [n for n in map(_network, written) if n is not None]
        if not written:
            return everybody, "open to everybody who reaches it"
        if len(networks) < len(written):
            return everybody, "limited to service tags, whose addresses are not in the input"
        return AddressSet.from_networks(networks), f"limited to {', '.join(map(str, networks))}"

    def _open_today(self, ref: ObjectRef, ports: ConnectionSet, clients: AddressSet) -> AddressSet:
        found = AddressSet()
        for answer, addresses in self._today.outside(self._today.number(ref), Direction.INGRESS).items():
            if ports <= answer.some:
                found |= addresses & clients
        return found


def _covers(clients: AddressSet, nodes: NodeGroup) -> bool:
    networks = [ip_network(address) for _, addresses in nodes.nodes for address in addresses]
    return AddressSet.from_networks(networks) <= clients


def _pod_ranges(engine: Engine) -> AddressSet:
    """The pods' own ranges where an ipBlock may mean pods, which are not outside; none where they are too many."""
    if engine.profile.ip_block_matches_pods is Known.NO:
        return AddressSet()
    found = AddressSet.from_networks(n for node in engine.snapshot.nodes for n in node.pod_cidrs)
    return found if len(found.ipv4) + len(found.ipv6) <= _RANGES_UP_TO else AddressSet()


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
