"""What labels of nodes and agents in kube-system show of how a cluster was made."""

from __future__ import annotations

from dataclasses import dataclass

from lib.facts import cluster_profile as facts
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Shown:
    """The value that the input shows; "" where it shows none, or signs of several.

    ``evidence`` is a sentence part: what shows the value, or why nothing does. ``source`` is the object that shows it.
    """

    value: str
    evidence: str
    source: Source | None = None


def shown_by_signs(snapshot: Snapshot, name: str) -> Shown:
    """One aspect of the facts on clusters, by its name. Raises FactsError for a name that they do not hold."""
    known = facts.aspect(name)
    seen: dict[str, Shown] = {}
    for node in snapshot.nodes:
        for sign in known.node_labels:
            if node.labels.get(sign.key) == sign.value:
                evidence = f"node {node.name} has the label {sign.key}={sign.value}"
                seen.setdefault(sign.means, Shown(sign.means, evidence, node.source))
    agents = {ObjectRef("kube-system", agent.name, "DaemonSet"): agent.means for agent in known.agents}
    for workload in snapshot.workloads:
        if means := agents.get(workload.ref):
            evidence = f"the DaemonSet {workload.ref.qualified_name} runs"
            seen.setdefault(means, Shown(means, evidence, workload.source))
    if len(seen) == 1:
        return next(iter(seen.values()))
    if seen:
        return Shown("", f"the signs differ: {'; '.join(found.evidence for found in seen.values())}")
    return Shown("", "no node label and no DaemonSet in the input shows it")
