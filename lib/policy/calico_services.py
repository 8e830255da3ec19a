"""The ends that a Service in a Calico rule means: the pods of its selector, or the endpoints of its slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from lib.model.calico_policies import ServiceMatch
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.services import EndpointSlice, Service
from lib.model.sets import AddressSet, Network, PortSet, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.calico_ends import Ends
from lib.policy.compile import Spaces
from lib.policy.rules import Named, PortsAt
from lib.policy.spaces import Vocabulary


def service_vocabulary(snapshot: Snapshot, match: ServiceMatch) -> Vocabulary:
    """What a rule tells apart by a Service."""
    service = snapshot.service_by_ref.get(_ref(match))
    if service is None:
        return Vocabulary()
    if not service.selector:
        slices = _slices(snapshot, service)
        return Vocabulary(
            networks=frozenset(network for each in slices for network in _networks(each)),
            pod_addresses=bool(slices),
            ports=frozenset(
                (p.protocol, (p.port, p.port)) for each in slices for p in each.ports if p.port is not None
            ),
        )
    numbers = [(p.protocol, p.target_port) for p in service.ports]
    return Vocabulary(
        pod_keys=service.selector.keys,
        named_ports=frozenset((port, protocol) for protocol, port in numbers if isinstance(port, str)),
        ports=frozenset((protocol, (port, port)) for protocol, port in numbers if isinstance(port, int)),
    )


@dataclass(frozen=True)
class ServiceEnds:
    """The Services of rules over the spaces of one cluster; ``at`` gives the ends at addresses.

    Calico takes the addresses and ports of a Service's EndpointSlices, ready or not (membersFromEndpointSlice in
    felix/serviceindex of projectcalico/calico). Those of a selector follow from the pods; without one they are those of
    the slices in the input, and nobody knows them where there is none.
    """

    snapshot: Snapshot
    spaces: Spaces
    at: Callable[[AddressSet], tuple[Named, Named]]

    def ends(self, match: ServiceMatch) -> Ends:
        """The ends that are, or may be, its endpoints."""
        service = self.snapshot.service_by_ref.get(_ref(match))
        if service is None:
            absent = self.snapshot.is_complete("Service")
            return Ends.both(0, 0 if absent else self.spaces.everything)
        if not service.selector:
            slices = _slices(self.snapshot, service)
            if not slices:
                none = self.snapshot.is_complete("EndpointSlice")
                return Ends.both(0, 0 if none else self.spaces.everything)
            return Ends.of(*self.at(AddressSet.from_networks(n for each in slices for n in _networks(each))))
        endpoints = self.spaces.endpoints
        pods = endpoints.in_namespace(match.namespace) & endpoints.with_labels(service.selector)
        # An endpoint on its node's network has the node's address, which everything on that network has.
        return Ends.both(pods, pods | (endpoints.host_network if self._on_hosts(service) else 0))

    def doubts(self, match: ServiceMatch) -> Iterator[str]:
        """What may make its ends uncertain, in words."""
        service = self.snapshot.service_by_ref.get(_ref(match))
        if service is None or not (service.selector or _slices(self.snapshot, service)):
            yield f"the endpoints of the Service {match}"
        elif not service.selector:
            yield f"which pods and nodes have the addresses of the Service {match}"
        elif self._on_hosts(service):
            yield f"which nodes' addresses the Service {service.ref} has"

    def ports(self, match: ServiceMatch) -> tuple[PortsAt, ...]:
        """The ports of its endpoints; every port where they are not known. A slice's port without number is none."""
        service, spaces = self.snapshot.service_by_ref.get(_ref(match)), self.spaces
        slices = () if service is None or service.selector else _slices(self.snapshot, service)
        if service is None or not (service.selector or slices):
            return (PortsAt(spaces.everything, spaces.ports.all),)
        ports = []
        for each in slices:
            ends = Ends.of(*self.at(AddressSet.from_networks(_networks(each))))
            for of_slice in each.ports:
                if of_slice.port is not None:
                    mask = spaces.ports.mask(of_slice.protocol, PortSet.of(of_slice.port))
                    ports.append(PortsAt(ends.maybe4 | ends.maybe6, mask))
        for port in service.ports if service.selector else ():
            if isinstance(port.target_port, int):
                mask = spaces.ports.mask(port.protocol, PortSet.of(port.target_port))
                ports.append(PortsAt(spaces.everything, mask))
            else:
                declared = spaces.endpoints.with_named_port(port.target_port, port.protocol)
                ports += [PortsAt(bits, spaces.port_mask(port.protocol, number)) for number, bits in declared.items()]
        return tuple(ports)

    def _on_hosts(self, service: Service) -> bool:
        """Whether some endpoint of a Service uses its node's network."""
        selector = service.selector
        return selector is not None and any(
            pod.host_network and selector.matches(pod.labels)
            for workload in self.snapshot.workloads
            if workload.namespace == service.ref.namespace and workload.host_network
            for pod in workload.endpoints
        )


def _ref(match: ServiceMatch) -> ObjectRef:
    return ObjectRef(match.namespace, match.name, "Service")


def _slices(snapshot: Snapshot, service: Service) -> tuple[EndpointSlice, ...]:
    """Its EndpointSlices; without any the Endpoints object of its name, of which the cluster makes slices."""
    found = snapshot.slices_by_service.get(service.ref, ())
    slices = tuple(each for each in found if each.ref.kind == "EndpointSlice")
    return slices or tuple(found)


def _networks(each: EndpointSlice) -> Iterator[Network]:
    """The addresses of a slice; one of names has none."""
    for endpoint in each.endpoints:
        for text in endpoint.addresses:
            try:
                yield ip_network(parse_address(text))
            except ModelError:
                continue  # Felix skips what it can't parse as well
