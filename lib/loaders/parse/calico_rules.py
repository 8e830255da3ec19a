"""The rules of Calico's policies, refused where Calico's validator refuses them.

Source: api/pkg/apis/projectcalico/v3/policy_common.go, libcalico-go/lib/validator/v3 and, for how the selectors of one
end are joined, libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go of projectcalico/calico.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import field_names, quote
from lib.loaders.parse.syntax import parse_lenient_prefix
from lib.model.calico_policies import (
    NAMESPACE_KEY,
    NAMESPACE_PREFIX,
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    CalicoAction,
    CalicoPorts,
    CalicoRule,
    EntityRule,
    ServiceMatch,
)
from lib.model.calico_selector import (
    All,
    CalicoSelector,
    Compare,
    Comparison,
    Global,
    Has,
    Not,
    conjunction,
    leaves,
    parse_calico_selector,
    rewritten,
)
from lib.model.errors import ModelError
from lib.model.policies import Direction
from lib.model.sets import FIRST_PORT, LAST_PORT, Family, Network, PortSet, Protocol, family_of

_RULE_FIELDS: Final = field_names("action ipVersion protocol icmp notProtocol notICMP source destination http metadata")
_ENTITY_FIELDS: Final = field_names(
    "nets selector namespaceSelector services ports notNets notSelector notPorts serviceAccounts"
)
_ACTIONS: Final = {action.value: action for action in CalicoAction}
_NUMBERS: Final = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP", 136: "UDPLite"}
_NAMES: Final = {name.lower(): name for name in _NUMBERS.values()}
_WITH_PORTS: Final = {protocol.value: protocol for protocol in Protocol}
_ICMP_FAMILY: Final = {"ICMP": 4, "ICMPv6": 6}
_FAMILIES: Final = {4: Family.IPV4, 6: Family.IPV6}
_PORT_RANGE: Final = re.compile(r"([0-9]+):([0-9]+)")
_PORT_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
IN_A_NAMESPACE: Final = Has(NAMESPACE_KEY)


def in_namespace(name: str) -> CalicoSelector:
    """What stands in one namespace."""
    return Compare(NAMESPACE_KEY, Comparison.EQUAL, frozenset({name}))


def selector_text(fields: Fields, key: str, *, may_be_global: bool = False) -> CalicoSelector | None:
    """A selector; None where it is absent, empty or refused."""
    text = fields.text(key)
    if not text.strip(" \t"):
        return None
    try:
        found = parse_calico_selector(text)
    except ModelError as fault:
        message = f"{quote(text)} is no selector: {fault}"
        fields.error(key, "invalid-selector", message, 'Write a Calico selector, e.g. role == "db" && has(tier).')
        return None
    if not may_be_global and any(isinstance(leaf, Global) for leaf in leaves(found)):
        message = "global() may stand in the namespaceSelector of a rule only"
        fields.error(key, "misplaced-global", message, "Remove global(), or move it to a rule's namespaceSelector.")
        return None
    return found


def of_namespaces(selector: CalicoSelector | None) -> CalicoSelector | None:
    """A namespaceSelector as one over endpoints."""
    if selector is None:
        return None
    return rewritten(selector, NAMESPACE_PREFIX, IN_A_NAMESPACE, Not(IN_A_NAMESPACE))


def read_rules(spec: Fields, direction: Direction, namespace: str) -> list[CalicoRule]:
    """The rules of one direction; ``namespace`` is the policy's, "" for a global one."""
    rules = []
    for fields in spec.children(direction.field):
        index = fields.path[-1]
        assert isinstance(index, int)
        rule = _read_rule(fields, direction, index, namespace)
        if rule is not None:
            rules.append(rule)
    return rules


def _read_rule(rule: Fields, direction: Direction, index: int, namespace: str) -> CalicoRule | None:
    rule.only(_RULE_FIELDS)
    action = _action(rule)
    version = rule.integer("ipVersion")
    if version is not None and version not in _FAMILIES:
        rule.error("ipVersion", "unsupported-value", f"{quote(version)} is not 4 or 6", "Write 4 or 6.")
    protocol, other_than = _protocol(rule, "protocol"), _protocol(rule, "notProtocol")
    for name, key in ((protocol, "protocol"), (other_than, "notProtocol")):
        if version is not None and _ICMP_FAMILY.get(name, version) != version:
            message = f"{name} is not a protocol of IPv{version}"
            rule.error(key, "icmp-of-other-family", message, f"Write ipVersion: {_ICMP_FAMILY[name]}, or remove it.")
    source = _entity(rule.section("source"), "source", namespace, protocol)
    destination = _entity(rule.section("destination"), "destination", namespace, protocol)
    _check_families(rule, version, source, destination)
    icmp, not_icmp = _icmp(rule, "icmp"), _icmp(rule, "notICMP")
    if icmp and protocol not in _ICMP_FAMILY:
        message = "needs protocol ICMP or ICMPv6"
        rule.error("icmp", "icmp-without-protocol", message, "Add protocol: ICMP or ICMPv6.")
    narrowing = _http(rule, action, protocol)
    if action is None:
        return None
    meant = frozenset(Protocol) if protocol == "" else frozenset(filter(None, [_WITH_PORTS.get(protocol)]))
    if not_icmp and protocol == "":
        doubt = "what notICMP does to packets of other protocols, where the rule names no protocol"
    else:
        doubt = ""
    return CalicoRule(
        direction=direction,
        index=index,
        action=action,
        from_=source,
        to=destination,
        protocols=meant - frozenset(filter(None, [_WITH_PORTS.get(other_than)])),
        source=rule.source,
        text=_text(action, version, protocol, other_than, icmp, not_icmp, source, destination, narrowing),
        family=_FAMILIES.get(version) if version is not None else None,
        narrowing=narrowing,
        doubt=doubt,
    )


def _action(rule: Fields) -> CalicoAction | None:
    word = rule.text("action")
    if not word:
        if rule.data.get("action") in (None, ""):
            rule.error(None, "missing-action", "the rule has no action", "Add action: Allow, Deny, Pass or Log.")
        return None
    action = _ACTIONS.get(word)
    if action is None:
        # Calico stores Allow for allow, but its API takes the four words alone.
        words = ", ".join(_ACTIONS)
        rule.error("action", "unsupported-value", f"{quote(word)} is not one of {words}", f"Use one of {words}.")
    return action


def _protocol(rule: Fields, key: str) -> str:
    """The protocol's name, or its number in decimal; "" where absent or refused."""
    value = rule.data.get(key)
    if value is None:
        return ""
    if isinstance(value, str) and value.lower() in _NAMES:
        return _NAMES[value.lower()]
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4 else value
    if type(number) is int and 1 <= number <= 255:
        return _NUMBERS.get(number, str(number))
    words = ", ".join(_NUMBERS.values())
    rule.error(key, "unsupported-value", f"{quote(value)} is no protocol", f"Use one of {words} or a number.")
    return ""


def _icmp(rule: Fields, key: str) -> str:
    """The ICMP condition in words; "" where there is none."""
    fields = rule.child(key)
    if fields is None:
        return ""
    fields.only(frozenset({"type", "code"}))
    kind = fields.number_within("type", 0, 254, 0) if fields.has("type") else None
    code = fields.number_within("code", 0, 255, 0) if fields.has("code") else None
    if code is not None and kind is None:
        message = "has a code without a type"
        fields.error("code", "icmp-code-without-type", message, "Add the type.")
    words = [f"type {kind}"] * (kind is not None) + [f"code {code}"] * (code is not None)
    return " ".join(words) or "any type"


def _http(rule: Fields, action: CalicoAction | None, protocol: str) -> str:
    http = rule.child("http")
    if http is None:
        return ""
    http.only(frozenset({"methods", "paths", "headers"}))
    if action is not None and action is not CalicoAction.ALLOW:
        rule.error("http", "http-not-allow", "may stand in an Allow rule only", "Remove http, or write action: Allow.")
    if protocol not in ("", "TCP"):
        rule.error("http", "http-not-tcp", "needs protocol TCP", "Write protocol: TCP.")
    words = [method for _, method in http.texts("methods")]
    for path in http.children("paths"):
        exact, prefix = path.text("exact"), path.text("prefix")
        if bool(exact) == bool(prefix):
            path.error(None, "http-path", "must have either exact or prefix", "Keep one of the two.")
        words.append(exact or f"{prefix}*")
    return f"HTTP requests {', '.join(words)}" if words else "HTTP requests"


def _entity(entity: Fields, end: str, namespace: str, protocol: str) -> EntityRule:
    entity.only(_ENTITY_FIELDS)
    selector = selector_text(entity, "selector")
    namespaces = selector_text(entity, "namespaceSelector", may_be_global=True)
    not_selector = selector_text(entity, "notSelector")
    accounts = _accounts(entity.child("serviceAccounts"))
    service = _service(entity, namespace)
    joined = _joined(selector, namespaces, accounts, not_selector, namespace)
    ports = _ports(entity, "ports", protocol, service, end)
    not_ports = _ports(entity, "notPorts", protocol, service, end)
    nets, not_nets = _nets(entity, "nets"), _nets(entity, "notNets")
    return EntityRule(
        source=entity.source,
        text=_entity_text(entity.data, nets, not_nets, ports, not_ports, service),
        selector=joined,
        not_selector=not_selector,
        nets=nets or None,
        not_nets=not_nets,
        ports=ports,
        not_ports=not_ports,
        service=service,
    )


def _joined(
    selector: CalicoSelector | None,
    namespaces: CalicoSelector | None,
    accounts: CalicoSelector | None,
    not_selector: CalicoSelector | None,
    namespace: str,
) -> CalicoSelector | None:
    """One selector over endpoints: a namespaced policy's are limited to its namespace as soon as one is given."""
    if selector is None and namespaces is None and accounts is None and (not_selector is None or not namespace):
        return None
    scope = of_namespaces(namespaces)
    if scope is None and namespace:
        scope = in_namespace(namespace)
    return conjunction(scope, accounts, selector)


def _accounts(fields: Fields | None) -> CalicoSelector | None:
    if fields is None:
        return None
    fields.only(frozenset({"names", "selector"}))
    selector = selector_text(fields, "selector")
    names = frozenset(name for _, name in fields.texts("names"))
    labels = None if selector is None else rewritten(selector, SERVICE_ACCOUNT_PREFIX, All(), Global())
    if not names:
        return labels
    return conjunction(labels, Compare(SERVICE_ACCOUNT_KEY, Comparison.IN, names))


def _service(entity: Fields, namespace: str) -> ServiceMatch | None:
    fields = entity.child("services")
    if fields is None:
        return None
    fields.only(frozenset({"name", "namespace"}))
    name = fields.text("name")
    if not name:
        fields.error("name", "missing-service-name", "must name a Service", "Add the Service's name.")
    for key in ("selector", "notSelector", "namespaceSelector", "nets", "notNets", "serviceAccounts"):
        if entity.data.get(key):
            message = f"may not stand beside services at the same end of a rule: {key}"
            entity.error("services", "services-with-selector", message, "Split the rule in two.")
    where = fields.text("namespace") or namespace
    if not where:
        message = "a GlobalNetworkPolicy has no namespace of its own to look for the Service in"
        fields.error("namespace", "missing-service-namespace", message, "Add the Service's namespace.")
    return ServiceMatch(where, name)


def _nets(entity: Fields, key: str) -> tuple[Network, ...]:
    found = []
    for index, text in entity.texts(key):
        parsed = parse_lenient_prefix(text)
        if parsed is None:
            message = f"{quote(text)} is no address block in CIDR form"
            remedy = "Write an address and a prefix length, e.g. 10.0.0.0/8."
            entity.entry.error((*entity.path, key, index), "invalid-cidr", message, remedy)
        else:
            found.append(parsed[0])  # ParseCIDR masks host bits, and takes them
    return tuple(found)


def _check_families(rule: Fields, version: int | None, *entities: EntityRule) -> None:
    nets = [net for e in entities for net in (*(e.nets or ()), *e.not_nets)]
    found = {family_of(net) for net in nets}
    if len(found) > 1:
        message = "the rule contains both IPv4 and IPv6 nets, which Calico refuses"
        rule.error(None, "nets-of-both-families", message, "Write one rule for each family.")
    elif found and version is not None and found != {_FAMILIES.get(version)}:
        message = f"the rule's nets are not of IPv{version}"
        rule.error("ipVersion", "nets-of-other-family", message, "Correct ipVersion, or remove it.")


def _ports(entity: Fields, key: str, protocol: str, service: ServiceMatch | None, end: str) -> CalicoPorts | None:
    values = entity.sequence(key)
    if not values:
        return None
    if protocol not in _WITH_PORTS:
        message = "needs the rule's protocol to be TCP, UDP or SCTP"
        entity.error(key, "ports-without-protocol", message, "Add protocol: TCP, UDP or SCTP to the rule.")
    if service is not None and end == "destination":
        message = "may not stand beside services, which has the ports of the Service's endpoints"
        entity.error(key, "ports-with-services", message, "Remove the ports.")
    numbers, names = PortSet(), set()
    for index, value in enumerate(values):
        read = _port(value)
        if read is None:
            message = f"{quote(value)} is no port, range of ports (80:90) or port name"
            entity.entry.error((*entity.path, key, index), "invalid-port", message, "Write a port, a range or a name.")
        elif isinstance(read, str):
            names.add(read)
        else:
            numbers |= read
    return CalicoPorts(numbers, frozenset(names))


def _port(value: Any) -> PortSet | str | None:
    if type(value) is int or (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7):
        first = last = int(value)
    elif isinstance(value, str) and (span := _PORT_RANGE.fullmatch(value)) and len(value) < 14:
        first, last = int(span[1]), int(span[2])
    else:
        return str(value) if isinstance(value, str) and _PORT_NAME.fullmatch(value) else None
    if not 0 <= first <= last <= LAST_PORT:
        return None
    # Port 0 is a number to Calico, but none that a connection can have.
    return PortSet.of(max(first, FIRST_PORT), last) if last else PortSet()


def _entity_text(
    data: Mapping[str, Any],
    nets: tuple[Network, ...],
    not_nets: tuple[Network, ...],
    ports: CalicoPorts | None,
    not_ports: CalicoPorts | None,
    service: ServiceMatch | None,
) -> str:
    words = [
        f"{label} {data[key]}"
        for key, label in (
            ("selector", "selector"),
            ("namespaceSelector", "in namespaces"),
            ("notSelector", "not"),
        )
        if isinstance(data.get(key), str) and data[key]
    ]
    accounts = data.get("serviceAccounts")
    if isinstance(accounts, dict):
        names, chosen = accounts.get("names"), accounts.get("selector")
        named = ", ".join(map(str, names)) if isinstance(names, list) else ""
        words.append(" ".join(filter(None, ("service accounts", named, str(chosen or "")))))
    if nets:
        words.append(f"nets {', '.join(map(str, nets))}")
    if not_nets:
        words.append(f"not nets {', '.join(map(str, not_nets))}")
    if service is not None:
        words.append(f"the Service {service.namespace}/{service.name}")
    if ports is not None:
        words.append(f"ports {ports}")
    if not_ports is not None:
        words.append(f"not ports {not_ports}")
    return ", ".join(words)


def _text(
    action: CalicoAction,
    version: int | None,
    protocol: str,
    other_than: str,
    icmp: str,
    not_icmp: str,
    source: EntityRule,
    destination: EntityRule,
    narrowing: str,
) -> str:
    words = [action.value]
    if version is not None:
        words.append(f"IPv{version}")
    if protocol:
        words.append(protocol)
    if other_than:
        words.append(f"not {other_than}")
    if icmp:
        words.append(f"({icmp})")
    if not_icmp:
        words.append(f"(not {not_icmp})")
    words.append(f"from {source.text or 'anywhere'}")
    words.append(f"to {destination.text or 'anywhere'}")
    if protocol and protocol not in _WITH_PORTS:
        words.append("(no connection of TCP, UDP or SCTP)")
    if narrowing:
        words.append(f"narrowed to {narrowing}")
    return " ".join(words)
