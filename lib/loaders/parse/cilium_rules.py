"""The rules of Cilium's policies: peers of one kind each, ports with layer 7 below them, and what stays unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from lib.loaders.parse.addresses import read_prefix
from lib.loaders.parse.cilium_layer_7 import asked_names, check_layer_7, name_pattern, narrowed_to
from lib.loaders.parse.cilium_selectors import read_endpoint_selector, reserved_entity
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.selectors import read_selector
from lib.loaders.parse.session import field_names, quote
from lib.loaders.parse.syntax import parse_lenient_address
from lib.model.cilium_policies import (
    AnyEnd,
    CidrPeer,
    CiliumPeer,
    CiliumRule,
    CiliumSelector,
    EndpointsPeer,
    EntitiesPeer,
    Entity,
    GroupPeer,
    NamesPeer,
    NodesPeer,
    ServicePeer,
    UnknownAddresses,
)
from lib.model.patterns import pattern
from lib.model.policies import AllPorts, Direction, NamedPort, NumberedPorts, PolicyPort
from lib.model.sets import DNS_PORT, FIRST_PORT, LAST_PORT, PortSet, Protocol

_PORTS_UP_TO: Final = 40
_ENTITIES: Final = {entity.value: entity for entity in Entity}
_PROTOCOLS: Final = {protocol.value: (protocol,) for protocol in Protocol} | {
    "": tuple(Protocol),
    "ANY": tuple(Protocol),
}
# Protocols without ports that TCP, UDP or SCTP could match.
_OTHER_PROTOCOLS: Final = ("ICMP", "ICMPV6", "VRRP", "IGMP")
# pkg/policy/portrange.go makes a range of it, where port "0" alone is a wildcard; the documentation names neither.
_FROM_ZERO: Final = 'whether port "0" with an endPort is every port or those up to it'
_ICMP_TYPES: Final = 255
_PORT_NAME: Final = pattern(r"(?=.*[A-Za-z])[A-Za-z0-9]([-A-Za-z0-9]{0,13}[A-Za-z0-9])?")
_PEERS: Final = {
    Direction.INGRESS: ("fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet", "fromNodes", "fromGroups"),
    Direction.EGRESS: (
        "toEndpoints",
        "toEntities",
        "toCIDR",
        "toCIDRSet",
        "toNodes",
        "toGroups",
        "toServices",
        "toFQDNs",
    ),
}
_REQUIRES: Final = {Direction.INGRESS: "fromRequires", Direction.EGRESS: "toRequires"}
_FAILING: Final = "test-always-fail"


def read_rules(spec: Fields, direction: Direction, namespace: str, label: str) -> Iterator[CiliumRule]:
    """The rules of one direction, allowing ones first; ``label`` is what their place begins with."""
    for key, denies in ((direction.field, False), (f"{direction.field}Deny", True)):
        for index, rule in enumerate(spec.children(key)):
            yield _rule(rule, direction, namespace, f"{label}.{key}[{index}]", denies=denies)


def _rule(rule: Fields, direction: Direction, namespace: str, label: str, *, denies: bool) -> CiliumRule:
    keys = _PEERS[direction] if not denies else tuple(k for k in _PEERS[direction] if k != "toFQDNs")
    rule.only({*keys, _REQUIRES[direction], "toPorts", "icmps", *(() if denies else ("authentication",))})
    _check_combination(rule, keys)
    peers = tuple(_peers(rule, keys, namespace))
    given = [key for key in keys if rule.has(key)]
    if any(rule.data.get(key) == [] for key in given if not key.endswith(("FQDNs", "Groups"))):
        # An explicitly empty list selects nobody, whatever stands beside it.
        peers = ()
    has_ports = rule.has("toPorts") and bool(rule.sequence("toPorts"))
    if not given and (has_ports or rule.sequence("icmps")):
        peers = (AnyEnd(),)
    ports, narrowings, doubts = _ports(rule, direction, denies=denies)
    if not has_ports and not rule.sequence("icmps"):
        ports = (AllPorts(),)
    mode = "" if denies else _authentication(rule)
    if mode == "required":
        narrowings.append("with mutual authentication only")
    elif mode == _FAILING:
        doubts.append("whether authentication, which is set to fail, lets anything through")
    return CiliumRule(
        direction=direction,
        denies=denies,
        label=label,
        source=rule.source,
        peers=peers,
        ports=ports,
        narrowing="; ".join(dict.fromkeys(narrowings)),
        doubt=" or ".join(dict.fromkeys(doubts)),
        requires=tuple(_requires(rule, _REQUIRES[direction], namespace)),
        icmp=", ".join(dict.fromkeys(_icmp(rule))),
        asks=()
        if denies
        else tuple(n for item in rule.children("toPorts") if _is_dns(item) for n in asked_names(item)),
    )


def _check_combination(rule: Fields, keys: tuple[str, ...]) -> None:
    found = [key for key in keys if rule.sequence(key)]
    if len(found) > 1:
        message = f"{found[0]} and {found[1]} stand in one rule, which Cilium does not support"
        rule.error(found[1], "combined-peers", message, "Write a rule of its own for each.")
    if rule.sequence("toServices") and rule.sequence("toPorts"):
        message = "toServices and toPorts stand in one rule, which Cilium does not support"
        rule.error("toPorts", "combined-peers", message, "Remove toPorts, or select the pods with toEndpoints.")
    if rule.sequence("icmps") and rule.sequence("toPorts"):
        message = "icmps and toPorts stand in one rule, which Cilium does not support"
        rule.error("icmps", "combined-peers", message, "Write a rule of its own for icmps.")


def _icmp(rule: Fields) -> Iterator[str]:
    """The messages of ICMP in words; the type is a number or one of Cilium's names for it."""
    for item in rule.children("icmps"):
        item.only(field_names("fields"))
        for each in item.children("fields"):
            each.only(field_names("family type"))
            family = each.choice("family", ("IPv4", "IPv6"), "IPv4")
            named = isinstance(each.data.get("type"), str)
            kind = each.text("type") if named else str(each.number_within("type", 0, _ICMP_TYPES, 0))
            if not each.has("type"):
                each.error(None, "missing-icmp-type", "has no type", "Add the type, a number or a name.")
            yield f"{'ICMPv6' if family == 'IPv6' else 'ICMP'} {kind[:40]}"


def _requires(rule: Fields, key: str, namespace: str) -> Iterator[CiliumSelector]:
    for item in rule.children(key):
        yield read_endpoint_selector(item, namespace)
    if rule.sequence(key):
        message = f"newer versions of Cilium have no {key}, and older ones apply it to the rules of other policies too"
        rule.warn(key, "withdrawn-field", message, "Write the labels into the selectors, or deny what lacks them.")


def _peers(rule: Fields, keys: tuple[str, ...], namespace: str) -> Iterator[CiliumPeer]:
    for key in keys:
        # "toFQDNs" and "fromCIDRSet" begin differently and end alike.
        yield from _READERS[key.removeprefix("from").removeprefix("to")](rule, key, namespace)


def _endpoints(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for item in rule.children(key):
        entity = reserved_entity(item)
        yield (
            EndpointsPeer(read_endpoint_selector(item, namespace))
            if entity is None
            else EntitiesPeer(frozenset({entity}))
        )


def _entities(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    found = set()
    for index, word in rule.texts(key):
        if word not in _ENTITIES:
            message = f"{quote(word)} is no entity that Cilium knows"
            path = (*rule.path, key, index)
            rule.entry.error(path, "unsupported-value", message, f"Use one of {', '.join(_ENTITIES)}.")
        else:
            found.add(_ENTITIES[word])
    if found:
        yield EntitiesPeer(frozenset(found))


def _cidrs(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for index, text in rule.texts(key):
        address = parse_lenient_address(text)
        whole = text if address is None else f"{address}/{address.max_prefixlen}"
        prefix = read_prefix(rule.entry, (*rule.path, key, index), whole)
        if prefix is not None:
            yield CidrPeer((prefix,))


def _cidr_sets(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    choices = ("cidr", "cidrGroupRef", "cidrGroupSelector")
    for item in rule.children(key):
        item.only({*choices, "except"})
        given = [choice for choice in choices if item.has(choice)]
        if len(given) != 1:
            message = f"sets {' and '.join(given) or 'none of ' + ', '.join(choices)}; it must set exactly one"
            item.error(None, "not-exactly-one", message, f"Set one of {', '.join(choices)}.")
            continue
        read = (read_prefix(item.entry, (*item.path, "except", i), text) for i, text in item.texts("except"))
        excepts = tuple(prefix for prefix in read if prefix is not None)
        if given[0] == "cidrGroupRef":
            yield GroupPeer(item.text("cidrGroupRef"), None, excepts)
        elif given[0] == "cidrGroupSelector":
            yield GroupPeer("", read_selector(item.section("cidrGroupSelector")), excepts)
        else:
            prefix = read_prefix(item.entry, (*item.path, "cidr"), item.text("cidr"))
            if prefix is None:
                continue
            for number, each in enumerate(excepts):
                if each.version != prefix.version or each.network_address not in prefix:
                    path = (*item.path, "except", number)
                    item.entry.error(path, "except-outside", f"{each} is not within {prefix}", "Write a part of cidr.")
            yield CidrPeer((prefix,), excepts)


def _nodes(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for item in rule.children(key):
        yield NodesPeer(read_selector(item))


def _services(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for item in rule.children(key):
        item.only(field_names("k8sService k8sServiceSelector"))
        if item.has("k8sService"):
            named = item.section("k8sService")
            named.only(field_names("serviceName namespace"))
            yield ServicePeer(named.text("serviceName"), named.text("namespace"))
        if item.has("k8sServiceSelector"):
            selected = item.section("k8sServiceSelector")
            selected.only(field_names("selector namespace"))
            yield ServicePeer("", selected.text("namespace"), read_selector(selected.section("selector")))


def _names(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for item in rule.children(key):
        pattern = name_pattern(item)
        if pattern is not None:
            yield NamesPeer(pattern)
        elif not item.entry.failed:
            item.error(None, "missing-name", "has neither matchName nor matchPattern", "Add one of them.")


def _groups(rule: Fields, key: str, namespace: str) -> Iterator[CiliumPeer]:
    for item in rule.children(key):
        yield UnknownAddresses(f"groups of {', '.join(map(str, item.data))[:80] or 'a provider'}")


_READERS: Final[dict[str, Callable[[Fields, str, str], Iterator[CiliumPeer]]]] = {
    "Endpoints": _endpoints,
    "Entities": _entities,
    "CIDR": _cidrs,
    "CIDRSet": _cidr_sets,
    "Nodes": _nodes,
    "Groups": _groups,
    "Services": _services,
    "FQDNs": _names,
}


def _ports(rule: Fields, direction: Direction, *, denies: bool) -> tuple[tuple[PolicyPort, ...], list[str], list[str]]:
    """The ports of all elements of ``toPorts``, to what layer 7 narrows them, and what is not known."""
    found: list[PolicyPort] = []
    narrowings: list[str] = []
    doubts: list[str] = []
    for item in rule.children("toPorts"):
        more = () if denies else ("rules", "terminatingTLS", "originatingTLS", "serverNames", "listener")
        item.only({"ports", *more})
        if len(item.sequence("ports")) > _PORTS_UP_TO:
            message = f"more than {_PORTS_UP_TO} ports in one element"
            item.error("ports", "too-many-items", message, "Write another element of toPorts.")
        if not item.sequence("ports"):
            found.append(AllPorts())
            doubts.append("what Cilium makes of a toPorts without ports")
        for port in item.children("ports"):
            found += _port(port)
            if _number(str(port.data.get("port"))) == 0 and port.data.get("endPort") not in (None, 0, LAST_PORT):
                doubts.append(_FROM_ZERO)
        if not denies:
            check_layer_7(item, direction)
            narrowings += narrowed_to(item)
    return tuple(found), narrowings, doubts


def _is_dns(item: Fields) -> bool:
    """Whether an element of ``toPorts`` surely holds the port at which DNS is asked."""
    ports = (p for port in item.children("ports") for p in _port(port) if isinstance(p, NumberedPorts))
    return any(p.protocol is Protocol.UDP and DNS_PORT in p.ports for p in ports)


def _port(port: Fields) -> Iterator[PolicyPort]:
    port.only(field_names("port endPort protocol"))
    word = port.text("protocol").upper()
    if word not in _PROTOCOLS and word not in _OTHER_PROTOCOLS:
        words = ", ".join(filter(None, (*_PROTOCOLS, *_OTHER_PROTOCOLS)))
        port.error("protocol", "unsupported-value", f"{quote(word)} is not one of {words}", f"Use one of {words}.")
    text = port.text("port")
    if not text:
        # "Port must be specified" (pkg/policy/api/rule_validation.go), but for protocols that have none.
        if word in _PROTOCOLS or not port.has("port"):
            port.error(None, "missing-port", "has no port", 'Add port: "80" with quotes; "0" means every port.')
        return
    protocols = _PROTOCOLS.get(word, ())
    if _PORT_NAME.fullmatch(text):
        # Cilium compares port names without regard to case; 0x50 is one to it.
        for protocol in protocols:
            yield NamedPort(protocol, text.lower(), port.source)
        return
    number = _number(text)
    if number is None:
        port.error(
            "port", "invalid-port", f"{quote(text)} is neither a port nor a name", "Write a number from 0 to 65535."
        )
        return
    last = port.number_within("endPort", 0, LAST_PORT, number) or number
    span = PortSet.all() if number == 0 else PortSet.of(max(number, FIRST_PORT), max(number, last))
    for protocol in protocols:
        yield NumberedPorts(protocol, span, port.source)


def _number(text: str) -> int | None:
    """A port as Go's ParseUint with base 0 reads it: octal where it begins with 0."""
    if not re.fullmatch(r"[0-9]{1,8}", text):
        return None
    try:
        number = int(text, 8 if text.startswith("0") else 10)
    except ValueError:
        return None
    return number if number <= LAST_PORT else None


def _authentication(rule: Fields) -> str:
    section: Any = rule.section("authentication")
    section.only(field_names("mode"))
    return str(section.choice("mode", ("disabled", "required", _FAILING), "disabled"))
