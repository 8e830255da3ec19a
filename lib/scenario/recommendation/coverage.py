"""Which workloads a recommendation is for, and which are left out and why."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from lib.model.cluster import Workload
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot

SYSTEM_NAMESPACE: Final = "kube-system"
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What no policy of the recommendation is for, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Covered:
    """The workloads and namespaces that the recommendation is for, in the snapshot's order, and what it is not for."""

    workloads: Mapping[ObjectRef, Workload]
    namespaces: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def cover(snapshot: Snapshot, chosen: Collection[str]) -> Covered:
    """The workloads of the ``chosen`` namespaces; without any, of all but the system's."""
    workloads: dict[ObjectRef, Workload] = {}
    namespaces: dict[str, None] = {}
    left_out: list[LeftOut] = []
    system = 0
    for workload in snapshot.workloads:
        name = workload.namespace
        if chosen and name not in chosen:
            continue
        if not chosen and name == SYSTEM_NAMESPACE:
            system += 1
        elif not _NAMESPACE.fullmatch(name):
            left_out.append(LeftOut(str(workload.ref), "its namespace has a name that the API server would refuse"))
        elif workload.host_network:
            why = "it uses its node's network, which no NetworkPolicy covers"
            left_out.append(LeftOut(str(workload.ref), why))
        elif not workload.endpoints:
            namespaces[name] = None
            why = "it has no pod that can send or receive, so its needs are not known; deny and DNS apply"
            left_out.append(LeftOut(str(workload.ref), why))
        else:
            workloads[workload.ref] = workload
            namespaces[name] = None
    if system:
        noun = "workload" if system == 1 else "workloads"
        why = f"the system's own {system:,} {noun}: ask for them by --namespace {SYSTEM_NAMESPACE}"
        left_out.insert(0, LeftOut(f"namespace {SYSTEM_NAMESPACE}", why))
    return Covered(workloads, tuple(sorted(namespaces)), tuple(left_out))
