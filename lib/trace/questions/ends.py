"""What the questions of all rows are made of: the two ends of a trace, as a person would write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from lib.model.cluster import Node, Pod, Workload
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.sets import Address, Protocol
from lib.model.snapshot import Snapshot
from lib.policy.ends import parse_end
from lib.routing.reach import address_or_none
from lib.trace.ends import GoalKind, read_goal, read_start

Ends = tuple[str, str]
"""From where and to what; no second one where a row has nothing to trace."""
NOWHERE: Final[Ends] = ("", "")
THE_INTERNET: Final = "internet"
THE_NETWORK: Final = "vnet"
_SYSTEM: Final = "kube-system"


def written(name: str, port: int, protocol: str = "") -> str:
    """A destination with its port: an IPv6 address in brackets, the protocol behind where it isn't TCP."""
    address = f"[{name}]" if name.count(":") > 1 else name
    return f"{address}:{port}{suffix(protocol)}"


def suffix(protocol: str) -> str:
    """``/UDP``; "" for TCP and for none."""
    return "" if protocol in ("", Protocol.TCP.value) else f"/{protocol}"


def can_be_asked(ends: Ends, snapshot: Snapshot) -> bool:
    """Whether both ends can be read, and one of them is of the cluster: what they name is in the input."""
    try:
        start = read_start(ends[0], snapshot)
        goal = read_goal(ends[1], snapshot, start)
        if start.in_cluster or goal.kind not in (GoalKind.ADDRESS, GoalKind.NAME):
            return True
        return goal.address is not None and _is_ours(goal.address, snapshot)
    except ModelError:
        return False


def _is_ours(address: Address, snapshot: Snapshot) -> bool:
    """Whether a Service, a node or a pod of the input has an address."""
    for service in snapshot.services:
        shown = (address_or_none(entry.ip) for entry in service.load_balancer_ingress)
        if address in (*service.cluster_ips, *service.external_ips, *shown):
            return True
    texts = (a for node in snapshot.nodes for a in (*node.addresses_of("InternalIP"), *node.addresses_of("ExternalIP")))
    return str(address) in texts or isinstance(parse_end(str(address), snapshot), Workload | Pod | Node)


def somebody(snapshot: Snapshot, besides: Collection[ObjectRef] = (), namespace: str = "") -> str:
    """A workload that may be the sender where nobody says which: of ``namespace`` if it has one, and none of
    ``besides``; else any node; "" where the input has neither."""
    found = [w for w in snapshot.workloads if _sends(w) and w.ref not in besides]
    near = next((w for w in found if w.namespace == namespace), None)
    far = next((w for w in found if w.namespace != _SYSTEM), None)
    chosen = near or far or next(iter(found), None)
    return str(chosen.ref) if chosen is not None else "node" if snapshot.nodes else ""


def _sends(workload: Workload) -> bool:
    return bool(workload.endpoints) and not workload.host_network
