"""The engine profiles: where engines differ from the API's own words, as data, and which engine a cluster runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from lib.facts.engines import Known, engine_facts
from lib.facts.readings import Basis, Switches, readings
from lib.model.cluster import Node
from lib.model.patterns import pattern
from lib.model.records import dataclass, field, replace
from lib.model.refs import Source
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProfile(Switches):
    """How one engine reads the policies: its switches, and on what each of them stands (``bases``, by its name).

    ``networks_skip_pods``: the networks of cluster-wide policies mean no pods, against the API's own words; for those
    who ask so.
    """

    id: str
    label: str
    bases: Mapping[str, Basis] = field(default_factory=dict, hash=False, compare=False)
    networks_skip_pods: bool = False

    def enforces_kind(self, group: str, kind: str) -> bool:
        """Whether policies of a kind count, e.g. ``("networking.k8s.io", "NetworkPolicy")``; others are ignored."""
        return self.enforces and (self.policy_kinds is None or (group, kind) in self.policy_kinds)

    def versions_of(self, group: str, kind: str) -> str:
        """The versions of the engine that enforce a kind, where not all of them do; else ""."""
        return next((since for *known, since in self.kinds_by_version if known == [group, kind]), "")

    def ignores_label(self, key: str) -> bool:
        """Whether a label counts as absent from pods, whatever selectors say."""
        return key.startswith(self.ignored_labels)

    def because(self, switch: str) -> str:
        """`` (why)``: the words on which an answer stands, or why nothing settles it; "" where none are recorded."""
        found = self.bases.get(switch)
        return f" ({found.words})" if found else ""

    def with_ip_blocks_matching_pods(self, matches: bool) -> EngineProfile:
        """The same engine with another answer to whether an ipBlock, or a network of a cluster-wide policy, does."""
        known = Known.YES if matches else Known.NO
        return replace(self, ip_block_matches_pods=known, networks_skip_pods=not matches)

    def for_nodes(self, nodes: Iterable[Node]) -> EngineProfile:
        """The same engine where the versions of a cluster's nodes settle what its documentation leaves to them."""
        oldest = min((_version(node.kubelet_version) for node in nodes), default=_NO_VERSION)
        settled = self.end_port_from is not None and oldest >= self.end_port_from
        return replace(self, end_port=Known.YES) if settled and self.end_port is Known.UNKNOWN else self


def _version(kubelet: str) -> tuple[int, int]:
    found = _VERSION.match(kubelet)
    return (int(found[1]), int(found[2])) if found else _NO_VERSION


_NO_VERSION: Final = (0, 0)
_VERSION: Final = pattern(r"v?(\d{1,4})\.(\d{1,4})(?!\d)")


@cache
def profiles() -> tuple[EngineProfile, ...]:
    """Every profile, the default one first."""
    labels = {facts.id: facts.label for facts in engine_facts()} | {"kubernetes": "the Kubernetes API"}
    return tuple(
        EngineProfile(
            id=found.id,
            label=labels[found.id],
            bases=found.bases,
            **{name: getattr(found.switches, name) for name in Switches.__annotations__},
        )
        for found in readings()
    )


KUBERNETES: Final = profiles()[0]
"""The API's own words, by which verdicts are given unless an engine is chosen."""


def profile(engine_id: str) -> EngineProfile:
    """The profile of one engine. Raises KeyError for a name that is none of them."""
    return {p.id: p for p in profiles()}[engine_id]


@dataclass(frozen=True, slots=True)
class DetectedEngine:
    """What enforces policies in a cluster, as far as its objects show it.

    ``name`` is a profile's id, or None where nothing shows it: then ``evidence`` says what was looked for. ``source``
    is the object that shows it.
    """

    name: str | None
    evidence: str
    source: Source | None = None


def detect_engine(snapshot: Snapshot) -> DetectedEngine:
    """The policy engine that the input's objects show.

    Only an agent or a node label proves an engine. That none is there proves the absence of one only where all
    DaemonSets and pods are in the input and system workloads are among them.
    """
    found = list(_signs(snapshot))
    names = {sign.name for sign in found}
    if len(names) == 1:
        return found[0]
    if found:
        return DetectedEngine(None, "agents of several engines are present: " + "; ".join(s.evidence for s in found))
    system = [w for w in snapshot.workloads if w.namespace == "kube-system"]
    if snapshot.is_complete("DaemonSet", "Pod") and system:
        return DetectedEngine(
            "none", "no agent of a policy engine runs in kube-system, and all workloads are in the input"
        )
    return DetectedEngine(None, "the input holds neither a policy engine's agent nor a node label that names one")


def _signs(snapshot: Snapshot) -> Iterator[DetectedEngine]:
    for facts in engine_facts():
        agents = {(agent.namespace, agent.name) for agent in facts.agents}
        for workload in snapshot.workloads:
            if workload.ref.kind == "DaemonSet" and (workload.namespace, workload.ref.name) in agents:
                evidence = f"the DaemonSet {workload.ref.qualified_name} is its agent"
                yield DetectedEngine(facts.id, evidence, workload.source)
        for node in snapshot.nodes:
            for label in facts.node_labels:
                if node.labels.get(label.key) == label.value:
                    evidence = f"node {node.name} has the label {label.key}={label.value}"
                    yield DetectedEngine(facts.id, evidence, node.source)
