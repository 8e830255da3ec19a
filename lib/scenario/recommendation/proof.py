"""The proof of a recommendation: its own text, read and compiled like any input, asked about every flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lib.flows.outside import Outside
from lib.flows.row import FlowRow, RowVerdict
from lib.flows.rows import flow_rows
from lib.model.policies import Direction, Verdict
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, AddressSet, ConnectionSet
from lib.policy.engine import Engine
from lib.policy.pairs import WorkloadPairs
from lib.policy.points import End as ExplainedEnd
from lib.scenario.answer import Change
from lib.scenario.arrivals import arrival_changes
from lib.scenario.changes import FlowChange, Tally
from lib.scenario.diff import Diff
from lib.scenario.recommendation.coverage import Covered
from lib.scenario.recommendation.needed import Needed
from lib.scenario.recommendation.needs import EVERYWHERE, End, Need, NodeGroup, PodGroup
from lib.scenario.recommendation.permitted import Permitted, PermittedToday
from lib.scenario.recommendation.today import has_several_pods
from lib.scenario.routes import RouteChange

OPEN_UP_TO: Final = 500
CHANGES_UP_TO: Final = 1_000
_ROWS_UP_TO: Final = 300_000
_PAIRS_UP_TO: Final = 100_000
_EXPLAINED_UP_TO: Final = 50
_ORDER: Final = {Change.GAINED: 0, Change.LOST: 1, Change.CHANGED: 2, Change.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class ProvenNeed:
    """A need with the engine's verdict under the recommendation; ``reason`` says why where it is not allowed."""

    need: Need
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OpenFlow:
    """A flow of a covered workload that stays open, or may, though nothing says that it is needed.

    ``sources`` are the rules and policies that say so.
    """

    src: str
    dst: str
    ports: ConnectionSet
    verdict: Verdict
    why: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What the engine says of the recommendation.

    ``open`` are at most OPEN_UP_TO flows, ``open_cut`` says that there are more; ``node_flows`` counts those with a
    workload on its node's network, which policies do not fully govern. ``changes`` are the first CHANGES_UP_TO flows
    that differ from today, ``permitted`` is for each of them what lets it through today; ``tally`` counts all that
    differ. ``arrivals`` are the ports of load balancers and node ports that let in more or less than today, which
    flows do not show where the engine sees another source than the client. ``enforced``: the engine enforces policies
    at all. ``unsettled`` says what of today and of after is unknown alike, and so in no count; "" where nothing is.
    """

    needs: tuple[ProvenNeed, ...]
    open: tuple[OpenFlow, ...]
    open_cut: bool
    node_flows: int
    changes: tuple[FlowChange, ...]
    permitted: tuple[tuple[Permitted, ...], ...]
    tally: Tally
    enforced: bool = True
    arrivals: tuple[RouteChange, ...] = ()
    unsettled: str = ""

    @property
    def ranked_needs(self) -> tuple[ProvenNeed, ...]:
        """What is not surely allowed first, then as the policies come."""
        return tuple(sorted(self.needs, key=lambda n: n.verdict is Verdict.ALLOWED))

    @property
    def holds(self) -> bool:
        """Whether every need is surely allowed."""
        return all(n.verdict is Verdict.ALLOWED for n in self.needs)


def prove(before: Engine, after: Engine, assumed: Engine, covered: Covered, needs: Sequence[Need]) -> Proof:
    """Ask about every need and every other flow of the covered workloads, and compare with today.

    ``assumed`` is ``after`` with the pods that needs name and the input does not show.
    """
    judge = _Judge(assumed, covered)
    proven = tuple(judge.need(need) for need in needs)
    judge = _Judge(after, covered)
    found = tuple(islice(judge.left_open(needs), OPEN_UP_TO + 1))
    compared = Diff(before, after, families=before.spaces.endpoints.families)
    changes = tuple(islice(compared.rows(frozenset(covered.namespaces)), CHANGES_UP_TO))
    changes = tuple(sorted(changes, key=lambda c: (_ORDER[c.change], c.host)))
    return Proof(
        proven,
        found[:OPEN_UP_TO],
        len(found) > OPEN_UP_TO or judge.cut,
        judge.node_flows,
        changes,
        tuple(map(PermittedToday(before).of, changes)),
        compared.tally,
        after.profile.enforces,
        arrival_changes(before, after),
        compared.unsettled,
    )


class _Judge:
    def __init__(self, engine: Engine, covered: Covered) -> None:
        self._engine, self._covered = engine, covered
        self._pairs = WorkloadPairs(engine)
        self._outside = Outside(self._pairs)
        self._members: dict[PodGroup, tuple[int, ...]] = {}
        self._known: dict[PodGroup, frozenset[ObjectRef]] = {}
        self._explained = 0
        self.cut = False
        self.node_flows = 0

    def need(self, need: Need) -> ProvenNeed:
        """The verdict on one need: the worst of all its ends."""
        for end in (need.src, need.dst):
            if isinstance(end, PodGroup) and not self._ends(end):
                return ProvenNeed(need, Verdict.UNKNOWN, f"all pods of {end} use their node's network")
        worst = Verdict.ALLOWED
        for number, verdict in enumerate(self._verdicts(need)):
            if number == _PAIRS_UP_TO:
                return ProvenNeed(need, Verdict.UNKNOWN, f"only the first {number:,} of its pairs were looked at")
            if verdict is Verdict.DENIED:
                worst = verdict
                break
            if verdict is Verdict.UNKNOWN:
                worst = verdict
        return ProvenNeed(need, worst, "" if worst is Verdict.ALLOWED else self._reason(need))

    def _verdicts(self, need: Need) -> Iterator[Verdict]:
        sources, destinations = self._ends(need.src), self._ends(need.dst)
        if isinstance(need.src, AddressSet):
            yield from (self._with_outside(n, Direction.INGRESS, need.src, need.ports) for n in destinations)
        elif isinstance(need.dst, AddressSet):
            yield from (self._with_outside(n, Direction.EGRESS, need.dst, need.ports) for n in sources)
        elif isinstance(need.src, NodeGroup) or isinstance(need.dst, NodeGroup):
            yield from self._with_nodes(need, sources, destinations)
        else:
            for source in sources:
                for destination in destinations:
                    if source != destination or (need.src == need.dst and self._talks_to_itself(source)):
                        yield self._between(source, destination, need.ports)

    def _talks_to_itself(self, number: int) -> bool:
        return has_several_pods(self._pairs.workload(number))

    def _between(self, source: int, destination: int, ports: ConnectionSet) -> Verdict:
        total = self._pairs.pair(source, destination)
        if total is None:
            return Verdict.DENIED
        connections = self._engine.connections
        return _verdict(ports, connections(total.every), connections(total.every | total.some | total.unknown))

    def _with_outside(self, number: int, direction: Direction, addresses: AddressSet, ports: ConnectionSet) -> Verdict:
        surely, possibly = AddressSet(), AddressSet()
        connections = self._engine.connections
        for ends, total in self._outside.cells(number, direction):
            held = self._outside.addresses(ends)
            if ports <= connections(total.every):
                surely |= held
            if ports <= connections(total.every | total.some | total.unknown):
                possibly |= held
        if addresses <= surely:
            return Verdict.ALLOWED
        return Verdict.UNKNOWN if addresses <= possibly else Verdict.DENIED

    def _with_nodes(self, need: Need, sources: Sequence[int], destinations: Sequence[int]) -> Iterator[Verdict]:
        reachability, nodes = self._engine.reachability(), self._engine.spaces.endpoints.nodes
        group = need.src if isinstance(need.src, NodeGroup) else need.dst
        assert isinstance(group, NodeGroup)
        inbound = group is need.src
        members = self._engine.spaces.endpoints.members
        for number in destinations if inbound else sources:
            for each in dict.fromkeys(members[number]):
                for name, _ in group.nodes:
                    ends = (nodes[name], each) if inbound else (each, nodes[name])
                    found, ports = reachability.between(*ends), self._engine.connections
                    yield _verdict(need.ports, ports(found.allowed), ports(found.possible))

    def _ends(self, end: End) -> tuple[int, ...]:
        """The workloads that an end means, by position."""
        if isinstance(end, ObjectRef):
            return (self._engine.workload_numbers[end],)
        if isinstance(end, PodGroup):
            found = self._members.get(end)
            if found is None:
                found = self._members[end] = tuple(self._group(end))
            return found
        return ()

    def _refs(self, group: PodGroup) -> frozenset[ObjectRef]:
        found = self._known.get(group)
        if found is None:
            found = self._known[group] = frozenset(self._pairs.workload(n).ref for n in self._ends(group))
        return found

    def _group(self, group: PodGroup) -> Iterator[int]:
        snapshot = self._engine.snapshot
        known = snapshot.workloads_by_namespace.get(group.namespace, ())
        for workload in snapshot.workloads if group.namespace == EVERYWHERE else known:
            labelled = all(p.labels.get(k) == v for p in workload.endpoints for k, v in group.labels)
            if workload.endpoints and not workload.host_network and labelled:
                yield self._engine.workload_numbers[workload.ref]

    def _reason(self, need: Need) -> str:
        """Why a need is not surely allowed, from the engine's explanation of its first ends."""
        if self._explained >= _EXPLAINED_UP_TO:
            return ""
        self._explained += 1
        ends = [self._explainable(end) for end in (need.src, need.dst)]
        if ends[0] is None or ends[1] is None:
            return ""
        protocol, numbers = need.ports.ports[0]
        answer = self._engine.explain(ends[0], ends[1], protocol, numbers.intervals[0][0])
        return "; ".join(d.reason for d in answer.directions if d.verdict != Verdict.ALLOWED.value)

    def _explainable(self, end: End) -> ExplainedEnd | None:
        if isinstance(end, AddressSet):
            return _first(end)
        if isinstance(end, NodeGroup):
            return next((n for n in self._engine.snapshot.nodes if n.name == end.nodes[0][0]), None)
        numbers = self._ends(end)
        return self._pairs.workload(numbers[0]) if numbers else None

    def left_open(self, needs: Sequence[Need]) -> Iterator[OpenFlow]:
        """What is open, or may be, of the covered workloads beyond the needs."""
        if not self._engine.profile.enforces:
            return
        needed = Needed(needs, self._refs)
        rows = flow_rows(self._engine, (), frozenset(self._covered.namespaces))
        for row in islice(rows, _ROWS_UP_TO):
            if row.src_ref not in self._covered.workloads and row.dst_ref not in self._covered.workloads:
                continue
            if row.host and row.src_ref is not None and row.dst_ref is not None:
                self.node_flows += 1
                continue
            for addresses, ports in needed.beyond(row):
                if row.verdict is not RowVerdict.UNKNOWN or self._is_spoken(addresses):
                    yield self._open(row, addresses, ports)
        self.cut = next(rows, None) is not None
        for ref, workload in self._covered.workloads.items():
            number = self._engine.workload_numbers[ref]
            total = self._pairs.pair(number, number) if has_several_pods(workload) else None
            if total is not None:
                rest = self._engine.connections(total.every | total.some) - needed.between(ref, ref)
                if rest:
                    row = FlowRow(str(ref), str(ref), rest, RowVerdict.ALLOWED, "", "", False, ref, ref)
                    yield self._open(row, None, rest)

    def _is_spoken(self, addresses: AddressSet | None) -> bool:
        """Whether the cluster has addresses of these families; what nobody settles of others is no news."""
        families = self._engine.spaces.endpoints.families
        return addresses is None or any(addresses.of_family(family) for family in families)

    def _open(self, row: FlowRow, addresses: AddressSet | None, ports: ConnectionSet) -> OpenFlow:
        unknown = row.verdict is RowVerdict.UNKNOWN
        verdict = Verdict.UNKNOWN if unknown else Verdict.ALLOWED
        src, dst = row.src, row.dst
        if addresses is not None:
            name = f"outside {addresses}"
            src, dst = (name, dst) if row.src_ref is None else (src, name)
        if self._explained >= _EXPLAINED_UP_TO:
            return OpenFlow(src, dst, ports, verdict, row.reason)
        self._explained += 1
        numbers = self._engine.workload_numbers
        ends: list[ExplainedEnd] = [
            self._pairs.workload(numbers[ref]) if ref is not None else _first(addresses or AddressSet.all())
            for ref in (row.src_ref, row.dst_ref)
        ]
        protocol, held = ports.ports[0]
        answer = self._engine.explain(ends[0], ends[1], protocol, held.intervals[0][0])
        # Nobody governs the side of an address outside.
        outside = {Direction.EGRESS: row.src_ref is None, Direction.INGRESS: row.dst_ref is None}
        sides = [d for d in answer.directions if not outside[d.direction]]
        effects = [e for d in sides for e in d.effects if e.effect in ("permits", "undecided")]
        why = "; ".join(f"{d.direction.field}: {d.reason}" for d in sides)
        return OpenFlow(src, dst, ports, verdict, why, tuple(dict.fromkeys(e.source for e in effects)))


def _verdict(ports: ConnectionSet, allowed: ConnectionSet, possible: ConnectionSet) -> Verdict:
    if ports <= allowed:
        return Verdict.ALLOWED
    return Verdict.UNKNOWN if ports <= possible else Verdict.DENIED


def _first(addresses: AddressSet) -> Address:
    """One address of a set, to ask about as an example: a wide set touches many prefixes of the policies."""
    return next(addresses.ranges())[0]
