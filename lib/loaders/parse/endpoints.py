"""EndpointSlices and Endpoints, both in the form of slices.

Source of the rules: ``pkg/apis/discovery/validation`` and ``ValidateEndpoints`` of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.pods import PROTOCOLS
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.loaders.parse.syntax import label_fault, parse_lenient_address, special_fault, subdomain_fault
from lib.model.refs import ObjectRef
from lib.model.services import Endpoint, EndpointPort, EndpointSlice
from lib.model.sets import LAST_PORT

SERVICE_LABEL: Final = "kubernetes.io/service-name"
MANAGED_BY_LABEL: Final = "endpointslice.kubernetes.io/managed-by"
_SLICE_FIELDS: Final = frozenset({"addressType", "endpoints", "ports"})
_ENDPOINT_FIELDS: Final = field_names(
    "addresses conditions deprecatedTopology hints hostname nodeName targetRef topology zone"
)
_CONDITION_FIELDS: Final = frozenset({"ready", "serving", "terminating"})
_PORT_FIELDS: Final = frozenset({"appProtocol", "name", "port", "protocol"})
_SUBSET_FIELDS: Final = frozenset({"addresses", "notReadyAddresses", "ports"})
_ADDRESS_FIELDS: Final = frozenset({"hostname", "ip", "nodeName", "targetRef"})
_ADDRESS_TYPES: Final = ("IPv4", "IPv6", "FQDN")


def parse_endpoint_slice(session: Session, raw: RawObject) -> EndpointSlice | None:
    """A discovery.k8s.io EndpointSlice; None when the API server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.REJECTS_MANIFEST, fields=_SLICE_FIELDS)
    root = reading.root
    type_ = root.choice("addressType", _ADDRESS_TYPES, "")
    if not type_ and not root.has("addressType"):
        root.error(None, "missing-address-type", "has no addressType", "Add addressType: IPv4, IPv6 or FQDN.")
    endpoints = tuple(_endpoint(reading, item, type_) for item in root.children("endpoints"))
    found = EndpointSlice(
        ref=reading.ref,
        source=raw.source,
        service=reading.labels.get(SERVICE_LABEL, ""),
        address_type=type_,
        endpoints=endpoints,
        ports=_ports(root, optional=True),
        managed_by=reading.labels.get(MANAGED_BY_LABEL, ""),
    )
    return None if reading.entry.failed else found


def _endpoint(reading: Reading, item: Fields, type_: str) -> Endpoint:
    item.only(_ENDPOINT_FIELDS)
    addresses = item.texts("addresses")
    if not addresses and not item.sequence("addresses"):
        item.error(None, "missing-address", "has no addresses", "Add at least one address.")
    for index, text in addresses:
        if fault := _address_fault(text, type_):
            path = (*item.path, "addresses", index)
            item.entry.error(path, "invalid-address", f"{quote(text)} {fault}", f"Write an address of type {type_}.")
    conditions = item.section("conditions")
    conditions.only(_CONDITION_FIELDS)
    ready = conditions.boolean("ready", True)
    topology = item.text_map("topology")
    return Endpoint(
        addresses=tuple(text for _, text in addresses),
        ready=ready,
        serving=conditions.boolean("serving", ready),
        terminating=conditions.boolean("terminating"),
        target=_target(reading, item),
        node_name=item.text("nodeName") or topology.get("kubernetes.io/hostname", ""),
        zone=item.text("zone") or topology.get("topology.kubernetes.io/zone", ""),
        hostname=item.text("hostname"),
        source=item.source,
    )


def _address_fault(text: str, type_: str) -> str:
    if type_ == "FQDN":
        return subdomain_fault(text)
    address = parse_lenient_address(text)
    if address is None:
        return "is no IP address"
    if type_ and type_ != f"IPv{address.version}":
        return f"is an IPv{address.version} address"
    return special_fault(address)


def _target(reading: Reading, item: Fields) -> ObjectRef | None:
    target = item.child("targetRef")
    if target is None or not target.text("name"):
        return None
    kind = target.text("kind") or "Pod"
    namespace = "" if kind == "Node" else target.text("namespace") or reading.namespace
    return ObjectRef(namespace, target.text("name"), kind)


def _ports(holder: Fields, optional: bool) -> tuple[EndpointPort, ...]:
    """The ports; a slice's may be without number and then mean all of them."""
    found = []
    names: set[str] = set()
    for item in holder.children("ports"):
        item.only(_PORT_FIELDS)
        name = item.text("name")
        if name and (fault := label_fault(name)):
            item.error("name", "invalid-port-name", f"{quote(name)} {fault}", "Correct the port's name.")
        if name in names:
            message = f"the port name {quote(name)} stands twice"
            item.error("name", "duplicate-port-name", message, "Give each port its own name.")
        names.add(name)
        number: int | None = None
        if item.has("port"):
            number = item.number_within("port", 0 if optional else 1, LAST_PORT, 0)
        elif not optional:
            item.error(None, "missing-port", "has no port", "Add port, a number from 1 to 65535.")
        protocol = PROTOCOLS[item.choice("protocol", PROTOCOLS, "TCP")]
        found.append(EndpointPort(number, protocol, name, item.text("appProtocol")))
    return tuple(found)


def parse_endpoints(session: Session, raw: RawObject) -> tuple[EndpointSlice, ...] | None:
    """An Endpoints object as one slice for each subset and address family; None when the server would refuse it."""
    reading = open_object(session, raw, unknown=Unknown.REJECTS_MANIFEST, fields=frozenset({"subsets"}))
    found: list[EndpointSlice] = []
    for subset in reading.root.children("subsets"):
        subset.only(_SUBSET_FIELDS)
        ports = _ports(subset, optional=False)
        ready = [_subset_endpoint(reading, item, True) for item in subset.children("addresses")]
        waiting = [_subset_endpoint(reading, item, False) for item in subset.children("notReadyAddresses")]
        if not ready and not waiting:
            subset.error(None, "missing-address", "has no addresses", "Add addresses, or remove the subset.")
        found.extend(_by_family(reading, subset, (*ready, *waiting), ports))
    if not found:
        found.append(EndpointSlice(reading.ref, raw.source, reading.ref.name, "IPv4"))
    return None if reading.entry.failed else tuple(found)


def _subset_endpoint(reading: Reading, item: Fields, ready: bool) -> Endpoint:
    item.only(_ADDRESS_FIELDS)
    address = item.text("ip")
    if fault := _address_fault(address, ""):
        item.error("ip", "invalid-address", f"{quote(address)} {fault}", "Write an IPv4 or IPv6 address.")
    return Endpoint(
        addresses=(address,),
        ready=ready,
        serving=ready,
        target=_target(reading, item),
        node_name=item.text("nodeName"),
        hostname=item.text("hostname"),
        source=item.source,
    )


def _by_family(
    reading: Reading, subset: Fields, endpoints: Iterable[Endpoint], ports: tuple[EndpointPort, ...]
) -> list[EndpointSlice]:
    families: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        families.setdefault("IPv6" if ":" in endpoint.addresses[0] else "IPv4", []).append(endpoint)
    return [
        EndpointSlice(reading.ref, subset.source, reading.ref.name, family, tuple(members), ports)
        for family, members in sorted(families.items())
    ]
