"""Policies that select no pod of the input, and rules that mean nobody in it: one answer for findings and lint."""

from __future__ import annotations

from typing import Final, NamedTuple

from lib.model.cluster import Workload
from lib.model.policies import NetworkPolicy
from lib.model.problem import Severity
from lib.model.snapshot import Snapshot
from lib.policy.bits import Bits, from_positions
from lib.policy.engine import Engine


class Told(NamedTuple):
    """How findings and lint tell of the same fault; ``sentence`` has placeholders and begins with a small letter."""

    code: str
    severity: Severity
    title: str
    sentence: str

    def of(self, **words: object) -> str:
        """The sentence as one that stands by itself."""
        said = self.sentence.format_map(words)
        return f"{said[0].upper()}{said[1:]}."


SELECTS_NOTHING: Final = Told(
    "policy-selects-nothing",
    Severity.WARNING,
    "Policy selects no pod",
    "it selects no pod of this input, so it changes nothing until there is one: {selector}",
)
NAMES_NOBODY: Final = Told(
    "policy-peers-select-nothing",
    Severity.INFO,
    "Rule names nobody",
    "no pod, node or address of this input is meant, so the rule does nothing until there is one: {rule}",
)


def rule_text(label: str, text: str) -> str:
    """A rule by its place in the policy and what it says."""
    return f"{label}, {text}"


def real_classes(engine: Engine) -> Bits:
    """The classes that have a pod in the input."""
    return from_positions({c for members in engine.spaces.endpoints.members for c in members})


def real_ends(engine: Engine) -> Bits:
    """The ends that the input holds: pods, nodes and addresses outside."""
    return real_classes(engine) | from_positions(engine.spaces.endpoints.nodes.values()) | engine.spaces.outside


def waited_for(snapshot: Snapshot, policy: NetworkPolicy) -> tuple[Workload, ...]:
    """The workloads without a pod at the moment whose ended or future pods a policy selects.

    A CronJob between two runs, or a workload scaled to zero: what counts are the labels of their pods' templates, not
    their own.
    """
    return tuple(
        workload
        for workload in snapshot.workloads_by_namespace.get(policy.namespace, ())
        if not workload.endpoints and any(policy.selects(pod) for pod in (*workload.pods, *workload.to_come))
    )
