"""Which pods of the cluster's own software can still reach the destinations that they need, by policy.

A name without a known address may have any public IPv4 address: it is judged at one of each range that no rule can
tell apart inside, and, where policies name it, as if it had those addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from types import MappingProxyType
from typing import Final

from lib.azure.destinations import Destination, examples_of, means, workloads_of
from lib.exposure.row import Cause
from lib.facts.cluster_dns import cluster_dns
from lib.facts.egress_needs import EgressNeed, NeedKind, client_pod
from lib.facts.internet import INTERNET
from lib.flows.outside import Outside
from lib.flows.row import unknown_reason
from lib.flows.rows import doubted
from lib.model.cluster import Workload
from lib.model.domain_names import NameEntry, NamePattern, NameTable, addresses_of
from lib.model.policies import Direction, Verdict
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, AddressSet, PortSet, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits
from lib.policy.decide import without_rejected
from lib.policy.domain_names import patterns
from lib.policy.engine import Engine, compile_engine
from lib.policy.pairs import WorkloadPairs

VARIANTS_MAX: Final = 64
"""Ways of naming destinations in policies that are judged apart; names beyond stay as open as without an address."""
_NOWHERE: Final = Source("", 0)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the pods of one workload may connect to one needed destination, by their own policies.

    ``need`` is None for name resolution, which everything else needs. ``workload`` is None where the input does not
    hold the pods that ``client`` names. ``rules`` are those that decide.
    """

    need: EgressNeed | None
    host: str
    protocol: Protocol
    port: int
    client: str
    workload: ObjectRef | None
    verdict: Verdict
    reason: str
    rules: tuple[Cause, ...] = ()


def required_reach(engine: Engine, found: Iterable[Destination]) -> tuple[Reach, ...]:
    """Every destination that pods need, for each workload that they belong to; denied ones first, then unknown ones.

    Destinations of nodes, and those for which no source says who connects, are no pods' and left out, as are service
    tags, for which the names of the same feature stand.
    """
    found = tuple(found)
    judge = _Judge(engine, {pods for destination in found for pods in destination.need.pods})
    rows = [row for destination in found if not destination.is_service_tag for row in judge.rows(destination)]
    seen = dict.fromkeys(row.workload for row in rows if row.workload is not None)
    rows += [row for ref in seen for row in judge.name_resolution(ref)]
    order = (Verdict.DENIED, Verdict.UNKNOWN, Verdict.ALLOWED)
    return tuple(sorted(dict.fromkeys(rows), key=lambda row: (order.index(row.verdict), row.workload is None)))


@dataclass(frozen=True, slots=True)
class _At:
    """How a set of ends answers for one port: ends by what the workload has with them."""

    allowed: Bits
    partial: Bits
    unknown: Bits
    denied: Bits


class _Judge:
    """The answers of one engine; what is compiled for names is kept."""

    def __init__(self, engine: Engine, pods: Iterable[str]) -> None:
        self._engine = engine
        self._snapshot = engine.snapshot
        self._clients = {pods_id: workloads_of(engine.snapshot, client_pod(pods_id)) for pods_id in pods}
        self._variants: dict[frozenset[NamePattern], Engine] = {}
        self._outsides: dict[int, Outside] = {}
        self._doubted = doubted(engine, Direction.EGRESS)

    @cached_property
    def _patterns(self) -> tuple[NamePattern, ...]:
        return tuple(dict.fromkeys(patterns(self._snapshot, self._engine.profile)))

    @cached_property
    def _representatives(self) -> tuple[IPv4Network, ...]:
        """One public IPv4 address of each range that no rule tells apart inside."""
        spaces = self._engine.spaces.addresses
        found = []
        for atom in range(len(spaces.ipv4)):
            ranges = (spaces.addresses(1 << atom) & INTERNET).ranges()
            first = next((first for first, _ in ranges if isinstance(first, IPv4Address)), None)
            if first is not None:
                found.append(IPv4Network(first))
        return tuple(found)

    @cached_property
    def _near(self) -> Snapshot:
        """The clients with their neighbours, and the DNS servers: what others may do changes nothing for these."""
        known = self._snapshot
        kept = {w.namespace for workloads in self._clients.values() for w in workloads} | {cluster_dns().namespace}
        return replace(
            known,
            workloads=tuple(w for w in known.workloads if w.namespace in kept),
            network_policies=tuple(p for p in known.network_policies if p.ref.namespace in kept),
            cilium_policies=tuple(p for p in known.cilium_policies if p.ref.namespace in (*kept, "")),
        )

    def rows(self, destination: Destination) -> Iterator[Reach]:
        """A row for each workload that needs a destination, and for each host of it."""
        need = destination.need
        for pods_id in need.pods:
            pods = client_pod(pods_id)
            workloads = self._clients[pods_id]
            for host in destination.hosts or (need.destination,):
                protocol = Protocol(need.transport)
                if not workloads:
                    reason = "the input does not hold these pods"
                    yield Reach(need, host, protocol, need.port, pods.label, None, Verdict.UNKNOWN, reason)
                for workload in workloads:
                    verdict, reason, rules = self._answer(workload, destination, host, protocol)
                    yield Reach(need, host, protocol, need.port, pods.label, workload.ref, verdict, reason, rules)

    def _answer(
        self, workload: Workload, destination: Destination, host: str, protocol: Protocol
    ) -> tuple[Verdict, str, tuple[Cause, ...]]:
        need = destination.need
        if destination.missing:
            return Verdict.UNKNOWN, f"missing: {destination.missing}", ()
        if not workload.endpoints:
            return Verdict.UNKNOWN, "it has no pod that can send", ()
        if need.kind is NeedKind.NETWORK:
            address = _address(host)
            if address is None:
                return Verdict.UNKNOWN, f"the addresses of {host} are not in the input", ()
            addresses = AddressSet.from_networks([ip_network(address)])
            return self._told(self._engine, workload, addresses, protocol, need.port, host)
        return self._of_name(workload, host, protocol, need.port)

    def _of_name(
        self, workload: Workload, host: str, protocol: Protocol, port: int
    ) -> tuple[Verdict, str, tuple[Cause, ...]]:
        """By the person's table where it holds the name, else at any public address."""
        table = self._snapshot.domain_names
        held = tuple(entry for name, entry in table.entries.items() if means(host, name))
        if held:
            addresses = addresses_of(held)
            if not addresses:
                return Verdict.UNKNOWN, f"{held[0].place} says that it has no address", ()
            return self._told(self._engine, workload, addresses, protocol, port, f"the addresses in {table.file}")
        public = AddressSet.from_networks(self._representatives)
        answers = [
            self._told(self._variant(name), workload, public, protocol, port, host) for name in examples_of(host)
        ]
        if len({verdict for verdict, _, _ in answers}) > 1:
            return Verdict.UNKNOWN, f"policies tell names under {host} apart by the number of their labels", ()
        return answers[0]

    def _variant(self, name: str) -> Engine:
        """The engine with a name that policies mean at the representative addresses; the same where none means it."""
        meaning = frozenset(p for p in self._patterns if p.matches(name) is not False)
        if not meaning or (meaning not in self._variants and len(self._variants) >= VARIANTS_MAX):
            return self._engine
        found = self._variants.get(meaning)
        if found is None:
            table = self._snapshot.domain_names
            entries = MappingProxyType({**table.entries, name: NameEntry(name, self._representatives, _NOWHERE, 0)})
            names = NameTable(entries, table.complete, table.file)
            snapshot = replace(self._near, domain_names=names)
            found = self._variants[meaning] = compile_engine(snapshot, self._engine.profile)
        return found

    def _told(
        self,
        engine: Engine,
        workload: Workload,
        addresses: AddressSet,
        protocol: Protocol,
        port: int,
        what: str,
    ) -> tuple[Verdict, str, tuple[Cause, ...]]:
        at = self._at(engine, workload, addresses, protocol, port)
        several = [ends for ends in (at.allowed, at.partial, at.unknown, at.denied) if ends]
        if len(several) == 1 and at.allowed:
            verdict, reason, example = Verdict.ALLOWED, "permitted", at.allowed
        elif len(several) == 1 and at.denied:
            verdict, reason, example = Verdict.DENIED, "no rule permits it", at.denied
        elif at.partial:
            verdict, reason, example = Verdict.UNKNOWN, "only some of its pods may", at.partial
        elif at.unknown:
            verdict, reason, example = Verdict.UNKNOWN, unknown_reason(engine, False), at.unknown
        else:
            reason = f"some public addresses are permitted and others not, and which {what} has is not in the input"
            verdict, example = Verdict.UNKNOWN, at.allowed
        rules, isolating = self._causes(engine, workload, example, protocol, port)
        if verdict is Verdict.ALLOWED:
            reason = self._permitted(rules, workload)
        if verdict is Verdict.DENIED and isolating:
            reason = f"isolated by {isolating}, and no rule permits it"
        if rejected := self._doubted.get(workload.ref):
            reason += f"; {without_rejected(rejected)}"
        return verdict, reason, rules

    def _permitted(self, rules: tuple[Cause, ...], workload: Workload) -> str:
        permitting = dict.fromkeys(str(rule.policy) for rule in rules if rule.effect == "permits")
        if permitting:
            return f"permitted by {', '.join(permitting)}"
        if not self._engine.profile.enforces:
            return "nothing enforces policies"
        if workload.host_network:
            return "it is on its nodes' network, which no policy that selects pods covers"
        return "no policy isolates it for what it sends"

    def _at(self, engine: Engine, workload: Workload, addresses: AddressSet, protocol: Protocol, port: int) -> _At:
        spaces = engine.spaces
        asked = spaces.addresses.atoms_in(addresses) << spaces.first_address
        mask = spaces.ports.mask(protocol, PortSet.of(port))
        allowed = partial = unknown = 0
        outside = self._outside(engine)
        for ends, total in outside.cells(engine.workload_numbers[workload.ref], Direction.EGRESS):
            if met := ends & asked:
                if total.every & mask:
                    allowed |= met
                elif total.some & mask:
                    partial |= met
                elif total.unknown & mask:
                    unknown |= met
        return _At(allowed, partial, unknown, asked & ~(allowed | partial | unknown))

    def _outside(self, engine: Engine) -> Outside:
        found = self._outsides.get(id(engine))
        if found is None:
            found = self._outsides[id(engine)] = Outside(WorkloadPairs(engine))
        return found

    def _causes(
        self, engine: Engine, workload: Workload, ends: Bits, protocol: Protocol, port: int
    ) -> tuple[tuple[Cause, ...], str]:
        """The rules that decide at one of the ends, and who isolates."""
        first, _ = next(engine.spaces.addresses_in(ends & -ends).ranges())
        answer = engine.explain(workload, AddressSet.from_networks([ip_network(first)]), protocol, port)
        (egress,) = (d for d in answer.directions if d.direction is Direction.EGRESS)
        causes = tuple(Cause(e.policy, e.effect, e.rule, e.source) for e in egress.deciding)
        isolating = dict.fromkeys(str(c.policy) for c in causes if c.effect in ("isolates", "denies"))
        return causes, ", ".join(isolating)

    def name_resolution(self, ref: ObjectRef) -> Iterator[Reach]:
        """Whether a workload may ask the cluster's DNS, by policies of both ends."""
        workload = self._snapshot.workload_by_ref[ref]
        dns = cluster_dns()
        labels = dict(dns.labels)
        servers = [
            w
            for w in self._snapshot.workloads
            if w.namespace == dns.namespace
            and w.endpoints
            and all(p.labels.get(k) == v for p in w.endpoints for k, v in labels.items())
        ]
        if ref in {server.ref for server in servers}:
            return
        row = Reach(None, dns.label, Protocol.UDP, dns.port, "", ref, Verdict.UNKNOWN, "the input holds no DNS server")
        if not servers or not workload.endpoints:
            yield row
        for server in servers if workload.endpoints else ():
            answer = self._engine.explain(workload, server, Protocol.UDP, dns.port)
            verdict = Verdict(answer.verdict) if answer.verdict != "partial" else Verdict.UNKNOWN
            told = next((d for d in answer.directions if d.verdict == answer.verdict), answer.directions[0])
            causes = tuple(Cause(e.policy, e.effect, e.rule, e.source) for e in told.deciding)
            yield replace(row, host=str(server.ref), verdict=verdict, reason=told.reason, rules=causes)


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
