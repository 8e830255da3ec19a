"""networking.k8s.io/v1 NetworkPolicy: its vocabulary and its compiled form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial, reduce
from operator import or_
from typing import Final, assert_never

from lib.facts.engines import Known
from lib.model.policies import (
    AnyPeer,
    Direction,
    IpBlockPeer,
    NamespacesByLabel,
    NamespaceScope,
    NetworkPolicy,
    OwnNamespace,
    Peer,
    PodPeer,
    PolicyRule,
)
from lib.model.records import replace
from lib.model.sets import AddressSet, Family
from lib.policy.bits import Bits, union
from lib.policy.compile import Spaces
from lib.policy.conditions import Alternative, Condition, by_label
from lib.policy.endpoints import NAMESPACES_DOUBT
from lib.policy.ports import port_text, port_vocabulary, with_ports
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, NodeScope, PortsAt
from lib.policy.spaces import Vocabulary

NODE_DOUBT: Final = "whether it is the pod's own node"
OWN_NODE_DOUBT: Final = "whether an ipBlock means the pod's own node, of which Cilium's documentation says nothing"


def vocabulary(policy: NetworkPolicy) -> Vocabulary:
    """Everything that ``policy`` can tell apart."""
    peers = [peer for rule in policy.rules for peer in rule.peers]
    pod_peers = [p for p in peers if isinstance(p, PodPeer)]
    blocks = [p for p in peers if isinstance(p, IpBlockPeer)]
    scopes = [p.namespaces.selector for p in pod_peers if isinstance(p.namespaces, NamespacesByLabel)]
    own = Vocabulary(
        pod_keys=policy.pod_selector.keys.union(*(p.pods.keys for p in pod_peers)),
        namespace_keys=frozenset().union(*(s.keys for s in scopes)),
        networks=frozenset(n for b in blocks for n in (b.cidr, *b.excepts)),
    )
    return Vocabulary.merge([own, port_vocabulary(p for rule in policy.rules for p in rule.ports)])


IPV6_DOUBT: Final = ", which does not support IPv6, does with it"


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
    perhaps = perhaps_by_labels(rule.peers, spaces) & ~sure.always
    doubts = [spaces.address_doubt] if possible.any or not perhaps else []
    possible = Named.of(
        possible.always & ~sure.always | perhaps, possible.ipv4 & ~sure.always, possible.ipv6 & ~sure.always
    )
    if spaces.profile.judges_ipv6 is Known.UNKNOWN:
        # The part of the policy that is about all IPv6 addresses says it for this rule too.
        sure = Named(sure.always & ~spaces.outside_of(Family.IPV6), sure.ipv4)
    found = CompiledRule.of(
        policy.ref,
        rule,
        text=_text(rule),
        subjects=subjects,
        sure=sure,
        possible=possible,
        names_pods=any(isinstance(p, PodPeer) for p in rule.peers),
        doubt=" or ".join([*doubts, *([NAMESPACES_DOUBT] if perhaps else [])]),
        alternatives=partial(_alternatives, rule, spaces),
    )
    yield from with_ports(found, rule.ports, spaces)
    if spaces.profile.cluster.blocks_mean_other_nodes:
        yield from with_ports(_of_other_nodes(found, rule, spaces), rule.ports, spaces)


def _of_other_nodes(found: CompiledRule, rule: PolicyRule, spaces: Spaces) -> CompiledRule:
    """What blocks say of all nodes but a pod's own, where the cluster is told that they mean those."""
    blocks = reduce(or_, (p.addresses for p in rule.peers if isinstance(p, IpBlockPeer)), AddressSet())
    sure, _ = spaces.at_addresses(blocks, pods=Known.NO, nodes=Known.YES)
    hosts = spaces.endpoints.host_network
    named = Named(sure.always & hosts, sure.ipv4, sure.ipv6)
    return replace(found, sure=Named(), possible=named, names_pods=False, doubt=NODE_DOUBT, nodes=NodeScope.OTHERS)


def _not_judged(policy: NetworkPolicy, direction: Direction, subjects: Bits, spaces: Spaces) -> CompiledRule:
    """IPv6 traffic of isolated pods, where nobody says what becomes of it; none between pods not shown to have it."""
    endpoints = spaces.endpoints
    inside = endpoints.speaking[Family.IPV6] if endpoints.shows_families else 0
    return CompiledRule(
        policy=policy.ref,
        direction=direction,
        label="spec",
        source=policy.source,
        text="IPv6 traffic",
        subjects=subjects,
        sure=Named(),
        possible=Named(always=spaces.outside_of(Family.IPV6), ipv6=inside),
        ports=(PortsAt(spaces.everything, spaces.ports.all),),
        doubt=f"what {spaces.profile.label}{IPV6_DOUBT}",
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


def perhaps_by_labels(peers: Iterable[object], spaces: Spaces) -> Bits:
    """The ends that pod peers may mean, by labels of namespaces that the server did not give."""
    endpoints = spaces.endpoints
    if not endpoints.unlabelled:
        return 0
    pods = (peer for peer in peers if isinstance(peer, PodPeer))
    return union(endpoints.perhaps_in_scope(p.namespaces) & endpoints.with_labels(p.pods) for p in pods)


def scope_condition(scope: NamespaceScope, spaces: Spaces) -> Bits:
    """The ends in namespaces that ``scope`` means or may mean."""
    return spaces.endpoints.in_scope(scope) | spaces.endpoints.perhaps_in_scope(scope)


def _alternatives(rule: PolicyRule, spaces: Spaces) -> tuple[Alternative, ...]:
    key = "from" if rule.direction is Direction.INGRESS else "to"
    return tuple(Alternative(f"{key}[{i}]", tuple(_conditions(peer, spaces))) for i, peer in enumerate(rule.peers))


def _conditions(peer: Peer, spaces: Spaces) -> Iterator[Condition]:
    match peer:
        case PodPeer():
            yield from pod_conditions(peer, spaces)
        case IpBlockPeer():
            sure, possible = spaces.at_addresses(peer.addresses)
            yield Condition(f"ipBlock {peer}", sure.any | possible.any)
        case AnyPeer():
            return
        case _:
            assert_never(peer)


def pod_conditions(peer: PodPeer, spaces: Spaces) -> Iterator[Condition]:
    """The namespace first, then the labels of the pod."""
    match peer.namespaces:
        case OwnNamespace():
            yield Condition(str(peer.namespaces), spaces.endpoints.in_scope(peer.namespaces))
        case NamespacesByLabel():
            selector = peer.namespaces.selector
            yield from by_label("namespaceSelector", selector, lambda s: scope_condition(NamespacesByLabel(s), spaces))
    if not peer.pods.is_everything:
        yield from by_label("podSelector", peer.pods, spaces.endpoints.with_labels)


def _text(rule: PolicyRule) -> str:
    verb = "from" if rule.direction is Direction.INGRESS else "to"
    peers = "anywhere" if any(isinstance(p, AnyPeer) for p in rule.peers) else "; ".join(map(str, rule.peers))
    return f"{verb} {peers} on {', '.join(map(port_text, rule.ports))}"
