"""Policies as they are written, of every kind alike: their rules with their keys, and what a rule can never match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from lib.lint.finding import Place
from lib.lint.selectors import contradiction
from lib.model.calico_policies import CalicoAction, CalicoPolicy, CalicoRule
from lib.model.calico_selector import CalicoSelector
from lib.model.cilium_policies import CidrPeer, CiliumPolicy, CiliumRule, CiliumSpec, EndpointsPeer
from lib.model.cluster_policies import ClusterAction, ClusterPolicy, ClusterRule, NodePeer
from lib.model.labels import LabelSelector
from lib.model.policies import (
    IpBlockPeer,
    NamespacesByLabel,
    NamespaceScope,
    NetworkPolicy,
    OwnNamespace,
    PodPeer,
    PolicyRule,
)
from lib.model.sets import Family, family_of
from lib.policy.any_policy import AnyPolicy
from lib.policy.columns import RuleKey

AnyRule = PolicyRule | ClusterRule | CalicoRule | CiliumRule


@dataclass(frozen=True, slots=True)
class PodSet:
    """Pods by labels in namespaces."""

    namespaces: NamespaceScope
    pods: LabelSelector

    @property
    def contradiction(self) -> str:
        """Why no pod can ever be one of them; "" where some could."""
        if found := contradiction(self.pods):
            return found
        return contradiction(self.namespaces.selector) if isinstance(self.namespaces, NamespacesByLabel) else ""


Subject = PodSet | CalicoSelector | None
"""Whom a rule is for; None where it is for nodes, or where that is not known for certain."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """One rule with its place, and the pods that it is for. ``alone``: its spec has no other of its direction."""

    key: RuleKey
    place: Place
    rule: AnyRule
    subject: Subject
    alone: bool

    @property
    def is_narrowed(self) -> bool:
        """Whether layer 7 narrows it, which the engine's ports do not show."""
        return isinstance(self.rule, CalicoRule | CiliumRule) and bool(self.rule.narrowing)

    @property
    def names_ipv6(self) -> bool:
        """Whether it is a NetworkPolicy's and one of its blocks is of IPv6."""
        blocks = (p for p in self.rule.peers if isinstance(p, IpBlockPeer)) if isinstance(self.rule, PolicyRule) else ()
        return any(family_of(block.cidr) is Family.IPV6 for block in blocks)

    @property
    def is_judged(self) -> bool:
        """Whether it decides about TCP, UDP or SCTP at all: not one about ICMP alone, nor one that only logs."""
        match self.rule:
            case CalicoRule():
                return bool(self.rule.protocols) and self.rule.action is not CalicoAction.LOG
            case CiliumRule():
                # Of a rule without peers and ports its presence counts, which closes the direction.
                return bool(self.rule.ports) and not (self.alone and not self.rule.peers)
            case _:
                return True

    @property
    def never(self) -> str:
        """Why it can never match, whatever pods there are; "" where it can."""
        match self.rule:
            case PolicyRule():
                return _all_empty(map(_emptiness, self.rule.peers))
            case ClusterRule():
                if self.rule.fails_closed and self.rule.action is ClusterAction.ALLOW:
                    return "one of its peers is of an unknown type, so that the API has it match nothing"
                return "" if self.rule.fails_closed else _all_empty(map(_emptiness, self.rule.peers))
            case CiliumRule():
                return (
                    _all_empty(map(_emptiness, self.rule.peers)) if self.rule.peers else "its peers are an empty list"
                )
            case CalicoRule():
                return _calico_emptiness(self.rule)
            case _:
                assert_never(self.rule)


def _all_empty(reasons: Iterable[str]) -> str:
    listed = list(reasons)
    return "; ".join(dict.fromkeys(listed)) if all(listed) else ""


def _emptiness(peer: object) -> str:
    """Why nothing can ever be this peer; "" where something can."""
    found = ""
    match peer:
        case PodPeer():
            found = PodSet(peer.namespaces, peer.pods).contradiction
        case EndpointsPeer() if not peer.selector.doubt and not peer.selector.beyond:
            found = PodSet(peer.selector.namespaces, peer.selector.pods).contradiction
        case NodePeer():
            found = contradiction(peer.nodes)
        case IpBlockPeer() | CidrPeer():
            return "" if peer.addresses else f"the exceptions of {peer} leave no address"
        case _:
            return ""
    return f"nothing can have {found}" if found else ""


def _calico_emptiness(rule: CalicoRule) -> str:
    for end in (rule.from_, rule.to):
        if end.nets is not None and not end.addresses - end.excluded:
            return "notNets leave no address of nets"
        if end.ports is not None and not end.ports.names:
            excluded = end.not_ports.numbers if end.not_ports is not None else None
            if not (end.ports.numbers if excluded is None else end.ports.numbers - excluded):
                return "no port is left of those that it names"
    families = {frozenset(map(family_of, n)) for end in (rule.from_, rule.to) for n in (end.nets, end.not_nets) if n}
    left = frozenset(Family) if rule.family is None else frozenset({rule.family})
    for each in families:
        left &= each
    return "" if left else "its addresses are of no IP family that it is about"


def subjects_of(policy: AnyPolicy) -> tuple[Subject, ...]:
    """Whom a policy selects; several where it has several specs."""
    match policy:
        case NetworkPolicy():
            return (PodSet(OwnNamespace(policy.namespace), policy.pod_selector),)
        case ClusterPolicy():
            return (PodSet(NamespacesByLabel(policy.namespaces), policy.pods),)
        case CalicoPolicy():
            return (policy.selector,)
        case CiliumPolicy():
            return tuple(map(_subject, policy.specs))
        case _:
            assert_never(policy)


def rules_of(policy: AnyPolicy) -> Iterator[WrittenRule]:
    """The rules of a policy, in their order."""
    of_specs: Iterable[Iterable[AnyRule]] = (
        (spec.rules for spec in policy.specs) if isinstance(policy, CiliumPolicy) else (policy.rules,)
    )
    for subject, rules in zip(subjects_of(policy), of_specs, strict=True):
        yield from _rules(policy, rules, subject)


def _rules(policy: AnyPolicy, rules: Iterable[AnyRule], subject: Subject) -> Iterator[WrittenRule]:
    listed = list(rules)
    for rule in listed:
        key = RuleKey(policy.ref, rule.direction, rule.label)
        alone = sum(other.direction is rule.direction for other in listed) == 1
        yield WrittenRule(key, Place(policy.ref, rule.label, rule.source), rule, subject, alone)


def _subject(spec: CiliumSpec) -> PodSet | None:
    if spec.subject is None or spec.subject.doubt:
        return None
    return PodSet(spec.subject.namespaces, spec.subject.pods)


def never_selects(policy: AnyPolicy) -> str:
    """Why a policy can never select a pod; "" where it can, or where that can't be told."""
    subjects = subjects_of(policy)
    return _all_empty(s.contradiction if isinstance(s, PodSet) else "" for s in subjects) if subjects else ""


def is_about_pods(policy: AnyPolicy) -> bool:
    """Whether it is about pods at all: not about host endpoints or nodes alone."""
    if isinstance(policy, CalicoPolicy):
        return not policy.host_only
    return not isinstance(policy, CiliumPolicy) or any(spec.subject is not None for spec in policy.specs)
