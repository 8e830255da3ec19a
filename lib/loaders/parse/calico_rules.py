"""The rules of Calico's policies, refused where Calico's validator refuses them.

Source: api/pkg/apis/projectcalico/v3/policy_common.go, libcalico-go/lib/validator/v3 and, for how the selectors of one
end are joined, libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go of projectcalico/calico.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.parse.calico_entities import WITH_PORTS, read_entity
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.session import field_names, quote
from lib.model.calico_policies import (
    CalicoAction,
    CalicoRule,
    EntityRule,
)
from lib.model.policies import Direction
from lib.model.sets import Family, Protocol, family_of

_RULE_FIELDS: Final = field_names("action ipVersion protocol icmp notProtocol notICMP source destination http metadata")
_ACTIONS: Final = {action.value: action for action in CalicoAction}
_NUMBERS: Final = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP", 136: "UDPLite"}
_NAMES: Final = {name.lower(): name for name in _NUMBERS.values()}
_ICMP_FAMILY: Final = {"ICMP": 4, "ICMPv6": 6}
_FAMILIES: Final = {4: Family.IPV4, 6: Family.IPV6}


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
    source = read_entity(rule.section("source"), "source", namespace, protocol)
    destination = read_entity(rule.section("destination"), "destination", namespace, protocol)
    _check_families(rule, version, source, destination)
    icmp, not_icmp = _icmp(rule, "icmp"), _icmp(rule, "notICMP")
    if icmp and protocol not in _ICMP_FAMILY:
        message = "needs protocol ICMP or ICMPv6"
        rule.error("icmp", "icmp-without-protocol", message, "Add protocol: ICMP or ICMPv6.")
    narrowing = _http(rule, action, protocol)
    if action is None:
        return None
    meant = frozenset(Protocol) if protocol == "" else frozenset(filter(None, [WITH_PORTS.get(protocol)]))
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
        protocols=meant - frozenset(filter(None, [WITH_PORTS.get(other_than)])),
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


def _check_families(rule: Fields, version: int | None, *entities: EntityRule) -> None:
    nets = [net for e in entities for net in (*(e.nets or ()), *e.not_nets)]
    found = {family_of(net) for net in nets}
    if len(found) > 1:
        message = "the rule contains both IPv4 and IPv6 nets, which Calico refuses"
        rule.error(None, "nets-of-both-families", message, "Write one rule for each family.")
    elif found and version is not None and found != {_FAMILIES.get(version)}:
        message = f"the rule's nets are not of IPv{version}"
        rule.error("ipVersion", "nets-of-other-family", message, "Correct ipVersion, or remove it.")


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
    if protocol and protocol not in WITH_PORTS:
        words.append("(no connection of TCP, UDP or SCTP)")
    if narrowing:
        words.append(f"narrowed to {narrowing}")
    return " ".join(words)
