"""The engine profiles: where engines differ from the API's own words, as data, and which engine a cluster runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from lib.facts.engine_settings import ClusterSwitches
from lib.facts.engines import Known, engine_facts
from lib.facts.files import FactsError
from lib.facts.other_engines import OtherEngine, other_engines
from lib.facts.readings import Basis, Switches, reading, readings
from lib.model.cluster import Node, Workload
from lib.model.patterns import pattern
from lib.model.records import dataclass, field, replace
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.policy.config_maps import differs_by_node, settings_of

CALICO_GROUP: Final = "projectcalico.org"
CILIUM_GROUP: Final = "cilium.io"
IGNORED_BY: Final = {"Calico": CILIUM_GROUP, "Cilium": CALICO_GROUP}
"""The engines of which one may enforce where an input holds policies of both → the API group that each ignores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProfile(Switches):
    """How one engine reads the policies: its switches, and on what each of them stands (``bases``, by its name).

    ``networks_skip_pods``: the networks of cluster-wide policies mean no pods, against the API's own words; for those
    who ask so. ``cluster``: what the ConfigMaps of the cluster say that it is run in. ``reader``: the engine
    that is supposed to enforce where nobody chose one, "" for none; it ignores the kinds of ``IGNORED_BY``.
    """

    id: str
    label: str
    bases: Mapping[str, Basis] = field(default_factory=dict, hash=False, compare=False)
    networks_skip_pods: bool = False
    cluster: ClusterSwitches = field(default_factory=ClusterSwitches)
    reader: str = ""

    def enforces_kind(self, group: str, kind: str) -> bool:
        """Whether policies of a kind count, e.g. ``("networking.k8s.io", "NetworkPolicy")``; others are ignored."""
        known = self.policy_kinds is None or (group, kind) in self.policy_kinds
        return self.enforces and known and group != IGNORED_BY.get(self.reader)

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

    @property
    def called(self) -> str:
        """Its name, with why where it is an engine that enforces nothing because it is told so."""
        return self.label if self.enforces or self.id == "none" else f"{self.label}{self.because('enforces')}"

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
    return tuple(profile(found.id) for found in readings())


@cache
def profile(engine_id: str) -> EngineProfile:
    """The profile of one engine. Raises KeyError for a name that is none of them."""
    try:
        found = reading(engine_id)
    except FactsError:
        raise KeyError(engine_id) from None
    return EngineProfile(
        id=engine_id,
        label=_DEFAULT_LABEL
        if engine_id == _DEFAULT
        else {facts.id: facts.label for facts in engine_facts()}[engine_id],
        bases=found.bases,
        **{name: getattr(found.switches, name) for name in Switches.__annotations__},
    )


_DEFAULT: Final = "kubernetes"
_DEFAULT_LABEL: Final = "the Kubernetes API"
KUBERNETES: Final = profile(_DEFAULT)
"""The API's own words, by which verdicts are given unless an engine is chosen."""


@dataclass(frozen=True, slots=True)
class DetectedEngine:
    """What enforces policies in a cluster, as far as its objects show it.

    ``name`` is a profile's id, or None where nothing shows it: then ``evidence`` says what was looked for. ``source``
    is the object that shows it, ``beside`` are those that leave it open.
    """

    name: str | None
    evidence: str
    source: Source | None = None
    beside: tuple[Source, ...] = ()


def detect_engine(snapshot: Snapshot) -> DetectedEngine:
    """The policy engine that the input's objects show.

    Only an agent or a node label proves an engine, and its ConfigMap that it is told to enforce nothing. That none is
    there proves the absence of one only where all DaemonSets and pods are in the input, system workloads are among
    them, and nothing enforces policies that is not known here: an agent of others, or another cloud.
    """
    found = list(_signs(snapshot))
    signs = {sign.name: sign for sign in reversed(found)}
    if len(signs) == 1:
        return _told_to_enforce_nothing(found[0].name or "", snapshot) or found[0]
    if found:
        several = "; ".join(sign.evidence for sign in reversed(signs.values()))
        return DetectedEngine(None, f"agents of several engines are present: {several}", None, _sources(signs.values()))
    others = [(w, other) for w in snapshot.workloads if (other := _other_engine(w)) is not None]
    if others:
        named = "; ".join(f"the DaemonSet {w.ref.qualified_name} is of {o.label}" for w, o in others[:3])
        told = "".join(_setting(o, snapshot) for _, o in others[:1])
        why = f"{named}, whose reading of policies is not known here{told}"
        return DetectedEngine(None, why, None, (others[0][0].source,))
    abroad = next((node for node in snapshot.nodes if _cloud(node) not in ("", "azure")), None)
    if abroad is not None:
        why = f"the input holds no agent of a policy engine that is known here, and node {abroad.name} is not of Azure"
        return DetectedEngine(None, f"{why}: its cloud may enforce policies by itself", None, (abroad.source,))
    system = [w for w in snapshot.workloads if w.namespace == "kube-system"]
    if snapshot.is_complete("DaemonSet", "Pod") and system:
        return DetectedEngine(
            "none", "no agent of a policy engine runs in kube-system, and all workloads are in the input"
        )
    return DetectedEngine(None, "the input holds neither a policy engine's agent nor a node label that names one")


def _sources(signs: Iterable[DetectedEngine]) -> tuple[Source, ...]:
    return tuple(sign.source for sign in signs if sign.source is not None)


def _told_to_enforce_nothing(engine: str, snapshot: Snapshot) -> DetectedEngine | None:
    """None where the engine's ConfigMap does not say that nothing is enforced."""
    for each, found, value in settings_of(engine, snapshot):
        if each.switch == "enforces" and each.answer is False and not differs_by_node(snapshot):
            evidence = f"the ConfigMap {found.ref.qualified_name} has {each.key}: {value}"
            return DetectedEngine("none", evidence, found.place(each.key))
    return None


def _other_engine(workload: Workload) -> OtherEngine | None:
    if workload.ref.kind != "DaemonSet":
        return None
    name = workload.ref.name
    known = (o for o in other_engines() if name == o.name and o.namespace in ("", workload.namespace))
    return next(known, None)


def _setting(engine: OtherEngine, snapshot: Snapshot) -> str:
    """What a ConfigMap says of an engine that is not known here; "" where none does."""
    if not engine.setting:
        return ""
    name, key = engine.setting
    found = snapshot.config_map_by_name.get(name)
    value = found.data.get(key) if found is not None else None
    return f"; the ConfigMap kube-system/{name} has {key}: {value}" if value else ""


def _cloud(node: Node) -> str:
    """The cloud that a node's machine is of, by its providerID; "" where it has none."""
    return node.provider_id.partition("://")[0]


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
