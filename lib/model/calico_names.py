"""Names of Calico's that are needed where an input holds no object of its kinds."""

from __future__ import annotations

from typing import Final

CALICO_NETWORK_POLICY: Final = "CalicoNetworkPolicy"
DEFAULT_TIER: Final = "default"
TIER_PREFIX: Final = "tier "
"""Stands before a tier's name where it is told who decided."""
BUILT_IN_TIERS: Final = frozenset(
    {DEFAULT_TIER, "adminnetworkpolicy", "kube-admin", "baselineadminnetworkpolicy", "kube-baseline"}
)
"""The tiers that Calico makes itself, with fixed orders and default actions."""
