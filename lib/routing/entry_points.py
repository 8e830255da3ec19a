"""Every door by which traffic can come from outside the cluster, the side doors included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from lib.model.cluster import Workload
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Gateway, Ingress
from lib.model.services import Service, ServiceType
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.routing.reach import NODE_REACH, Reach, Scope, address_or_none, is_public, reach_of_addresses
from lib.routing.services import ServiceView, service_views


class EntryKind(Enum):
    """The sorts of doors; ``value`` is the words of the tables."""

    LOAD_BALANCER = "load balancer"
    NODE_PORT = "node port"
    EXTERNAL_IP = "external IP"
    HOST_PORT = "host port"
    HOST_NETWORK = "host network"
    NODE_PUBLIC_IP = "node public IP"
    INGRESS = "ingress"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One door: an address and a port of one protocol, and what stands behind it.

    ``addresses`` is empty where none is known or every node's address serves. ``port`` is 0 where the door is a whole
    address (a node's public IP). ``service`` is None where no Service takes part. ``endpoints`` is how many backends
    take connections, None where that is unknown or doesn't apply. ``note`` is "" or what to know. ``listener`` is the
    name of the Gateway's listener that the door is, "" for other kinds.
    """

    kind: EntryKind
    subject: ObjectRef
    addresses: tuple[str, ...]
    port: int
    protocol: str
    reach: Reach
    service: ObjectRef | None
    workloads: tuple[ObjectRef, ...]
    endpoints: int | None
    source: Source
    note: str = ""
    listener: str = ""

    @property
    def reached_by(self) -> str:
        """Who can reach it, in words."""
        return str(self.reach)


def entry_points(snapshot: Snapshot, services: Sequence[ServiceView] | None = None) -> tuple[EntryPoint, ...]:
    """Every entry point, by kind, then by subject and port; pass ``services`` where they are at hand."""
    views = service_views(snapshot) if services is None else services
    found = [
        *(door for view in views for door in _of_service(view)),
        *(door for workload in snapshot.workloads for door in _of_workload(workload)),
        *_of_nodes(snapshot),
        *(door for ingress in snapshot.ingresses for door in _of_ingress(ingress)),
        *(door for gateway in snapshot.gateways for door in _of_gateway(gateway)),
    ]
    kinds = list(EntryKind)
    return tuple(sorted(found, key=lambda e: (kinds.index(e.kind), e.subject, e.port, e.protocol, e.addresses)))


def gives_node_ports(service: Service) -> bool:
    """Whether the Service opens ports on every node, known ones or ones that the cluster will choose."""
    if service.type is ServiceType.NODE_PORT:
        return True
    return service.type is ServiceType.LOAD_BALANCER and service.allocate_load_balancer_node_ports


def _of_service(view: ServiceView) -> Iterator[EntryPoint]:
    service = view.service
    behind = tuple(w.ref for w in view.workloads)
    usable = view.endpoints.usable if not view.unchecked else None
    for port in service.ports:
        source = port.source or service.source
        protocol = port.protocol.value
        if service.type is ServiceType.LOAD_BALANCER:
            addresses = tuple(i.ip or i.hostname for i in service.load_balancer_ingress)
            note = "" if addresses else "no address in the input"
            yield EntryPoint(
                EntryKind.LOAD_BALANCER,
                service.ref,
                addresses,
                port.port,
                protocol,
                view.reach,
                service.ref,
                behind,
                usable,
                source,
                note,
            )
        # With allocation switched off, a port that was allocated before stays until it is removed.
        if gives_node_ports(service) or port.node_port:
            yield EntryPoint(
                EntryKind.NODE_PORT,
                service.ref,
                (),
                port.node_port,
                protocol,
                NODE_REACH,
                service.ref,
                behind,
                usable,
                source,
                "" if port.node_port else "the cluster chooses the port",
            )
        for address in service.external_ips:
            words = "the internet" if is_public(address) else "networks that route the address"
            reach = Reach(Scope.UNKNOWN, words, f"if {address} is routed to a node")
            yield EntryPoint(
                EntryKind.EXTERNAL_IP,
                service.ref,
                (str(address),),
                port.port,
                protocol,
                reach,
                service.ref,
                behind,
                usable,
                source,
            )


def _of_workload(workload: Workload) -> Iterator[EntryPoint]:
    seen: set[tuple[EntryKind, int, Protocol, str]] = set()
    for pod in workload.endpoints:
        kind = EntryKind.HOST_NETWORK if pod.host_network else EntryKind.HOST_PORT
        for port in pod.ports:
            number = port.host_port or (port.port if pod.host_network else 0)
            key = (kind, number, port.protocol, port.host_ip)
            if not number or key in seen:
                continue
            seen.add(key)
            bound = address_or_none(port.host_ip) if port.host_ip else None
            reach = NODE_REACH
            if bound is not None and bound.is_loopback:
                reach = Reach(Scope.CLUSTER, "processes on the same node", "as it is bound to the loopback address")
            yield EntryPoint(
                kind,
                workload.ref,
                (port.host_ip,) if bound is not None and not bound.is_unspecified else (),
                number,
                port.protocol.value,
                reach,
                None,
                (workload.ref,),
                None,
                port.source or pod.source,
                f"container {port.container}" if port.container else "",
            )
        if pod.host_network and not pod.ports and (kind, 0, Protocol.TCP, "") not in seen:
            seen.add((kind, 0, Protocol.TCP, ""))
            yield EntryPoint(
                kind,
                workload.ref,
                (),
                0,
                "any",
                NODE_REACH,
                None,
                (workload.ref,),
                None,
                pod.source,
                "it declares no port: whatever it listens on is open on its node",
            )


def _of_nodes(snapshot: Snapshot) -> Iterator[EntryPoint]:
    for node in snapshot.nodes:
        addresses = node.addresses_of("ExternalIP")
        if addresses:
            reach = Reach(
                Scope.INTERNET, "the internet", "where the node's security group, which is not in the input, permits it"
            )
            yield EntryPoint(
                EntryKind.NODE_PUBLIC_IP,
                node.ref,
                addresses,
                0,
                "any",
                reach,
                None,
                (),
                None,
                node.source.at("status", "addresses"),
                "leads to every node port, host port and host-network port of the node",
            )


def _reach_of_front(addresses: Sequence[str]) -> Reach:
    reach = reach_of_addresses(addresses)
    if reach is not None:
        return reach
    if addresses:
        return Reach(Scope.UNKNOWN, "everybody who can resolve and reach its host name")
    return Reach(Scope.UNKNOWN, "whom its controller's own load balancer lets in", "no address in the input")


def _of_ingress(ingress: Ingress) -> Iterator[EntryPoint]:
    addresses = tuple(a.ip or a.hostname for a in ingress.addresses)
    # The Ingress API knows only ports 80 and 443 (networking/v1, IngressTLS: "a single TLS port, 443").
    for port in (80, 443) if ingress.tls else (80,):
        yield EntryPoint(
            EntryKind.INGRESS,
            ingress.ref,
            addresses,
            port,
            Protocol.TCP.value,
            _reach_of_front(addresses),
            None,
            (),
            None,
            ingress.source,
            "" if addresses else "no address in the input",
        )


def _of_gateway(gateway: Gateway) -> Iterator[EntryPoint]:
    for listener in gateway.listeners:
        yield EntryPoint(
            EntryKind.GATEWAY,
            gateway.ref,
            gateway.addresses,
            listener.port,
            Protocol.UDP.value if listener.protocol == "UDP" else Protocol.TCP.value,
            _reach_of_front(gateway.addresses),
            None,
            (),
            None,
            listener.source,
            f"listener {listener.name}, {listener.protocol}" + (f", {listener.hostname}" if listener.hostname else ""),
            listener.name,
        )
