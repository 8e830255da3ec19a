"""Whether a rule is covered for any pods whatever, those yet to come included: by what is written, peer by peer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from lib.lint.selectors import implies
from lib.lint.written import PodSet, Subject, WrittenRule
from lib.model.calico_policies import CalicoRule, EntityRule
from lib.model.cilium_policies import AnyEnd, CidrPeer, EndpointsPeer, EntitiesPeer, Entity, NodesPeer
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.cluster_policies import NamedPortOfPods, NetworksPeer, NodePeer
from lib.model.labels import LabelSelector
from lib.model.policies import (
    AllPorts,
    AnyPeer,
    IpBlockPeer,
    NamedPort,
    NamespacesByLabel,
    NamespaceScope,
    NumberedPorts,
    OwnNamespace,
    PodPeer,
)
from lib.model.refs import Source
from lib.model.sets import PortSet

_NOWHERE = Source("", 0)


def uncovered_peers(rule: WrittenRule, covers: Iterable[WrittenRule]) -> tuple[object, ...]:
    """The peers of ``rule`` that no cover is seen to mean whatever pods there are, on all of its ports.

    A cover must select every pod that the rule is for. What is in the result may be covered all the same, by several
    peers together; what is not in it is covered.
    """
    able = [c for c in covers if selects_all(rule.subject, c.subject)]
    if isinstance(rule.rule, CalicoRule):
        mine = rule.rule
        same = any(isinstance(c.rule, CalicoRule) and _says_all(mine, c.rule) for c in able)
        return () if same else (mine.text,)
    found = []
    for peer in rule.rule.peers:
        ports = [
            port
            for c in able
            if not isinstance(c.rule, CalicoRule) and any(_means_all(peer, other) for other in c.rule.peers)
            for port in c.rule.ports
        ]
        if not _ports_within(rule.rule.ports, ports):
            found.append(peer)
    return tuple(found)


def selects_all(narrow: Subject, wide: Subject) -> bool:
    """Whether every pod of ``narrow``, present or yet to come, is one of ``wide``."""
    if narrow is None or wide is None:
        return False
    if isinstance(narrow, PodSet) and isinstance(wide, PodSet):
        return _pods_within(narrow, wide)
    return narrow == wide


def _pods_within(narrow: PodSet, wide: PodSet) -> bool:
    return implies(narrow.pods, wide.pods) and _scope_within(narrow.namespaces, wide.namespaces)


def _scope_within(narrow: NamespaceScope, wide: NamespaceScope) -> bool:
    if isinstance(narrow, OwnNamespace) and isinstance(wide, OwnNamespace):
        return narrow == wide
    return implies(_by_label(narrow), _by_label(wide))


def _by_label(scope: NamespaceScope) -> LabelSelector:
    """The API server sets the label with a namespace's name, and no other namespace can have it."""
    if isinstance(scope, NamespacesByLabel):
        return scope.selector
    return LabelSelector.from_labels({METADATA_NAME_LABEL: scope.name})


def _means_all(narrow: object, wide: object) -> bool:
    if isinstance(wide, AnyPeer | AnyEnd) or (isinstance(wide, EntitiesPeer) and Entity.ALL in wide.entities):
        return True
    mine, theirs = _pods(narrow), _pods(wide)
    if mine is not None and theirs is not None:
        return _pods_within(mine, theirs)
    match narrow, wide:
        case IpBlockPeer(), IpBlockPeer():
            return narrow.addresses <= wide.addresses
        case CidrPeer(), CidrPeer():
            return narrow.addresses <= wide.addresses
        case NetworksPeer(), NetworksPeer():
            return narrow.addresses <= wide.addresses
        case NodePeer(), NodePeer():
            return implies(narrow.nodes, wide.nodes)
        case EntitiesPeer(), EntitiesPeer():
            return narrow.entities <= wide.entities
        case NodesPeer(), NodesPeer():
            return False  # whether Cilium knows nodes by label is not settled
        case _:
            return False


def _pods(peer: object) -> PodSet | None:
    """The pods that a peer surely means and nothing beside them; None for other peers."""
    match peer:
        case PodPeer():
            return PodSet(peer.namespaces, peer.pods)
        case EndpointsPeer() if not peer.selector.doubt and not peer.selector.beyond:
            return PodSet(peer.selector.namespaces, peer.selector.pods)
        case _:
            return None


def _ports_within(narrow: Sequence[object], wide: Sequence[object]) -> bool:
    if any(isinstance(port, AllPorts) for port in wide):
        return True
    return all(_port_within(port, wide) for port in narrow)


def _port_within(port: object, wide: Sequence[object]) -> bool:
    match port:
        case NumberedPorts():
            held = (p.ports for p in wide if isinstance(p, NumberedPorts) and p.protocol is port.protocol)
            return port.ports <= reduce(or_, held, PortSet())
        case NamedPort():
            return any(
                isinstance(p, NamedPort) and (p.name, p.protocol) == (port.name, port.protocol) for p in wide
            ) or _port_within(NumberedPorts(port.protocol, PortSet.all(), port.source), wide)
        case NamedPortOfPods():
            return any(isinstance(p, NamedPortOfPods) and p.name == port.name for p in wide)
        case _:
            return False


def _says_all(narrow: CalicoRule, wide: CalicoRule) -> bool:
    """Whether two rules differ in nothing but their protocols, of which ``wide`` has all."""
    return (
        narrow.protocols <= wide.protocols
        and wide.family in (None, narrow.family)
        and not wide.doubt
        and _bare(narrow.from_) == _bare(wide.from_)
        and _bare(narrow.to) == _bare(wide.to)
    )


def _bare(entity: EntityRule) -> EntityRule:
    return replace(entity, source=_NOWHERE, text="")


def example_of(peer: object, covers: Iterable[WrittenRule]) -> str:
    """A pod yet to come that ``peer`` would mean and no cover does, in words; "" where none is at hand."""
    mine = _pods(peer)
    labels = _least(mine.pods) if mine is not None else None
    if mine is None or labels is None:
        return ""
    scope = mine.namespaces
    namespace = {METADATA_NAME_LABEL: scope.name} if isinstance(scope, OwnNamespace) else _least(scope.selector)
    if namespace is None:
        return ""
    for cover in covers:
        if isinstance(cover.rule, CalicoRule):
            return ""
        for other in cover.rule.peers:
            theirs = _pods(other)
            if theirs is None:
                if not isinstance(other, IpBlockPeer | CidrPeer):
                    return ""
            elif theirs.pods.matches(labels) and _by_label(theirs.namespaces).matches(namespace):
                return ""
    name = namespace.get(METADATA_NAME_LABEL)
    where = f"in namespace {name}" if name else "in a namespace with " + (_text(namespace) or "no label")
    return f"a new pod {f'with {_text(labels)} ' if labels else ''}{where}"


def _text(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _least(selector: LabelSelector) -> dict[str, str] | None:
    """As few labels as a selector takes; None where they are not simply those that it names."""
    labels: dict[str, str] = {}
    for requirement in selector.requirements:
        if requirement.values and not requirement.matches({}):
            labels[requirement.key] = min(requirement.values)
    return labels if selector.matches(labels) else None
