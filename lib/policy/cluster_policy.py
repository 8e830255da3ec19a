"""Cluster-wide policies as bitsets, and their two tiers: rules in their order, the first that matches decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial, reduce
from itertools import groupby
from operator import or_
from typing import Final, assert_never

from lib.facts.engines import Known
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
from lib.model.domain_names import NamePattern, NameTable
from lib.model.policies import AllPorts, Direction, NamespacesByLabel, NumberedPorts, PodPeer
from lib.model.sets import AddressSet, Protocol
from lib.policy import domain_names
from lib.policy.bits import union
from lib.policy.compile import Spaces
from lib.policy.conditions import Alternative, Condition, by_label
from lib.policy.endpoints import NAMESPACES_DOUBT
from lib.policy.network_policy import perhaps_by_labels, pod_conditions
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt, Stage
from lib.policy.spaces import Vocabulary

VERSION_DOUBT: Final = "whether the installed version"
"""How the doubt begins that a policy has whose kind only some versions of an engine enforce."""
_GROUP: Final = "policy.networking.k8s.io"
_ACTIONS: Final = {
    ClusterAction.ALLOW: Action.ALLOW,
    ClusterAction.DENY: Action.DENY,
    ClusterAction.PASS: Action.PASS,
}


def vocabulary(policy: ClusterPolicy) -> Vocabulary:
    """Everything that the policy can tell apart."""
    peers = [peer for rule in policy.rules for peer in rule.peers]
    ports = [port for rule in policy.rules for port in rule.ports]
    names = {port.name for port in ports if isinstance(port, NamedPortOfPods)}
    pods = [peer for peer in peers if isinstance(peer, PodPeer)]
    scopes = [p.namespaces.selector for p in pods if isinstance(p.namespaces, NamespacesByLabel)]
    networks = frozenset(n for peer in peers if isinstance(peer, NetworksPeer) for n in peer.networks)
    return Vocabulary(
        pod_keys=policy.pods.keys.union(*(p.pods.keys for p in pods)),
        namespace_keys=policy.namespaces.keys.union(*(s.keys for s in scopes)),
        named_ports=frozenset((name, protocol) for name in names for protocol in Protocol),
        networks=networks,
        ports=frozenset((p.protocol, i) for p in ports if isinstance(p, NumberedPorts) for i in p.ports.intervals),
        node_keys=frozenset().union(*(p.nodes.keys for p in peers if isinstance(p, NodePeer))),
        nodes_matter=any(isinstance(p, NodePeer) for p in peers),
        # The addresses of names are told by the person's table, see ``names_vocabulary``.
        pod_addresses=bool(networks) or any(isinstance(p, DomainsPeer) for p in peers),
    )


def stages(policies: Iterable[ClusterPolicy], spaces: Spaces, orders: dict[PolicyTier, float]) -> Iterator[Stage]:
    """The stage of each tier; policies of equal priority are equals, of which nobody knows who is asked first.

    Nor does the API say how a BaselineAdminNetworkPolicy, which has no priority, stands to those of the newer kind.
    """
    listed = sorted(policies, key=lambda p: (p.priority, p.ref))
    for tier, order in orders.items():
        mine = [p for p in listed if p.tier is tier]
        mixed = tier is PolicyTier.BASELINE and len({p.ref.kind for p in mine}) > 1
        levels = tuple(
            tuple(compile_policy(p, spaces) for p in equals)
            for _, equals in groupby(mine, key=lambda p: 0 if mixed else p.priority)
        )
        yield Stage(f"{tier.value} tier", order, levels)


def compile_policy(policy: ClusterPolicy, spaces: Spaces) -> CompiledPolicy:
    """The policy as bitsets; it isolates nobody: what its rules leave undecided goes on to the next tier."""
    endpoints = spaces.endpoints
    scope, pods = NamespacesByLabel(policy.namespaces), endpoints.with_labels(policy.pods)
    subjects, doubtful = endpoints.in_scope(scope) & pods, endpoints.perhaps_in_scope(scope) & pods
    rules = [_rule(policy, rule, subjects, spaces) for rule in policy.rules]
    if doubtful:
        rules += [_rule(policy, rule, doubtful, spaces).perhaps(NAMESPACES_DOUBT) for rule in policy.rules]
    if versions := spaces.profile.versions_of(_GROUP, policy.ref.kind):
        doubt = f"{VERSION_DOUBT} of {spaces.profile.label} enforces {policy.ref.kind} ({versions} does)"
        rules = [rule.perhaps(doubt) for rule in rules]
    return CompiledPolicy(policy.ref, policy.source, subjects | doubtful, frozenset(), tuple(rules))


def _rule(policy: ClusterPolicy, rule: ClusterRule, subjects: int, spaces: Spaces) -> CompiledRule:
    action, sure, possible = _ACTIONS[rule.action], Named(), Named()
    ports: tuple[PortsAt, ...] = ()
    doubts = list[str]()
    if rule.fails_closed:
        # 'For "Accept" rules, "fail closed" means: "treat the rule as matching no traffic". For "Deny" and "Pass"
        # rules, "fail closed" means: "treat the rule as a 'Deny all' rule".'
        if action is not Action.ALLOW:
            action, sure = Action.DENY, Named(always=spaces.everything)
            ports = (PortsAt(spaces.everything, spaces.ports.all),)
    else:
        sure, possible, doubts = _peers(rule, spaces)
        ports = tuple(at for port in rule.ports for at in _ports(port, spaces))
    return CompiledRule.of(
        policy.ref,
        rule,
        text=_text(rule, spaces.names),
        subjects=subjects,
        sure=sure,
        possible=possible,
        ports=ports,
        names_pods=any(isinstance(p, PodPeer) for p in rule.peers),
        doubt=" or ".join(dict.fromkeys(doubts)),
        action=action,
        names=tuple(map(str, _open_names(rule, spaces.names))),
        alternatives=partial(_alternatives, rule, spaces),
    )


def _open_names(rule: ClusterRule, table: NameTable) -> list[NamePattern]:
    """The domain names of a rule that may have other addresses than the table's."""
    named = [name for peer in rule.peers if isinstance(peer, DomainsPeer) for name in peer.patterns]
    return [name for name in dict.fromkeys(named) if table.resolve(name).open]


def _peers(rule: ClusterRule, spaces: Spaces) -> tuple[Named, Named, list[str]]:
    endpoints = spaces.endpoints
    always = maybe = 0
    doubts = []
    addresses = AddressSet()
    for peer in rule.peers:
        match peer:
            case PodPeer():
                always |= endpoints.in_scope(peer.namespaces) & endpoints.with_labels(peer.pods)
            case NodePeer():
                on_nodes, perhaps = endpoints.on_nodes(peer.nodes)
                always, maybe = always | on_nodes, maybe | perhaps
                if perhaps:
                    doubts.append("on which nodes host-network pods run, and those nodes' labels")
            case NetworksPeer():
                addresses |= peer.addresses
            case DomainsPeer():
                for name in dict.fromkeys(peer.patterns):
                    addresses |= spaces.names.resolve(name).addresses
            case UnknownPeer():
                pass
            case _:
                assert_never(peer)
    if perhaps := perhaps_by_labels(rule.peers, spaces) & ~always:
        maybe |= perhaps
        doubts.append(NAMESPACES_DOUBT)
    if unsettled := _open_names(rule, spaces.names):
        maybe |= _behind_names(spaces)
        doubts.append(domain_names.open_doubt(unsettled))
    sure, possible = _at(addresses, spaces)
    if possible.any:
        doubts.append("the addresses of pods and nodes")
    sure = Named.of(always | sure.always, sure.ipv4, sure.ipv6)
    maybe |= possible.always
    return (
        sure,
        Named.of(maybe & ~sure.always, possible.ipv4 & ~sure.always, possible.ipv6 & ~sure.always),
        doubts,
    )


def _alternatives(rule: ClusterRule, spaces: Spaces) -> tuple[Alternative, ...]:
    key = "from" if rule.direction is Direction.INGRESS else "to"
    return tuple(Alternative(f"{key}[{i}]", tuple(_conditions(peer, spaces))) for i, peer in enumerate(rule.peers))


def _conditions(peer: ClusterPeer, spaces: Spaces) -> Iterator[Condition]:
    match peer:
        case PodPeer():
            yield from pod_conditions(peer, spaces)
        case NodePeer():
            yield from by_label("nodes", peer.nodes, lambda s: union(spaces.endpoints.on_nodes(s)))
        case NetworksPeer():
            sure, possible = _at(peer.addresses, spaces)
            yield Condition(f"networks {peer}", sure.any | possible.any)
        case DomainsPeer():
            found = [spaces.names.resolve(name) for name in dict.fromkeys(peer.patterns)]
            sure, possible = _at(reduce(or_, (f.addresses for f in found), AddressSet()), spaces)
            more = _behind_names(spaces) if any(f.open for f in found) else 0
            yield Condition(f"domainNames {peer}", sure.any | possible.any | more)
        case UnknownPeer():
            yield Condition(str(peer), 0)
        case _:
            assert_never(peer)


def _behind_names(spaces: Spaces) -> int:
    """The ends that a domain name may stand for whose addresses are not known."""
    # NPEP-133, "Expected Behavior": selecting pods by name "is analogous to selecting the Pod by its IP address".
    selectable = 0 if spaces.profile.networks_skip_pods else spaces.endpoints.selectable
    return spaces.outside | spaces.endpoints.host_network | selectable


def _at(addresses: AddressSet, spaces: Spaces) -> tuple[Named, Named]:
    # "cluster-internal traffic will be checked against the rule as well"
    pods = Known.NO if spaces.profile.networks_skip_pods else Known.YES
    return spaces.at_addresses(addresses, pods=pods, nodes=Known.YES)


def _ports(port: ClusterPort, spaces: Spaces) -> Iterator[PortsAt]:
    match port:
        case AllPorts():
            yield PortsAt(spaces.everything, spaces.ports.all)
        case NumberedPorts():
            yield PortsAt(spaces.everything, spaces.ports.mask(port.protocol, port.ports))
        case NamedPortOfPods():
            for protocol in Protocol:
                for number, declaring in spaces.endpoints.with_named_port(port.name, protocol).items():
                    yield PortsAt(declaring, spaces.port_mask(protocol, number))
        case _:
            assert_never(port)


def _text(rule: ClusterRule, table: NameTable) -> str:
    verb = "from" if rule.direction is Direction.INGRESS else "to"
    ports = ", ".join(_port_text(port) for port in rule.ports)
    peers = "; ".join(_peer_text(peer, table) for peer in rule.peers)
    return f"{rule.action.value} {verb} {peers} on {ports}"


def _peer_text(peer: ClusterPeer, table: NameTable) -> str:
    if isinstance(peer, DomainsPeer):
        return ", ".join(domain_names.describe(name, table) for name in peer.patterns)
    return str(peer)


def _port_text(port: ClusterPort) -> str:
    match port:
        case AllPorts():
            return "all ports"
        case NumberedPorts():
            return f"{port.protocol.value} {port.ports}"
        case NamedPortOfPods():
            return port.name
        case _:
            assert_never(port)
