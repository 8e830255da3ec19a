"""Comparisons as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from lib.model.object_change import ObjectChange
from lib.scenario import Advice, Cause, Change, FlowChange, RouteChange, SmallestChange, Tally
from lib.tables.row import Locate, Row, listed

Advise = Callable[[FlowChange], tuple[Advice, ...]]
"""Why two engines differ on a flow, and what to change."""


def flow_change_rows(
    changes: Iterable[FlowChange], locate_old: Locate, locate_new: Locate, advise: Advise | None = None
) -> Iterable[Row]:
    """One row a flow that differs, in the order of ``changes``; streamed. ``advise`` adds why, and what to do."""
    for row in changes:
        advice = advise(row) if advise is not None else ()
        told: Row = {} if advise is None else _told(*advice)
        yield {
            "change": row.change.value,
            "from": row.src,
            "to": row.dst,
            "old": row.old.beside(row.new) + (f" {row.pods[0]}" if row.pods[0] else ""),
            "new": row.new.beside(row.old) + (f" {row.pods[1]}" if row.pods[1] else ""),
            "because": listed(cause_texts(row.causes, locate_old, locate_new)),
            "notes": "; ".join((*row.workloads, *row.notes)),
            **told,
        }


def _told(*advice: Advice) -> Row:
    return {"why": "; ".join(a.why for a in advice), "what_to_do": " ".join(a.remedy for a in advice)}


def cause_texts(causes: Iterable[Cause], locate_old: Locate, locate_new: Locate) -> list[str]:
    """``old: shop/web[NetworkPolicy] spec.ingress[0] permits (a.yaml:12)``, one for each cause."""
    return [
        f"{c.reading}: {c.policy}{f' {c.rule}' if c.rule else ''} {c.effect} "
        f"({(locate_old if c.reading == 'old' else locate_new)(c.source)})"
        for c in causes
    ]


def because_of(row: FlowChange, locate_old: Locate, locate_new: Locate) -> tuple[str, ...]:
    """By what a flow differs, each once: its causes, else the end that only one reading has, or its notes."""
    because = (*cause_texts(row.causes, locate_old, locate_new),) or row.workloads or row.notes or ("not settled",)
    return tuple(dict.fromkeys(because))


def cause_rows(changes: Iterable[FlowChange], locate_old: Locate, locate_new: Locate) -> list[Row]:
    """One row for everything by which flows differ, with how many of ``changes`` do; what most differ by comes first.

    A flow counts once with each of its causes; one without any, with the end that only one reading has, or its notes.
    """
    found: dict[str, Counter[Change]] = {}
    for row in changes:
        for each in because_of(row, locate_old, locate_new):
            found.setdefault(each, Counter())[row.change] += 1
    ordered = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [{"because": each, **{c.value: counts.get(c, 0) for c in Change}} for each, counts in ordered]


def tally_rows(tally: Tally) -> list[Row]:
    """The number of flows that differ between each two namespaces, most first."""
    between = sorted(tally.between.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [{"from": src, "to": dst, **{c.value: counts.get(c, 0) for c in Change}} for (src, dst), counts in between]


def route_change_rows(
    changes: Iterable[RouteChange], locate_old: Locate, locate_new: Locate, *, advised: bool = False
) -> list[Row]:
    """One row a route or door that differs; ``advised``: with why, and what to do."""
    return [
        {
            "kind": c.what,
            "change": c.change.value,
            "name": c.name,
            "old": c.old,
            "new": c.new,
            "source": locate_new(c.new_source) if c.new_source else locate_old(c.old_source),
            **(_told(*([c.advice] if c.advice else [])) if advised else {}),
        }
        for c in changes
    ]


def migration_rows(advised: Iterable[tuple[FlowChange, tuple[Advice, ...]]], locate: Locate) -> list[Row]:
    """One row a flow that two engines treat otherwise: why, and what to change."""
    rows: list[Row] = []
    for row, advice in advised:
        rows.append(
            {
                "change": row.change.value,
                "from": row.src,
                "to": row.dst,
                "today": row.old.beside(row.new),
                "after": row.new.beside(row.old),
                **_told(*advice),
                "because": listed(cause_texts(row.causes, locate, locate)),
                "notes": "; ".join(row.notes),
            }
        )
    return rows


def arrival_change_rows(changes: Iterable[RouteChange], locate: Locate) -> list[Row]:
    """One row a port that load balancers reach, or a pod's own node, under one engine and not under the other."""
    return [
        {
            "change": c.change.value,
            "arrival": c.name,
            "today": c.old,
            "after": c.new,
            **_told(*([c.advice] if c.advice else [])),
            "source": locate(c.new_source) if c.new_source else "",
        }
        for c in changes
    ]


def side_effect_rows(change: SmallestChange) -> list[Row]:
    """One row a flow and effect that a change has besides what it is for: adds, removes, not settled."""
    rows: list[Row] = []
    for row in change.others:
        added, removed = row.new.some - row.old.possible, row.old.some - row.new.possible
        for effect, ports in (
            ("removes", removed),
            ("adds", added),
            ("not settled", row.ports - added - removed),
        ):
            if ports:
                rows.append({"effect": effect, "from": row.src, "to": row.dst, "ports": str(ports)})
    return rows


def object_change_rows(changes: Iterable[ObjectChange], locate_old: Locate, locate_new: Locate) -> Iterable[Row]:
    """One row an object that differs, in the order of ``changes``; streamed."""
    for c in changes:
        more = [f"{c.more:,} more"] if c.more else []
        yield {
            "change": c.change,
            "kind": c.kind,
            "namespace": c.namespace,
            "name": c.name,
            "fields": "; ".join([*c.fields, *more]),
            "source": locate_new(c.new_source) if c.new_source else locate_old(c.old_source),
        }
