"""networking.k8s.io/v1 NetworkPolicy: its vocabulary and its compiled form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Final, assert_never

from lib.facts.engines import Known
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
from lib.model.sets import AddressSet, Family, Protocol
from lib.policy.bits import Bits, union
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, PortsAt
from lib.policy.spaces import Vocabulary

PORT_NAME_DOUBT: Final = "which number the port name"
"""How the doubt begins that a rule with a port name has where pods give it several numbers."""


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
    """The policy as bitsets. Policies only add: each isolates its subjects and permits what its rules name.

    Where the engine's documentation does not say how it reads a part of a rule, that part is only possible.
    """
    subjects = spaces.endpoints.in_namespace(policy.namespace) & spaces.endpoints.with_labels(policy.pod_selector)
    rules = [part for rule in policy.rules for part in _rule(policy, rule, subjects, spaces)]
    if spaces.profile.judges_ipv6 is Known.UNKNOWN:
        rules += [_not_judged(policy, d, subjects, spaces) for d in Direction if d in policy.directions]
    return CompiledPolicy(policy.ref, policy.source, subjects, policy.directions, tuple(rules))


def _rule(policy: NetworkPolicy, rule: PolicyRule, subjects: Bits, spaces: Spaces) -> Iterator[CompiledRule]:
    always = union(_by_labels(peer, spaces) for peer in rule.peers)
    # Together, so that a pod of unknown address is surely meant where the blocks leave it no other.
    sure, possible = spaces.at_addresses(
        reduce(or_, (p.addresses for p in rule.peers if isinstance(p, IpBlockPeer)), AddressSet())
    )
    sure = Named.of(always | sure.always, sure.ipv4, sure.ipv6)
    possible = Named.of(possible.always & ~sure.always, possible.ipv4 & ~sure.always, possible.ipv6 & ~sure.always)
    doubt = spaces.address_doubt if possible.any else ""
    if spaces.profile.judges_ipv6 is Known.UNKNOWN:
        # The part of the policy that is about all IPv6 addresses says it for this rule too.
        sure = sure._replace(always=sure.always & ~spaces.outside_of(Family.IPV6))
    ports = list(_ports(rule, spaces))
    found = CompiledRule(
        policy=policy.ref,
        direction=rule.direction,
        label=rule.label,
        source=rule.source,
        text=_text(rule),
        subjects=subjects,
        sure=sure,
        possible=possible,
        ports=tuple(at for at, why in ports if not why),
        names_pods=any(isinstance(p, PodPeer) for p in rule.peers),
        doubt=doubt,
    )
    unsure: dict[str, list[PortsAt]] = {}
    for at, why in ports:
        if why:
            unsure.setdefault(why, []).append(at)
    if found.ports or not unsure:
        yield found
    for why, at_ports in unsure.items():
        named = Named.of(sure.always | possible.always, sure.ipv4 | possible.ipv4, sure.ipv6 | possible.ipv6)
        yield replace(found, sure=Named(), possible=named, ports=tuple(at_ports), doubt=why)


def _not_judged(policy: NetworkPolicy, direction: Direction, subjects: Bits, spaces: Spaces) -> CompiledRule:
    """IPv6 traffic of isolated pods, where nobody says what becomes of it."""
    return CompiledRule(
        policy=policy.ref,
        direction=direction,
        label="spec",
        source=policy.source,
        text="IPv6 traffic",
        subjects=subjects,
        sure=Named(),
        possible=Named(always=spaces.outside_of(Family.IPV6)),
        ports=(PortsAt(spaces.everything, spaces.ports.all),),
        doubt=f"what {spaces.profile.label}, which does not support IPv6, does with it",
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


def _ports(rule: PolicyRule, spaces: Spaces) -> Iterator[tuple[PortsAt, str]]:
    """The ports of a rule, each with the doubt whether the engine reads them as they are written ("": it does)."""
    label = spaces.profile.label
    numbered = 0
    for port in rule.ports:
        match port:
            case AllPorts():
                numbered |= spaces.ports.all
            case NumberedPorts() if port.protocol is Protocol.SCTP and spaces.profile.judges_sctp is Known.UNKNOWN:
                yield PortsAt(spaces.everything, spaces.ports.mask(port.protocol, port.ports)), _sctp_doubt(label)
            case NumberedPorts():
                numbered |= spaces.ports.mask(port.protocol, port.ports)
            case NamedPort():
                declared = spaces.endpoints.with_named_port(port.name, port.protocol)
                doubt = ""
                if port.protocol is Protocol.SCTP and spaces.profile.judges_sctp is Known.UNKNOWN:
                    doubt = _sctp_doubt(label)
                elif (
                    len(declared) > 1
                    and rule.direction is Direction.EGRESS
                    and spaces.profile.tells_port_names_apart is Known.UNKNOWN
                ):
                    doubt = f"{PORT_NAME_DOUBT} {port.name} means under {label}, where pods give it several"
                for number, declaring in declared.items():
                    yield PortsAt(declaring, spaces.port_mask(port.protocol, number)), doubt
            case _:
                assert_never(port)
    if numbered:
        yield PortsAt(spaces.everything, numbered), ""


def _sctp_doubt(label: str) -> str:
    return f"whether SCTP, which {label} has to be told to support, is permitted by rules"


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
