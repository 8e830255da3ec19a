"""Workloads that no policy isolates."""

from __future__ import annotations

from lib.model.policies import Direction
from lib.policy.engine import Engine
from lib.tables.row import Locate, Row


def unisolated_rows(engine: Engine, locate: Locate) -> list[Row]:
    """The workloads with a pod that is open in some direction; host-network ones are left out: none can be isolated.

    Only says what holds for the policies in the input. ``open_for`` names the directions.
    """
    isolated = engine.reachability().isolated
    rows: list[Row] = []
    for workload, classes in zip(engine.snapshot.workloads, engine.spaces.endpoints.members, strict=True):
        if not classes or workload.host_network:
            continue
        open_for = [d.field for d in Direction if any(not isolated[d] >> number & 1 for number in classes)]
        if open_for:
            rows.append(
                {
                    "namespace": workload.namespace,
                    "workload": workload.ref.name,
                    "kind": workload.ref.kind,
                    "open_for": " and ".join(open_for),
                    "source": locate(workload.source),
                }
            )
    return sorted(rows, key=lambda r: (r["open_for"] != "ingress and egress", str(r["namespace"]), str(r["workload"])))
