"""Which workloads each policy selects."""

from __future__ import annotations

from collections.abc import Mapping

from lib.model.cluster import Workload
from lib.model.refs import ObjectRef
from lib.policy.bits import positions
from lib.policy.engine import Engine

Selections = Mapping[ObjectRef, tuple[Workload, ...]]


def selections(engine: Engine) -> Selections:
    """Policy → the workloads with a pod that it applies to, in the snapshot's order; empty where it applies to none.

    Of every policy that ``engine`` enforces; host-network pods are never governed.
    """
    at: dict[int, list[int]] = {}
    for number, classes in enumerate(engine.spaces.endpoints.members):
        for c in set(classes):
            at.setdefault(c, []).append(number)
    workloads = engine.snapshot.workloads
    found: dict[ObjectRef, set[int]] = {}
    for policy in engine.policies:
        found.setdefault(policy.ref, set()).update(n for c in positions(policy.subjects) for n in at.get(c, ()))
    return {ref: tuple(workloads[n] for n in sorted(numbers)) for ref, numbers in found.items()}
