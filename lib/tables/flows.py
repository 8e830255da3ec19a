"""Flows, matrices and explanations as rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lib.flows import FlowRow, MatrixCell
from lib.tables.row import Locate, Row

if TYPE_CHECKING:
    from lib.policy.explain import Explanation


def flow_table(rows: Iterable[FlowRow]) -> list[Row]:
    """One row a flow, in the order of ``rows``."""
    return [
        {
            "verdict": row.verdict.value,
            "from": row.src,
            "to": row.dst,
            "ports": str(row.ports),
            "pods": row.pods,
            "host_network": "yes" if row.host else "",
            "reason": row.reason,
        }
        for row in rows
    ]


def matrix_rows(cells: Iterable[MatrixCell]) -> list[Row]:
    """The cells of a matrix, a row each."""
    return [{"from": c.src, "to": c.dst, "state": c.state.value, "ports": str(c.ports)} for c in cells]


def explanation_rows(explanation: Explanation, locate: Locate) -> list[Row]:
    """Every policy and rule that took part, direction by direction, tier by tier as they are asked."""
    return [
        {
            "direction": answer.direction.field,
            "verdict": answer.word,
            "tier": effect.tier,
            "policy": effect.policy.qualified_name,
            "effect": effect.effect,
            "rule": effect.rule or "the whole policy",
            "says": effect.text,
            "source": locate(effect.source),
        }
        for answer in explanation.directions
        for effect in answer.effects
    ]


def near_miss_rows(explanation: Explanation, locate: Locate) -> list[Row]:
    """The rules of policies that select the pod and decide nothing of the flow, and the first reason why."""
    return [
        {
            "direction": answer.direction.field,
            "tier": miss.tier,
            "policy": miss.policy.qualified_name,
            "rule": miss.rule,
            "says": miss.text,
            "why_not": miss.failed,
            "source": locate(miss.source),
        }
        for answer in explanation.directions
        for miss in answer.near_misses
    ]
