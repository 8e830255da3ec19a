"""Workloads that no policy isolates."""

from __future__ import annotations

from lib.policy.engine import Engine
from lib.policy.isolation import open_directions
from lib.tables.row import Locate, Row


def unisolated_rows(engine: Engine, locate: Locate) -> list[Row]:
    """The workloads with a pod that is open in some direction; host-network ones are left out: none can be isolated.

    Only says what holds for the policies in the input. ``open_for`` names the directions.
    """
    workloads = {w.ref: w for w in engine.snapshot.workloads}
    rows: list[Row] = [
        {
            "namespace": ref.namespace,
            "workload": ref.name,
            "kind": ref.kind,
            "open_for": " and ".join(d.field for d in directions),
            "source": locate(workloads[ref].source),
        }
        for ref, directions in open_directions(engine).items()
        if directions
    ]
    return sorted(rows, key=lambda r: (r["open_for"] != "ingress and egress", str(r["namespace"]), str(r["workload"])))
