"""The API server's rules for names, labels, ports, addresses and prefixes, as pure functions.

Each ``*_fault`` returns "" for a valid text and otherwise what is wrong with it, ready to stand after "which" in a
sentence. Source: apimachinery ``util/validation`` and ``k8s.io/utils/net`` (the lenient parsers).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from lib.model.patterns import pattern
from lib.model.sets import Address, Network

_LABEL = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RFC1035 = pattern(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = pattern(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
# Printable ASCII, but for what the notation of references, Markdown and HTML are made of: / [ ] { } < > " ` $ | * ~
# What is left is listed, for a set of all others takes Python longer to compile than a small input to read.
_PLAIN_NAME = pattern(r"[A-Za-z0-9]([-A-Za-z0-9 !#%&'()+,.:;=?@\\^_]{0,251}(?<! ))?")
_PORT_NAME = pattern(r"[-a-z0-9]+")
_DOMAIN_PATH = pattern(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_PREFIX = pattern(r"(?P<address>[0-9A-Fa-f:.]+)/(?P<length>[0-9]{1,3})")
_ORDINARY_FIRST_OCTETS = (10, 172, 192)
HOST_BITS = "host bits"
"""How ``parse_lenient_prefix`` says that an address is not the first of its block."""
_IPV4 = pattern(r"[0-9]{1,9}(\.[0-9]{1,9}){3}")


def label_fault(text: str) -> str:
    """What keeps ``text`` from being a DNS-1123 label (a Namespace's or Service port's name)."""
    if len(text) > 63:
        return "is longer than 63 characters"
    if not _LABEL.fullmatch(text):
        return "may hold only lower-case letters, digits and '-', and must start and end with a letter or digit"
    return ""


def subdomain_fault(text: str) -> str:
    """What keeps ``text`` from being a DNS-1123 subdomain (most objects' names)."""
    if len(text) > 253:
        return "is longer than 253 characters"
    if not _SUBDOMAIN.fullmatch(text):
        return (
            "may hold only lower-case letters, digits, '-' and '.', "
            "and each part must start and end with a letter or digit"
        )
    return ""


def wildcard_fault(text: str) -> str:
    """What keeps ``text`` from being ``*.`` and a DNS-1123 subdomain."""
    if len(text) > 253:
        return "is longer than 253 characters"
    if not text.startswith("*.") or not _SUBDOMAIN.fullmatch(text[2:]):
        return "must be '*.' followed by a DNS name in lower case"
    return ""


def is_plain_name(text: str) -> bool:
    """Whether a name, valid or not, can be shown and referred to as it is: a letter or digit, then printable ASCII."""
    return _PLAIN_NAME.fullmatch(text) is not None


def special_fault(address: Address) -> str:
    """What keeps ``address`` from being an endpoint's or external address: it has a meaning of its own."""
    if isinstance(address, IPv4Address) and int(address) >> 24 in _ORDINARY_FIRST_OCTETS:
        return ""
    for is_special, words in (
        (address.is_unspecified, "is the unspecified address"),
        (address.is_loopback, "is a loopback address"),
        (address.is_link_local, "is a link-local address"),
    ):
        if is_special:
            return words
    multicast_link = address.is_multicast and str(address).startswith(("224.0.0.", "ff02:"))
    return "is a link-local multicast address" if multicast_link else ""


def tls_host_fault(text: str) -> str:
    """What keeps ``text`` from being a host of an Ingress's ``tls``, where an IPv4 address is let through."""
    return wildcard_fault(text) if "*" in text else subdomain_fault(text)


def host_fault(text: str) -> str:
    """What keeps ``text`` from being a host of an Ingress or a route: a DNS name, or ``*.`` and one."""
    if parse_lenient_address(text) is not None:
        return "is an IP address and must be a DNS name"
    return wildcard_fault(text) if "*" in text else subdomain_fault(text)


def rfc1035_fault(text: str) -> str:
    """What keeps ``text`` from being an RFC 1035 label (a Service's name)."""
    if len(text) > 63:
        return "is longer than 63 characters"
    if not _RFC1035.fullmatch(text):
        return "may hold only lower-case letters, digits and '-', must start with a letter and not end with '-'"
    return ""


def label_key_fault(text: str) -> str:
    """What keeps ``text`` from being a label's or annotation's key: ``name`` or ``dns.prefix/name``."""
    prefix, slash, name = text.rpartition("/")
    if slash and (not prefix or subdomain_fault(prefix)):
        return "has a prefix before '/' that is no DNS name"
    if not name:
        return "has no name"
    if len(name) > 63:
        return "has a name longer than 63 characters"
    if not _QUALIFIED.fullmatch(name):
        return "may hold only letters, digits, '-', '_' and '.', and must start and end with a letter or digit"
    return ""


def label_value_fault(text: str) -> str:
    """What keeps ``text`` from being a label's value; the empty text is one."""
    if len(text) > 63:
        return "is longer than 63 characters"
    if text and not _QUALIFIED.fullmatch(text):
        return "may hold only letters, digits, '-', '_' and '.', and must start and end with a letter or digit"
    return ""


def port_name_fault(text: str) -> str:
    """What keeps ``text`` from being a port name (IANA_SVC_NAME)."""
    if len(text) > 15:
        return "is longer than 15 characters"
    if not _PORT_NAME.fullmatch(text):
        return "may hold only lower-case letters, digits and '-'"
    if not any("a" <= c <= "z" for c in text):
        return "has no letter"
    if "--" in text or text[0] == "-" or text[-1] == "-":
        return "must not start or end with '-' or hold '--'"
    return ""


def domain_path_fault(text: str) -> str:
    """What keeps ``text`` from being a controller's name: a domain, '/' and a path, 250 characters at most."""
    if len(text) > 250:
        return "is longer than 250 characters"
    domain, slash, path = text.partition("/")
    if not slash or not path:
        return "must be a domain followed by '/' and a path"
    if subdomain_fault(domain):
        return "has a part before '/' that is no DNS name"
    return "" if _DOMAIN_PATH.fullmatch(path) else "has a path with characters that are not allowed"


def _decimal(text: str) -> str:
    """An IPv4 address with leading zeros taken away; the lenient parser reads them as decimal."""
    return ".".join(str(int(part)) for part in text.split(".")) if _IPV4.fullmatch(text) else text


def parse_lenient_address(text: str) -> Address | None:
    """The address as ``ParseIPSloppy`` reads it (leading zeros are decimal), or None."""
    if _IPV4.fullmatch(text):
        # The way most addresses take: several times as fast as ipaddress's own parser, of which there are many calls.
        a, b, c, d = map(int, text.split("."))
        return IPv4Address(a << 24 | b << 16 | c << 8 | d) if a < 256 and b < 256 and c < 256 and d < 256 else None
    if "%" in text or len(text) > 64:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def parse_lenient_prefix(text: str) -> tuple[Network, str] | None:
    """The prefix as ``ParseCIDRSloppy`` reads it, host bits masked, and how it was written amiss ("": not at all).

    None where no version of the API server takes it.
    """
    match = _PREFIX.fullmatch(text) if len(text) <= 64 else None
    if match is None:
        return None
    written, length = match["address"], match["length"]
    plain = _decimal(written)
    try:
        network = ip_network(f"{plain}/{int(length)}", strict=False)
    except ValueError:
        return None
    faults = []
    if plain != written or (len(length) > 1 and length[0] == "0"):
        faults.append("leading zeros")
    address = ip_address(plain)
    if address != network.network_address:
        faults.append(HOST_BITS)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        faults.append("an IPv4 address in IPv6 form")
    return network, " and ".join(faults)
