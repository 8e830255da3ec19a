"""A trace as rows and as JSON."""

from __future__ import annotations

from typing import Any

from lib.tables.row import Locate, Row
from lib.trace.hop import Decider, Hop, Trace


def hop_rows(trace: Trace, place: Locate) -> list[Row]:
    """A row for each hop, in the order in which the packet passes them; one IP family after the other."""
    return [row for way in trace.by_family for row in _rows(way, place)]


def _rows(trace: Trace, place: Locate) -> list[Row]:
    stopped = trace.stopped_at
    reached = True
    rows: list[Row] = []
    for number, hop in enumerate(trace.hops, 1):
        rows.append(
            {
                "family": trace.family,
                "hop": number,
                "kind": hop.kind.value,
                "verdict": verdict_text(hop),
                "subject": hop.subject,
                "reason": hop.reason,
                "change": hop.change,
                "source_after": hop.source_after,
                "destination_after": hop.destination_after,
                "reached": reached,
                "source": placed(hop, place),
            }
        )
        reached = reached and hop is not stopped
    return rows


def placed(found: Hop | Decider, place: Locate) -> str:
    """``file:line`` of a hop or of an object that decided; "" where it stands nowhere."""
    text = place(found.source)
    return f"{text}:{found.line}" if text and found.line is not None else text


def verdict_text(hop: Hop) -> str:
    """The hop's verdict in one word; what is taken for granted has none."""
    return "taken for granted" if hop.premise else hop.verdict.value


def trace_json(trace: Trace, place: Locate) -> dict[str, Any]:
    """The form of a trace in ``netatlas.trace/1``, without its problems.

    ``families`` is empty where the packet is of one IP family; the hops of the first stand beside it.
    """
    return {
        "from": trace.src,
        "to": trace.dst,
        "engine": trace.engine,
        "verdict": trace.verdict.value,
        "sentence": trace.sentence,
        **_way_json(trace, place),
        "families": [
            {
                "family": way.family,
                "verdict": way.own_verdict.value,
                "sentence": way.own_sentence,
                **({} if way is trace else _way_json(way, place)),
            }
            for way in (trace.by_family if trace.others else ())
        ],
    }


def _way_json(trace: Trace, place: Locate) -> dict[str, Any]:
    rows = _rows(trace, place)
    return {
        "stopped_at": next((n for n, hop in enumerate(trace.hops, 1) if hop is trace.stopped_at), None),
        "hops": [
            {
                **row,
                "verdict": hop.verdict.value,
                "premise": hop.premise,
                "decided_by": [_decider(d, place) for d in hop.deciders],
                "ways": [{"case": w.label, "verdict": w.verdict.value, "reason": w.reason} for w in hop.ways],
                "notes": list(hop.notes),
            }
            for row, hop in zip(rows, trace.hops, strict=True)
        ],
    }


def _decider(decider: Decider, place: Locate) -> dict[str, str]:
    return {
        "ref": decider.name,
        "effect": decider.effect,
        "rule": decider.rule,
        "says": decider.text,
        "source": placed(decider, place),
    }
