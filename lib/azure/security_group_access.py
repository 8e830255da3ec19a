"""Whom one Service lets in, as the cloud provider takes it from the Service's annotations and source ranges.

Sources: ``pkg/provider/loadbalancer/accesscontrol.go`` and ``configuration.go`` of cloud-provider-azure.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from lib.azure.annotations import (
    ADDITIONAL_PUBLIC_IPS,
    ALLOWED_TAGS,
    DENY_ALL_EXCEPT,
    NO_FLOATING_IP,
    NO_SECURITY_RULE,
    Annotations,
)
from lib.facts.nsg import provider_rules
from lib.model.services import Service
from lib.model.sets import Address, Family, Network


@dataclass(frozen=True, slots=True)
class PortsOfProtocol:
    """The ports of one protocol that a Service opens, in the order of the Service's ports.

    ``protocol`` is the rule's word. ``ports`` are node ports where floating IP is off; ``unknown`` names the Service
    ports whose node port is not in the input.
    """

    protocol: str
    ports: tuple[int, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """The security rules' side of one Service.

    ``tags`` are the service tags to let in, the Internet's last; ``ipv4_ranges`` and ``ipv6_ranges`` the prefixes,
    merged where they overlap or touch, sorted as texts. ``deny_all`` closes the destinations to everybody else.
    ``writes`` is False where an annotation keeps the provider from writing rules. ``refused`` says why the provider
    gives up on the Service, "" where it does not.
    """

    service: Service
    tags: tuple[str, ...]
    ipv4_ranges: tuple[str, ...]
    ipv6_ranges: tuple[str, ...]
    invalid_ranges: tuple[str, ...]
    deny_all: bool
    floating_ip: bool
    ports: tuple[PortsOfProtocol, ...]
    additional_addresses: tuple[Address, ...]
    writes: bool
    refused: str

    def ranges(self, family: Family) -> tuple[str, ...]:
        """The prefixes of one family."""
        return self.ipv4_ranges if family is Family.IPV4 else self.ipv6_ranges


def service_access(service: Service, refused: str = "") -> ServiceAccess:
    """Whom ``service`` lets in, unless its load balancer was ``refused`` before.

    Only for a Service for which ``is_azure_load_balancer`` holds.
    """
    notes = Annotations(service)
    spec, annotated = notes.source_ranges, notes.allowed_ranges
    valid, invalid = spec.valid + annotated.valid, spec.invalid + annotated.invalid
    tags = notes.items(ALLOWED_TAGS)
    if not tags and not valid and not invalid and not notes.internal_in_any_case:
        tags = (provider_rules().internet_tag,)
    additional = notes.addresses(ADDITIONAL_PUBLIC_IPS)
    if spec.valid and annotated.valid:
        refused = refused or "it has both spec.loadBalancerSourceRanges and allowed ranges as an annotation"
    elif notes.text(ADDITIONAL_PUBLIC_IPS) is not None and not additional:
        refused = refused or "an item of azure-additional-public-ips is no address, or has a space beside it"
    floating_ip = not notes.flag(NO_FLOATING_IP)
    return ServiceAccess(
        service,
        tags,
        _merged(valid, Family.IPV4),
        _merged(valid, Family.IPV6),
        invalid,
        deny_all=bool(invalid) or (notes.flag(DENY_ALL_EXCEPT) and bool(valid)),
        floating_ip=floating_ip,
        ports=_ports(service, floating_ip),
        additional_addresses=additional,
        writes=not notes.flag(NO_SECURITY_RULE),
        refused=refused,
    )


def _merged(ranges: tuple[Network, ...], family: Family) -> tuple[str, ...]:
    """The provider merges prefixes and sorts them as texts before it hashes them."""
    found: list[IPv4Network] | list[IPv6Network]
    if family is Family.IPV4:
        found = list(collapse_addresses(n for n in ranges if isinstance(n, IPv4Network)))
    else:
        found = list(collapse_addresses(n for n in ranges if isinstance(n, IPv6Network)))
    return tuple(sorted(written(n) for n in found))


def written(network: Network) -> str:
    """A prefix as Go writes it, since the rule's hash is of that text: IPv4 inside IPv6 stays dotted."""
    inner = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return f"::ffff:{inner}/{network.prefixlen}" if inner is not None else str(network)


def _ports(service: Service, floating_ip: bool) -> tuple[PortsOfProtocol, ...]:
    found = []
    for kubernetes, azure in provider_rules().protocols:
        ports = [p for p in service.ports if p.protocol.value == kubernetes]
        if not ports:
            continue
        numbers = [p.port if floating_ip else p.node_port for p in ports]
        # Without node ports of its own the provider writes 0; where they are only not in the input, nobody knows.
        lost = not floating_ip and service.allocate_load_balancer_node_ports
        unknown = tuple(
            f"the node port of {service.ref.qualified_name} port {p.port}/{kubernetes}"
            for p, number in zip(ports, numbers, strict=True)
            if lost and not number
        )
        found.append(PortsOfProtocol(azure, tuple(n for n in numbers if n or not lost), unknown))
    return tuple(found)
