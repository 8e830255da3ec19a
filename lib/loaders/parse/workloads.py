"""Everything that makes pods: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, ReplicationController."""

from __future__ import annotations

from typing import Final

from lib.loaders.documents import RawObject
from lib.loaders.parse.fields import Fields
from lib.loaders.parse.metadata import open_object, owner_of
from lib.loaders.parse.pods import condition, template_pod
from lib.loaders.parse.session import Session
from lib.model.cluster import Pod
from lib.model.labels import Labels
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source

WORKLOAD_KINDS: Final = (
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "ReplicationController",
)


@dataclass(frozen=True, slots=True)
class Controller:
    """An object that makes pods: its template's pod and what it says of how many there should be.

    ``replicas`` is the wished number (None: the kind has none); ``observed`` the number that its status tells (None: no
    status was written). ``finished`` is True for a Job that has completed or failed for good.
    """

    ref: ObjectRef
    source: Source
    labels: Labels
    owner: ObjectRef | None
    template: Pod
    replicas: int | None = None
    observed: int | None = None
    finished: bool = False

    @property
    def wants_pods(self) -> bool:
        """Whether it asks for at least one pod that is still to run."""
        return self.replicas != 0 and not self.finished


def parse_workload(session: Session, raw: RawObject) -> Controller | None:
    """An object of WORKLOAD_KINDS; None when the API server would refuse it."""
    reading = open_object(session, raw)
    spec = reading.root.section("spec")
    status = reading.root.section("status")
    owner = owner_of(reading.meta)
    holder = spec.section("jobTemplate").section("spec") if raw.kind == "CronJob" else spec
    if holder.child("template") is None and not reading.entry.failed and raw.kind != "ReplicationController":
        message = "there is no pod template"
        holder.error(None, "missing-template", message, "Add the template with the pod's labels and containers.")
    template = template_pod(reading, holder.section("template"), reading.ref)
    controller = Controller(
        ref=reading.ref,
        source=raw.source,
        labels=reading.labels,
        owner=ObjectRef(reading.namespace, owner.name, owner.kind) if owner is not None and owner.kind else None,
        template=template,
        replicas=_replicas(raw.kind, spec),
        observed=_observed(raw.kind, status),
        finished=raw.kind == "Job" and _finished(spec, status),
    )
    return None if reading.entry.failed else controller


def _replicas(kind: str, spec: Fields) -> int | None:
    """The wished number of pods with the API's default of one; None for kinds that count otherwise."""
    if kind in ("DaemonSet", "CronJob"):
        return None
    if kind == "Job":
        return spec.number_within("parallelism", 0, 2**31 - 1, 1)
    return spec.number_within("replicas", 0, 2**31 - 1, 1)


def _observed(kind: str, status: Fields) -> int | None:
    """How many pods the controller's status tells; a written status leaves a zero out."""
    if kind in ("Job", "CronJob") or not status.has("observedGeneration"):
        return None
    key = "desiredNumberScheduled" if kind == "DaemonSet" else "replicas"
    value = status.data.get(key, 0)
    return value if type(value) is int else None


def _finished(spec: Fields, status: Fields) -> bool:
    if condition(status, "Complete") or condition(status, "Failed"):
        return True
    succeeded = status.data.get("succeeded")
    completions = spec.integer("completions")
    wished = completions if completions is not None else 1
    return type(succeeded) is int and succeeded > 0 and succeeded >= wished
