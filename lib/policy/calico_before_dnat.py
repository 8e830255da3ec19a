"""Calico's preDNAT policies, which nodes ask before a packet's destination is turned from a Service's to a pod's.

"There is no 'default drop' semantic for pre-DNAT policy", and "explicitly allowed by pre-DNAT policy, it skips over any
normal policy" ("Pre-DNAT policy" and "Summary" of docs.tigera.io).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.facts.calico_hosts import failsafe_ports
from lib.model.calico_policies import CalicoAction, CalicoPolicy, CalicoRule, EntityRule
from lib.model.policies import Direction
from lib.model.records import replace
from lib.model.sets import PortSet
from lib.policy.bits import Bits, union
from lib.policy.calico_match import Matcher
from lib.policy.calico_policy import compile_rules
from lib.policy.compile import Spaces
from lib.policy.rules import CompiledRule, Named, PortsAt

FAILSAFE_DOUBT: Final = "the failsafe ports, which are open to host endpoints unless FelixConfiguration says otherwise"
SKIPPED_DOUBT: Final = "what Pass skips before DNAT"
_DNAT_DOUBT: Final = "for which address and port the packet came before DNAT"


def rules_before_dnat(policies: Iterable[CalicoPolicy]) -> Iterator[tuple[CalicoPolicy, CalicoRule, bool]]:
    """The rules that allow, deny and log, and whether one that passes comes before: it may skip them."""
    passed = False
    for policy in policies:
        for rule in policy.rules_for(Direction.INGRESS):
            if rule.action is not CalicoAction.PASS:
                yield policy, rule, passed
            passed = passed or rule.action is CalicoAction.PASS


def compile_before_dnat(
    policy: CalicoPolicy, rule: CalicoRule, subjects: Bits, matcher: Matcher, side: Direction, translated: Bits
) -> Iterator[CompiledRule]:
    """A rule that is asked before DNAT: of others than ``translated`` a packet may have come for another destination.

    That of a Service, which is not known here; so a rule with a condition on it may match whatever came in the end.
    """
    anywhere = replace(rule, to=EntityRule(rule.to.source))
    if replace(rule.to, text="") == anywhere.to:
        yield from compile_rules(policy.ref, (rule,), subjects, matcher, side)
        return
    for compiled in compile_rules(policy.ref, (rule,), subjects, matcher, side):
        yield among(compiled, translated)
    for compiled in compile_rules(policy.ref, (anywhere,), subjects, matcher, side):
        yield among(compiled, matcher.spaces.everything & ~translated).perhaps(_DNAT_DOUBT)


def among(rule: CompiledRule, peers: Bits) -> CompiledRule:
    """The part of a rule about some peers."""
    sure, possible = (Named(*(bits & peers for bits in named)) for named in (rule.sure, rule.possible))
    return replace(rule, sure=sure, possible=possible)


def beside_failsafe(rule: CompiledRule, spaces: Spaces) -> Iterator[CompiledRule]:
    """The rule on the ports that are no failsafe ports, and on those as one that perhaps counts."""
    kept = failsafe_ports().of(Direction.INGRESS)
    safe = union(spaces.ports.mask(protocol, PortSet.of(port)) for protocol, port in kept)
    others = tuple(PortsAt(at.destinations, at.mask & ~safe) for at in rule.ports if at.mask & ~safe)
    failsafe = tuple(PortsAt(at.destinations, at.mask & safe) for at in rule.ports if at.mask & safe)
    if others:
        yield replace(rule, ports=others)
    if failsafe:
        yield replace(rule, ports=failsafe).perhaps(FAILSAFE_DOUBT)
