"""Which addresses the Internet has: all but those of the special-purpose registries (RFC 6890) and multicast."""

from __future__ import annotations

from ipaddress import ip_network
from types import MappingProxyType
from typing import Final

from lib.model.sets import AddressSet

# Addresses that no packet from or to the Internet has: the special-purpose registries of RFC 6890, and multicast.
_NOT_INTERNET = AddressSet.from_networks(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/127",
        "2001:db8::/32",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
INTERNET: Final = AddressSet.all() - _NOT_INTERNET

BY_WORD: Final = MappingProxyType({"internet": INTERNET, "outside": AddressSet.all()})
"""What words mean where an end of a flow is named, whoever asks: every address outside the cluster is ``outside``."""

NEVER_FORWARDED: Final = AddressSet.from_networks(
    ip_network(text)
    for text in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "::/127", "fe80::/10", "ff00::/8")
)
"""Addresses that no pod has on its network: no router forwards packets from or to them.

RFC 6890, "Forwardable: False", for this host, loopback and link-local; RFC 1112 and RFC 4291 for multicast, which is
nobody's own address. 240.0.0.0/4 is not among them: reserved though it is, some networks hand it out.
"""

# Stand for public addresses in an example (RFC 5737, RFC 3849).
_DOCUMENTATION: Final = AddressSet.from_networks(
    ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
PUBLIC_OF_FRONTENDS: Final = INTERNET | _DOCUMENTATION
"""The addresses by which a load balancer is called public: those of the Internet, and those that examples have."""

# RFC 1918, the shared address space of RFC 6598, and RFC 4193.
PRIVATE: Final = AddressSet.from_networks(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
