"""What the questions of all rows are made of: the two ends of a trace, as a person would write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from lib.model.cluster import Workload
from lib.model.errors import ModelError
from lib.model.refs import ObjectRef
from lib.model.sets import Protocol
from lib.model.snapshot import Snapshot
from lib.trace.ends import read_goal, read_start

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
    """Whether both ends can be read: what they name is in the input."""
    try:
        read_goal(ends[1], snapshot, read_start(ends[0], snapshot))
    except ModelError:
        return False
    return True


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
