"""What the present NetworkPolicies permit on purpose: between ends that a rule names by label or by address.

A rule that names everybody (no peer, ``namespaceSelector: {}``, every address) says nothing about who needs it, and
neither does one that only says whom it leaves out; such rules are listed, not kept. What is kept is what the engine
says is let through today: a rule of one side alone permits nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Final

from lib.model.labels import LabelSelector, Operator
from lib.model.policies import (
    AnyPeer,
    Direction,
    IpBlockPeer,
    NamespacesByLabel,
    NetworkPolicy,
    Peer,
    PodPeer,
    PolicyRule,
    Verdict,
)
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.bits import Bits, positions
from lib.policy.engine import Engine, compile_engine
from lib.policy.engines import KUBERNETES
from lib.policy.rules import CompiledRule
from lib.scenario.recommendation.needs import Basis, Evidence, Need, NotKept, Question
from lib.scenario.recommendation.today import Today, has_several_pods, holders

_EXPLAINED_UP_TO: Final = 50


@dataclass(frozen=True, slots=True)
class Present:
    """What follows from the present policies."""

    needs: tuple[Need, ...]
    not_kept: tuple[NotKept, ...]
    questions: tuple[Question, ...]


def kept(
    today: Today,
    covered: Container[ObjectRef],
    namespaces: Container[str],
    stated: Container[tuple[object, object]] = (),
) -> Present:
    """The flows of covered workloads that present policies permit by name, and the rules that name nobody.

    Of the pairs that are ``stated`` to be needed nothing is asked.
    """
    engine = today.engine
    policies = engine.snapshot.network_policies
    named = tuple(_with_named_peers(policy) for policy in policies)
    snapshot = replace(
        engine.snapshot, network_policies=named, cluster_policies=(), calico_policies=(), cilium_policies=()
    )
    profile = engine.profile if engine.profile.enforces else KUBERNETES
    search = _Search(today, covered, compile_engine(snapshot, profile), stated)
    needs = tuple(search.needs())
    not_kept = tuple(found for p in policies if p.namespace in namespaces for found in _not_kept(p))
    return Present(needs, not_kept, tuple(search.one_sided))


def _with_named_peers(policy: NetworkPolicy) -> NetworkPolicy:
    """The policy with a rule for each peer that names somebody, whose place is the peer's."""
    rules = tuple(
        PolicyRule(rule.direction, rule.index, (peer,), rule.ports, peer.source)
        for rule in policy.rules
        for peer in rule.peers
        if not isinstance(peer, AnyPeer) and _names_somebody(peer)
    )
    return replace(policy, rules=rules)


def _names_somebody(peer: Peer) -> bool:
    match peer:
        case PodPeer():
            scope = peer.namespaces
            return _is_positive(peer.pods) or (isinstance(scope, NamespacesByLabel) and _is_positive(scope.selector))
        case IpBlockPeer():
            return peer.cidr.prefixlen > 0 or bool(peer.excepts)
        case _:
            return False


def _is_positive(selector: LabelSelector) -> bool:
    return any(r.operator is Operator.IN for r in selector.requirements)


def _not_kept(policy: NetworkPolicy) -> Iterator[NotKept]:
    for rule in policy.rules:
        for peer in rule.peers:
            if not _names_somebody(peer):
                source = rule.source if isinstance(peer, AnyPeer) else peer.source
                whom = "everybody" if isinstance(peer, AnyPeer) else str(peer)
                yield NotKept(policy.ref, rule.label, f"names nobody in particular: {whom}", source)


class _Search:
    def __init__(
        self, today: Today, covered: Container[ObjectRef], named: Engine, stated: Container[tuple[object, object]]
    ) -> None:
        self._today, self._covered, self._named, self._stated = today, covered, named, stated
        self._holders = holders(named)
        self._expanded: dict[Bits, Bits] = {}
        self.one_sided: list[Question] = []

    def needs(self) -> Iterator[Need]:
        refs = {p.ref for p in self._named.snapshot.network_policies}
        for policy in self._named.policies:
            if policy.ref in refs:
                for rule in policy.rules:
                    yield from self._of_rule(rule)

    def _of_rule(self, rule: CompiledRule) -> Iterator[Need]:
        inside = self._named.spaces.endpoints.everything
        met = False
        missed: list[tuple[Bits, Bits, ConnectionSet]] = []
        for sources, destinations, mask, _ in rule.grants(rule.sure):
            ports = self._named.connections(mask)
            froms, tos = self._workloads(sources & inside), self._workloads(destinations & inside)
            missed.append((froms, tos, ports))
            for need in self._between(rule, froms, tos, ports):
                met = True
                yield need
            if outside := sources & ~inside:
                yield from self._outside(rule, tos, Direction.INGRESS, outside, ports)
            if outside := destinations & ~inside:
                yield from self._outside(rule, froms, Direction.EGRESS, outside, ports)
        if not met:
            self._ask(rule, missed)

    def _between(self, rule: CompiledRule, froms: Bits, tos: Bits, ports: ConnectionSet) -> Iterator[Need]:
        today, workloads = self._today, self._today.workloads
        for source in positions(froms):
            src = workloads[source]
            for answer, ends in today.partition(source).items():
                common = ends & tos & ~(1 << source)
                granted = today.some(answer, ports) if common else ConnectionSet()
                if not granted:
                    continue
                for destination in positions(common):
                    dst = workloads[destination]
                    if src.ref in self._covered or dst.ref in self._covered:
                        partly = bool(granted & answer.partial)
                        yield Need(src.ref, dst.ref, granted, (_evidence(rule, partly=partly),))
            if tos >> source & 1 and src.ref in self._covered and has_several_pods(src):
                granted = today.with_itself(source) & ports
                if granted:
                    yield Need(src.ref, src.ref, granted, (_evidence(rule),))

    def _outside(
        self, rule: CompiledRule, subjects: Bits, direction: Direction, ends: Bits, ports: ConnectionSet
    ) -> Iterator[Need]:
        addresses = self._named.spaces.addresses_in(ends)
        for number in positions(subjects):
            ref = self._today.workloads[number].ref
            if ref not in self._covered:
                continue
            found: dict[ConnectionSet, AddressSet] = {}
            for answer, known in self._today.outside(number, direction).items():
                granted, common = self._today.some(answer, ports), known & addresses
                if granted and common:
                    found[granted] = found.get(granted, AddressSet()) | common
            for granted, common in found.items():
                src, dst = (ref, common) if direction is Direction.EGRESS else (common, ref)
                yield Need(src, dst, granted, (_evidence(rule),))

    def _ask(self, rule: CompiledRule, missed: list[tuple[Bits, Bits, ConnectionSet]]) -> None:
        """A rule that names workloads of the input which other policies keep apart is told, with what says so."""
        workloads = self._today.workloads
        for froms, tos, ports in missed:
            pairs = ((workloads[s].ref, workloads[d].ref) for s in positions(froms) for d in positions(tos) if s != d)
            first = next((p for p in pairs if p[0] in self._covered or p[1] in self._covered), None)
            if first is None or first in self._stated:
                continue
            src, dst = first
            text = (
                f"{rule.policy} {rule.label} names {src} → {dst} ({ports}), which {self._why(src, dst, ports)}; "
                "it is left closed"
            )
            remedy = f"If it is needed, state it: {src.qualified_name}={dst.qualified_name}:{_first_port(ports)}"
            self.one_sided.append(Question(text, remedy, source=rule.source))
            return

    def _why(self, src: ObjectRef, dst: ObjectRef, ports: ConnectionSet) -> str:
        """What the policies of every kind say of the first of the ports, where they let it not through."""
        if len(self.one_sided) >= _EXPLAINED_UP_TO:
            return "does not surely get through today"
        workloads, (protocol, numbers) = self._today.workloads, ports.ports[0]
        mine, theirs = (workloads[self._today.number(ref)] for ref in (src, dst))
        answer = self._today.engine.explain(mine, theirs, protocol, numbers.intervals[0][0])
        sides = [f"{d.direction.field}: {d.reason}" for d in answer.directions if d.verdict != Verdict.ALLOWED.value]
        closed = "is closed today" if answer.verdict == Verdict.DENIED.value else "does not surely get through today"
        return f"{closed} ({'; '.join(sides)})" if sides else closed

    def _workloads(self, classes: Bits) -> Bits:
        found = self._expanded.get(classes)
        if found is None:
            found = 0
            for number in positions(classes):
                found |= self._holders.get(number, 0)
            self._expanded[classes] = found
        return found


def _first_port(ports: ConnectionSet) -> str:
    if ports.is_all:
        return "all"
    protocol, numbers = ports.ports[0]
    first, last = numbers.intervals[0]
    return (str(first) if first == last else f"{first}-{last}") + (
        "" if protocol.value == "TCP" else f"/{protocol.value}"
    )


def _evidence(rule: CompiledRule, *, partly: bool = False) -> Evidence:
    only = "; today only for some of the pods" if partly else ""
    return Evidence(Basis.POLICY, f"{rule.policy.qualified_name} {rule.label} permits it today{only}", rule.source)
