"""The frontend IP configurations of a Service: their addresses, public IPs and subnets.

Source: ``determinePublicIPName`` and ``getServiceLoadBalancerIP`` of cloud-provider-azure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lib.azure import annotations as names
from lib.azure.annotations import Annotations, address_of, is_dns_label, is_prefix_id
from lib.azure.names import Names
from lib.facts.nsg import probe_address
from lib.facts.reader import get
from lib.model.refs import ObjectRef, Source
from lib.model.services import Service
from lib.model.sets import Address, Family, family_of
from lib.routing.reach import is_public

NODE_RESOURCE_GROUP: Final = "the node resource group"
CLUSTER_SUBNET: Final = "the cluster's subnet"
SPEC_ADDRESS: Final = "spec.loadBalancerIP"
_ADDRESS_KEYS: Final = (names.IPV4, names.IPV6)


@dataclass(frozen=True, slots=True)
class Pin:
    """How a Service asks for its address in one family: the annotation or field, and what it says."""

    key: str
    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class Frontend:
    """One frontend IP configuration.

    ``address`` is the one that the Service's status shows, else the one that it asks for, else "". ``public_ip`` is
    the name of the public IP resource, "" for an internal frontend, and where only its address is known. ``subnet`` is
    where an internal address comes from. ``address_from`` says in words which rule decides the address. ``owner`` is
    the Service whose frontend it is; another one than the Service asked about where they share an address. ``tags``
    are those that annotations put on the public IP, as ``name=value``.
    """

    name: str
    family: Family
    public: bool
    address: str
    address_from: str
    public_ip: str
    resource_group: str
    subnet: str
    dns_name: str
    owner: ObjectRef
    tags: tuple[str, ...] = ()
    pin: Pin | None = None


def pin_of(annotations: Annotations, family: Family, families: tuple[Family, ...]) -> Pin | None:
    """What decides the address of one family; None where Azure chooses.

    Public: the public IP's name, then its prefix, then the address. Internal: the address.
    """
    if not annotations.internal:
        for plain, ipv6 in ((names.PIP_NAME, names.PIP_NAME_IPV6), (names.PIP_PREFIX, names.PIP_PREFIX_IPV6)):
            for name in _in_family(plain, ipv6, family, families):
                if found := annotations.text(name):
                    return Pin(annotations.key(name), found, annotations.source(name))
    name = names.IPV6 if family is Family.IPV6 else names.IPV4
    if found := annotations.text(name):
        return Pin(annotations.key(name), found, annotations.source(name))
    written = annotations.service.load_balancer_ip
    address = address_of(written)
    if address is not None and family_of(address) is family:
        return Pin(SPEC_ADDRESS, written, annotations.service.source.at("spec", "loadBalancerIP"))
    return None


def _in_family(plain: str, ipv6: str, family: Family, families: tuple[Family, ...]) -> tuple[str, ...]:
    """Which of a pair of annotations count, first wins: the first one is for both families in single stack."""
    if len(families) > 1:
        return (ipv6,) if family is Family.IPV6 else (plain,)
    return (ipv6, plain) if family is Family.IPV6 else (plain,)


def frontend_of(
    annotations: Annotations, named: Names, family: Family, location: str, owners: Mapping[str, Service]
) -> Frontend:
    """The frontend of one family; ``owners`` are the Services that have an address without asking for it."""
    service = annotations.service
    pin = pin_of(annotations, family, named.families)
    seen = status_address(annotations, family)
    wanted = pin.value if pin is not None and address_of(pin.value) is not None else ""
    address = seen or wanted
    owner = owners.get(address, service) if pin is not None else service
    if owner is not service:
        named = Names(owner, Annotations(owner).internal_subnet, named.families)
    public, suffix = not annotations.internal, get("public_dns_suffix").text
    label = annotations.text(names.DNS_LABEL) or ""
    return Frontend(
        name=named.frontend(family),
        family=family,
        public=public,
        address=address,
        address_from=_address_from(pin, seen, public, annotations.internal_subnet),
        public_ip=_public_ip(pin, named, family) if public else "",
        resource_group=((annotations.text(names.PIP_RESOURCE_GROUP) or "").strip() or NODE_RESOURCE_GROUP)
        if public
        else "",
        subnet="" if public else annotations.internal_subnet or CLUSTER_SUBNET,
        dns_name=f"{label}.{location or '<location>'}.{suffix}" if public and is_dns_label(label) else "",
        owner=owner.ref,
        tags=_tags(annotations, pin) if public else (),
        pin=pin,
    )


def private_pin(frontend: Frontend) -> Address | None:
    """The address that a public frontend asks for although it is private or one of Azure's own; None for any other."""
    address = address_of(frontend.pin.value) if frontend.public and frontend.pin is not None else None
    if address is None or family_of(address) is not frontend.family:
        return None
    return address if not is_public(address) or str(address) == probe_address() else None


def why_refused(annotations: Annotations, frontend: Frontend) -> str:
    """Why Azure gives a frontend none of the addresses and names that it asks for, without a full stop; "" for fine."""
    pin = frontend.pin
    if private := private_pin(frontend):
        return f"it is public and asks for {private}, which is no address of the Internet"
    if pin is not None and pin.key.endswith(_ADDRESS_KEYS):
        address = address_of(pin.value)
        if address is None or family_of(address) is not frontend.family:
            return f"{pin.key} is no {frontend.family.label} address"
    if pin is not None and "pip-prefix" in pin.key and not is_prefix_id(pin.value):
        return f"{pin.key} is no resource ID of a public IP prefix"
    label = annotations.text(names.DNS_LABEL)
    if frontend.public and label and not is_dns_label(label):
        return f"{annotations.key(names.DNS_LABEL)} is no label that Azure takes"
    return ""


def status_address(annotations: Annotations, family: Family) -> str:
    """The load balancer's own address in the Service's status; additional public IPs stand there too and are none."""
    extra = set(annotations.addresses(names.ADDITIONAL_PUBLIC_IPS))
    for entry in annotations.service.load_balancer_ingress:
        address = address_of(entry.ip)
        if address is not None and family_of(address) is family and address not in extra:
            return str(address)
    return ""


def _public_ip(pin: Pin | None, named: Names, family: Family) -> str:
    if pin is None:
        return named.public_ip("", family)
    if "pip-name" in pin.key:
        return pin.value
    if "pip-prefix" in pin.key:
        return named.public_ip(pin.value.rpartition("/")[2], family)
    return ""


def _tags(annotations: Annotations, pin: Pin | None) -> tuple[str, ...]:
    """The tags, and the IP tags that a public IP gets when the provider makes it."""
    made = pin is None or "pip-prefix" in pin.key
    items = [*annotations.items(names.PIP_TAGS), *(annotations.items(names.PIP_IP_TAGS) if made else ())]
    return tuple(item for item in items if is_pair(item))


def is_pair(text: str) -> bool:
    """Whether the provider takes ``text`` as a tag, name=value; it passes over anything else."""
    return text.count("=") == 1 and bool(text.partition("=")[0].strip())


def _address_from(pin: Pin | None, seen: str, public: bool, subnet: str) -> str:
    if pin is not None:
        said = f"{pin.key.rpartition('/')[2]}: {pin.value}"
        differs = address_of(pin.value) is not None and seen and address_of(pin.value) != address_of(seen)
        return f"{said}; its status still shows {seen}" if differs else said
    if public:
        return "a public IP that the provider makes for it"
    return f"a free address of {subnet or CLUSTER_SUBNET}"
