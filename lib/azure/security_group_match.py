"""Whether a security rule is about a packet: yes, no, or not settled by the input, with the reason.

A service tag is judged by what its documentation says of it; the addresses of tags without such words are not known
here. Source: service-tags-overview.md of azure-docs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from lib.azure.unassigned import Receiver, Unassigned, family_at
from lib.facts.internet import PUBLIC_OF_FRONTENDS
from lib.facts.nsg import probe_address, provider_rules
from lib.facts.reader import get
from lib.model.security_rules import ANY, Access, SecurityRule
from lib.model.sets import Address, AddressSet, Family, Protocol
from lib.routing.reach import address_or_none

VIRTUAL_NETWORK: Final = "VirtualNetwork"
LOAD_BALANCER: Final = "AzureLoadBalancer"
INTERNET_TAG: Final = "Internet"
PROTOCOL_WORDS: Final = {Protocol.TCP: "Tcp", Protocol.UDP: "Udp"}
"""The words that a rule has for a protocol; SCTP has none, only ``*`` covers it."""


class Place(Enum):
    """Where a packet comes from, where no address is given; the value is the word for people."""

    INTERNET = "internet"
    VIRTUAL_NETWORK = "vnet"
    PROBE = "probe"


End = Address | Place


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as the nodes' interface meets it: after the load balancer, before kube-proxy.

    Under floating IP its destination is still the frontend address and the Service port. ``source`` is an address, or
    a place that stands for some address there. ``source_port`` is None where it may be any.
    """

    source: End
    destination: Receiver
    port: int
    protocol: Protocol = Protocol.TCP
    source_port: int | None = None

    def __str__(self) -> str:
        from_ = self.source.value if isinstance(self.source, Place) else str(self.source)
        bare = isinstance(self.destination, Unassigned) or self.destination.version == 4
        to = str(self.destination) if bare else f"[{self.destination}]"
        return f"{from_} to {to}:{self.port}/{self.protocol.value}"


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """What is known of the tag VirtualNetwork: addresses that surely are in it, and some that surely are not.

    Of all others those count as outside that are not set apart for private use; with ``whole`` all of them do.
    ``taken`` are addresses that something in the input has.
    """

    virtual_network: AddressSet = field(default_factory=AddressSet)
    outside: AddressSet = field(default_factory=AddressSet)
    taken: AddressSet = field(default_factory=AddressSet)
    whole: bool = False


class Fit(Enum):
    """Whether something matches."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a rule matches a packet; ``why`` says what is not settled, "" otherwise."""

    fit: Fit
    why: str = ""


YES: Final = Match(Fit.YES)
NO: Final = Match(Fit.NO)


def match(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    """Whether ``rule`` is about ``packet``: every part must match, and one that surely does not settles it."""
    said = match_whoever_sends(rule, packet, known)
    if said.fit is Fit.NO:
        return NO
    return _all((said, _source_ports(rule, packet), _sources(rule, packet, known)))


def match_whoever_sends(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    """The part of ``match`` that does not hang on the sender."""
    said = _all((_protocol(rule, packet), _ports(rule.ports, rule.open_ports, packet.port)))
    return NO if said.fit is Fit.NO else _all((said, _destinations(rule, packet, known)))


def match_but_ends(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    """The part of ``match`` that hangs neither on the destination nor on its port."""
    return _all((_protocol(rule, packet), _source_ports(rule, packet), _sources(rule, packet, known)))


def match_destination(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    """The part of ``match`` that hangs on the destination's address."""
    return _destinations(rule, packet, known)


def _all(parts: Iterable[Match]) -> Match:
    why = []
    for part in parts:
        if part.fit is Fit.NO:
            return NO
        if part.fit is Fit.OPEN:
            why.append(part.why)
    return Match(Fit.OPEN, " and ".join(dict.fromkeys(why))) if why else YES


def _any(parts: Iterable[Match]) -> Match:
    why = []
    for part in parts:
        if part.fit is Fit.YES:
            return YES
        if part.fit is Fit.OPEN:
            why.append(part.why)
    return Match(Fit.OPEN, " or ".join(dict.fromkeys(why))) if why else NO


def _protocol(rule: SecurityRule, packet: Packet) -> Match:
    if rule.open_protocol:
        return Match(Fit.OPEN, rule.open_protocol)
    same = rule.protocol == ANY or rule.protocol == PROTOCOL_WORDS.get(packet.protocol)
    return YES if same else NO


def _ports(ports: tuple[str, ...], unknown: tuple[str, ...], number: int) -> Match:
    if any(covers(text, number) for text in ports):
        return YES
    return Match(Fit.OPEN, _not_given(unknown)) if unknown else NO


def covers(text: str, number: int) -> bool:
    """Whether a port, a range or ``*`` holds a port number."""
    if text == ANY:
        return True
    first, _, last = text.partition("-")
    return int(first) <= number <= int(last or first)


def _source_ports(rule: SecurityRule, packet: Packet) -> Match:
    if packet.source_port is not None:
        return _ports(rule.source_ports, rule.open_source_ports, packet.source_port)
    if any(text in (ANY, "0-65535") for text in rule.source_ports):
        return YES
    if not rule.source_ports and not rule.open_source_ports:
        return NO
    return Match(Fit.OPEN, "it hangs on the packet's source port")


def _destinations(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    to = packet.destination
    if isinstance(to, Unassigned):
        return _unassigned(rule, to, known)
    said = _any(_end(text, to, known) for text in rule.destinations)
    if rule.open_destinations_unused and to in known.taken:
        return said
    return _or_open(said, rule.open_destinations)


def _unassigned(rule: SecurityRule, to: Unassigned, known: KnownAddresses) -> Match:
    """A rule that is written for the frontend itself surely holds the address that Azure will give."""
    if str(to) in rule.open_destinations:
        return YES
    free = _free(rule.destinations, known) if to.unused else rule.destinations
    possible = _addresses_to_come(to, known) if free else AddressSet()
    said = _any(_address_to_come(text, to, known, possible) for text in free)
    return said if rule.open_destinations_unused or to.unused else _or_open(said, rule.open_destinations)


def _free(texts: tuple[str, ...], known: KnownAddresses) -> list[str]:
    """The texts that are no address which something has: one set for all, since a rule can name thousands."""
    named = {text: address for text in texts if (address := address_or_none(text)) is not None}
    left = AddressSet.from_networks(map(ip_network, named.values())) - known.taken
    return [text for text in texts if text not in named or (left and named[text] in left)]


def _addresses_to_come(to: Unassigned, known: KnownAddresses) -> AddressSet:
    """The addresses that a frontend can be given; of an internal one those that surely are in the virtual network."""
    everything = AddressSet.from_intervals(to.family, [(0, to.family.value)])
    found = everything & (public_senders(known) if to.public else known.virtual_network)
    return found - known.taken if to.unused else found


def _address_to_come(text: str, to: Unassigned, known: KnownAddresses, possible: AddressSet) -> Match:
    block = block_of(text)
    if text == ANY or block is None:
        return YES if text == ANY else _tag(text, to, known)
    if AddressSet.from_intervals(to.family, [(0, to.family.value)]) <= block:
        return YES
    # Beside what is known of the virtual network there may be more of it anywhere.
    settled = to.public or known.whole
    if not block.of_family(to.family) or (settled and not possible & block):
        return NO
    if settled and possible <= block:
        return YES
    return Match(Fit.OPEN, f"it hangs on whether {to} will be in {text}")


def _sources(rule: SecurityRule, packet: Packet, known: KnownAddresses) -> Match:
    if is_probe(packet.source) and rule.access is Access.DENY and rule.name.startswith(_deny_prefix()):
        # Its destinations are nodes only where floating IP is off; nobody documents what then becomes of probes.
        return Match(
            Fit.OPEN, "no source says whether the provider's rule that denies everybody also stops health probes"
        )
    family = family_at(packet.destination)
    said = _any(_end(text, packet.source, known, family) for text in rule.sources)
    return _or_open(said, rule.open_sources)


def _or_open(said: Match, unknown: tuple[str, ...]) -> Match:
    if said.fit is Fit.YES or not unknown:
        return said
    return Match(Fit.OPEN, " or ".join(filter(None, (said.why, _not_given(unknown)))))


@cache
def _deny_prefix() -> str:
    return provider_rules().deny_name.partition("{")[0]


def _not_given(unknown: tuple[str, ...]) -> str:
    shown = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
    return f"the input does not show {shown}"


def _end(text: str, end: End, known: KnownAddresses, family: Family | None = None) -> Match:
    """Whether a prefix, tag or ``*`` holds an end of the packet, which is of ``family`` where the end is a place."""
    if text == ANY:
        return YES
    block = block_of(text)
    if block is None:
        return _tag(text, end, known)
    if not isinstance(end, Place):
        return YES if end in block else NO
    if family is not None and not block.of_family(family):
        return NO
    return _place_in_block(text, block, end, known, family)


def _place_in_block(text: str, block: AddressSet, end: Place, known: KnownAddresses, family: Family | None) -> Match:
    if end is Place.PROBE:
        return YES if ip_address(probe_address()) in block else NO
    everything = AddressSet.from_intervals(family, [(0, family.value)]) if family is not None else AddressSet.all()
    if everything <= block:
        return YES
    there = public_senders(known) if end is Place.INTERNET else known.virtual_network
    there &= everything
    # Beside what is known of the virtual network there may be more of it anywhere.
    settled = end is Place.INTERNET or known.whole
    if settled and not there & block:
        return NO
    if settled and there <= block:
        return YES
    return Match(Fit.OPEN, f"it hangs on whether the sender is in {text}")


def public_senders(known: KnownAddresses) -> AddressSet:
    """The addresses that somebody on the Internet can have: those that are called public, and are not the network's."""
    return PUBLIC_OF_FRONTENDS - known.virtual_network


def network_senders(known: KnownAddresses) -> AddressSet:
    """The addresses that somebody in the virtual network, or in one joined to it, can have.

    Where not all of it is known, any address set apart for private use.
    """
    return known.virtual_network if known.whole else known.virtual_network | private_use()


@cache
def private_use() -> AddressSet:
    """Addresses that networks of one's own have: RFC 1918, RFC 6598, and for IPv6 RFC 4193 and link-local ones."""
    ipv6 = (ip_network("fc00::/7"), ip_network("fe80::/10"))
    return AddressSet.from_networks((*get("private_ranges").networks, *ipv6))


@lru_cache(maxsize=8192)
def block_of(text: str) -> AddressSet | None:
    """The addresses of a prefix or an address; None for a tag."""
    try:
        return AddressSet.from_networks([ip_network(text, strict=False)])
    except ValueError:
        return None


def _tag(tag: str, end: End | Unassigned, known: KnownAddresses) -> Match:
    inside = in_virtual_network(end, known)
    match tag:
        case _ if tag == VIRTUAL_NETWORK:
            return inside
        case _ if tag == LOAD_BALANCER:
            return YES if is_probe(end) else NO
        case _ if tag == INTERNET_TAG:
            if inside.fit is Fit.OPEN:
                return inside
            return NO if inside.fit is Fit.YES else YES
    return Match(Fit.OPEN, f"which addresses the service tag {tag} has is not known here" if tag else "it is empty")


def is_probe(end: End | Unassigned) -> bool:
    """Whether an end is where Azure's health probes come from."""
    return end is Place.PROBE or (not isinstance(end, Place) and str(end) == probe_address())


def in_virtual_network(end: End | Unassigned, known: KnownAddresses) -> Match:
    """Whether an end of a packet is in the tag VirtualNetwork."""
    if isinstance(end, Unassigned):
        return NO if end.public else YES
    if isinstance(end, Place):
        return NO if end is Place.INTERNET else YES
    if is_probe(end) or end in known.virtual_network:
        return YES
    if known.whole or end in known.outside or end not in private_use():
        return NO
    return Match(Fit.OPEN, f"the input does not show whether {end} is in the virtual network or in one joined to it")
