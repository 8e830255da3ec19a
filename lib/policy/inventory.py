"""The policies of a snapshot, of every kind, as one list: what a table says of each, and which an engine ignores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isinf
from typing import TYPE_CHECKING

from lib.model.calico_names import CALICO_NETWORK_POLICY
from lib.model.policies import Direction
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy.engines import EngineProfile

if TYPE_CHECKING:
    from lib.model.calico_policies import CalicoPolicy
    from lib.model.cilium_policies import CiliumPolicy
    from lib.model.cluster_policies import ClusterPolicy


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One policy of whatever kind, in words.

    ``group`` and ``kind`` are its API's. ``tier`` and ``order`` say when it is asked, "" where its kind knows none;
    ``subject`` whom it selects. ``isolates`` are the directions in which it denies what no rule of its tier decides.
    ``rule_counts`` are None for a direction about which it says nothing. ``staged``: nothing enforces it.
    """

    group: str
    kind: str
    ref: ObjectRef
    source: Source
    subject: str
    isolates: frozenset[Direction]
    rule_counts: Mapping[Direction, int | None]
    tier: str = ""
    order: str = ""
    staged: bool = False


def inventory(snapshot: Snapshot) -> Iterator[PolicyEntry]:
    """Every policy that was read, staged ones included, by kind."""
    for policy in snapshot.network_policies:
        yield PolicyEntry(
            "networking.k8s.io",
            policy.ref.kind,
            policy.ref,
            policy.source,
            str(policy.pod_selector),
            policy.directions,
            {d: len(policy.rules_for(d)) if d in policy.directions else None for d in Direction},
        )
    yield from map(_cluster_policy, snapshot.cluster_policies)
    yield from map(_calico_policy, snapshot.calico_policies)
    yield from map(_cilium_policy, snapshot.cilium_policies)
    for staged in snapshot.staged_policies:
        counts = dict(zip((Direction.INGRESS, Direction.EGRESS), staged.rule_counts, strict=True))
        yield PolicyEntry(
            "projectcalico.org",
            staged.ref.kind,
            staged.ref,
            staged.source,
            staged.selector_text,
            frozenset(),
            {d: counts[d] if d in staged.directions else None for d in Direction},
            tier=staged.tier,
            staged=True,
        )


def _cluster_policy(policy: ClusterPolicy) -> PolicyEntry:
    return PolicyEntry(
        "policy.networking.k8s.io",
        policy.ref.kind,
        policy.ref,
        policy.source,
        policy.subject,
        frozenset(),
        {d: len(policy.rules_for(d)) or None for d in Direction},
        tier=policy.tier.value,
        order="" if policy.ref.kind == "BaselineAdminNetworkPolicy" else str(policy.priority),
    )


def _calico_policy(policy: CalicoPolicy) -> PolicyEntry:
    return PolicyEntry(
        "projectcalico.org",
        "NetworkPolicy" if policy.ref.kind == CALICO_NETWORK_POLICY else policy.ref.kind,
        policy.ref,
        policy.source,
        policy.selector_text,
        policy.directions,
        {d: len(policy.rules_for(d)) if d in policy.directions else None for d in Direction},
        tier=policy.tier,
        order="last" if isinf(policy.order) else f"{policy.order:g}",
    )


def _cilium_policy(policy: CiliumPolicy) -> PolicyEntry:
    about = {d: any(spec.rules_for(d) for spec in policy.specs) for d in Direction}
    return PolicyEntry(
        "cilium.io",
        policy.ref.kind,
        policy.ref,
        policy.source,
        "; ".join(dict.fromkeys(spec.subject_text for spec in policy.specs)),
        policy.directions,
        {d: sum(len(spec.rules_for(d)) for spec in policy.specs) if about[d] else None for d in Direction},
    )


def policy_kinds(snapshot: Snapshot) -> Mapping[tuple[str, str], int]:
    """The kinds of policy that were read, as (API group, kind), with the number of objects of each; none staged."""
    return Counter((entry.group, entry.kind) for entry in inventory(snapshot) if not entry.staged)


def ignored_kinds(snapshot: Snapshot, profile: EngineProfile) -> Mapping[tuple[str, str], int]:
    """The kinds of policy that were read and that ``profile`` does not enforce, with the number of objects of each."""
    return {kind: count for kind, count in policy_kinds(snapshot).items() if not profile.enforces_kind(*kind)}
