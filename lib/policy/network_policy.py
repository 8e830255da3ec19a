"""networking.k8s.io/v1 NetworkPolicy: its vocabulary and its compiled form."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import assert_never

from lib.model.policies import (
    AllPorts,
    AnyPeer,
    Direction,
    IpBlockPeer,
    NamedPort,
    NamespacesByLabel,
    NetworkPolicy,
    NumberedPorts,
    Peer,
    PodPeer,
    PolicyPort,
    PolicyRule,
)
from lib.model.sets import AddressSet
from lib.policy.bits import Bits, union
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, PortsAt
from lib.policy.spaces import Vocabulary


def vocabulary(policy: NetworkPolicy) -> Vocabulary:
    """Everything that ``policy`` can tell apart."""
    peers = [peer for rule in policy.rules for peer in rule.peers]
    ports = [port for rule in policy.rules for port in rule.ports]
    pod_peers = [p for p in peers if isinstance(p, PodPeer)]
    blocks = [p for p in peers if isinstance(p, IpBlockPeer)]
    scopes = [p.namespaces.selector for p in pod_peers if isinstance(p.namespaces, NamespacesByLabel)]
    return Vocabulary(
        pod_keys=policy.pod_selector.keys.union(*(p.pods.keys for p in pod_peers)),
        namespace_keys=frozenset().union(*(s.keys for s in scopes)),
        named_ports=frozenset((p.name, p.protocol) for p in ports if isinstance(p, NamedPort)),
        networks=frozenset(n for b in blocks for n in (b.cidr, *b.excepts)),
        ports=frozenset((p.protocol, i) for p in ports if isinstance(p, NumberedPorts) for i in p.ports.intervals),
    )


def compile_policy(policy: NetworkPolicy, spaces: Spaces) -> CompiledPolicy:
    """The policy as bitsets. Policies only add: each isolates its subjects and permits what its rules name."""
    subjects = spaces.endpoints.in_namespace(policy.namespace) & spaces.endpoints.with_labels(policy.pod_selector)
    rules = tuple(_rule(policy, rule, subjects, spaces) for rule in policy.rules)
    return CompiledPolicy(policy.ref, policy.source, subjects, policy.directions, rules)


def _rule(policy: NetworkPolicy, rule: PolicyRule, subjects: Bits, spaces: Spaces) -> CompiledRule:
    always = union(_by_labels(peer, spaces) for peer in rule.peers)
    # Together, so that a pod of unknown address is surely meant where the blocks leave it no other.
    sure, possible = spaces.at_addresses(
        reduce(or_, (p.addresses for p in rule.peers if isinstance(p, IpBlockPeer)), AddressSet())
    )
    sure = Named.of(always | sure.always, sure.ipv4, sure.ipv6)
    possible = Named.of(possible.always & ~sure.always, possible.ipv4 & ~sure.always, possible.ipv6 & ~sure.always)
    return CompiledRule(
        policy=policy.ref,
        direction=rule.direction,
        label=rule.label,
        source=rule.source,
        text=_text(rule),
        subjects=subjects,
        sure=sure,
        possible=possible,
        ports=tuple(_ports(rule, spaces)),
        names_pods=any(isinstance(p, PodPeer) for p in rule.peers),
        doubt=spaces.address_doubt if possible.any else "",
    )


def _by_labels(peer: Peer, spaces: Spaces) -> Bits:
    """The ends that ``peer`` means whatever their addresses."""
    match peer:
        case AnyPeer():
            return spaces.everything
        case PodPeer():
            return spaces.endpoints.in_scope(peer.namespaces) & spaces.endpoints.with_labels(peer.pods)
        case IpBlockPeer():
            return 0
        case _:
            assert_never(peer)


def _ports(rule: PolicyRule, spaces: Spaces) -> Iterator[PortsAt]:
    numbered = 0
    for port in rule.ports:
        match port:
            case AllPorts():
                numbered |= spaces.ports.all
            case NumberedPorts():
                numbered |= spaces.ports.mask(port.protocol, port.ports)
            case NamedPort():
                for number, declaring in spaces.endpoints.with_named_port(port.name, port.protocol).items():
                    yield PortsAt(declaring, spaces.port_mask(port.protocol, number))
            case _:
                assert_never(port)
    if numbered:
        yield PortsAt(spaces.everything, numbered)


def _text(rule: PolicyRule) -> str:
    verb = "from" if rule.direction is Direction.INGRESS else "to"
    peers = "anywhere" if any(isinstance(p, AnyPeer) for p in rule.peers) else "; ".join(map(str, rule.peers))
    return f"{verb} {peers} on {', '.join(map(_port_text, rule.ports))}"


def _port_text(port: PolicyPort) -> str:
    match port:
        case AllPorts():
            return "all ports"
        case NumberedPorts():
            return f"{port.protocol.value} {port.ports}"
        case NamedPort():
            return f"{port.protocol.value} {port.name}"
        case _:
            assert_never(port)
