"""The command that explains one flow."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import Final

from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, names_of, problem_json
from lib.cli.output import write, write_rows
from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.problem import Problem
from lib.model.sets import Protocol
from lib.policy.explain import ON_SOME_PORTS, DirectionAnswer, Explanation
from lib.policy.lost_ends import why_missing
from lib.policy.points_of_family import parse_flow
from lib.scenario import SmallestChange, smallest_change
from lib.tables.changes import side_effect_rows
from lib.tables.flows import explanation_rows

_SHOWN_OTHERS: Final = 20


def explain_command(arguments: argparse.Namespace) -> int:
    """Both directions of a flow, and for a denial the smallest change that would allow it."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    engine = engine_of(arguments, given)
    asked = arguments.protocol or ("TCP" if arguments.port is not None else None)
    protocol = Protocol(asked) if asked else None
    try:
        src, dst, family = parse_flow(arguments.src, arguments.dst, given.snapshot)
        answer = engine.explain(src, dst, protocol, arguments.port, family)
        # The other formats are tables of what took part.
        told = arguments.format in ("json", "text")
        change = smallest_change(engine, src, dst, protocol, arguments.port, read_policies, family) if told else None
    except ModelError as error:
        raise UsageError(why_missing(error, given.problems, given.place)) from None
    if arguments.format == "json":
        write([json.dumps(_explain_json(answer, change, given, engine.notes), ensure_ascii=False, indent=1) + "\n"])
    elif arguments.format == "text":
        write(_explain_text(answer, change, given))
    else:
        write_rows(arguments.format, explanation_rows(answer, given.locate))
    given.report(engine.notes)
    return given.exit_status


def _explain_json(
    answer: Explanation, change: SmallestChange | None, given: Input, notes: Iterable[Problem]
) -> dict[str, object]:
    return {
        "schema": "netatlas.explain/1",
        "from": answer.src,
        "to": answer.dst,
        "verdict": answer.verdict,
        **({"family": answer.family.label} if answer.family is not None else {}),
        "ports": answer.connections.to_json(),
        "directions": [
            {
                "direction": direction.direction.field,
                "verdict": direction.verdict,
                "reason": direction.reason,
                "policies": [
                    {
                        "tier": e.tier,
                        "ref": str(e.policy),
                        "effect": e.effect,
                        "rule": e.rule,
                        "says": e.text,
                        "source": given.locate(e.source),
                    }
                    for e in direction.effects
                ],
                "near_misses": [
                    {
                        "tier": m.tier,
                        "ref": str(m.policy),
                        "rule": m.rule,
                        "failed": m.failed,
                        "source": given.locate(m.source),
                    }
                    for m in direction.near_misses
                ],
            }
            for direction in answer.directions
        ],
        "smallest_change": _change_json(change),
        "problems": [problem_json(p, given.documents) for p in (*given.problems, *notes)],
    }


_SIGNS: Final = {"allowed": "✓", ON_SOME_PORTS: "◑", "denied": "✗", "partial": "◐", "unknown": "?"}


def _explain_text(answer: Explanation, change: SmallestChange | None, given: Input) -> Iterator[str]:
    word = answer.word
    granted = word not in (Verdict.DENIED.value, Verdict.UNKNOWN.value)
    ports = f" ({answer.connections if granted else answer.asked})"
    if word == "partial" and not answer.connections:
        ports = " (not the same for all of their pods, addresses or IP families)"
    over = f", over {answer.family.label}" if answer.family is not None else ""
    yield f"{_SIGNS[word]} {word}{over}: {answer.src} → {answer.dst}{ports}\n"
    for direction in answer.directions:
        said = direction.word
        yield f"\n{_SIGNS[said]} {direction.direction.field}: {said} — {direction.reason}.\n"
        for tier in direction.tiers:
            yield from _tier_text(tier, direction, given)
    yield from _change_text(change)


def _tier_text(tier: str, direction: DirectionAnswer, given: Input) -> Iterator[str]:
    """What took part of one tier, then what nearly did."""
    effects = [e for e in direction.effects if e.tier == tier]
    missed = [m for m in direction.near_misses if m.tier == tier]
    if effects or missed:
        yield f"  {tier}:\n"
    for effect in effects:
        rule = f" {effect.rule}" if effect.rule else ""
        yield f"    {given.locate(effect.source)}: {effect.policy}{rule} {effect.effect}\n"
        if effect.text:
            yield f"        {effect.text}\n"
    for miss in missed[:_SHOWN_OTHERS]:
        yield f"    {given.locate(miss.source)}: {miss.policy} {miss.rule} takes no part: {miss.failed}\n"
    if len(missed) > _SHOWN_OTHERS:
        yield f"    and {len(missed) - _SHOWN_OTHERS:,} more that take no part; --format json lists them\n"


def _change_json(change: SmallestChange | None) -> dict[str, object] | None:
    if change is None:
        return None
    rows = side_effect_rows(change)
    return {
        "policy": change.text or None,
        "refused": change.refused,
        "also_adds": [row for row in rows if row["effect"] == "adds"],
        "also_removes": [row for row in rows if row["effect"] == "removes"],
        "not_settled": [row for row in rows if row["effect"] == "not settled"],
        "newly_isolates": [{"workload": str(i.workload), "direction": i.direction.field} for i in change.isolated],
        "more": change.cut,
        "not_compared": change.left_out,
    }


def _change_text(change: SmallestChange | None) -> Iterator[str]:
    if change is None:
        return
    if change.refused:
        yield f"\nNo change is offered: {change.refused}.\n"
        return
    yield "\nThe smallest change that would allow it:\n\n"
    yield "".join(f"    {line}\n" for line in change.text.splitlines())
    for isolated in change.isolated:
        yield f"\nIt newly isolates {isolated.workload} for {isolated.direction.field}.\n"
    if change.left_out:
        yield f"\n{change.left_out}\n"
    rows = side_effect_rows(change)
    if not rows:
        yield "\nIt adds and removes no other flow.\n"
        return
    yield "\nIt also\n"
    for row in rows[:_SHOWN_OTHERS]:
        yield f"    {row['effect']}: {row['from']} → {row['to']} ({row['ports']})\n"
    if len(rows) > _SHOWN_OTHERS or change.cut:
        yield f"    and {'over ' if change.cut else ''}{len(rows) - _SHOWN_OTHERS:,} more; --format json lists them\n"
