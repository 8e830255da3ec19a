"""The traces of flows that differ between two readings or two engines."""

from __future__ import annotations

from lib.flows import INGRESS_CONTROLLER
from lib.model.refs import ObjectRef
from lib.policy.ends import outside_addresses
from lib.scenario import Diff, FlowChange
from lib.tables.row import Row
from lib.trace.questions import NOWHERE, Cluster, Ends, of_flow_row


def way_of_change(change: FlowChange, shown: Cluster) -> Ends:
    """The trace of the reading that is shown: none for a workload that is gone from it."""
    ends = (change.src_ref, change.dst_ref)
    gone = any(ref is not None and ref not in shown.snapshot.workload_by_ref for ref in ends)
    return NOWHERE if gone else of_flow_row(change, shown, change.node)


def way_between(found: Diff, counted: Row, shown: Cluster) -> Ends:
    """The trace of the first flow that differs between the two namespaces of a row of counts."""
    wanted = (str(counted["from"]), str(counted["to"]))
    changes = found.rows(frozenset(wanted), causes=False)
    first = next((c for c in changes if (_place(c.src_ref, c.src), _place(c.dst_ref, c.dst)) == wanted), None)
    return way_of_change(first, shown) if first is not None else NOWHERE


def _place(ref: ObjectRef | None, name: str) -> str:
    """What counts call an end: its namespace, or the word for what is in none."""
    if ref is not None:
        return ref.namespace
    if name == INGRESS_CONTROLLER:
        return name
    return "outside" if outside_addresses(name) is not None else "nodes"
