"""AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy, refused where their schemas refuse them.

Source: apis/v1alpha1 and apis/v1alpha2 of kubernetes-sigs/network-policy-api, whose validation rules are on the types.
Of v1beta1 its release v0.3.0 says: "The v1beta1 and v1alpha2 schemas are identical".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.kinds import CLUSTER_POLICY_GROUP, CLUSTER_POLICY_VERSIONS
from lib.loaders.parse.addresses import read_schema_prefix
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object
from lib.loaders.parse.selectors import read_selector, selector_at
from lib.loaders.parse.session import Session, Unknown, field_names, quote
from lib.model.cluster_policies import (
    ClusterAction,
    ClusterPeer,
    ClusterPolicy,
    ClusterPort,
    ClusterRule,
    DomainsPeer,
    NamedPortOfPods,
    NetworksPeer,
    NodePeer,
    PolicyTier,
    UnknownPeer,
)
from lib.model.labels import EVERYTHING, LabelSelector
from lib.model.patterns import pattern
from lib.model.policies import AllPorts, Direction, NamespacesByLabel, NumberedPorts, PodPeer, RejectedPolicy
from lib.model.records import dataclass
from lib.model.sets import FIRST_PORT, LAST_PORT, PortSet, Protocol

"""The versions of ClusterNetworkPolicy that a server may answer with; the newest first."""
_ADMIN_VERSIONS: Final = (f"{CLUSTER_POLICY_GROUP}/v1alpha1",)
_PRIORITIES: Final = (0, 1000)
# A BaselineAdminNetworkPolicy has no priority: there is one only.
_LAST: Final = _PRIORITIES[1] + 1
_NAME_UP_TO: Final = 100
_BLOCKS_UP_TO: Final = 25
_PROTOCOLS: Final = {protocol.value: protocol for protocol in Protocol}
_BOTH: Final = frozenset(Direction)
_DOMAIN: Final = pattern(
    r"(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?"
)
_POD_FIELDS: Final = field_names("namespaceSelector podSelector")
_PEERS: Final = {
    Direction.INGRESS: field_names("namespaces pods"),
    Direction.EGRESS: field_names("namespaces pods nodes networks domainNames"),
}
_PEER_KEYS: Final = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
# Peers that are no pods, and so have no named ports.
_WITHOUT_NAMES: Final = (NodePeer, NetworksPeer, DomainsPeer)


@dataclass(frozen=True, slots=True)
class _Dialect:
    """In what the versions of the API differ."""

    spec: frozenset[str]
    actions: dict[str, ClusterAction]
    rules_up_to: int
    peers_up_to: int
    ports_key: str
    read_port: Callable[[Fields], tuple[ClusterPort, ...]]


def parse_admin_policy(session: Session, raw: RawObject) -> ClusterPolicy | RejectedPolicy:
    """A v1alpha1 AdminNetworkPolicy."""
    return _parse(session, raw, _ADMIN)


def parse_baseline_policy(session: Session, raw: RawObject) -> ClusterPolicy | RejectedPolicy:
    """A v1alpha1 BaselineAdminNetworkPolicy; there is one of the name ``default``."""
    return _parse(session, raw, _BASELINE)


def parse_cluster_policy(session: Session, raw: RawObject) -> ClusterPolicy | RejectedPolicy:
    """A ClusterNetworkPolicy, v1alpha2 or v1beta1."""
    return _parse(session, raw, _CLUSTER)


def _parse(session: Session, raw: RawObject, dialect: _Dialect) -> ClusterPolicy | RejectedPolicy:
    reading = open_object(session, raw, namespaced=False, unknown=Unknown.REJECTS)
    entry, spec = reading.entry, reading.root.section("spec")
    served = CLUSTER_POLICY_VERSIONS if dialect is _CLUSTER else _ADMIN_VERSIONS
    if not raw.api_version:
        entry.failed = True  # which the reader of the document has told
    elif raw.api_version not in served:
        message = f"there is no {raw.kind} in the API version {quote(raw.api_version)}"
        entry.error(("apiVersion",), "unsupported-api-version", message, f"Write apiVersion: {served[-1]}.")
    if dialect is _BASELINE and reading.ref.name not in ("default", "?"):
        message = f"is named {quote(reading.ref.name)}; there is only one, of the name default"
        reading.meta.error("name", "baseline-not-default", message, "Write name: default.")
    spec.only(dialect.spec)
    namespaces, pods = _subject(spec, dialect)
    tier, priority = _place(spec, dialect)
    rules = tuple(rule for direction in Direction for rule in _rules(spec, direction, dialect))
    if entry.failed:
        stated = frozenset(d for d in Direction if spec.data.get(d.field))
        return RejectedPolicy(reading.ref, raw.source, "", EVERYTHING, stated or _BOTH)
    return ClusterPolicy(reading.ref, raw.source, tier, priority, namespaces, pods, rules)


def _place(spec: Fields, dialect: _Dialect) -> tuple[PolicyTier, int]:
    if dialect is _BASELINE:
        return PolicyTier.BASELINE, _LAST
    tier = PolicyTier.ADMIN
    if dialect is _CLUSTER:
        if not spec.text("tier"):
            spec.error(None, "missing-tier", "has no tier", "Write tier: Admin or tier: Baseline.")
        tier = PolicyTier(spec.choice("tier", [t.value for t in PolicyTier], tier.value))
    if not spec.has("priority"):
        first, last = _PRIORITIES
        spec.error(None, "missing-priority", "has no priority", f"Add priority, from {first} to {last}.")
    return tier, spec.number_within("priority", *_PRIORITIES, _PRIORITIES[0])


def _subject(spec: Fields, dialect: _Dialect) -> tuple[LabelSelector, LabelSelector]:
    subject = spec.child("subject")
    if subject is None:
        if not spec.has("subject"):
            spec.error(None, "missing-subject", "has no subject", "Add subject with namespaces or pods.")
        return EVERYTHING, EVERYTHING
    subject.only(field_names("namespaces pods"))
    if not _is_one(subject, ("namespaces", "pods"), "subject"):
        return EVERYTHING, EVERYTHING
    return _pods(subject, dialect)


def _is_one(fields: Fields, keys: Iterable[str], what: str) -> bool:
    """Whether exactly one of ``keys`` is set."""
    found = [key for key in keys if fields.has(key)]
    if len(found) != 1:
        listed = ", ".join(keys)
        message = f"the {what} sets {' and '.join(found)}" if found else f"the {what} sets none of {listed}"
        fields.error(None, "not-exactly-one", f"{message}; it must set exactly one", f"Set one of {listed}.")
    return len(found) == 1


def _pods(fields: Fields, dialect: _Dialect) -> tuple[LabelSelector, LabelSelector]:
    """``namespaces``, or ``pods`` with both selectors."""
    if fields.has("namespaces"):
        return selector_at(fields, "namespaces"), EVERYTHING
    pods = fields.section("pods")
    pods.only(_POD_FIELDS)
    missing = [k for k in (("podSelector",) if dialect is _CLUSTER else sorted(_POD_FIELDS)) if not pods.has(k)]
    if missing:
        # Clients written in Go always send them, so that tools take manifests which kubectl could not apply.
        named = " and ".join(missing)
        message = f"has no {named}, which the API server asks for; here what is absent counts as empty and selects all"
        pods.warn(None, "missing-selector", message, "Write {} for the selector, if that is meant.")
    return selector_at(pods, "namespaceSelector"), selector_at(pods, "podSelector")


def _rules(spec: Fields, direction: Direction, dialect: _Dialect) -> Iterable[ClusterRule]:
    _at_most(spec, direction.field, dialect.rules_up_to)
    for rule in spec.children(direction.field):
        found = _rule(rule, direction, dialect)
        if found is not None:
            yield found


def _at_most(fields: Fields, key: str, most: int, *, least: int = 0) -> None:
    count = len(fields.sequence(key))
    if count > most:
        fields.error(key, "too-many-items", f"{count} items are more than {most}", f"Write at most {most}.")
    elif fields.has(key) and count < least:
        fields.error(key, "too-few-items", "is empty", "Name at least one, or leave the field out.")


def _no_two_alike(fields: Fields, key: str) -> None:
    """``listType=set``: the API server refuses a text that stands there twice."""
    texts = [text for _, text in fields.texts(key)]
    if len(set(texts)) < len(texts):
        fields.error(key, "duplicate-items", "names one item twice", "Name each of them once.")


def _rule(rule: Fields, direction: Direction, dialect: _Dialect) -> ClusterRule | None:
    peers_key = _PEER_KEYS[direction]
    rule.only(field_names(f"name action {peers_key} {dialect.ports_key}"))
    name = rule.text("name")
    if len(name) > _NAME_UP_TO:
        rule.error("name", "name-too-long", f"is longer than {_NAME_UP_TO} characters", "Shorten it.")
    word = rule.text("action")
    if word not in dialect.actions:
        said = f"{quote(word)} is not one of" if rule.has("action") else "has no action; it must be one of"
        words = ", ".join(dialect.actions)
        rule.error(
            "action" if rule.has("action") else None, "unsupported-value", f"{said} {words}", f"Use one of {words}."
        )
        return None
    if not rule.sequence(peers_key):
        rule.error(None, "missing-peers", f"{peers_key} names no peer", f"Add at least one peer to {peers_key}.")
    _at_most(rule, peers_key, dialect.peers_up_to)
    read = (_peer(item, direction, dialect) for item in rule.children(peers_key))
    peers = tuple(peer for peer in read if peer is not None)
    ports = _ports(rule, dialect)
    if any(isinstance(p, NamedPortOfPods) for p in ports) and any(isinstance(p, _WITHOUT_NAMES) for p in peers):
        message = "names a port beside nodes, networks or domain names, which have no named ports"
        rule.error(
            dialect.ports_key, "named-port-without-pods", message, "Write port numbers, or part the rule in two."
        )
    action = dialect.actions[word]
    if action is not ClusterAction.ALLOW and any(isinstance(p, DomainsPeer) for p in peers):
        message = f"domain names may stand in a rule that allows only, not in one that says {word}"
        rule.error(
            peers_key, "domain-names-not-allowed", message, "Use networks, or allow the names and deny the rest."
        )
    index = rule.path[-1]
    assert isinstance(index, int)
    return ClusterRule(direction, index, action, peers, ports, rule.source, name)


def _peer(item: Fields, direction: Direction, dialect: _Dialect) -> ClusterPeer | None:
    known = _PEERS[direction]
    found = [key for key in known if item.has(key)]
    if item.entry.live and not found:
        message = "this peer has no type that is known here; as the API asks, its rule fails closed"
        item.warn(None, "unknown-peer", message, "Read the rule as one that allows nothing, or denies everything.")
        return UnknownPeer(item.source)
    item.only(known)
    if not _is_one(item, sorted(known), "peer"):
        return None
    (key,) = found
    if key in ("namespaces", "pods"):
        namespaces, pods = _pods(item, dialect)
        return PodPeer(NamespacesByLabel(namespaces), pods, item.source)
    if key == "nodes":
        return NodePeer(read_selector(item.section("nodes")), item.source)
    _at_most(item, key, _BLOCKS_UP_TO, least=1)
    _no_two_alike(item, key)
    if key == "networks":
        texts = item.texts("networks")
        prefixes = (read_schema_prefix(item.entry, (*item.path, "networks", index), text) for index, text in texts)
        return NetworksPeer(tuple(p for p in prefixes if p is not None), item.source)
    for index, text in item.texts("domainNames"):
        if not _DOMAIN.fullmatch(text):
            path = (*item.path, "domainNames", index)
            message = f"{quote(text)} is no domain name"
            item.entry.error(path, "invalid-domain-name", message, "Write a name such as example.com or *.example.com.")
    return DomainsPeer(tuple(text for _, text in item.texts("domainNames")), item.source)


def _ports(rule: Fields, dialect: _Dialect) -> tuple[ClusterPort, ...]:
    """Missing means every port of every protocol."""
    key = dialect.ports_key
    if not rule.has(key):
        return (AllPorts(),)
    _at_most(rule, key, dialect.rules_up_to, least=1 if dialect is _CLUSTER else 0)
    return tuple(port for item in rule.children(key) for port in dialect.read_port(item)) or (AllPorts(),)


def _admin_port(item: Fields) -> tuple[ClusterPort, ...]:
    keys = ("portNumber", "portRange", "namedPort")
    item.only(frozenset(keys))
    if not _is_one(item, keys, "port"):
        return ()
    if item.has("namedPort"):
        return (NamedPortOfPods(item.text("namedPort"), item.source),)
    if item.has("portNumber"):
        number = item.section("portNumber")
        number.only(field_names("protocol port"))
        ports = _number(number, "port")
    else:
        number = item.section("portRange")
        number.only(field_names("protocol start end"))
        ports = _range(number)
    protocol = _PROTOCOLS[number.choice("protocol", _PROTOCOLS, Protocol.TCP.value)]
    return (NumberedPorts(protocol, ports, item.source),)


def _cluster_port(item: Fields) -> tuple[ClusterPort, ...]:
    protocols = {protocol.value.lower(): protocol for protocol in Protocol}
    keys = (*protocols, "destinationNamedPort")
    item.only(frozenset(keys))
    if not _is_one(item, keys, "protocol"):
        return ()
    if item.has("destinationNamedPort"):
        return (NamedPortOfPods(item.text("destinationNamedPort"), item.source),)
    (key,) = (key for key in protocols if item.has(key))
    attributes = item.section(key)
    attributes.only(field_names("destinationPort"))
    port = attributes.child("destinationPort")
    if port is None:
        if not attributes.has("destinationPort"):
            attributes.error(
                None, "missing-port", "has no destinationPort", "Add destinationPort with number or range."
            )
        return ()
    port.only(field_names("number range"))
    if not _is_one(port, ("number", "range"), "destinationPort"):
        return ()
    ports = _number(port, "number")
    if port.has("range"):
        ends = port.section("range")
        ends.only(field_names("start end"))
        ports = _range(ends)
    return (NumberedPorts(protocols[key], ports, item.source),)


def _number(fields: Fields, key: str) -> PortSet:
    if not fields.has(key) and not fields.has("range"):
        fields.error(None, "missing-port", f"has no {key}", f"Add {key}, from {FIRST_PORT} to {LAST_PORT}.")
    return PortSet.of(fields.number_within(key, FIRST_PORT, LAST_PORT, FIRST_PORT))


def _range(ends: Fields) -> PortSet:
    for key in ("start", "end"):
        if not ends.has(key):
            ends.error(None, "missing-port", f"has no {key}", f"Add {key}, from {FIRST_PORT} to {LAST_PORT}.")
    start = ends.number_within("start", FIRST_PORT, LAST_PORT, FIRST_PORT)
    end = ends.number_within("end", FIRST_PORT, LAST_PORT, LAST_PORT)
    if start >= end:
        message = f"the range from {start} to {end} does not rise"
        ends.error("end", "port-range-not-rising", message, "Write an end above the start, or a single number.")
        return PortSet.of(start)
    return PortSet.of(start, end)


_ADMIN: Final = _Dialect(
    spec=field_names("priority subject ingress egress"),
    actions={"Allow": ClusterAction.ALLOW, "Deny": ClusterAction.DENY, "Pass": ClusterAction.PASS},
    rules_up_to=100,
    peers_up_to=100,
    ports_key="ports",
    read_port=_admin_port,
)
_BASELINE: Final = _Dialect(
    spec=field_names("subject ingress egress"),
    actions={"Allow": ClusterAction.ALLOW, "Deny": ClusterAction.DENY},
    rules_up_to=100,
    peers_up_to=100,
    ports_key="ports",
    read_port=_admin_port,
)
_CLUSTER: Final = _Dialect(
    spec=field_names("tier priority subject ingress egress"),
    actions={"Accept": ClusterAction.ALLOW, "Deny": ClusterAction.DENY, "Pass": ClusterAction.PASS},
    rules_up_to=25,
    peers_up_to=25,
    ports_key="protocols",
    read_port=_cluster_port,
)
