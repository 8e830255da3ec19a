"""The policies as packets of other protocols than TCP, UDP and SCTP meet them, ICMP among those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lib.model.calico_policies import CalicoRule
from lib.model.cilium_policies import CiliumRule
from lib.model.policies import AllPorts
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.policy.engine import Engine, compile_engine

_DOUBT = "which packets of other protocols it is about"


def without_ports(engine: Engine) -> Engine:
    """The engine over the rules that are about other protocols too; of one about ICMP alone nobody knows the rest."""
    return compile_engine(_without_ports(engine.snapshot), engine.profile)


def _without_ports(snapshot: Snapshot) -> Snapshot:
    return replace(
        snapshot,
        network_policies=tuple(
            replace(p, rules=tuple(r for r in p.rules if _has_all(r.ports))) for p in snapshot.network_policies
        ),
        cluster_policies=tuple(
            replace(p, rules=tuple(r for r in p.rules if _has_all(r.ports))) for p in snapshot.cluster_policies
        ),
        calico_policies=tuple(
            # A rule of one protocol names TCP, UDP or SCTP; one of none is about others alone.
            replace(p, rules=tuple(_calico(r) for r in p.rules if len(r.protocols) != 1))
            for p in snapshot.calico_policies
        ),
        cilium_policies=tuple(
            replace(
                p,
                specs=tuple(
                    replace(s, rules=tuple(_cilium(r) for r in s.rules if r.icmp or not r.ports or _has_all(r.ports)))
                    for s in p.specs
                ),
            )
            for p in snapshot.cilium_policies
        ),
    )


def _has_all(ports: Iterable[object]) -> bool:
    return any(isinstance(port, AllPorts) for port in ports)


def _calico(rule: CalicoRule) -> CalicoRule:
    if len(rule.protocols) == len(Protocol):
        return rule
    return replace(rule, protocols=frozenset(Protocol), doubt=rule.doubt or _DOUBT)


def _cilium(rule: CiliumRule) -> CiliumRule:
    return replace(rule, ports=(AllPorts(),), doubt=rule.doubt or _DOUBT) if rule.icmp else rule
