"""Flows between classes: workloads that no policy, and no route, tells apart are one end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping

from lib.flows.ingress import ingress_rows
from lib.flows.outside import outside_rows
from lib.flows.row import FlowRow
from lib.flows.rows import rows_between, with_rejections
from lib.model.policies import Direction
from lib.model.records import dataclass, replace
from lib.model.refs import ObjectRef
from lib.policy.bits import Bits, positions
from lib.policy.engine import Engine
from lib.policy.pairs import WorkloadPairs
from lib.routing.routes import RoutedBackend

NAMED_MEMBERS = 3


@dataclass(frozen=True, slots=True)
class WorkloadClass:
    """Workloads that have the same flows, in the snapshot's order; never empty."""

    members: tuple[ObjectRef, ...]

    @property
    def name(self) -> str:
        """The first members, and how many more there are; no two classes of a cluster share a name."""
        more = len(self.members) - NAMED_MEMBERS
        return ", ".join(map(str, self.members[:NAMED_MEMBERS])) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class ClassFlows:
    """The classes of a cluster and the rows between them.

    ``rows`` are as those of workloads, with the names of classes and without a count of pods; one from a class to
    itself is about different members.
    """

    classes: tuple[WorkloadClass, ...]
    rows: Iterator[FlowRow]


def class_flows(
    engine: Engine, backends: Iterable[RoutedBackend] = (), namespaces: Collection[str] | None = None
) -> ClassFlows:
    """Every permitted and every undecidable flow, by class. ``namespaces`` as for ``flow_rows``."""
    pairs = WorkloadPairs(engine)
    from_ingress = tuple(ingress_rows(pairs, backends, namespaces))
    grouped: dict[Hashable, list[int]] = defaultdict(list)
    for number, key in _keys(pairs, from_ingress, namespaces):
        grouped[key].append(number)
    groups = tuple(tuple(members) for members in grouped.values())
    classes = tuple(WorkloadClass(tuple(pairs.workload(i).ref for i in members)) for members in groups)
    rows = _rows(pairs, groups, from_ingress, namespaces)
    if engine.rejections:
        rows = with_rejections(engine, rows)
    names = {ref: each.name for each in classes for ref in each.members}
    return ClassFlows(classes, (_renamed(row, names) for row in rows))


def _rows(
    pairs: WorkloadPairs,
    groups: tuple[tuple[int, ...], ...],
    from_ingress: Iterable[FlowRow],
    namespaces: Collection[str] | None,
) -> Iterator[FlowRow]:
    """The rows of the first member of each group."""
    group_of = {number: group for group, members in enumerate(groups) for number in members}
    chosen = [namespaces is None or pairs.workload(members[0]).namespace in namespaces for members in groups]
    for group, (source, *_) in enumerate(groups):
        seen = set()
        for destination, total in pairs.from_workload(source):
            reached = group_of[destination]
            if reached not in seen and (chosen[group] or chosen[reached]):
                seen.add(reached)
                yield from rows_between(pairs, source, destination, total)
    first = [members[0] for group, members in enumerate(groups) if chosen[group]]
    yield from outside_rows(pairs, first, Direction.EGRESS)
    yield from outside_rows(pairs, first, Direction.INGRESS)
    shown = {pairs.workload(number).ref for number in first}
    yield from (row for row in from_ingress if row.dst_ref in shown)


def _renamed(row: FlowRow, names: Mapping[ObjectRef, str]) -> FlowRow:
    src = names[row.src_ref] if row.src_ref else row.src
    dst = names[row.dst_ref] if row.dst_ref else row.dst
    return replace(row, src=src, dst=dst, pods="", src_ref=None, dst_ref=None)


def _keys(
    pairs: WorkloadPairs, from_ingress: Iterable[FlowRow], namespaces: Collection[str] | None
) -> Iterator[tuple[int, Hashable]]:
    """For each workload with pods that can send and receive: all that its flows depend on."""
    engine = pairs.engine
    behaviour = _behaviours(engine)
    routed: dict[ObjectRef, list[Hashable]] = defaultdict(list)
    for row in from_ingress:
        if row.dst_ref:
            routed[row.dst_ref].append((row.verdict, row.ports, row.pods, row.reason))
    exempting = any(w.host_network for w in engine.snapshot.workloads)
    governed = engine.governed(Direction.INGRESS)
    own_nodes, hosts = engine.own_nodes, engine.spaces.endpoints.host_network
    if any(own_nodes.by_node[direction] & hosts for direction in Direction):
        governed = engine.spaces.endpoints.everything
    if engine.own_nodes.matter(Direction.EGRESS):
        governed |= engine.governed(Direction.EGRESS)
    for number, workload in enumerate(engine.snapshot.workloads):
        if not pairs.sizes[number]:
            continue
        counts: dict[Hashable, int] = defaultdict(int)
        for each, count in pairs.mixtures[number]:
            counts[behaviour[each]] += count
        # How many pods there are matters only where they differ among themselves.
        mixture: Hashable = frozenset(counts.items()) if len(counts) > 1 else next(iter(counts))
        placed = exempting and (
            workload.host_network or any(governed >> each & 1 for each, _ in pairs.mixtures[number])
        )
        nodes = tuple(sorted(pod.node_name for pod in workload.endpoints)) if placed else ()
        inside = namespaces is None or workload.namespace in namespaces
        yield number, (mixture, workload.host_network, nodes, inside, tuple(routed.get(workload.ref, ())))


def _behaviours(engine: Engine) -> list[tuple[int, ...]]:
    """For each endpoint class the sets of the compiled policies that it is in: equal ones behave alike."""
    sets: dict[Bits, None] = {engine.spaces.endpoints.host_network: None}
    for policy in engine.policies:
        for direction in Direction:
            sets[policy.isolates(direction)] = None
        for rule in policy.rules:
            sets[rule.subjects] = None
            for named in (rule.sure, rule.possible):
                sets.update(dict.fromkeys((named.always, named.ipv4, named.ipv6)))
            sets.update(dict.fromkeys(at.destinations for at in rule.ports))
    for rejection in engine.rejections:
        sets.update(dict.fromkeys(rejection.touches(direction) for direction in Direction))
    inside = engine.spaces.endpoints.everything
    held: list[list[int]] = [[] for _ in engine.spaces.endpoints.classes]
    for number, bits in enumerate(sets):
        if bits & inside != inside:
            for each in positions(bits & inside):
                held[each].append(number)
    return [tuple(each) for each in held]
