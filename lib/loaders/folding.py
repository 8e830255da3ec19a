"""Pods and the objects that make them become workloads: one row for everything with the same highest owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from lib.loaders.parse.workloads import Controller
from lib.model.cluster import Pod, Workload
from lib.model.refs import ObjectRef

_TEMPLATE_HASH: Final = "pod-template-hash"


def fold(pods: Iterable[Pod], controllers: Mapping[ObjectRef, Controller], pods_complete: bool) -> tuple[Workload, ...]:
    """The workloads, in the order of namespace, name and kind.

    A pod belongs to the highest owner that can be followed through ``controllers``; the last one named counts even if
    it is not in the input itself, but for a Deployment's ReplicaSet (``owner_of``). Live pods replace the template.
    Without any, or when all have ended (a CronJob between two runs), the template of the highest object in the input
    stands as one pod, unless no pod is wished for (``replicas: 0``, a Job that has ended), or all pods of the cluster
    are known and the object's own status tells of none. A Deployment that wishes for pods, has none and tells nothing
    keeps its template also where all pods are known: it may be about to start.
    """
    tops: dict[ObjectRef, ObjectRef] = {}
    live: defaultdict[ObjectRef, list[Pod]] = defaultdict(list)
    made_by: defaultdict[ObjectRef, list[Controller]] = defaultdict(list)
    for pod in pods:
        owner = owner_of(pod, controllers)
        live[pod.ref if owner is None else highest_owner(owner, controllers, tops)].append(pod)
    for controller in controllers.values():
        made_by[highest_owner(controller.ref, controllers, tops)].append(controller)
    found = []
    for ref in {**live, **made_by}:
        members, makers = live.get(ref, []), made_by.get(ref, [])
        roots = [m for m in makers if m.owner is None or m.owner not in controllers or m.ref == ref]
        main = controllers.get(ref) or (roots[0] if roots else None)
        # A Job's ended pods are its work done; whatever else makes pods will make the next ones.
        if not members or (ref.kind != "Job" and all(pod.has_ended for pod in members)):
            members = [*members, *(m.template for m in roots if stands_for_itself(m, pods_complete))]
        source = main.source if main is not None else members[0].source
        labels = main.labels if main is not None else members[0].labels
        is_idle = not any(pod.is_endpoint for pod in members)
        to_come = tuple(m.template for m in roots if not m.finished) if is_idle else ()
        found.append(Workload(ref, source, tuple(members), labels, _replicas(ref, controllers, roots), to_come))
    return tuple(sorted(found, key=lambda w: w.ref))


def owner_of(pod: Pod, controllers: Mapping[ObjectRef, Controller]) -> ObjectRef | None:
    """The pod's owner; the Deployment where its ReplicaSet is not in the input and its name says whose it is.

    A dump often leaves ReplicaSets out, and the Deployment would stand beside its own pods as a second workload. A
    Deployment's ReplicaSet is always named after it and the pods' label pod-template-hash. None: a bare pod.
    Source: kubernetes.io, "Deployments", "The name of a ReplicaSet is always formatted as [DEPLOYMENT-NAME]-[HASH]".
    """
    owner = pod.owner
    if owner is None or owner.kind != "ReplicaSet" or owner in controllers:
        return owner
    made_for = owner.name.removesuffix(f"-{pod.labels.get(_TEMPLATE_HASH, '')}")
    deployment = ObjectRef(owner.namespace, made_for, "Deployment")
    return deployment if made_for != owner.name and deployment in controllers else owner


def highest_owner(
    ref: ObjectRef, controllers: Mapping[ObjectRef, Controller], tops: dict[ObjectRef, ObjectRef]
) -> ObjectRef:
    """Follow the owners of ``ref`` as far as they are named; ``tops`` remembers the answers. A circle ends at once."""
    known = tops.get(ref)
    if known is not None:
        return known
    top, passed = ref, {ref}
    while (controller := controllers.get(top)) is not None and controller.owner is not None:
        if controller.owner in passed:
            break
        top = controller.owner
        passed.add(top)
    tops[ref] = top
    return top


def stands_for_itself(controller: Controller, pods_complete: bool) -> bool:
    """Whether the template of an object without pods in the input counts as a pod."""
    return controller.wants_pods and not (pods_complete and controller.observed == 0)


def _replicas(ref: ObjectRef, controllers: Mapping[ObjectRef, Controller], roots: Iterable[Controller]) -> int | None:
    own = controllers.get(ref)
    if own is not None:
        return own.replicas
    counts = [root.replicas for root in roots if root.replicas is not None]
    return sum(counts) if counts else None
