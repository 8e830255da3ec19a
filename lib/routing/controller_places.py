"""Where the pods of a known ingress controller run, as its documentation says, and which of the input are there."""

from __future__ import annotations

from collections.abc import Iterator

from lib.facts.ingress import IngressController
from lib.model.cluster import Workload
from lib.model.records import dataclass
from lib.model.refs import ObjectRef
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ControllerPlace:
    """A namespace and labels; ``workloads`` are those of the input there, all of whose pods have the labels.

    ``absent``: pods of the namespace are in the input, all of them, and none has the labels.
    """

    namespace: str
    labels: tuple[tuple[str, str], ...]
    workloads: tuple[Workload, ...]
    absent: bool
    source: str


def controller_places(
    snapshot: Snapshot, front: ObjectRef, controller: IngressController | None
) -> Iterator[ControllerPlace]:
    """The documented places of ``controller`` for the Ingress or Gateway ``front``; none for one hosted elsewhere."""
    for pods in controller.pods if controller is not None else ():
        if not pods.namespace and front.kind != "Gateway":
            continue
        namespace = pods.namespace or front.namespace
        labels = tuple((key, value.format(gateway=front.name)) for key, value in pods.labels)
        there = snapshot.workloads_by_namespace.get(namespace, ())
        found = tuple(
            w for w in there if w.endpoints and all(p.labels.get(k) == v for p in w.endpoints for k, v in labels)
        )
        absent = not found and bool(there) and snapshot.is_complete("Pod")
        yield ControllerPlace(namespace, labels, found, absent, pods.source)
