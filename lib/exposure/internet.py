"""Which workloads may connect to the Internet, by policy."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from functools import cache
from ipaddress import IPv4Network

from lib.facts.internet import INTERNET
from lib.flows.outside import Outside
from lib.flows.row import RowVerdict, unknown_reason
from lib.flows.rows import doubted
from lib.model.policies import Direction
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet
from lib.policy.bits import Bits
from lib.policy.decide import without_rejected
from lib.policy.engine import Engine
from lib.policy.pairs import WorkloadPairs


class InternetReach(Enum):
    """How much of the Internet a workload may connect to; ANYWHERE: on some port to every public IPv4 address."""

    ANYWHERE = "anywhere"
    SOMEWHERE = "some addresses"
    UNKNOWN = "unknown"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class ToInternet:
    """What a workload may send to public addresses, by its own policies.

    ``ports`` are those that all of its pods have with ``addresses``, each with at least one of them. ``unsettled`` are
    ports beyond them that only some pods have, or that the input does not settle; ``reason`` says why.
    """

    workload: ObjectRef
    source: Source
    host_network: bool
    reach: InternetReach
    ports: ConnectionSet
    addresses: AddressSet
    unsettled: ConnectionSet
    reason: str


def to_internet(engine: Engine, namespaces: Container[str] | None = None) -> tuple[ToInternet, ...]:
    """Every workload with pods that can send, those that reach the most first.

    ``namespaces`` limits them to workloads in it (None: all).
    """
    pairs = WorkloadPairs(engine)
    outside = Outside(pairs)
    rejected = doubted(engine, Direction.EGRESS)

    @cache
    def public(addresses: AddressSet) -> AddressSet:
        return addresses & INTERNET

    found = []
    for number, size in enumerate(pairs.sizes):
        workload = pairs.workload(number)
        if not size or (namespaces is not None and workload.namespace not in namespaces):
            continue
        allowed: Bits = 0
        unsettled: Bits = 0
        addresses, reasons = AddressSet(), dict[str, None]()
        for verdict, mask, pods, ends in outside.of_workload(number, Direction.EGRESS):
            met = public(ends)
            if not met:
                continue
            if verdict is RowVerdict.ALLOWED:
                allowed |= mask
                addresses |= met
            else:
                unsettled |= mask
                why = f"only {pods} of its pods" if verdict is RowVerdict.PARTIAL else unknown_reason(engine, False)
                reasons[why] = None
        if note := rejected.get(workload.ref):
            reasons[without_rejected(note)] = None
        found.append(
            ToInternet(
                workload.ref,
                workload.source,
                workload.host_network,
                _reach(addresses, bool(unsettled)),
                engine.connections(allowed),
                addresses,
                engine.connections(unsettled & ~allowed),
                "; ".join(reasons),
            )
        )
    return tuple(sorted(found, key=lambda row: (_ORDER.index(row.reach), row.workload)))


def _reach(addresses: AddressSet, unsettled: bool) -> InternetReach:
    if addresses and addresses >= _PUBLIC_IPV4:
        return InternetReach.ANYWHERE
    if addresses:
        return InternetReach.SOMEWHERE
    return InternetReach.UNKNOWN if unsettled else InternetReach.NOWHERE


_ORDER = tuple(InternetReach)
_PUBLIC_IPV4 = INTERNET & AddressSet.from_networks([IPv4Network("0.0.0.0/0")])
