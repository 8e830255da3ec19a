"""The values of a Service's Azure annotations, read as the cloud provider reads them.

Sources: ``pkg/consts/helpers.go`` and ``pkg/provider/loadbalancer/configuration.go`` of cloud-provider-azure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from lib.facts.reader import get
from lib.facts.service_annotations import AnnotationFacts, service_annotation
from lib.model.errors import ModelError
from lib.model.refs import Source
from lib.model.services import Service
from lib.model.sets import Address, Network, parse_address

INTERNAL: Final = "azure-load-balancer-internal"
INTERNAL_SUBNET: Final = "azure-load-balancer-internal-subnet"
IPV4: Final = "azure-load-balancer-ipv4"
IPV6: Final = "azure-load-balancer-ipv6"
PIP_NAME: Final = "azure-pip-name"
PIP_NAME_IPV6: Final = "azure-pip-name-ipv6"
PIP_PREFIX: Final = "azure-pip-prefix-id"
PIP_PREFIX_IPV6: Final = "azure-pip-prefix-id-ipv6"
PIP_RESOURCE_GROUP: Final = "azure-load-balancer-resource-group"
PIP_TAGS: Final = "azure-pip-tags"
PIP_IP_TAGS: Final = "azure-pip-ip-tags"
DNS_LABEL: Final = "azure-dns-label-name"
ALLOWED_TAGS: Final = "azure-allowed-service-tags"
ALLOWED_RANGES: Final = "azure-allowed-ip-ranges"
LEGACY_RANGES: Final = "load-balancer-source-ranges"
DENY_ALL_EXCEPT: Final = "azure-deny-all-except-load-balancer-source-ranges"
NO_SECURITY_RULE: Final = "azure-disable-load-balancer-nsg-rule"
IDLE_TIMEOUT: Final = "azure-load-balancer-tcp-idle-timeout"
NO_TCP_RESET: Final = "azure-load-balancer-disable-tcp-reset"
HA_PORTS: Final = "azure-load-balancer-enable-high-availability-ports"
NO_FLOATING_IP: Final = "azure-disable-load-balancer-floating-ip"
ADDITIONAL_PUBLIC_IPS: Final = "azure-additional-public-ips"
CONFIGURATIONS: Final = "azure-load-balancer-configurations"
PROBE_PROTOCOL: Final = "azure-load-balancer-health-probe-protocol"
PROBE_PATH: Final = "azure-load-balancer-health-probe-request-path"
PROBE_INTERVAL: Final = "azure-load-balancer-health-probe-interval"
PROBE_THRESHOLD: Final = "azure-load-balancer-health-probe-num-of-probe"
PORT_NO_RULE: Final = "port_{port}_no_lb_rule"
PORT_NO_PROBE: Final = "port_{port}_no_probe_rule"
PORT_PROBE_PROTOCOL: Final = "port_{port}_health-probe_protocol"
PORT_PROBE_PORT: Final = "port_{port}_health-probe_port"
PORT_PROBE_PATH: Final = "port_{port}_health-probe_request-path"
PORT_PROBE_INTERVAL: Final = "port_{port}_health-probe_interval"
PORT_PROBE_THRESHOLD: Final = "port_{port}_health-probe_num-of-probe"
PLS_CREATE: Final = "azure-pls-create"
PLS_NAME: Final = "azure-pls-name"
PLS_RESOURCE_GROUP: Final = "azure-pls-resource-group"
PLS_SUBNET: Final = "azure-pls-ip-configuration-subnet"
PLS_ADDRESS_COUNT: Final = "azure-pls-ip-configuration-ip-address-count"
PLS_ADDRESSES: Final = "azure-pls-ip-configuration-ip-address"
PLS_DOMAIN_NAMES: Final = "azure-pls-fqdns"
PLS_PROXY_PROTOCOL: Final = "azure-pls-proxy-protocol"
PLS_VISIBILITY: Final = "azure-pls-visibility"
PLS_AUTO_APPROVAL: Final = "azure-pls-auto-approval"

TRUE: Final = "true"
_INT: Final = re.compile(r"[+-]?[0-9]{1,10}")
_INT32: Final = (-(2**31), 2**31 - 1)
_PREFIX_ID: Final = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+/publicIPPrefixes/[^/]+", re.IGNORECASE
)
_NETIP_PREFIX: Final = re.compile(r"[0-9A-Fa-f.:]+/(?:0|[1-9][0-9]{0,2})")


@dataclass(frozen=True, slots=True)
class SourceRanges:
    """Source ranges as the provider takes them; ``invalid`` holds, as written, those that it refuses.

    A prefix with host bits and an address without a prefix length are invalid, and so is an empty item.
    """

    valid: tuple[Network, ...] = ()
    invalid: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.valid or self.invalid)


@dataclass(frozen=True, slots=True)
class Annotations:
    """The annotations of one Service; every name below is without the prefix, as the data file has it.

    Where a name holds ``{port}``, ``port`` says which Service port is meant. Raises FactsError for a name that the
    data file does not hold.
    """

    service: Service

    def key(self, name: str, port: int | None = None) -> str:
        """The whole key."""
        facts = service_annotation(name)
        return facts.key if port is None else facts.key_for(port)

    def text(self, name: str, port: int | None = None) -> str | None:
        """The value as written; None where the Service does not have the annotation."""
        key = self.key(name, port)
        if name == CONFIGURATIONS:
            # The only key that the provider finds in any case.
            return next((v for k, v in self.service.annotations.items() if k.lower() == key), None)
        return self.service.annotations.get(key)

    def source(self, name: str, port: int | None = None) -> Source:
        """Where the annotation stands, or would stand."""
        return self.service.source.at("metadata", "annotations", self.key(name, port))

    def flag(self, name: str, port: int | None = None) -> bool:
        """Whether the value is ``true`` in any case; anything else is false."""
        return (self.text(name, port) or "").lower() == TRUE

    def number(self, name: str, port: int | None = None) -> int | None:
        """The value as a whole number; None where it is absent, or none that the provider takes."""
        text = self.text(name, port)
        return None if text is None else number_of(text, service_annotation(name))

    def items(self, name: str) -> tuple[str, ...]:
        """The values between commas, without the spaces around them; empty where the annotation is absent."""
        text = self.text(name)
        return () if text is None else tuple(item.strip() for item in text.strip().split(","))

    def words(self, name: str) -> tuple[str, ...]:
        """The values between spaces; empty where there are none."""
        return tuple((self.text(name) or "").split())

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The addresses between commas; empty where one of them is none, as the provider then takes none."""
        text = self.text(name)
        if text is None:
            return ()
        found = [address_of(item) for item in text.strip().split(",")]
        return tuple(a for a in found if a is not None) if None not in found else ()

    @property
    def internal(self) -> bool:
        """Whether the load balancer is internal: only for exactly ``true``."""
        return self.text(INTERNAL) == TRUE

    @property
    def internal_in_any_case(self) -> bool:
        """Whether security rules and single settings of load balancing rules take the Service for internal."""
        return self.flag(INTERNAL)

    @property
    def internal_subnet(self) -> str:
        """The subnet that an internal load balancer is to take its address from; "" where none is named."""
        found = (self.text(INTERNAL_SUBNET) or "") if self.internal else ""
        return found if found.strip() else ""

    @property
    def allowed_ranges(self) -> SourceRanges:
        """The ranges of both annotations, which the provider treats alike."""
        return ranges_of(item for name in (ALLOWED_RANGES, LEGACY_RANGES) for item in self.items(name))

    @property
    def source_ranges(self) -> SourceRanges:
        """The ranges of ``spec.loadBalancerSourceRanges``."""
        return ranges_of(text.strip() for text in self.service.load_balancer_source_ranges_written)


def number_of(text: str, facts: AnnotationFacts) -> int | None:
    """A whole number of 32 bits within the annotation's limits; None for anything else."""
    text = text.strip()
    if not _INT.fullmatch(text):
        return None
    value = int(text)
    least = _INT32[0] if facts.minimum is None else facts.minimum
    most = _INT32[1] if facts.maximum is None else facts.maximum
    return value if least <= value <= most else None


def address_of(text: str) -> Address | None:
    """The address that ``text`` is; None for anything else, spaces around it included."""
    try:
        return parse_address(text)
    except ModelError:
        return None


def is_dns_label(text: str) -> bool:
    """Whether Azure takes ``text`` as the domain name label of a public IP."""
    return re.fullmatch(get("public_dns_label").text, text) is not None


def is_prefix_id(text: str) -> bool:
    """Whether ``text`` is the resource ID of a public IP prefix."""
    return _PREFIX_ID.fullmatch(text) is not None


def range_of(text: str) -> Network | None:
    """The prefix that ``text`` is; None with host bits, without a prefix length, or for anything else."""
    try:
        return ip_network(text, strict=True) if _NETIP_PREFIX.fullmatch(text) else None
    except ValueError:
        return None


def ranges_of(texts: Iterable[str]) -> SourceRanges:
    """The prefixes that the provider takes, and as written those that it refuses."""
    read = [(text, range_of(text)) for text in texts]
    return SourceRanges(
        tuple(network for _, network in read if network is not None),
        tuple(text for text, network in read if network is None),
    )
