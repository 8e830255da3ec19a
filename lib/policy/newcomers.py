"""Pods that are yet to come, as the selectors of rules name them.

A selector in a rule lets in whoever fulfils it, be there such a pod in the input or not. Here the selectors are found;
``lib.policy.hypothetical`` makes the pods that fulfil them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lib.model.calico_policies import (
    NAME_KEY,
    NAMESPACE_KEY,
    NAMESPACE_PREFIX,
    ORCHESTRATOR_KEY,
    SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_PREFIX,
    CalicoPolicy,
    CalicoProfile,
)
from lib.model.calico_selector import All, And, CalicoSelector, Compare, Comparison, Has, Not
from lib.model.cilium_policies import SERVICE_ACCOUNT_LABEL, CiliumPolicy, CiliumSelector, EndpointsPeer
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.cluster_policies import ClusterPolicy
from lib.model.labels import EVERYTHING, LabelSelector, Operator, Requirement
from lib.model.policies import Direction, NamespacesByLabel, NamespaceScope, NetworkPolicy, OwnNamespace, PodPeer
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.policy.any_policy import AnyPolicy

_COMPARED: Final = {
    Comparison.EQUAL: Operator.IN,
    Comparison.IN: Operator.IN,
    Comparison.NOT_EQUAL: Operator.NOT_IN,
    Comparison.NOT_IN: Operator.NOT_IN,
}


@dataclass(frozen=True, slots=True)
class Newcomers:
    """New pods whose labels fulfil ``pods``, in the namespaces of ``namespaces``, present or new.

    Selectors that say the same are equal: requirements stand in one order, and a namespace that is selected by its name
    alone is that namespace. ``doubt`` says why nobody can make up such a pod; "" where one can.
    """

    namespaces: NamespaceScope
    pods: LabelSelector
    doubt: str = ""

    @property
    def are_anybody(self) -> bool:
        """Whether every pod of every namespace is meant."""
        scope = self.namespaces
        return not self.doubt and self.pods.is_everything and isinstance(scope, NamespacesByLabel) and scope == ANYWHERE

    @property
    def namespace_requirements(self) -> tuple[Requirement, ...]:
        """What the namespace has to fulfil; its name where it is one."""
        if isinstance(self.namespaces, NamespacesByLabel):
            return self.namespaces.selector.requirements
        return (Requirement(METADATA_NAME_LABEL, Operator.IN, frozenset({self.namespaces.name})),)

    def __str__(self) -> str:
        pods = "all pods" if self.pods.is_everything else f"pods with {self.pods}"
        return f"{pods} in {self.namespaces}"


ANYWHERE: Final = NamespacesByLabel(EVERYTHING)
ANYBODY: Final = Newcomers(ANYWHERE, EVERYTHING)


def newcomers(namespaces: NamespaceScope, pods: LabelSelector, doubt: str = "") -> Newcomers:
    """The newcomers that a selector of pods in a scope names."""
    if isinstance(namespaces, NamespacesByLabel):
        found = _ordered(namespaces.selector.requirements)
        (first, *others) = found or (None,)
        if first and not others and first.key == METADATA_NAME_LABEL and first.operator is Operator.IN:
            named = sorted(first.values)
            namespaces = OwnNamespace(named[0]) if len(named) == 1 else NamespacesByLabel(LabelSelector(found))
        else:
            namespaces = NamespacesByLabel(LabelSelector(found))
    return Newcomers(namespaces, LabelSelector(_ordered(pods.requirements)), doubt)


def _ordered(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted(set(requirements), key=lambda r: (r.key, r.operator.value, sorted(r.values))))


def newcomers_of(policy: AnyPolicy | CalicoProfile) -> Mapping[Direction, tuple[Newcomers, ...]]:
    """The selectors by which the rules of a policy name their peers, by direction, each once."""
    found: dict[Direction, list[Newcomers]] = {direction: [] for direction in Direction}
    for direction, each in _named(policy):
        found[direction].append(each)
    return {direction: tuple(dict.fromkeys(named)) for direction, named in found.items()}


def _named(policy: AnyPolicy | CalicoProfile) -> Iterator[tuple[Direction, Newcomers]]:
    match policy:
        case NetworkPolicy() | ClusterPolicy():
            for rule in policy.rules:
                for peer in rule.peers:
                    if isinstance(peer, PodPeer):
                        yield rule.direction, newcomers(peer.namespaces, peer.pods)
        case CiliumPolicy():
            for of_cilium in policy.rules:
                for end in of_cilium.peers:
                    if isinstance(end, EndpointsPeer):
                        yield of_cilium.direction, _of_cilium(end.selector)
        case CalicoPolicy() | CalicoProfile():
            for of_calico in policy.rules:
                entity = of_calico.from_ if of_calico.direction is Direction.INGRESS else of_calico.to
                if entity.selector is not None:
                    yield of_calico.direction, _of_calico(entity.selector)


def _of_cilium(selector: CiliumSelector) -> Newcomers:
    doubt = selector.doubt
    if SERVICE_ACCOUNT_LABEL in selector.pods.keys:
        doubt = "whose ServiceAccount a new pod has"
    return newcomers(selector.namespaces, selector.pods, doubt)


def _of_calico(selector: CalicoSelector) -> Newcomers:
    """A selector that only joins conditions on labels; of others nobody makes up a pod."""
    pods: list[Requirement] = []
    namespaces: list[Requirement] = []
    for part in _parts(selector):
        requirement = _requirement(part)
        if requirement is None:
            return Newcomers(ANYWHERE, EVERYTHING, f"which pods fulfil {selector}")
        key = requirement.key
        if key == ORCHESTRATOR_KEY:
            continue
        if key in (NAMESPACE_KEY, NAMESPACE_PREFIX + NAME_KEY):
            namespaces.append(Requirement(METADATA_NAME_LABEL, requirement.operator, requirement.values))
        elif key.startswith(NAMESPACE_PREFIX):
            key = key.removeprefix(NAMESPACE_PREFIX)
            namespaces.append(Requirement(key, requirement.operator, requirement.values))
        else:
            pods.append(requirement)
    return newcomers(NamespacesByLabel(LabelSelector(tuple(namespaces))), LabelSelector(tuple(pods)))


def _parts(selector: CalicoSelector) -> Iterator[CalicoSelector]:
    if isinstance(selector, And):
        for part in selector.parts:
            yield from _parts(part)
    elif not isinstance(selector, All):
        yield selector


def _requirement(part: CalicoSelector) -> Requirement | None:
    match part:
        case Has(key) | Not(Has(key)) if key != SERVICE_ACCOUNT_KEY and not key.startswith(SERVICE_ACCOUNT_PREFIX):
            return Requirement(key, Operator.EXISTS if isinstance(part, Has) else Operator.DOES_NOT_EXIST)
        case Compare(key, comparison, values) if (
            comparison in _COMPARED
            and key != SERVICE_ACCOUNT_KEY
            and not key.startswith(SERVICE_ACCOUNT_PREFIX)
            and key != ORCHESTRATOR_KEY
        ):
            return Requirement(key, _COMPARED[comparison], values) if values else None
        case Compare(key, Comparison.EQUAL, values) if key == ORCHESTRATOR_KEY and values == {"k8s"}:
            return Requirement(key, Operator.EXISTS)
        case _:
            return None


def by_policy(
    policies: Iterable[AnyPolicy | CalicoProfile],
) -> Mapping[ObjectRef, Mapping[Direction, tuple[Newcomers, ...]]]:
    """The newcomers of each policy by its reference."""
    return {policy.ref: newcomers_of(policy) for policy in policies}
