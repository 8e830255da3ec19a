"""The fewest labels that select some pods of a namespace and as few others as can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from lib.model.cluster import Pod
from lib.model.snapshot import Snapshot

# Their values change with every rollout or tell single pods apart.
GENERATED: Final = frozenset(
    {
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "app.kubernetes.io/version",
        "helm.sh/chart",
        "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "controller-uid",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
    }
)
# What people select by, first the recommended labels of the API's documentation.
USUAL: Final = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app",
    "k8s-app",
    "name",
    "component",
    "role",
    "tier",
)
_LABELS_UP_TO: Final = 12


def telling_labels(snapshot: Snapshot, pods: Sequence[Pod]) -> dict[str, str]:
    """Labels that all ``pods`` of one namespace share; empty where they share none.

    Of all choices the one that selects the fewest other pods, then the one with the fewest labels, then the most usual
    ones. At least one where there is one, for the sake of pods to come. Labels that controllers generate are left out.
    """
    shared = sorted(
        (set.intersection(*(set(p.labels.items()) for p in pods)) if pods else set()),
        key=lambda item: (USUAL.index(item[0]) if item[0] in USUAL else len(USUAL), item),
    )
    labels = [item for item in shared if item[0] not in GENERATED][:_LABELS_UP_TO]
    asked = {p.ref for p in pods}
    others = [
        p.labels
        for w in snapshot.workloads_by_namespace.get(pods[0].namespace, ())
        for p in w.endpoints
        if p.ref not in asked and not p.host_network
    ] if pods else []  # fmt: skip
    fewest = sum(all(o.get(k) == v for k, v in labels) for o in others)
    for size in range(1, len(labels) + 1):
        for chosen in combinations(labels, size):
            if sum(all(o.get(k) == v for k, v in chosen) for o in others) == fewest:
                return dict(chosen)
    return dict(labels)
