"""What a visitor of this server may connect to: everything on a server of one's own, what is listed on a shared one."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from lib.facts import reader as facts
from lib.loaders.cluster.errors import ClusterError
from lib.model.sets import Address, Network

ALLOW_OWN: Final = "NETATLAS_ALLOW_SERVER_CREDENTIALS"
ALLOWED_SERVERS: Final = "NETATLAS_ALLOWED_API_SERVERS"
_PROXY_HEADERS: Final = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")
_TRANSLATED: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
"""IPv6 addresses that a translator makes IPv4 ones of, whichever."""
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""The IPv6 addresses that are given to anybody in public."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """The API servers that visitors of a shared server may connect to.

    ``names`` are host names, ``*.`` before one means every name below it; ``networks`` are address blocks. A name
    permits the public addresses that it resolves to; any other address has to be in a block. What is the server's own
    machine or its platform's is never permitted.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """Names and blocks, parted by commas or blanks. Raises ClusterError where a block is none."""
        names, networks = set(), []
        for word in text.replace(",", " ").split():
            if "/" in word or word.replace(".", "").isdigit() or ":" in word:
                try:
                    networks.append(ipaddress.ip_network(word))
                except ValueError:
                    message = f"{ALLOWED_SERVERS} has an entry that is no address block"
                    remedy = "Write host names and blocks such as 10.1.0.0/16"
                    raise ClusterError("bad-allow-list", message, remedy) from None
            else:
                names.add(word.lower().rstrip("."))
        return cls(frozenset(names), tuple(networks))

    def names_host(self, host: str) -> bool:
        """Whether a host is listed by its name, or by its address where it is written as one."""
        address = _literal(host)
        if address is not None:
            return self._in_networks(address)
        name = host.lower().rstrip(".")
        parents = name.split(".")
        return name in self.names or any(f"*.{'.'.join(parents[i:])}" in self.names for i in range(1, len(parents)))

    def permits(self, address: Address) -> bool:
        """Whether a connection to the resolved ``address`` of a listed host may be made."""
        plain = _unwrapped(address)
        if plain is None or any(
            each.is_loopback or each.is_link_local or each.is_unspecified or each.is_multicast
            for each in (address, plain)
        ):
            return False
        if any(plain in network for network in _never() if network.version == plain.version):
            return False
        is_public = plain.is_global and (plain.version == 4 or plain in _UNICAST)
        return is_public or self._in_networks(plain)

    def _in_networks(self, address: Address) -> bool:
        return any(address in network for network in self.networks if network.version == address.version)


@dataclass(frozen=True, slots=True)
class Access:
    """What this server lets its visitors do.

    ``shared``: others than the server's own user may open it, so that uploads reach only what ``allowed`` lists.
    ``own_credentials``: the server's kubeconfig and service account may be used.
    """

    shared: bool = False
    own_credentials: bool = True
    allowed: AllowList = field(default_factory=AllowList)

    @property
    def guard(self) -> AllowList | None:
        """What the addresses of an upload's connections are checked against; None: everything may be reached."""
        return self.allowed if self.shared else None


OWN: Final = Access()
"""A command line, or a server that listens on loopback: it serves its own user and may reach what they can."""


def access_of(bound_to: str, environment: Mapping[str, str], *, through_proxy: bool = False) -> Access:
    """What a server that listens on ``bound_to`` ("" means everywhere) lets its visitors do.

    A visitor who comes ``through_proxy`` makes it a shared one, wherever it listens.
    """
    address = _literal(bound_to)
    local = bound_to == "localhost" or (address is not None and address.is_loopback)
    if local and not through_proxy:
        return OWN
    allowed = AllowList.parse(environment.get(ALLOWED_SERVERS, ""))
    return Access(True, environment.get(ALLOW_OWN, "") == "1", allowed)


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a request that reached loopback was sent on by a proxy, or meant another host than this machine.

    By ``Host`` a page of another site is known too that had its name lead here (DNS rebinding). The names of
    ``headers`` are those of the standards, in whatever case if the mapping does not mind.
    """
    if any(name in headers for name in _PROXY_HEADERS):
        return True
    host = headers.get("Host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and host[-1:] != "]" else host
    address = _literal(name)
    is_local = address.is_loopback if address is not None else name.lower().rstrip(".") in ("", "localhost")
    return not is_local


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one stands for; None for those that a gateway would translate anywhere."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if any(address in each for each in _TRANSLATED) or address.sixtofour is not None or address.teredo is not None:
            return None
        if int(address) < 1 << 32:
            return IPv4Address(int(address))
    return address


def _never() -> tuple[Network, ...]:
    return tuple(facts.get("vnet_forbidden_ranges").networks)
