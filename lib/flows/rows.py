"""All permitted flows of a cluster, streamed row by row."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from lib.flows.ingress import ingress_rows
from lib.flows.nodes import node_rows
from lib.flows.outside import outside_rows
from lib.flows.row import FlowRow, RowVerdict, over_one_family, reason_of, verdicts
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.refs import ObjectRef
from lib.policy.engine import Engine
from lib.policy.pairs import Sum, WorkloadPairs
from lib.routing.routes import RoutedBackend

__all__ = ["FlowRow", "RowVerdict", "flow_rows", "to_json"]


def flow_rows(
    engine: Engine,
    backends: Iterable[RoutedBackend] = (),
    namespaces: Container[str] | None = None,
    *,
    nodes: bool = False,
) -> Iterator[FlowRow]:
    """Every permitted and every undecidable flow: between workloads, to and from outside, and from ingress.

    A pair without a row has no permitted flow. ``namespaces`` keeps the rows with at least one end in them (None:
    all). Rows come by source, then outside sources, then ``{ingress-controller}``, then with ``nodes`` those to and
    from every node of the input; a workload and itself have none.
    """
    pairs = WorkloadPairs(engine)
    workloads = [i for i, size in enumerate(pairs.sizes) if size]
    chosen = [i for i in workloads if namespaces is None or pairs.workload(i).namespace in namespaces]
    rows = (
        row
        for part in (
            _between(pairs, workloads, set(chosen)),
            outside_rows(pairs, chosen, Direction.EGRESS),
            outside_rows(pairs, chosen, Direction.INGRESS),
            ingress_rows(pairs, backends, namespaces),
            node_rows(pairs, chosen) if nodes else (),
        )
        for row in part
    )
    return with_rejections(engine, rows) if engine.rejections else rows


def _between(pairs: WorkloadPairs, sources: Iterable[int], chosen: Container[int]) -> Iterator[FlowRow]:
    for source in sources:
        inside = source in chosen
        for destination, total in pairs.from_workload(source):
            if inside or destination in chosen:
                yield from rows_between(pairs, source, destination, total)


def rows_between(pairs: WorkloadPairs, source: int, destination: int, total: Sum) -> Iterator[FlowRow]:
    """The rows of one pair of workloads."""
    engine = pairs.engine
    either = pairs.on_host[source] or pairs.on_host[destination]
    for verdict, mask, pods in verdicts(total):
        yield FlowRow(
            pairs.names[source],
            pairs.names[destination],
            engine.connections(mask),
            verdict,
            pods,
            reason_of(engine, total, verdict, either),
            either,
            pairs.workload(source).ref,
            pairs.workload(destination).ref,
            *over_one_family(engine, total, verdict),
        )


def with_rejections(engine: Engine, rows: Iterable[FlowRow]) -> Iterator[FlowRow]:
    """Mark every row that a rejected policy could change."""
    from lib.policy.decide import without_rejected

    by_direction = {d: doubted(engine, d) for d in Direction}
    for row in rows:
        rejected = dict.fromkeys(
            (
                *(by_direction[Direction.EGRESS].get(row.src_ref, ()) if row.src_ref else ()),
                *(by_direction[Direction.INGRESS].get(row.dst_ref, ()) if row.dst_ref else ()),
            )
        )
        if rejected:
            note = without_rejected(tuple(rejected))
            row = replace(row, reason=f"{row.reason}; {note}" if row.reason else note)
        yield row


def doubted(engine: Engine, direction: Direction) -> Mapping[ObjectRef, tuple[Any, ...]]:
    members = engine.spaces.endpoints.members
    found = {}
    for workload, classes in zip(engine.snapshot.workloads, members, strict=True):
        rejected = dict.fromkeys(r for c in set(classes) for r in engine.rejected_for(direction, c))
        if rejected:
            found[workload.ref] = tuple(rejected)
    return found


def to_json(engine: Engine, rows: Iterable[FlowRow], problems: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The document of the command ``flows``, schema ``netatlas.flows/1``; ``problems`` are ready entries."""
    return {
        "schema": "netatlas.flows/1",
        "engine": engine.profile.id,
        "flows": [row.to_json() for row in rows],
        "problems": list(problems),
    }
