"""NetworkPolicies: whom each selects, what it isolates and what it permits."""

from __future__ import annotations

from collections.abc import Mapping

from lib.model.cluster import Workload
from lib.model.policies import Direction, NetworkPolicy
from lib.model.snapshot import Snapshot
from lib.tables.row import Locate, Row, listed


def policy_rows(snapshot: Snapshot, locate: Locate) -> list[Row]:
    """Rejected policies first, then those that select nothing, then by namespace and name."""
    rejected: list[Row] = [
        _row("rejected", p.ref.namespace, p.ref.name, str(p.pod_selector), "", p.directions, {}, locate(p.source))
        for p in snapshot.rejected_policies
    ]
    rows = [_policy(snapshot, policy, locate) for policy in snapshot.network_policies]
    rows.sort(key=lambda r: (r["state"] == "ok", str(r["namespace"]), str(r["policy"])))
    return rejected + rows


def _policy(snapshot: Snapshot, policy: NetworkPolicy, locate: Locate) -> Row:
    selected = selected_workloads(snapshot, policy)
    counts = {d: len(policy.rules_for(d)) for d in Direction}
    state = "ok" if selected else "selects no pod"
    return _row(
        state,
        policy.namespace,
        policy.ref.name,
        str(policy.pod_selector),
        listed(w.ref.name for w in selected),
        policy.directions,
        counts,
        locate(policy.source),
    )


def _row(
    state: str,
    namespace: str,
    name: str,
    selector: str,
    workloads: str,
    directions: frozenset[Direction],
    counts: Mapping[Direction, int],
    source: str,
) -> Row:
    return {
        "state": state,
        "namespace": namespace,
        "policy": name,
        "pod_selector": selector,
        "workloads": workloads,
        "isolates": listed(d.field for d in Direction if d in directions),
        "ingress_rules": counts.get(Direction.INGRESS) if Direction.INGRESS in directions else None,
        "egress_rules": counts.get(Direction.EGRESS) if Direction.EGRESS in directions else None,
        "source": source,
    }


def selected_workloads(snapshot: Snapshot, policy: NetworkPolicy) -> tuple[Workload, ...]:
    """The workloads with a pod that the policy applies to; host-network pods are never governed."""
    return tuple(
        workload
        for workload in snapshot.workloads_by_namespace.get(policy.namespace, ())
        if any(policy.selects(pod) and not pod.host_network for pod in workload.endpoints)
    )
