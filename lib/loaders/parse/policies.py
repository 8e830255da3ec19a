"""NetworkPolicy: every nil, empty and absent distinction of the API is decided here.

A policy that the API server would refuse becomes a RejectedPolicy, never nothing: leaving it out would fail open.
Source of the rules: ``pkg/apis/networking/validation`` and ``networking/v1/types.go`` of Kubernetes.
"""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.addresses import read_prefix
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import Reading, open_object
from lib.loaders.parse.selectors import read_selector, selector_at
from lib.loaders.parse.session import Session, Unknown, quote
from lib.loaders.parse.syntax import port_name_fault
from lib.model.labels import EVERYTHING, LabelSelector
from lib.model.policies import (
    AllPorts,
    AnyPeer,
    Direction,
    IpBlockPeer,
    NamedPort,
    NamespacesByLabel,
    NetworkPolicy,
    NumberedPorts,
    OwnNamespace,
    Peer,
    PodPeer,
    PolicyPort,
    PolicyRule,
    RejectedPolicy,
)
from lib.model.sets import FIRST_PORT, LAST_PORT, Network, PortSet, Protocol

PROTOCOLS: Final = {protocol.value: protocol for protocol in Protocol}
_SPEC_FIELDS: Final = frozenset({"podSelector", "policyTypes", "ingress", "egress"})
_RULE_FIELDS: Final = {
    Direction.INGRESS: frozenset({"from", "ports"}),
    Direction.EGRESS: frozenset({"to", "ports"}),
}
_PEER_FIELDS: Final = frozenset({"podSelector", "namespaceSelector", "ipBlock"})
_BLOCK_FIELDS: Final = frozenset({"cidr", "except"})
_PORT_FIELDS: Final = frozenset({"protocol", "port", "endPort"})
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
BOTH: Final = frozenset(Direction)
_SERVED: Final = "networking.k8s.io/v1"
_REMOVED: Final = "extensions/v1beta1"


def parse_network_policy(session: Session, raw: RawObject) -> NetworkPolicy | RejectedPolicy:
    """A networking.k8s.io/v1 NetworkPolicy; extensions/v1beta1 is recognised and refused, as servers do since 1.16."""
    reading = open_object(session, raw, unknown=Unknown.REJECTS)
    entry = reading.entry
    if not raw.api_version:
        entry.failed = True  # which the reader of the document has told
    elif raw.api_version == _REMOVED:
        message = f"{_REMOVED} NetworkPolicy is refused by the API server since Kubernetes 1.16"
        entry.error(("apiVersion",), "removed-api-version", message, f"Write apiVersion: {_SERVED}.")
    elif raw.api_version != _SERVED:
        message = f"there is no NetworkPolicy in the API version {quote(raw.api_version)}"
        entry.error(("apiVersion",), "unsupported-api-version", message, f"Write apiVersion: {_SERVED}.")
    spec = reading.root.section("spec")
    spec.only(_SPEC_FIELDS)
    failed_before, entry.failed = entry.failed, False
    selector = selector_at(spec, "podSelector")
    selector_read = not entry.failed
    entry.failed = entry.failed or failed_before
    stated = _policy_types(spec)
    rules = [
        *_read_rules(reading, spec, Direction.INGRESS),
        *_read_rules(reading, spec, Direction.EGRESS),
    ]
    if entry.failed:
        readable = selector_read and isinstance(spec.data.get("podSelector"), dict | None)
        return _rejected(reading, spec, selector if readable else EVERYTHING, stated)
    directions = stated or _default_directions(spec)
    _warn_about_unused_rules(spec, rules, directions)
    kept = tuple(rule for rule in rules if rule.direction in directions)
    return NetworkPolicy(reading.ref, raw.source, selector, directions, kept)


def _rejected(reading: Reading, spec: Fields, selector: LabelSelector, stated: frozenset[Direction]) -> RejectedPolicy:
    """What the policy might have governed: when in doubt every pod, both directions, and the whole cluster."""
    namespace = reading.namespace
    if not isinstance(reading.meta.data.get("namespace"), str | None):
        namespace = ""
    misspelt_spec = not reading.root.data.keys() <= {"apiVersion", "kind", "metadata", "spec", "status"}
    if misspelt_spec or ("podSelector" not in spec.data and not spec.data.keys() <= _SPEC_FIELDS):
        selector = EVERYTHING
    return RejectedPolicy(reading.ref, reading.entry.source, namespace, selector, stated or BOTH)


def _default_directions(spec: Fields) -> frozenset[Direction]:
    """Without policyTypes: Ingress always, Egress only if there is an egress rule."""
    return BOTH if spec.data.get("egress") else frozenset({Direction.INGRESS})


def _policy_types(spec: Fields) -> frozenset[Direction]:
    """The directions that ``policyTypes`` states; empty where it is absent, empty or refused."""
    found = spec.texts("policyTypes")
    if len(found) > 2:
        message = "has more than two policyTypes"
        spec.error("policyTypes", "invalid-policy-types", message, "List Ingress, Egress or both.")
    directions = set()
    for index, word in found:
        if word in _DIRECTIONS:
            directions.add(_DIRECTIONS[word])
        else:
            path = (*spec.path, "policyTypes", index)
            message = f"{quote(word)} is neither Ingress nor Egress"
            spec.entry.error(path, "invalid-policy-types", message, "Write Ingress or Egress, with a capital letter.")
            return frozenset()
    return frozenset(directions)


def _warn_about_unused_rules(spec: Fields, rules: list[PolicyRule], directions: frozenset[Direction]) -> None:
    for direction in sorted(BOTH - directions, key=lambda d: d.field):
        if any(rule.direction is direction for rule in rules):
            message = f"these rules have no effect, since policyTypes does not list {direction.value}"
            remedy = f"Add {direction.value} to spec.policyTypes, or remove spec.{direction.field}."
            spec.warn(direction.field, "rules-without-policy-type", message, remedy)


def _read_rules(reading: Reading, spec: Fields, direction: Direction) -> list[PolicyRule]:
    rules = []
    for rule in spec.children(direction.field):
        rule.only(_RULE_FIELDS[direction])
        peers = _read_peers(reading, rule, "from" if direction is Direction.INGRESS else "to")
        ports = _read_ports(rule)
        index = rule.path[-1]
        assert isinstance(index, int)
        rules.append(PolicyRule(direction, index, peers, ports, rule.source))
    return rules


def _read_peers(reading: Reading, rule: Fields, key: str) -> tuple[Peer, ...]:
    """Missing, null or empty means every peer, inside and outside."""
    if not rule.sequence(key):
        return (AnyPeer(),)
    peers = []
    for item in rule.children(key):
        peer = _read_peer(reading, item)
        if peer is not None:
            peers.append(peer)
    return tuple(peers)


def _read_peer(reading: Reading, item: Fields) -> Peer | None:
    item.only(_PEER_FIELDS)
    pods, namespaces, block = item.child("podSelector"), item.child("namespaceSelector"), item.child("ipBlock")
    if block is not None:
        if pods is not None or namespaces is not None:
            message = "has an ipBlock together with a selector"
            remedy = "Write the ipBlock and the selectors as two elements of the list."
            item.error("ipBlock", "peer-ipblock-with-selector", message, remedy)
        return _read_block(block)
    if pods is None and namespaces is None:
        if all(value is None for value in item.data.values()):
            message = "has no podSelector, namespaceSelector or ipBlock"
            remedy = "Name a peer, or leave the whole list out to mean every peer; podSelector: {} means all pods."
            item.error(None, "empty-peer", message, remedy)
        return None
    scope = OwnNamespace(reading.namespace) if namespaces is None else NamespacesByLabel(read_selector(namespaces))
    return PodPeer(scope, EVERYTHING if pods is None else read_selector(pods), item.source)


def _read_block(block: Fields) -> IpBlockPeer | None:
    block.only(_BLOCK_FIELDS)
    entry = block.entry
    text = block.text("cidr")
    if not text:
        if not block.has("cidr") or block.data["cidr"] == "":
            block.error(None, "missing-cidr", "ipBlock has no cidr", "Add cidr, e.g. 10.0.0.0/8.")
        cidr = None
    else:
        cidr = read_prefix(entry, (*block.path, "cidr"), text)
    excepts: list[Network] = []
    for index, written in block.texts("except"):
        path = (*block.path, "except", index)
        network = read_prefix(entry, path, written)
        if network is None or cidr is None:
            continue
        if network.version != cidr.version or network.prefixlen <= cidr.prefixlen or network[0] not in cidr:
            message = f"{network} does not lie strictly inside the cidr {cidr}"
            entry.error(path, "except-outside-cidr", message, "Name a smaller block inside the cidr.")
        else:
            excepts.append(network)
    return None if cidr is None else IpBlockPeer(cidr, block.source, tuple(excepts))


def _read_ports(rule: Fields) -> tuple[PolicyPort, ...]:
    """Missing, null or empty means every port of every protocol."""
    if not rule.sequence("ports"):
        return (AllPorts(),)
    found = (_read_port(item) for item in rule.children("ports"))
    return tuple(port for port in found if port is not None)


def _read_port(item: Fields) -> PolicyPort | None:
    item.only(_PORT_FIELDS)
    if item.data.get("protocol") == "":
        item.error("protocol", "unsupported-value", "is empty", "Write TCP, UDP or SCTP, or remove the field.")
    protocol = PROTOCOLS[item.choice("protocol", PROTOCOLS, "TCP")]
    written = item.data.get("port")
    if isinstance(written, str):
        if fault := port_name_fault(written):
            remedy = "Write the number without quotes." if written.isdecimal() else "Write a container port's name."
            item.error("port", "invalid-port-name", f"the port name {quote(written)} {fault}", remedy)
        if item.has("endPort"):
            message = "must not stand beside a port name"
            item.error("endPort", "end-port-with-name", message, "Give port as a number, or remove endPort.")
        return NamedPort(protocol, written, item.source)
    end = item.integer("endPort")
    if written is None:
        if end is not None:
            item.error("endPort", "end-port-without-port", "needs a port", "Add port, the first of the range.")
        return NumberedPorts(protocol, PortSet.all(), item.source)
    if isinstance(written, bool | list | dict) or (isinstance(written, float) and not written.is_integer()):
        path = (*item.path, "port")
        item.entry.wrong_type(path, written, "a number or a port's name", "Write a number from 1 to 65535.")
        return None
    port = int(written)
    if not FIRST_PORT <= port <= LAST_PORT:
        message = f"{quote(port)} is not within {FIRST_PORT}-{LAST_PORT}"
        item.error("port", "out-of-range", message, "Write a number from 1 to 65535.")
        return None
    last = port if end is None else end
    if last < port:
        message = f"{quote(last)} is lower than the port {port}"
        item.error("endPort", "end-port-below-port", message, "Write a last port that is not below the first.")
        return None
    if last > LAST_PORT:
        item.error("endPort", "out-of-range", f"{quote(last)} is over {LAST_PORT}", "Write at most 65535.")
        return None
    return NumberedPorts(protocol, PortSet.of(port, last), item.source, to_end_port=last > port)
