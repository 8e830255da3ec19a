"""From needs to policies: default deny and DNS for each namespace, one policy for each workload with needs."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.policies import Direction
from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet, ConnectionSet
from lib.model.snapshot import Snapshot
from lib.scenario.recommendation.blocks import Raw, by_addresses, ip_blocks, port_items
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needs import (
    Basis,
    End,
    Evidence,
    Need,
    NodeGroup,
    PodGroup,
    Question,
    end_text,
)
from lib.scenario.recommendation.selectors import PodSelectors

PREFIX: Final = "netatlas-"
_NAME_UP_TO: Final = 240


@dataclass(frozen=True, slots=True)
class DraftPeer:
    """One peer of a rule, what it stands for ("" for addresses, which say it themselves), and why it is needed."""

    raw: Raw
    label: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class DraftRule:
    """Peers that all have the same ports."""

    direction: Direction
    peers: tuple[DraftPeer, ...]
    ports: ConnectionSet

    def raw(self) -> Raw:
        """The rule as the API writes it."""
        field_ = "from" if self.direction is Direction.INGRESS else "to"
        ports = port_items(self.ports)
        return {field_: [peer.raw for peer in self.peers], **({"ports": ports} if ports else {})}


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy before it is written: ``title`` says what it is for, ``questions`` what it leaves open."""

    ref: ObjectRef
    title: str
    selector: Raw
    directions: tuple[Direction, ...]
    rules: tuple[DraftRule, ...] = ()
    questions: tuple[Question, ...] = ()


def draft(
    snapshot: Snapshot,
    covered: Covered,
    selectors: PodSelectors,
    needs: Sequence[Need],
    questions: Sequence[Question],
) -> tuple[Draft, ...]:
    """All policies by namespace: workloads by name, then what all pods need, DNS among it, then default deny.

    They are applied in this order, so that nothing is closed long before what is needed is open.
    """
    builder = _Builder(snapshot, covered, selectors)
    for need in needs:
        builder.add(need)
    for question in questions:
        builder.ask(question)
    return tuple(builder.drafts())


@dataclass
class _Side:
    """One direction of a policy that is being put together."""

    peers: dict[str, tuple[Raw, str, ConnectionSet, dict[Evidence, None]]] = field(default_factory=dict)
    addresses: list[tuple[AddressSet, ConnectionSet, tuple[Evidence, ...]]] = field(default_factory=list)

    def add_peer(self, raw: Raw, label: str, ports: ConnectionSet, evidence: Iterable[Evidence]) -> None:
        key = json.dumps(raw, sort_keys=True)
        _, known, held, reasons = self.peers.get(key, (raw, label, ConnectionSet(), {}))
        label = known if label in known.split(", ") else f"{known}, {label}"
        self.peers[key] = raw, label, held | ports, {**reasons, **dict.fromkeys(evidence)}

    def rules(self, direction: Direction) -> Iterator[DraftRule]:
        by_ports: dict[ConnectionSet, list[DraftPeer]] = {}
        for raw, label, ports, evidence in self.peers.values():
            by_ports.setdefault(ports, []).append(DraftPeer(raw, label, tuple(evidence)))
        for addresses, ports in by_addresses((a, p) for a, p, _ in self.addresses):
            evidence = dict.fromkeys(e for a, p, why in self.addresses if a & addresses and p & ports for e in why)
            blocks = ip_blocks(addresses)
            peers = by_ports.setdefault(ports, [])
            for number, block in enumerate(blocks):
                peers.append(DraftPeer(block, "", tuple(evidence) if number == 0 else ()))
        for ports, peers in sorted(by_ports.items(), key=lambda item: str(item[0])):
            yield DraftRule(direction, tuple(peers), ports)


@dataclass
class _Policy:
    name: str
    namespace: str
    selector: Raw
    workloads: dict[ObjectRef, None] = field(default_factory=dict)
    dns: bool = False
    sides: dict[Direction, _Side] = field(default_factory=lambda: {d: _Side() for d in Direction})
    questions: list[Question] = field(default_factory=list)

    @property
    def title(self) -> str:
        if self.dns:
            return f"Every pod of {self.namespace} may resolve names."
        if not self.workloads:
            return f"What every pod of {self.namespace} needs."
        named = ", ".join(f"{r.kind} {r.name}" for r in self.workloads)
        if len(self.workloads) > 1:
            return f"{named}: their labels do not tell them apart, so each gets what any of them needs."
        return f"{named}."


class _Builder:
    def __init__(self, snapshot: Snapshot, covered: Covered, selectors: PodSelectors) -> None:
        self._snapshot, self._covered, self._selectors = snapshot, covered, selectors
        self._policies: dict[tuple[str, str], _Policy] = {}
        self._loose: dict[str, list[Question]] = {}

    def add(self, need: Need) -> None:
        """Put a need into the policies of the ends that are covered."""
        for direction, subject, peer in (
            (Direction.EGRESS, need.src, need.dst),
            (Direction.INGRESS, need.dst, need.src),
        ):
            policy = self._policy(subject, need)
            if policy is None:
                continue
            side = policy.sides[direction]
            if isinstance(peer, AddressSet):
                side.addresses.append((peer, need.ports, need.evidence))
            elif isinstance(peer, NodeGroup):
                side.addresses.append((node_addresses(peer), need.ports, need.evidence))
            else:
                side.add_peer(self._peer(peer, policy.namespace), end_text(peer), need.ports, need.evidence)

    def _policy(self, subject: End, need: Need) -> _Policy | None:
        """The policy of a subject; None where it is not covered."""
        if isinstance(subject, ObjectRef):
            workload = self._covered.workloads.get(subject)
            if workload is None:
                return None
            selector = self._selectors.of(workload).raw()
            key = (subject.namespace, json.dumps(selector, sort_keys=True))
            policy = self._policies.get(key)
            if policy is None:
                policy = self._policies[key] = _Policy(subject.name, subject.namespace, selector)
            policy.workloads[subject] = None
            return policy
        if isinstance(subject, PodGroup) and not subject.labels and subject.namespace in self._covered.namespaces:
            dns = any(e.basis is Basis.DNS for e in need.evidence)
            key = (subject.namespace, "dns" if dns else "all")
            name = "dns" if dns else "all-pods"
            return self._policies.setdefault(key, _Policy(name, subject.namespace, {}, dns=dns))
        return None

    def _peer(self, end: ObjectRef | PodGroup, namespace: str) -> Raw:
        if isinstance(end, PodGroup):
            return {"podSelector": {}} if end == PodGroup(namespace) else end.peer()
        workload = self._snapshot.workload_by_ref[end]
        peer: Raw = {"podSelector": self._selectors.of(workload).raw()}
        if end.namespace != namespace:
            peer = {"namespaceSelector": {"matchLabels": {METADATA_NAME_LABEL: end.namespace}}, **peer}
        return peer

    def ask(self, question: Question) -> None:
        """Put a question beside the rules of its workload."""
        ref = question.workload
        if ref is None or not question.ports or ref not in self._covered.workloads:
            return
        selector = self._selectors.of(self._covered.workloads[ref]).raw()
        policy = self._policies.get((ref.namespace, json.dumps(selector, sort_keys=True)))
        if policy is None:
            self._loose.setdefault(ref.namespace, []).append(question)
        else:
            policy.questions.append(question)

    def drafts(self) -> Iterator[Draft]:
        """The policies in their order, with names that nothing in the input has."""
        taken = {p.ref for p in self._snapshot.network_policies}
        taken |= {p.ref for p in self._snapshot.rejected_policies}
        by_namespace: dict[str, list[_Policy]] = {}
        for policy in self._policies.values():
            by_namespace.setdefault(policy.namespace, []).append(policy)
        for namespace in self._covered.namespaces:
            policies = by_namespace.get(namespace, ())
            for policy in sorted(policies, key=lambda p: (not p.workloads, p.name, list(p.workloads))):
                rules = tuple(rule for d in Direction for rule in policy.sides[d].rules(d))
                directions = tuple(d for d in Direction if any(r.direction is d for r in rules))
                ref = _free(PREFIX + _as_name(policy.name), namespace, taken)
                yield Draft(ref, policy.title, policy.selector, directions, rules, tuple(policy.questions))
            ref = _free(f"{PREFIX}default-deny", namespace, taken)
            title = f"Closes every pod of {namespace} in both directions; the policies before it open what is needed."
            yield Draft(ref, title, {}, tuple(Direction), questions=tuple(self._loose.get(namespace, ())))


def node_addresses(nodes: NodeGroup) -> AddressSet:
    """The addresses of some nodes."""
    return AddressSet.from_networks(ip_network(a) for _, addresses in nodes.nodes for a in addresses)


def _as_name(text: str) -> str:
    """``text`` as a part of an object's name."""
    return re.sub(r"[^a-z0-9.-]+", "-", text.lower())[:_NAME_UP_TO].strip("-.") or "workload"


def _free(wished: str, namespace: str, taken: set[ObjectRef]) -> ObjectRef:
    names = itertools.chain([wished], (f"{wished}-{i}" for i in itertools.count(2)))
    ref = next(r for n in names if (r := ObjectRef(namespace, n, "NetworkPolicy")) not in taken)
    taken.add(ref)
    return ref
