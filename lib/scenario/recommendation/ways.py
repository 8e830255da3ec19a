"""The flow by which a need is traced."""

from __future__ import annotations

from lib.model.refs import ObjectRef
from lib.model.sets import AddressSet
from lib.model.snapshot import Snapshot
from lib.scenario.recommendation.needs import End, Need, NodeGroup, PodGroup
from lib.trace.questions import NOWHERE, Ends, with_port
from lib.trace.questions.flows import example_of, whole_family


def way_of_need(need: Need, snapshot: Snapshot) -> Ends:
    """From the first of the senders to the first of the receivers; NOWHERE where the input has none of either."""
    src, dst = _first(need.src, snapshot), _first(need.dst, snapshot)
    if isinstance(need.src, AddressSet) and whole_family(need.src):
        src = "internet"
    receiver = next((w for w in snapshot.workloads if str(w.ref) == dst), None)
    return (src, with_port(dst, need.ports, receiver)) if src and dst else NOWHERE


def _first(end: End, snapshot: Snapshot) -> str:
    match end:
        case ObjectRef():
            return str(end)
        case NodeGroup():
            return next((f"node/{name}" for name, _ in end.nodes), "")
        case PodGroup():
            wanted = dict(end.labels).items()
            near = (w for w in snapshot.workloads if end.namespace in ("", w.namespace))
            return next((str(w.ref) for w in near if any(wanted <= p.labels.items() for p in w.endpoints)), "")
        case _:
            return str(example_of(end) or "")
