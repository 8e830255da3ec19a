"""Policies that do nothing, and workloads that a policy cuts off from DNS. The engine answers; nothing is re-tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from lib.checks.context import Context
from lib.model.finding import Finding, finding
from lib.model.policies import Direction, NamespacesByLabel, OwnNamespace, PodPeer
from lib.model.refs import ObjectRef
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, from_positions, positions, union
from lib.policy.engine import Engine
from lib.policy.nobody import NAMES_NOBODY, SELECTS_NOTHING, real_classes, real_ends, rule_text, waited_for
from lib.policy.rules import Action, CompiledRule
from lib.routing.services import ServiceView

# Kubernetes, "DNS for Services and Pods": the cluster's DNS Service keeps this name whatever serves it. RFC 1035: 53.
_DNS_SERVICE = ObjectRef("kube-system", "kube-dns", "Service")
_DNS_PORT = 53


def check_policy_subjects(context: Context) -> Iterator[Finding]:
    """A policy that selects no pod isolates nothing.

    One that is meant for pods that come and go (a CronJob between two runs, a workload scaled to 0) is no fault.
    """
    if not context.snapshot.is_complete("Pod"):
        return
    real = real_classes(context.engine)
    by_ref = {p.ref: p for p in context.snapshot.network_policies}
    for policy in context.engine.policies:
        written = by_ref.get(policy.ref)
        if written is not None and not policy.subjects & real and not waited_for(context.snapshot, written):
            yield finding(
                SELECTS_NOTHING.code,
                policy.ref,
                policy.source.at("spec", "podSelector"),
                selector=written.pod_selector,
            )


def check_policy_peers(context: Context) -> Iterator[Finding]:
    """A rule whose selectors match no pod does nothing today."""
    if not context.snapshot.is_complete("Pod", "Namespace"):
        return
    ends = real_ends(context.engine)
    for policy in context.engine.policies:
        for rule in policy.rules:
            if rule.names_pods and not (rule.peers | rule.possible_peers) & ends:
                yield finding(NAMES_NOBODY.code, policy.ref, rule.source, rule=rule_text(rule.label, rule.text))


def check_policy_peers_overlap(context: Context) -> Iterator[Finding]:
    """A peer that means all pods of all namespaces, beside others that it makes superfluous.

    The usual cause is a dash too many: two peers mean "or", one peer with both selectors means "and".
    """
    for policy in context.snapshot.network_policies:
        for rule in policy.rules:
            pods = [peer for peer in rule.peers if isinstance(peer, PodPeer)]
            wide = next((peer for peer in pods if _is_everywhere(peer)), None)
            others = [peer for peer in pods if peer != wide]
            if wide is not None and others:
                yield finding(
                    "policy-peer-covers-others",
                    policy.ref,
                    wide.source,
                    rule=rule.label,
                    peers="; ".join(map(str, others)),
                )


def check_policy_peers_apart(context: Context) -> Iterator[Finding]:
    """A peer for all pods of some namespaces beside one whose labels only pods there have: meant together, likely."""
    snapshot = context.snapshot
    for policy in snapshot.network_policies:
        for rule in policy.rules:
            pods = [peer for peer in rule.peers if isinstance(peer, PodPeer)]
            for peer in pods:
                if peer.pods.is_everything or not isinstance(peer.namespaces, OwnNamespace):
                    continue
                having = {p.namespace for w in snapshot.workloads for p in w.endpoints if peer.pods.matches(p.labels)}
                beside = next((other for other in pods if _all_pods_among(other, having, snapshot)), None)
                if beside is not None and policy.ref.namespace not in having:
                    yield finding(
                        "policy-peers-apart",
                        policy.ref,
                        peer.source,
                        rule=rule.label,
                        labels=peer.pods,
                        namespaces=beside.namespaces,
                    )


def _all_pods_among(peer: PodPeer, names: Set[str], snapshot: Snapshot) -> bool:
    """Whether it means all pods of chosen namespaces, one of ``names`` among them."""
    scope = peer.namespaces
    if not peer.pods.is_everything or not isinstance(scope, NamespacesByLabel) or scope.selector.is_everything:
        return False
    return any(scope.matches(snapshot.namespace_by_name[name]) for name in names)


def _is_everywhere(peer: PodPeer) -> bool:
    scope = peer.namespaces
    return peer.pods.is_everything and isinstance(scope, NamespacesByLabel) and scope.selector.is_everything


def check_dns_egress(context: Context) -> Iterator[Finding]:
    """A workload that may open connections, but not to the cluster's DNS, finds nobody by name.

    Workloads without any permitted egress are left out: they are locked up on purpose.
    """
    engine = context.engine
    isolated = engine.reachability().isolated[Direction.EGRESS]
    view = next((v for v in context.services if v.ref == _DNS_SERVICE), None)
    cut_off = _cut_off(engine, _dns_classes(engine, view), _dns_mask(engine, view))
    for number, workload in enumerate(context.snapshot.workloads):
        classes = {c for c in engine.spaces.endpoints.members[number] if isolated >> c & 1}
        if classes & cut_off:
            yield finding("dns-egress-missing", workload.ref, workload.source, policies=_isolating(engine, classes))


def _cut_off(engine: Engine, servers: frozenset[int], udp: Bits) -> set[int]:
    """The classes that some rule lets out, but none to the DNS pods; nor, by address, to a DNS server outside.

    Where no DNS pod is known, a rule that names the port at all counts as permission, whomever it selects: the DNS
    pods that it means may just not be in the input.
    """
    rules: dict[int, list[CompiledRule]] = defaultdict(list)
    for policy in engine.policies:
        for rule in policy.rules:
            if rule.direction is Direction.EGRESS and rule.action is Action.ALLOW:
                for number in positions(rule.subjects):
                    rules[number].append(rule)
    return {
        number
        for number, found in rules.items()
        if any(rule.peers | rule.possible_peers for rule in found)
        and not _reaches_dns(engine, number, found, servers, udp)
    }


def _reaches_dns(
    engine: Engine, source: int, rules: Iterable[CompiledRule], servers: frozenset[int], udp: Bits
) -> bool:
    nobody = engine.spaces.outside & ~engine.spaces.outside_in_use
    naming = [
        rule
        for rule in rules
        if any(ports.mask & udp for ports in rule.ports)
        and ((ends := rule.peers | rule.possible_peers) & ~nobody or not ends)
    ]
    if not servers:
        return bool(naming)
    if any((rule.peers | rule.possible_peers) & engine.spaces.outside_in_use for rule in naming):
        return True
    return any(engine.reachability().between(source, server)[1] & udp for server in servers)


def _dns_mask(engine: Engine, view: ServiceView | None) -> Bits:
    """The UDP ports on which the DNS pods answer: policies see the pods' ports, not the Service's."""
    numbers = {n for p in view.ports if p.port.protocol is Protocol.UDP for n in p.numbers} if view else set()
    return union(engine.spaces.port_mask(Protocol.UDP, n) for n in numbers or {_DNS_PORT})


def _dns_classes(engine: Engine, view: ServiceView | None) -> frozenset[int]:
    if view is None:
        return frozenset()
    numbers = (engine.workload_numbers[w.ref] for w in view.workloads)
    return frozenset(c for n in numbers for c in engine.spaces.endpoints.members[n])


def _isolating(engine: Engine, classes: set[int]) -> str:
    mask = from_positions(classes)
    names = sorted({p.ref.qualified_name for p in engine.policies if p.isolates(Direction.EGRESS) & mask})
    return ", ".join(names)
