"""Cilium's policies as bitsets: what any of them denies is denied, then what any of them or a NetworkPolicy allows is
allowed, and each direction that some rule is about is closed for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from lib.facts.engines import Known
from lib.model.cilium_policies import CiliumPeer, CiliumPolicy, CiliumRule, CiliumSpec, EndpointsPeer, NamesPeer
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.cilium_ends import Ends, without
from lib.policy.cilium_match import CiliumMatcher, selector_vocabulary
from lib.policy.cilium_names import Part
from lib.policy.compile import Spaces
from lib.policy.conditions import Alternative
from lib.policy.domain_names import describe
from lib.policy.network_policy import NODE_DOUBT
from lib.policy.ports import port_text, port_vocabulary, with_ports
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, NodeScope, PortsAt
from lib.policy.spaces import Vocabulary

FIREWALL_DOUBT = "whether Cilium's host firewall is enabled, without which no policy counts for nodes"
NODES_DOUBT = "whether the nodeSelector, by the labels that Cilium keeps of nodes, means the node"
_REQUIRES_DOUBT = "whether the installed version of Cilium still knows fromRequires and toRequires"


class CompiledCilium(NamedTuple):
    """The two sides of Cilium's policies: what they deny comes first; the others stand beside the NetworkPolicies.

    ``bypassing`` comes before both: that policies about nodes may not be enforced at all.
    """

    bypassing: tuple[CompiledPolicy, ...]
    denying: tuple[CompiledPolicy, ...]
    allowing: tuple[CompiledPolicy, ...]


def vocabulary(policy: CiliumPolicy) -> Vocabulary:
    """Everything that the policy's own words can tell apart; ``peers_vocabulary`` adds what they refer to."""
    selectors = [spec.subject for spec in policy.specs if spec.subject is not None]
    selectors += [p.selector for r in policy.rules for p in r.peers if isinstance(p, EndpointsPeer)]
    selectors += [required for rule in policy.rules for required in rule.requires]
    of_nodes = [spec.nodes.keys for spec in policy.specs if spec.nodes is not None]
    nodes = Vocabulary(node_keys=frozenset().union(*of_nodes), nodes_matter=bool(of_nodes))
    ports = port_vocabulary(p for rule in policy.rules for p in rule.ports)
    return Vocabulary.merge([*map(selector_vocabulary, selectors), nodes, ports])


def compile_policies(snapshot: Snapshot, spaces: Spaces) -> CompiledCilium:
    """All policies; those about nodes have as subjects what is on the networks of these."""
    matcher = CiliumMatcher(snapshot, spaces)
    bypassing: list[CompiledPolicy] = []
    denying: list[CompiledPolicy] = []
    allowing: list[CompiledPolicy] = []
    profile = spaces.profile
    for policy in snapshot.cilium_policies:
        for spec in policy.specs:
            if not profile.enforces_kind("cilium.io", policy.ref.kind):
                continue
            if spec.nodes is not None and profile.cluster.host_firewall is Known.NO:
                continue
            denied, allowed = _compile(policy, spec, matcher)
            denying += denied
            allowing += allowed
            if spec.nodes is not None and profile.cluster.host_firewall is Known.UNKNOWN:
                bypassing.append(_bypass(policy, spec, matcher))
    return CompiledCilium(tuple(bypassing), tuple(denying), tuple(allowing))


def _compile(
    policy: CiliumPolicy, spec: CiliumSpec, matcher: CiliumMatcher
) -> tuple[list[CompiledPolicy], list[CompiledPolicy]]:
    sure, maybe = _subjects(spec, matcher)
    rules = [part for rule in spec.rules for part in _rule(policy, rule, sure, matcher)]
    denies = tuple(r for r in rules if r.action is Action.DENY)
    allows = tuple(r for r in rules if r.action is Action.ALLOW)
    found = [CompiledPolicy(policy.ref, policy.source, sure, spec.directions, allows)]
    denying = [CompiledPolicy(policy.ref, policy.source, sure, frozenset(), denies)] if denies else []
    if doubtful := maybe & ~sure:
        # Perhaps selected: perhaps all that it closes is closed, but for what others allow.
        doubt = _subject_doubt(spec, matcher)
        perhaps = [p.perhaps(doubt) for r in spec.rules for p in _rule(policy, r, doubtful, matcher)]
        perhaps += [_perhaps_closed(policy, spec, direction, doubtful, matcher) for direction in spec.directions]
        denying.append(CompiledPolicy(policy.ref, policy.source, doubtful, frozenset(), tuple(perhaps)))
    return denying, found


def _subjects(spec: CiliumSpec, matcher: CiliumMatcher) -> tuple[Bits, Bits]:
    """Who is surely selected, and who is or may be."""
    if spec.subject is not None:
        return matcher.endpoints(spec.subject)
    assert spec.nodes is not None
    spaces = matcher.spaces
    if any(spaces.profile.ignores_label(key) for key in spec.nodes.keys):
        return 0, spaces.endpoints.host_network
    sure, perhaps = spaces.endpoints.on_nodes(spec.nodes)
    return sure, sure | perhaps


def _subject_doubt(spec: CiliumSpec, matcher: CiliumMatcher) -> str:
    return matcher.doubt_of(spec.subject) if spec.subject is not None else NODES_DOUBT


def _bypass(policy: CiliumPolicy, spec: CiliumSpec, matcher: CiliumMatcher) -> CompiledPolicy:
    """Nodes are open where the host firewall is not enabled, whatever a policy says of them."""
    _, subjects = _subjects(spec, matcher)
    closed = (_perhaps_closed(policy, spec, direction, subjects, matcher) for direction in Direction)
    text = "not enforced without the host firewall"
    rules = (replace(rule, text=text, doubt=FIREWALL_DOUBT, action=Action.ALLOW) for rule in closed)
    return CompiledPolicy(policy.ref, policy.source, subjects, frozenset(), tuple(rules))


def _perhaps_closed(
    policy: CiliumPolicy, spec: CiliumSpec, direction: Direction, subjects: Bits, matcher: CiliumMatcher
) -> CompiledRule:
    spaces = matcher.spaces
    return CompiledRule(
        policy=policy.ref,
        direction=direction,
        label=spec.label,
        source=spec.source,
        text="closes what no rule allows",
        subjects=subjects,
        sure=Named(),
        possible=Named(always=spaces.everything),
        ports=(PortsAt(spaces.everything, spaces.ports.all),),
        doubt=_subject_doubt(spec, matcher),
        action=Action.DENY,
    )


def _rule(policy: CiliumPolicy, rule: CiliumRule, subjects: Bits, matcher: CiliumMatcher) -> Iterator[CompiledRule]:
    found = Ends()
    for peer in rule.peers:
        found = found.beside(matcher.ends(peer, rule))
    for part in matcher.names.parts(rule, subjects):
        yield from _part(policy, rule, part, found.beside(Ends(part.sure, part.maybe, part.doubts)), matcher)


def _part(
    policy: CiliumPolicy, rule: CiliumRule, part: Part, found: Ends, matcher: CiliumMatcher
) -> Iterator[CompiledRule]:
    spaces = matcher.spaces
    sure, possible = found.surely, found.perhaps
    compiled = CompiledRule.of(
        policy.ref,
        rule,
        text=_text(rule, spaces),
        subjects=part.subjects,
        sure=sure,
        possible=possible,
        names_pods=any(isinstance(p, EndpointsPeer) for p in rule.peers),
        doubt=" or ".join(dict.fromkeys(filter(None, found.doubts))),
        action=Action.DENY if rule.denies else Action.ALLOW,
        names=part.names,
        alternatives=partial(_alternatives, rule, matcher),
    )
    by_node = [
        _on_nodes(compiled, scope, named, rule.doubt)
        for scope, ends in ((NodeScope.OWN, Named(always=found.own)), (NodeScope.OTHERS, found.others))
        if (named := without(ends, sure)).any
    ]
    if rule.doubt:
        compiled = compiled.perhaps(rule.doubt)
    for each in (*([compiled] if sure.any | possible.any or not by_node else []), *by_node):
        yield from with_ports(each, rule.ports, spaces)
    if rule.requires:
        lacking = spaces.endpoints.selectable
        for selector in rule.requires:
            lacking &= ~matcher.endpoints(selector)[0]
        yield replace(
            compiled,
            sure=Named(),
            possible=Named(always=lacking),
            ports=(PortsAt(spaces.everything, spaces.ports.all),),
            doubt=_REQUIRES_DOUBT,
            action=Action.DENY,
        )


def _on_nodes(rule: CompiledRule, scope: NodeScope, named: Named, doubt: str) -> CompiledRule:
    """The part of a rule that is about a pod's own node, or about all others; ``doubt`` is about the whole rule."""
    apart = replace(rule, sure=Named(), possible=named, names_pods=False, doubt=NODE_DOUBT, nodes=scope)
    return apart.perhaps(doubt) if doubt else apart


def _alternatives(rule: CiliumRule, matcher: CiliumMatcher) -> tuple[Alternative, ...]:
    return tuple(Alternative("", tuple(matcher.conditions(peer, rule))) for peer in rule.peers)


def _text(rule: CiliumRule, spaces: Spaces) -> str:
    verb = "from" if rule.direction is Direction.INGRESS else "to"
    peers = "; ".join(_peer(peer, spaces) for peer in rule.peers) or "nobody"
    ports = ", ".join(dict.fromkeys((*map(port_text, rule.ports), *((rule.icmp,) if rule.icmp else ()))))
    ports = ports or "no port of TCP, UDP or SCTP"
    narrowed = f", but only {rule.narrowing}" if rule.narrowing else ""
    return f"{'deny ' if rule.denies else ''}{verb} {peers} on {ports}{narrowed}"


def _peer(peer: CiliumPeer, spaces: Spaces) -> str:
    if isinstance(peer, NamesPeer):
        return f"the domain name {describe(peer.pattern, spaces.names)}"
    return str(peer)
