"""Rules about packets of one IP family, where the input does not show which families the cluster's pods have."""

from __future__ import annotations

from typing import Final

from lib.model.records import replace
from lib.policy.rules import CompiledPolicy, CompiledRule, Named, Stage

FAMILY_DOUBT: Final = "which IP families the cluster uses"


def of_any_family(stage: Stage) -> Stage:
    """The stage with every rule that means pods or nodes for one family as one that perhaps means them.

    Two pods of a cluster without IPv6 have no packet that a rule about IPv4 lets by.
    """
    return replace(stage, levels=tuple(tuple(map(_policy, level)) for level in stage.levels))


def _policy(policy: CompiledPolicy) -> CompiledPolicy:
    return policy.with_rules(map(_rule, policy.told or policy.rules))


def _rule(rule: CompiledRule) -> CompiledRule:
    sure, possible = rule.sure, rule.possible
    if not (sure.ipv4 | sure.ipv6 | possible.ipv4 | possible.ipv6):
        return rule
    doubt = " or ".join(filter(None, (rule.doubt, FAMILY_DOUBT)))
    return replace(rule, sure=Named(sure.always), possible=Named((sure.any | possible.any) & ~sure.always), doubt=doubt)
