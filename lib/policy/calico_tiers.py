"""Calico's tiers as stages: tiers by order, their policies by order and name, those of Kubernetes among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby
from math import inf
from typing import Final

from lib.model.calico_names import DEFAULT_TIER, TIER_PREFIX
from lib.model.calico_policies import CalicoPolicy
from lib.model.records import dataclass
from lib.model.snapshot import Snapshot
from lib.policy import calico_policy
from lib.policy.calico_match import Matcher
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledPolicy, Stage

# "converts Kubernetes NetworkPolicies to Calico policies of order 1000 named knp.default.NAME"
# (libcalico-go/lib/backend/k8s/conversion/conversion.go).
NETWORK_POLICY_ORDER: Final = 1_000.0
# api/pkg/apis/projectcalico/v3/tier.go; the tiers of Kubernetes' cluster-wide kinds pass on what they do not decide.
KNOWN_TIERS: Final = {
    DEFAULT_TIER: (1_000_000.0, False),
    "adminnetworkpolicy": (1_000.0, True),
    "kube-admin": (1_000.0, True),
    "baselineadminnetworkpolicy": (10_000_000.0, True),
    "kube-baseline": (10_000_000.0, True),
}


UNKNOWN_TIER: Final = (inf, False)
"""What a tier that is not in the input counts as."""


def tiers_of(snapshot: Snapshot) -> dict[str, tuple[float, bool]]:
    """Each tier's order, and whether it passes on what no rule decided."""
    read = {t.ref.name: (t.order, t.passes) for t in snapshot.calico_tiers if t.ref.name != DEFAULT_TIER}
    return {**KNOWN_TIERS, **read}


@dataclass(frozen=True, slots=True)
class Hosted:
    """A policy of a kind of Kubernetes, at its order among the policies of a tier."""

    order: float
    policy: CompiledPolicy


def tiers(
    snapshot: Snapshot, spaces: Spaces, hosted: Mapping[str, Iterable[Hosted]], default_name: str
) -> tuple[Stage, ...]:
    """The stages of all tiers with policies of Calico's, and the default one, which is called ``default_name``.

    ``hosted`` are the policies of Kubernetes by the tier that they stand in.
    """
    matcher = Matcher(snapshot, spaces)
    known = tiers_of(snapshot)
    by_tier: dict[str, list[CalicoPolicy]] = defaultdict(list)
    for policy in snapshot.calico_policies:
        by_tier[policy.tier].append(policy)
    by_tier.setdefault(DEFAULT_TIER, [])
    found = []
    for tier in sorted(by_tier, key=lambda t: (known.get(t, UNKNOWN_TIER)[0], t)):
        order, passes = known.get(tier, UNKNOWN_TIER)
        levels = _levels(by_tier[tier], hosted.get(tier, ()), matcher, passes)
        found.append(Stage(default_name if tier == DEFAULT_TIER else f"{TIER_PREFIX}{tier}", order, levels))
    return tuple(found)


def _levels(
    policies: Iterable[CalicoPolicy], hosted: Iterable[Hosted], matcher: Matcher, passes: bool
) -> tuple[tuple[CompiledPolicy, ...], ...]:
    listed = list(policies)
    entries: list[tuple[float, str, CompiledPolicy]] = [
        (policy.order, policy.ref.name, compiled)
        for policy in listed
        for compiled in calico_policy.compile_policy(policy, matcher, passes=passes)
    ]
    # Of one name, so that equals among them stay equals.
    entries += [(each.order, "", each.policy) for each in hosted]
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
