"""A recommendation of policies as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lib.scenario.recommendation import (
    Evidence,
    LeftOut,
    NotKept,
    OpenFlow,
    Permitted,
    Proof,
    ProvenNeed,
    Question,
    end_text,
)
from lib.tables.row import Locate, Row, listed


def need_rows(needs: Iterable[ProvenNeed], locate: Locate) -> list[Row]:
    """One row a needed flow, in their order."""
    return [
        {
            "verdict": proven.verdict.value,
            "from": end_text(proven.need.src),
            "to": end_text(proven.need.dst),
            "ports": str(proven.need.ports),
            "basis": listed(dict.fromkeys(e.basis.value for e in proven.need.evidence)),
            "why": proven.reason or "; ".join(dict.fromkeys(e.text for e in proven.need.evidence)),
            "source": listed(dict.fromkeys(filter(None, (locate(e.source) for e in proven.need.evidence)))),
        }
        for proven in needs
    ]


def open_rows(flows: Iterable[OpenFlow], locate: Locate) -> list[Row]:
    """One row a flow that stays open though nothing needs it."""
    return [
        {
            "verdict": flow.verdict.value,
            "from": flow.src,
            "to": flow.dst,
            "ports": str(flow.ports),
            "why": flow.why,
            "source": listed(place for source in flow.sources if (place := locate(source))),
        }
        for flow in flows
    ]


def effect_rows(proof: Proof, locate: Locate) -> list[Row]:
    """One row a flow that is not the same as today, with the present rules of every kind that permit it."""
    return [
        {
            "change": row.change.value,
            "from": row.src,
            "to": row.dst,
            "now": row.old.beside(row.new),
            "then": row.new.beside(row.old),
            "permitted_by": _permitting(sides, locate),
            "notes": "; ".join(row.notes),
        }
        for row, sides in zip(proof.changes, proof.permitted, strict=True)
    ]


def arrival_rows(proof: Proof, locate: Locate) -> list[Row]:
    """One row a port of a load balancer or node port that lets in more or less than today, under the same columns."""
    rows: list[Row] = []
    for each in proof.arrivals:
        service, _, behind = each.name.partition(" to ")
        rows.append(
            {
                "change": each.change.value,
                "from": f"clients of {service}",
                "to": behind,
                "now": each.old,
                "then": each.new,
                "permitted_by": "",
                "notes": f"through its load balancer or node port ({locate(each.new_source)})",
            }
        )
    return rows


def _permitting(sides: Sequence[Permitted], locate: Locate) -> str:
    if not any(side.rules for side in sides):
        return "open by default" if sides else ""
    return "; ".join(f"{side.direction.field}: {_rules(side, locate)}" for side in sides)


def _rules(side: Permitted, locate: Locate) -> str:
    return listed(f"{c.policy} {c.rule} ({locate(c.source)})" for c in side.rules) or "open by default"


def question_rows(questions: Iterable[Question], locate: Locate) -> list[Row]:
    """One row a thing that the input does not show."""
    return [
        {
            "not_known": question.text,
            "what_to_do": question.remedy,
            "workload": str(question.workload) if question.workload else "",
            "source": locate(question.source),
        }
        for question in questions
    ]


def not_kept_rows(rules: Iterable[NotKept], locate: Locate) -> list[Row]:
    """One row a present rule that is no evidence of a need."""
    return [
        {"policy": rule.policy.qualified_name, "rule": rule.rule, "says": rule.text, "source": locate(rule.source)}
        for rule in rules
    ]


def left_out_rows(left_out: Iterable[LeftOut]) -> list[Row]:
    """One row a thing that the policies are not about, or do not tell apart."""
    return [{"what": item.what, "why": item.why} for item in left_out]


def evidence_json(evidence: Iterable[Evidence], locate: Locate) -> list[dict[str, str]]:
    """The reasons of a need in the JSON of the command line."""
    return [{"basis": e.basis.value, "text": e.text, "source": locate(e.source)} for e in evidence]
