"""Who can reach an outside address, in words and as a scope that code can compare."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import ip_network
from typing import Final

from lib.model.errors import ModelError
from lib.model.records import dataclass
from lib.model.services import Service, ServiceType
from lib.model.sets import Address, AddressSet, Network, parse_address

INTERNAL_ANNOTATION: Final = "service.beta.kubernetes.io/azure-load-balancer-internal"
ALLOWED_RANGES_ANNOTATION: Final = "service.beta.kubernetes.io/azure-allowed-ip-ranges"
ALLOWED_TAGS_ANNOTATION: Final = "service.beta.kubernetes.io/azure-allowed-service-tags"

# RFC 1918, RFC 6598, RFC 3927, RFC 1122, RFC 4193, RFC 4291. Documentation prefixes count as public: that is what
# they stand for in an example.
_NOT_PUBLIC: Final = AddressSet.from_networks(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)

PUBLIC: Final = AddressSet.all() - _NOT_PUBLIC
"""The addresses that count as those of the Internet."""


class Scope(Enum):
    """How far away a client can be; ``value`` is the word in tables and JSON."""

    INTERNET = "internet"
    VNET = "vnet"
    NODE_NETWORK = "node network"
    CLUSTER = "cluster"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reach:
    """Who can reach something; ``condition`` is what the input leaves open ("" where nothing)."""

    scope: Scope
    words: str
    condition: str = ""

    def __str__(self) -> str:
        return f"{self.words}, {self.condition}" if self.condition else self.words


VNET_WORDS: Final = "the virtual network and the networks peered or connected to it"
NODE_REACH: Final = Reach(
    Scope.NODE_NETWORK,
    "everybody who can reach a node's address: the virtual network and the networks peered or connected to it",
    "unless a security group, which is not in the input, refuses",
)


def is_public(address: Address) -> bool:
    """Whether the address is one of the internet, not of a private, shared, link-local or loopback range."""
    return address not in _NOT_PUBLIC


def address_or_none(text: str) -> Address | None:
    """The address that ``text`` is, or None for a host name or anything else."""
    try:
        return parse_address(text)
    except ModelError:
        return None


def reach_of_addresses(texts: Iterable[str]) -> Reach | None:
    """Who can reach load balancer addresses: None where none of them is an IP address."""
    addresses = [a for a in map(address_or_none, texts) if a is not None]
    if not addresses:
        return None
    if any(map(is_public, addresses)):
        return Reach(Scope.INTERNET, "the internet")
    return Reach(Scope.VNET, VNET_WORDS)


def asks_for_internal(service: Service) -> bool:
    """Whether Azure gives the Service an internal load balancer: only the exact value ``true`` does."""
    return service.annotations.get(INTERNAL_ANNOTATION) == "true"


def allowed_sources(service: Service) -> tuple[str, ...]:
    """The source ranges and service tags that limit a LoadBalancer Service, as written; empty means everybody."""
    written = [
        item.strip()
        for key in (ALLOWED_RANGES_ANNOTATION, ALLOWED_TAGS_ANNOTATION)
        for item in service.annotations.get(key, "").split(",")
    ]
    return (*map(str, service.load_balancer_source_ranges), *(item for item in written if item))


def _covers_everything(ranges: Iterable[Network]) -> bool:
    return any(r.prefixlen == 0 for r in ranges)


def reach_of_service(service: Service) -> Reach:
    """Who can reach the Service by its cluster address or load balancer; its side doors are entry points of their own.

    A load balancer's known addresses decide; without one it is the annotation, as Azure reads it.
    """
    match service.type:
        case ServiceType.EXTERNAL_NAME:
            return Reach(Scope.CLUSTER, "pods of the cluster, as a name only")
        case ServiceType.CLUSTER_IP | ServiceType.NODE_PORT:
            return Reach(Scope.CLUSTER, "pods and nodes of the cluster")
        case ServiceType.LOAD_BALANCER:
            return _reach_of_load_balancer(service)


def _reach_of_load_balancer(service: Service) -> Reach:
    reach = reach_of_addresses(i.ip for i in service.load_balancer_ingress if i.ip)
    if reach is None:
        scope = Scope.VNET if asks_for_internal(service) else Scope.INTERNET
        reach = Reach(scope, VNET_WORDS if scope is Scope.VNET else "the internet", "once the address is assigned")
        if service.load_balancer_class:
            reach = Reach(Scope.UNKNOWN, f"whom load balancer class {service.load_balancer_class} lets in")
    sources = allowed_sources(service)
    if not sources or _covers_everything(service.load_balancer_source_ranges):
        return reach
    whose = f"{', '.join(sources)} only"
    if reach.scope is Scope.VNET:
        return Reach(reach.scope, f"{reach.words}; allowed sources: {whose}", reach.condition)
    return Reach(reach.scope, whose, reach.condition)
