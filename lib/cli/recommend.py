"""The command ``recommend``: NetworkPolicies as YAML, and the proof of what they do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from lib.cli.cluster import inputs_of
from lib.cli.engine import engine_of
from lib.cli.errors import UsageError
from lib.cli.load import Input, load, names_of, problem_json
from lib.cli.output import terminal_width, write
from lib.loaders.policy_text import read_policies
from lib.model.errors import ModelError
from lib.policy.engine import Engine
from lib.reports.tabular import Row, to_text
from lib.scenario import Change
from lib.scenario.recommendation import Options, Recommendation, end_text, recommend, summarise
from lib.tables.recommendation import (
    arrival_rows,
    effect_rows,
    evidence_json,
    left_out_rows,
    need_rows,
    not_kept_rows,
    open_rows,
    question_rows,
)

_SHOWN: Final = 30
ANSWERED, NOT_PROVEN = 0, 1


def recommend_command(arguments: argparse.Namespace) -> int:
    """Recommend, print, and return the exit status: 1 where a needed flow is not proven."""
    given = load(inputs_of(arguments), complete=arguments.complete, names=names_of(arguments))
    engine = engine_of(arguments, given)
    options = Options(frozenset(arguments.namespace), tuple(arguments.need), arguments.replace, arguments.api_server)
    try:
        found = recommend(engine, options, read_policies, given.locate)
    except ModelError as error:
        raise UsageError(str(error)) from None
    if arguments.format == "yaml":
        write([found.text])
    elif arguments.format == "json":
        write([json.dumps(_json(found, engine, given), ensure_ascii=False, indent=1) + "\n"])
    else:
        write(_text(found, engine, given))
    given.report(engine.notes)
    return max(given.exit_status, ANSWERED if found.is_proven else NOT_PROVEN)


def _text(found: Recommendation, engine: Engine, given: Input) -> Iterator[str]:
    for sentence in summarise(found, engine.profile.label).lines:
        yield f"{sentence}\n"
    proof, place = found.proof, given.locate
    if proof is not None:
        yield from _section("Needed", need_rows(proof.ranked_needs, place), every=True)
        yield from _section("Open, though nothing needs it", open_rows(proof.open, place))
        yield from _section("Not the same as today", [*effect_rows(proof, place), *arrival_rows(proof, place)])
    yield from _section("Not settled by the input", question_rows(found.questions, place))
    yield from _section("Present rules that name nobody in particular, not kept", not_kept_rows(found.not_kept, place))
    yield from _section("Left out", left_out_rows((*found.covered.left_out, *found.twins)))
    if found.text:
        yield "\nThe policies themselves: --format yaml > policies.yaml; kubectl apply -f policies.yaml\n"
    for line in found.removal:
        yield f"and afterwards: {line}\n"


def _section(title: str, rows: Sequence[Row], *, every: bool = False) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{title}\n"
    yield from to_text(rows if every else rows[:_SHOWN], terminal_width())
    if not every and len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN:,} more; --format json lists them\n"


def _json(found: Recommendation, engine: Engine, given: Input) -> dict[str, Any]:
    proof, place = found.proof, given.locate
    return {
        "schema": "netatlas.recommend/1",
        "engine": engine.profile.id,
        "other_engine": found.other_engine,
        "enforced": engine.profile.enforces,
        "namespaces": list(found.covered.namespaces),
        "replace": found.options.replace,
        "summary": list(summarise(found, engine.profile.label).lines),
        "yaml": found.text,
        "policies": [{"ref": str(d.ref), "title": d.title} for d in found.drafts],
        "removed": [str(ref) for ref in found.removed],
        "removal": list(found.removal),
        "needs": [
            {
                "src": end_text(n.need.src),
                "dst": end_text(n.need.dst),
                "ports": n.need.ports.to_json(),
                "verdict": n.verdict.value,
                "reason": n.reason,
                "evidence": evidence_json(n.need.evidence, place),
            }
            for n in (proof.needs if proof else ())
        ],
        "open": [
            {
                "src": f.src,
                "dst": f.dst,
                "ports": f.ports.to_json(),
                "verdict": f.verdict.value,
                "reason": f.why,
                "sources": [place(s) for s in f.sources],
            }
            for f in (proof.open if proof else ())
        ],
        "more_open": bool(proof and proof.open_cut),
        "node_flows": proof.node_flows if proof else 0,
        "changed": {c.value: proof.tally.total.get(c, 0) if proof else 0 for c in Change},
        "changes": effect_rows(proof, place) if proof else [],
        "exposures": arrival_rows(proof, place) if proof else [],
        "questions": question_rows(found.questions, place),
        "not_kept": not_kept_rows(found.not_kept, place),
        "left_out": left_out_rows(found.covered.left_out),
        "not_told_apart": left_out_rows(found.twins),
        "problems": [problem_json(p, given.documents) for p in (*given.problems, *engine.notes)],
    }
