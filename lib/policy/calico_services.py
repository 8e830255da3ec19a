"""The ends that a Service in a Calico rule means: the pods of its selector, or the endpoints of its slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Final

from lib.model.calico_policies import ServiceMatch
from lib.model.cluster import Pod
from lib.model.errors import ModelError
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.services import Endpoint, EndpointSlice, Service
from lib.model.sets import Address, AddressSet, Family, Network, PortSet, parse_address
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.calico_ends import Ends
from lib.policy.compile import Spaces
from lib.policy.rules import Named, PortsAt
from lib.policy.spaces import Vocabulary

_ANY_ADDRESS: Final = frozenset[Network](map(ip_network, ("0.0.0.0/0", "::/0")))
# pkg/controller/endpointslice of kubernetes/kubernetes: the slices that the cluster makes of a Service's selector.
_OF_SELECTOR: Final = "endpointslice-controller.k8s.io"


def service_vocabulary(snapshot: Snapshot, match: ServiceMatch) -> Vocabulary:
    """What a rule tells apart by a Service."""
    service = snapshot.service_by_ref.get(_ref(match))
    if service is None:
        return Vocabulary()
    slices = _listed(snapshot, service)
    listed = Vocabulary(
        networks=frozenset(network for each in slices for network in _networks(each)),
        pod_addresses=bool(slices),
        ports=frozenset((p.protocol, (p.port, p.port)) for each in slices for p in each.ports if p.port is not None),
    )
    if not service.selector:
        return listed
    numbers = [(p.protocol, p.target_port) for p in service.ports]
    selected = Vocabulary(
        pod_keys=service.selector.keys,
        # A slice is of one IP family, so that pods are told apart by the families that they speak.
        networks=_ANY_ADDRESS,
        named_ports=frozenset((port, protocol) for protocol, port in numbers if isinstance(port, str)),
        ports=frozenset((protocol, (port, port)) for protocol, port in numbers if isinstance(port, int)),
    )
    return Vocabulary.merge([selected, listed])


@dataclass(frozen=True)
class ServiceEnds:
    """The Services of rules over the spaces of one cluster; ``at`` gives the ends at addresses.

    Calico takes the addresses and ports of a Service's EndpointSlices, ready or not (membersFromEndpointSlice in
    felix/serviceindex of projectcalico/calico). Those of a selector follow from the pods, and slices that somebody else
    wrote for the same Service come on top; without a selector they are those of the slices in the input, and nobody
    knows them where there is none.
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
        slices = _listed(self.snapshot, service)
        listed = Ends.of(*self.at(AddressSet.from_networks(n for each in slices for n in _networks(each))))
        if not service.selector:
            if not slices:
                none = self.snapshot.is_complete("EndpointSlice")
                return Ends.both(0, 0 if none else self.spaces.everything)
            return listed
        # An endpoint on its node's network has the node's address, which everything on that network has.
        maybe = self._pods(service)
        endpoints = self.spaces.endpoints
        pods = maybe & endpoints.selectable
        surely, possibly = self._families(service)
        four, six = (endpoints.speaking[family] for family in (Family.IPV4, Family.IPV6))
        selected = Ends(
            pods & four if Family.IPV4 in surely else 0,
            maybe & four if Family.IPV4 in possibly else 0,
            pods & six if Family.IPV6 in surely else 0,
            maybe & six if Family.IPV6 in possibly else 0,
        )
        return selected | listed

    def doubts(self, match: ServiceMatch) -> Iterator[str]:
        """What may make its ends uncertain, in words."""
        service = self.snapshot.service_by_ref.get(_ref(match))
        if service is None or not (service.selector or _slices(self.snapshot, service)):
            yield f"the endpoints of the Service {match}"
            return
        if _listed(self.snapshot, service):
            yield f"which pods and nodes have the addresses of the Service {match}"
        if service.selector:
            if self._on_hosts(service):
                yield f"which nodes' addresses the Service {service.ref} has"
            surely, possibly = self._families(service)
            if surely != possibly:
                yield f"which IP families the Service {service.ref} has"

    def ports(self, match: ServiceMatch) -> tuple[PortsAt, ...]:
        """The ports of its endpoints; every port where they are not known. A slice's port without number is none."""
        service, spaces = self.snapshot.service_by_ref.get(_ref(match)), self.spaces
        slices = () if service is None else _listed(self.snapshot, service)
        if service is None or not (service.selector or slices):
            return (PortsAt(spaces.everything, spaces.ports.all),)
        ports = []
        pods = self._pods(service)
        for each in slices:
            ends = Ends.of(*self.at(AddressSet.from_networks(_networks(each))))
            for of_slice in each.ports:
                if of_slice.port is not None:
                    mask = spaces.ports.mask(of_slice.protocol, PortSet.of(of_slice.port))
                    ports.append(PortsAt(ends.maybe4 | ends.maybe6, mask))
        for port in service.ports if service.selector else ():
            if isinstance(port.target_port, int):
                mask = spaces.ports.mask(port.protocol, PortSet.of(port.target_port))
                ports.append(PortsAt(pods, mask))
            else:
                declared = spaces.endpoints.with_named_port(port.target_port, port.protocol)
                ports += [
                    PortsAt(bits & pods, spaces.port_mask(port.protocol, number)) for number, bits in declared.items()
                ]
        return tuple(ports)

    def _pods(self, service: Service) -> Bits:
        """The ends that are, or may be, endpoints of a Service by its selector."""
        endpoints = self.spaces.endpoints
        if not service.selector:
            return 0
        found = endpoints.in_namespace(service.namespace) & endpoints.with_labels(service.selector)
        return found | (endpoints.host_network if self._on_hosts(service) else 0)

    def _families(self, service: Service) -> tuple[frozenset[Family], frozenset[Family]]:
        """The families of which a Service with a selector surely has EndpointSlices, and those of which it may.

        What neither the Service nor its slices say the API server has settled, by the addresses of the cluster.
        """
        every = frozenset(Family)
        written = frozenset(service.ip_families)
        if written == every or service.ip_family_policy == "RequireDualStack":
            return every, every
        if written:
            return written, every if service.ip_family_policy == "PreferDualStack" else written
        if slices := _slices(self.snapshot, service):
            slices = tuple(each for each in slices if each.managed_by == _OF_SELECTOR) or slices
            seen = frozenset(family for each in slices for family in Family if family.label == each.address_type)
            return seen, seen if self.snapshot.is_complete("EndpointSlice") else every
        endpoints = self.spaces.endpoints
        return (frozenset() if endpoints.shows_families and endpoints.families == every else every), every

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


def _listed(snapshot: Snapshot, service: Service) -> tuple[EndpointSlice, ...]:
    """The slices that say more of a Service than its selector does; without a selector all of them."""
    if not service.selector:
        return _slices(snapshot, service)
    found = (each for each in snapshot.slices_by_service.get(service.ref, ()) if each.ref.kind == "EndpointSlice")
    return tuple(each for each in found if not _is_of_selector(snapshot, service, each))


def _is_of_selector(snapshot: Snapshot, service: Service, each: EndpointSlice) -> bool:
    """Whether a slice says no more than the selector does: the cluster made it, or what it holds is of selected pods.

    Who made it the label says, which manifests that somebody has cleaned may lack.
    """
    if each.managed_by:
        return each.managed_by == _OF_SELECTOR
    numbers = {(p.protocol, p.target_port) for p in service.ports if isinstance(p.target_port, int)}
    named = {p.protocol for p in service.ports if isinstance(p.target_port, str)}
    if any((p.protocol, p.port) not in numbers and p.protocol not in named for p in each.ports):
        return False
    return all(_is_selected(snapshot, service, endpoint) for endpoint in each.endpoints)


def _is_selected(snapshot: Snapshot, service: Service, endpoint: Endpoint) -> bool:
    """Whether an endpoint is a pod that a Service selects; one that the input lacks is taken for such."""
    if endpoint.target is not None and endpoint.target.kind == "Pod":
        pod = snapshot.pod_by_ref.get(endpoint.target)
        return pod is None or _selects(service, pod)
    pods = [snapshot.pod_by_address.get(address) for address in _addresses(endpoint)]
    return bool(pods) and all(pod is not None and _selects(service, pod) for pod in pods)


def _selects(service: Service, pod: Pod) -> bool:
    same = pod.ref.namespace == service.ref.namespace
    return same and service.selector is not None and service.selector.matches(pod.labels)


def _networks(each: EndpointSlice) -> Iterator[Network]:
    """The addresses of a slice; one of names has none."""
    return (ip_network(address) for endpoint in each.endpoints for address in _addresses(endpoint))


def _addresses(endpoint: Endpoint) -> Iterator[Address]:
    for text in endpoint.addresses:
        try:
            yield parse_address(text)
        except ModelError:
            continue  # Felix skips what it can't parse as well
