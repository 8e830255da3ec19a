"""A Calico policy as bitsets: rules in their order, source and destination on each, everything uncertain kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from lib.model.calico_policies import CalicoAction, CalicoPolicy, CalicoRule
from lib.model.calico_selector import And
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef
from lib.model.sets import Family, Network, PortSet, family_of
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.calico_ends import Ends
from lib.policy.calico_match import Matcher, positive_selector, selector_vocabulary
from lib.policy.calico_ports import numbered, ports_of, without_names
from lib.policy.calico_services import service_vocabulary
from lib.policy.conditions import Alternative, Condition
from lib.policy.rules import Action, CompiledPolicy, CompiledRule, Named, PortsAt
from lib.policy.spaces import Vocabulary

_WHOLE: dict[Family, frozenset[Network]] = {
    Family.IPV4: frozenset({IPv4Network("0.0.0.0/0")}),
    Family.IPV6: frozenset({IPv6Network("::/0")}),
}
_PORTS_DOUBT: Final = "which ports of the node its host endpoint gives these names"
_HOST_DOUBT: Final = "whether the traffic of a node has one of its host endpoint's expectedIPs"
_ACTIONS = {action: Action(action.value.lower()) for action in CalicoAction}


def vocabulary(policy: CalicoPolicy, snapshot: Snapshot) -> Vocabulary:
    """Everything that the policy can tell apart."""
    return Vocabulary.merge([selector_vocabulary(policy.selector), rules_vocabulary(policy.rules, snapshot)])


def rules_vocabulary(rules: Iterable[CalicoRule], snapshot: Snapshot) -> Vocabulary:
    """Everything that rules can tell apart."""
    parts = []
    for rule in rules:
        entities = (rule.from_, rule.to)
        for entity in entities:
            parts += [selector_vocabulary(entity.selector), selector_vocabulary(entity.not_selector)]
            if entity.service is not None:
                parts.append(service_vocabulary(snapshot, entity.service))
        named = [p for p in (rule.to.ports, rule.to.not_ports) if p is not None]
        nets = frozenset(net for e in entities for net in (*(e.nets or ()), *e.not_nets))
        # A rule for one family keeps the families apart, as a block of all its addresses does.
        whole = _WHOLE[rule.family] if rule.family is not None else frozenset[Network]()
        parts.append(
            Vocabulary(
                named_ports=frozenset(
                    (name, protocol) for p in named for name in p.names for protocol in rule.protocols
                ),
                networks=nets | whole,
                pod_addresses=bool(nets),
                ports=frozenset(
                    (protocol, i) for p in named for i in p.numbers.intervals for protocol in rule.protocols
                ),
            )
        )
    return Vocabulary.merge(parts)


def sets_vocabulary(snapshot: Snapshot) -> Vocabulary:
    """The addresses of NetworkSets and GlobalNetworkSets, and those by which rules know host endpoints."""
    nets = frozenset(net for each in snapshot.network_sets for net in each.nets)
    hosts = frozenset(ip_network(address) for each in snapshot.host_endpoints for address in each.expected_ips)
    return Vocabulary(networks=nets | hosts, pod_addresses=bool(nets))


def compile_policy(policy: CalicoPolicy, matcher: Matcher, *, passes: bool) -> tuple[CompiledPolicy, ...]:
    """The policy over its sure subjects and, where some are uncertain, over those; nothing for one of hosts only.

    Nodes are subjects by their host endpoints. What lets their traffic by before it is asked comes in ``calico_hosts``.
    ``passes``: its tier hands on what no rule decided, so that the policy isolates nothing.
    """
    if policy.host_only:
        return ()
    sure, maybe = matcher.classes(policy.selector)
    hosts = matcher.hosts(policy.ref)
    directions = frozenset[Direction]() if passes else policy.directions
    rules = tuple(part for rule in policy.rules for part in _for_pods_and_hosts(policy, rule, sure, hosts, matcher))
    # What a pod sends to its own node goes through the pod's egress policy: DefaultEndpointToHostAction counts "after
    # traffic passes any egress policy applied to the workload" ("Protect hosts", docs.tigera.io).
    whole = CompiledPolicy(policy.ref, policy.source, sure | hosts, directions, (), binds_own_node=True)
    found = [whole.with_rules(rules)]
    if doubtful := maybe & ~sure:
        doubt = " or ".join(matcher.labels_doubts(policy.selector))
        rules = tuple(_perhaps(r, doubt) for r in compile_rules(policy.ref, policy.rules, doubtful, matcher))
        found.append(CompiledPolicy(policy.ref, policy.source, doubtful, frozenset(), ()).with_rules(rules))
    return tuple(found)


def _for_pods_and_hosts(
    policy: CalicoPolicy, rule: CalicoRule, pods: Bits, hosts: Bits, matcher: Matcher
) -> Iterator[CompiledRule]:
    """One rule for both kinds of subjects; the names of ports at a node are its host endpoint's."""
    names = _names(rule)
    if not hosts or not names or rule.direction is Direction.EGRESS:
        yield from compile_rules(policy.ref, (rule,), pods | hosts, matcher)
        return
    yield from compile_rules(policy.ref, (rule,), pods, matcher)
    for ends, ports in matcher.port_names.of_subjects(policy.ref, names):
        if ports is not None:
            yield from compile_rules(policy.ref, (numbered(rule, ports),), ends, matcher)
            continue
        unnamed = replace(rule, to=replace(rule.to, ports=None, not_ports=None))
        for part in compile_rules(policy.ref, (unnamed,), ends, matcher):
            yield part.perhaps(_PORTS_DOUBT)


def _names(rule: CalicoRule) -> frozenset[str]:
    """The names of ports in a rule."""
    return frozenset[str]().union(*(p.names for p in (rule.to.ports, rule.to.not_ports) if p is not None))


def _towards_hosts(
    policy: ObjectRef, rule: CalicoRule, subjects: Bits, matcher: Matcher, side: Direction
) -> Iterator[CompiledRule]:
    """A rule that names ports, towards the host endpoints that give them names, if packets are for their addresses."""
    names = _names(rule)
    if side is Direction.INGRESS or not names:
        return
    for numbering, ends in matcher.port_names.towards(names, positive_selector(rule.to)):
        # What notPorts excludes by a name it excludes only perhaps.
        meant = replace(numbered(rule, numbering).to, not_ports=without_names(rule.to.not_ports))
        for part in _rule(policy, replace(rule, to=meant), subjects, matcher, side):
            sure, possible = (Named(*(bits & ends for bits in named)) for named in (part.sure, part.possible))
            yield replace(part, sure=sure, possible=possible).perhaps(_HOST_DOUBT)


def compile_doubtful_end(policy: CalicoPolicy, matcher: Matcher) -> CompiledPolicy | None:
    """What the end of the tier perhaps denies to pods that the policy perhaps selects; None where there are none."""
    sure, maybe = matcher.classes(policy.selector)
    spaces = matcher.spaces
    doubtful = maybe & ~sure
    if policy.host_only or not doubtful:
        return None
    every = (PortsAt(spaces.everything, spaces.ports.all),)
    rules = tuple(
        CompiledRule(
            policy=policy.ref,
            direction=direction,
            label="spec",
            source=policy.source,
            text="Deny at the end of the tier",
            subjects=doubtful,
            sure=Named(),
            possible=Named(always=spaces.everything),
            ports=every,
            doubt=" or ".join(matcher.labels_doubts(policy.selector)),
            action=Action.DENY,
        )
        for direction in Direction
        if direction in policy.directions
    )
    return CompiledPolicy(policy.ref, policy.source, doubtful, frozenset(), rules)


def _perhaps(rule: CompiledRule, doubt: str) -> CompiledRule:
    either = Named.of(
        rule.sure.always | rule.possible.always,
        rule.sure.ipv4 | rule.possible.ipv4,
        rule.sure.ipv6 | rule.possible.ipv6,
    )
    return replace(rule, sure=Named(), possible=either, doubt=" or ".join(filter(None, (rule.doubt, doubt))))


def compile_rules(
    policy: ObjectRef,
    rules: Iterable[CalicoRule],
    subjects: Bits,
    matcher: Matcher,
    side: Direction | None = None,
) -> Iterator[CompiledRule]:
    """The rules of a policy or a profile for its subjects, those that only log among them.

    ``side``: the direction that the subjects are asked about, where it is not the one that a rule stands under: what a
    node takes in for forwarding one of its pods may have sent.
    """
    for rule in rules:
        yield from _rule(policy, rule, subjects, matcher, side or rule.direction)
        yield from _towards_hosts(policy, rule, subjects, matcher, side or rule.direction)


def _rule(
    policy: ObjectRef, rule: CalicoRule, subjects: Bits, matcher: Matcher, side: Direction
) -> Iterator[CompiledRule]:
    """One compiled rule for every group of subjects that the rule's own condition on them treats alike."""
    ingress = side is Direction.INGRESS
    own, other = (rule.to, rule.from_) if ingress else (rule.from_, rule.to)
    families = _families(rule)
    if not families:
        return
    family = None if len(families) == len(Family) else next(iter(families))
    mine, peers = matcher.ends(own).only(family), matcher.ends(other).only(family)
    doubts = list(filter(None, (rule.doubt, _source_port_doubt(rule))))
    if doubts:
        peers = Ends(0, peers.maybe4, 0, peers.maybe6)
    doubts += [*matcher.doubts(own), *matcher.doubts(other)]
    ports = tuple(ports_of(rule, matcher))
    for group, pattern in _groups(subjects, mine):
        every = matcher.spaces.everything
        met = peers & Ends(*(every if flag else 0 for flag in pattern))
        sure, possible = met.named(matcher.spaces)
        compiled = CompiledRule.of(
            policy,
            rule,
            text=rule.text,
            subjects=group,
            sure=sure,
            possible=possible,
            ports=ports,
            names_pods=other.selector is not None or other.service is not None,
            doubt=" or ".join(dict.fromkeys(doubts)),
            action=_ACTIONS[rule.action],
            alternatives=partial(_alternatives, rule, matcher, ingress=ingress),
        )
        yield compiled if side is rule.direction else replace(compiled, direction=side)


def _alternatives(rule: CalicoRule, matcher: Matcher, *, ingress: bool) -> tuple[Alternative, ...]:
    """The one that a rule of Calico has: all conditions on its source and its destination."""
    ends = (("destination", rule.to, ingress), ("source", rule.from_, not ingress))
    conditions = []
    for end, entity, of_subject in ends:
        for key, value, found in matcher.conditions(entity):
            if isinstance(value, And) and key == "selector":
                parts = ((part, matcher.selected(part)) for part in value.parts)
                conditions += [Condition(f"{end}.{key} {p}", e.maybe4 | e.maybe6, of_subject) for p, e in parts]
            conditions.append(Condition(f"{end}.{key} {value}", found.maybe4 | found.maybe6, of_subject))
    return (Alternative("", tuple(conditions)),)


def _families(rule: CalicoRule) -> frozenset[Family]:
    """The families whose packets a rule is about.

    A list of nets or notNets without one of a family leaves the rule out for packets of it: FilterRuleToIPVersion in
    felix/rules of projectcalico/calico.
    """
    left = frozenset(Family) if rule.family is None else frozenset({rule.family})
    for entity in (rule.from_, rule.to):
        for nets in (entity.nets, entity.not_nets):
            if nets:
                left &= frozenset(map(family_of, nets))
    return left


def _groups(subjects: Bits, mine: Ends) -> list[tuple[Bits, tuple[bool, ...]]]:
    """The subjects by which parts of ``mine`` they are in; without those that are in none."""
    groups: list[tuple[Bits, tuple[bool, ...]]] = [(subjects, ())]
    for bits in mine:
        groups = [
            (part, (*flags, inside))
            for group, flags in groups
            for part, inside in ((group & bits, True), (group & ~bits, False))
            if part
        ]
    found = [(group, flags) for group, flags in groups if any(flags)]
    return found or [(0, (False,) * len(mine))]


def _source_port_doubt(rule: CalicoRule) -> str:
    """A connection's source port is known to nobody before it is made."""
    ports, not_ports = rule.from_.ports, rule.from_.not_ports
    if ports is not None and ports.numbers != PortSet.all():
        return "the source port of the connection"
    return "the source port of the connection" if not_ports is not None else ""
