"""Policies of every kind: whom each selects, when it is asked, what it isolates and what it says."""

from __future__ import annotations

from lib.model.policies import Direction, RejectedPolicy
from lib.model.snapshot import POD_MAKERS, Snapshot
from lib.policy.engines import EngineProfile
from lib.policy.inventory import PolicyEntry, inventory
from lib.policy.selections import Selections
from lib.tables.row import Locate, Row, listed

_SELECTED = (*POD_MAKERS, "Namespace", "ServiceAccount")
"""Kinds of which it hangs whether a policy selects a pod."""
_RANKS = ("rejected", "ignored", "selects no pod", "not checked", "staged", "ok")


def policy_rows(snapshot: Snapshot, selected: Selections, profile: EngineProfile, locate: Locate) -> list[Row]:
    """Rejected policies first, then those that ``profile`` ignores, those that select nothing, staged ones, the rest.

    ``selected`` is of an engine that enforces every kind.
    """
    rows = [_rejected(p, locate) for p in snapshot.rejected_policies]
    unread = bool(snapshot.unread(*_SELECTED))
    rows += [_policy(p, selected, profile, locate, unread=unread) for p in inventory(snapshot)]
    rows.sort(key=lambda r: (_RANKS.index(str(r["state"])), str(r["namespace"]), str(r["policy"])))
    return rows


def _rejected(policy: RejectedPolicy, locate: Locate) -> Row:
    return {
        "state": "rejected",
        "namespace": policy.ref.namespace,
        "policy": policy.ref.name,
        "kind": policy.ref.kind,
        "tier": "",
        "order": "",
        "selects": str(policy.pod_selector),
        "workloads": "",
        "isolates": listed(d.field for d in Direction if d in policy.directions),
        "ingress_rules": None,
        "egress_rules": None,
        "source": locate(policy.source),
    }


def _policy(policy: PolicyEntry, selected: Selections, profile: EngineProfile, locate: Locate, *, unread: bool) -> Row:
    workloads = selected.get(policy.ref, ())
    if policy.staged:
        state = "staged"
    elif profile.enforces and not profile.enforces_kind(policy.group, policy.kind):
        state = "ignored"
    else:
        state = "ok" if workloads else "not checked" if unread else "selects no pod"
    return {
        "state": state,
        "namespace": policy.ref.namespace,
        "policy": policy.ref.name,
        "kind": policy.ref.kind,
        "tier": policy.tier,
        "order": policy.order,
        "selects": policy.subject,
        "workloads": listed(w.ref.name for w in workloads),
        "isolates": listed(d.field for d in Direction if d in policy.isolates),
        "ingress_rules": policy.rule_counts[Direction.INGRESS],
        "egress_rules": policy.rule_counts[Direction.EGRESS],
        "source": locate(policy.source),
    }
