"""Who can reach an outside address, in words and as a scope that code can compare."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import ip_network
from typing import Final

from lib.facts.internet import PUBLIC_OF_FRONTENDS
from lib.model.errors import ModelError
from lib.model.records import dataclass
from lib.model.services import Service, ServiceType
from lib.model.sets import Address, AddressSet, Family, Network, parse_address

INTERNAL_ANNOTATION: Final = "service.beta.kubernetes.io/azure-load-balancer-internal"
ALLOWED_RANGES_ANNOTATION: Final = "service.beta.kubernetes.io/azure-allowed-ip-ranges"
LEGACY_RANGES_ANNOTATION: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
NO_SECURITY_RULE_ANNOTATION: Final = "service.beta.kubernetes.io/azure-disable-load-balancer-nsg-rule"
ALLOWED_TAGS_ANNOTATION: Final = "service.beta.kubernetes.io/azure-allowed-service-tags"

_RANGES: Final = (ALLOWED_RANGES_ANNOTATION, LEGACY_RANGES_ANNOTATION)
_INTERNET_TAG: Final = "Internet"


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
    """Whether the address is one of the internet, not of a private or special-purpose range.

    Documentation prefixes count as public: that is what they stand for in an example.
    """
    return address in PUBLIC_OF_FRONTENDS


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
    written = (*_written(service, *_RANGES), *_written(service, ALLOWED_TAGS_ANNOTATION))
    return tuple(dict.fromkeys((*map(str, service.load_balancer_source_ranges), *written)))


def _written(service: Service, *keys: str) -> tuple[str, ...]:
    items = (item.strip() for key in keys for item in service.annotations.get(key, "").split(","))
    return tuple(item for item in items if item)


def limits_nobody(service: Service) -> bool:
    """Whether a LoadBalancer Service has no source ranges and tags, or some that every address of a family is in.

    Nodes hold the ranges of the spec whatever annotations say; what the annotations name is let in by any of them.
    """
    spec = service.load_balancer_source_ranges
    if spec and not _covers_everything(spec):
        return False
    ranges = [n for text in _written(service, *_RANGES) if (n := _network_or_none(text)) is not None]
    internet = _INTERNET_TAG in _written(service, ALLOWED_TAGS_ANNOTATION)
    return not allowed_sources(service) or internet or _covers_everything((*spec, *ranges))


def opens_for_internet(service: Service) -> bool:
    """Whether Azure's provider writes a security rule that lets in the Internet, for a Service that limits nobody.

    It reads ``internal`` in any case there, while only the exact ``true`` makes the load balancer internal. Of another
    load balancer class it is taken for granted.
    """
    if service.load_balancer_class:
        return True
    internal = service.annotations.get(INTERNAL_ANNOTATION, "").lower() == "true"
    without = service.annotations.get(NO_SECURITY_RULE_ANNOTATION, "").lower() == "true"
    return not without and (not internal or bool(allowed_sources(service)))


def _network_or_none(text: str) -> Network | None:
    """A prefix as the provider takes it: with its length, and without host bits."""
    try:
        return ip_network(text) if "/" in text else None
    except ValueError:
        return None


def _covers_everything(ranges: Iterable[Network]) -> bool:
    found = AddressSet.from_networks(ranges)
    return any(AddressSet.from_intervals(family, [(0, family.value)]) <= found for family in Family)


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
    if reach.scope is Scope.INTERNET and not opens_for_internet(service):
        return Reach(reach.scope, reach.words, "where a security rule of your own lets it in")
    if limits_nobody(service):
        return reach
    whose = f"{', '.join(allowed_sources(service))} only"
    if reach.scope is Scope.VNET:
        return Reach(reach.scope, f"{reach.words}; allowed sources: {whose}", reach.condition)
    return Reach(reach.scope, whose, reach.condition)
