"""The destination addresses of a Service's security rules: its frontends, or the nodes where floating IP is off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lib.azure.annotations import (
    ADDITIONAL_PUBLIC_IPS,
    CONFIGURATIONS,
    PIP_NAME,
    PIP_NAME_IPV6,
    Annotations,
    address_of,
)
from lib.azure.balanced import families_of
from lib.azure.frontends import pin_of
from lib.azure.security_group_access import ServiceAccess
from lib.model.cluster import Node
from lib.model.services import Service
from lib.model.sets import Address, Family, family_of
from lib.model.snapshot import Snapshot

EXCLUDED_NODE: Final = "node.kubernetes.io/exclude-from-external-load-balancers"
_BOTH: Final = (Family.IPV4, Family.IPV6)


@dataclass(frozen=True, slots=True)
class Destinations:
    """Addresses of one family; ``unknown`` says in words which ones the input does not hold.

    With ``unused`` Azure will choose addresses for them that nothing has yet.
    """

    addresses: tuple[Address, ...] = ()
    unknown: tuple[str, ...] = ()
    unused: bool = False

    def __bool__(self) -> bool:
        return bool(self.addresses or self.unknown)


@dataclass(frozen=True, slots=True)
class Frontends:
    """The frontend addresses of a Service by family; a family without one is absent."""

    by_family: dict[Family, Destinations] = field(default_factory=dict, hash=False)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Every address that is known, IPv4 first."""
        return tuple(a for family in _BOTH for a in self.of(family).addresses)

    def of(self, family: Family) -> Destinations:
        """The frontends of one family."""
        return self.by_family.get(family, Destinations())


def frontends_of(service: Service) -> Frontends:
    """The frontend addresses: those that Azure gave (the status), else those that the Service pins, else unknown."""
    extra = Annotations(service).addresses(ADDITIONAL_PUBLIC_IPS)
    shown = (address_of(entry.ip) for entry in service.load_balancer_ingress)
    live = [a for a in shown if a is not None and a not in extra]
    families = dict.fromkeys([*families_of(service), *(family_of(a) for a in live)])
    found = {}
    for family in families:
        addresses = [a for a in live if family_of(a) is family] or _pinned(service, family)
        unknown = () if addresses else (f"the {family.label} frontend address of {service.ref.qualified_name}",)
        found[family] = Destinations(tuple(dict.fromkeys(addresses)), unknown, not _shares(service))
    return Frontends(found)


def _shares(service: Service) -> bool:
    """Whether the Service names a public IP, which others may have as well."""
    notes = Annotations(service)
    return any(notes.text(name) is not None for name in (PIP_NAME, PIP_NAME_IPV6))


def _pinned(service: Service, family: Family) -> list[Address]:
    pin = pin_of(Annotations(service), family, families_of(service))
    address = address_of(pin.value) if pin is not None else None
    return [address] if address is not None and family_of(address) is family else []


def node_destinations(snapshot: Snapshot, service: Service, family: Family) -> Destinations:
    """The nodes behind the load balancer: all but those that a label keeps out of it."""
    return nodes_of(service, nodes_behind(snapshot, family))


def nodes_of(service: Service, behind: Destinations) -> Destinations:
    """The nodes behind one Service's load balancer, of those ``behind`` any."""
    if Annotations(service).text(CONFIGURATIONS) is not None:
        # Several load balancers share the nodes out; who has which is in no object.
        return Destinations((), (f"which nodes stand behind the load balancer of {service.ref.qualified_name}",))
    return behind


def nodes_behind(snapshot: Snapshot, family: Family) -> Destinations:
    """The nodes behind load balancers, where the cluster has one public and one internal."""
    nodes = [node for node in snapshot.nodes if EXCLUDED_NODE not in node.labels]
    addresses = [a for node in nodes for a in _internal(node) if family_of(a) is family]
    unknown = []
    if not snapshot.is_complete("Node"):
        unknown.append(f"the {family.label} addresses of {'other ' if nodes else 'the '}nodes")
    return Destinations(tuple(dict.fromkeys(addresses)), tuple(unknown))


def _internal(node: Node) -> list[Address]:
    return [a for a in map(address_of, node.addresses_of("InternalIP")) if a is not None]


def destinations(snapshot: Snapshot, access: ServiceAccess, family: Family) -> Destinations:
    """What the rules of a Service name as destinations in one family."""
    wanted = (
        frontends_of(access.service).of(family) if access.floating_ip else _behind(snapshot, access.service, family)
    )
    additional = tuple(a for a in access.additional_addresses if family_of(a) is family)
    return Destinations(tuple(dict.fromkeys((*additional, *wanted.addresses))), wanted.unknown, wanted.unused)


def _behind(snapshot: Snapshot, service: Service, family: Family) -> Destinations:
    return node_destinations(snapshot, service, family) if frontends_of(service).of(family) else Destinations()
