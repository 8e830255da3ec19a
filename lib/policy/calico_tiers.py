"""Calico's tiers as stages: tiers by order, their policies by order and name, NetworkPolicies among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from math import inf
from typing import Final

from lib.model.calico_policies import DEFAULT_TIER, CalicoPolicy
from lib.model.snapshot import Snapshot
from lib.policy import calico_policy
from lib.policy.calico_match import Matcher
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledPolicy, Stage

# "converts Kubernetes NetworkPolicies to Calico policies of order 1000 named knp.default.NAME"
# (libcalico-go/lib/backend/k8s/conversion/conversion.go).
NETWORK_POLICY_ORDER: Final = 1_000.0
NETWORK_POLICY_PREFIX: Final = "knp.default."
TIER_PREFIX: Final = "tier "
# api/pkg/apis/projectcalico/v3/tier.go; the tiers of Kubernetes' cluster-wide kinds pass on what they do not decide.
KNOWN_TIERS: Final = {
    DEFAULT_TIER: (1_000_000.0, False),
    "adminnetworkpolicy": (1_000.0, True),
    "kube-admin": (1_000.0, True),
    "baselineadminnetworkpolicy": (10_000_000.0, True),
    "kube-baseline": (10_000_000.0, True),
}


def tiers(
    snapshot: Snapshot, spaces: Spaces, network_policies: tuple[CompiledPolicy, ...], name: str
) -> tuple[Stage, ...]:
    """The stages of all tiers; ``network_policies`` stand in the default tier, which is called ``name``."""
    matcher = Matcher(snapshot, spaces)
    known = dict(KNOWN_TIERS)
    known |= {t.ref.name: (t.order, t.passes) for t in snapshot.calico_tiers if t.ref.name != DEFAULT_TIER}
    by_tier: dict[str, list[CalicoPolicy]] = defaultdict(list)
    for policy in snapshot.calico_policies:
        by_tier[policy.tier].append(policy)
    by_tier.setdefault(DEFAULT_TIER, [])
    found = []
    for tier in sorted(by_tier, key=lambda t: (known.get(t, (inf, False))[0], t)):
        order, passes = known.get(tier, (inf, False))
        of_cluster = network_policies if tier == DEFAULT_TIER else ()
        levels = _levels(by_tier[tier], of_cluster, matcher, passes)
        found.append(Stage(name if tier == DEFAULT_TIER else f"{TIER_PREFIX}{tier}", order, levels))
    return tuple(found)


def _levels(
    policies: Iterable[CalicoPolicy], of_cluster: tuple[CompiledPolicy, ...], matcher: Matcher, passes: bool
) -> tuple[tuple[CompiledPolicy, ...], ...]:
    listed = list(policies)
    entries: list[tuple[float, str, CompiledPolicy]] = [
        (policy.order, policy.ref.name, compiled)
        for policy in listed
        for compiled in calico_policy.compile_policy(policy, matcher, passes=passes)
    ]
    entries += [(NETWORK_POLICY_ORDER, NETWORK_POLICY_PREFIX, compiled) for compiled in of_cluster]
    entries.sort(key=lambda entry: entry[:2])
    levels = []
    for _, of_order in groupby(entries, key=lambda entry: entry[0]):
        equals = list(of_order)
        if len({(e[2].ref.kind, bool(e[2].ref.namespace)) for e in equals}) > 1:
            # Whether "deny" or "shop/allow" comes first of equals has changed with Calico's versions.
            levels.append(tuple(e[2] for e in equals))
        else:
            levels += [tuple(e[2] for e in named) for _, named in groupby(equals, key=lambda entry: entry[1])]
    if not passes:
        ends = tuple(filter(None, (calico_policy.compile_doubtful_end(p, matcher) for p in listed)))
        if ends:
            levels.append(ends)
    return tuple(levels)
