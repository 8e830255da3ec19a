"""The engine profiles: where engines differ from the API's own words, as data, and which engine a cluster runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lib.facts.engines import Known, engine_facts
from lib.model.refs import Source
from lib.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class EngineProfile:
    """How one engine reads the policies; UNKNOWN makes the verdicts that depend on it unknown.

    ``own_node_egress_allowed``: a pod may always reach the node it runs on (that a node may always reach its pods, the
    API itself says). ``policy_kinds`` are the kinds of policy that it enforces, by API group and kind; None: every
    kind, as its own documentation reads it. ``judges_ipv6`` and ``judges_sctp``: rules count for IPv6 and SCTP as
    they are written. ``tells_port_names_apart``: an egress rule that names a port means each pod's own number, also
    where pods use the name for several. ``cluster_policy_ingress_enforced`` and ``local_policy_ingress_enforced``:
    ingress policies count for what came through a load balancer or node port with externalTrafficPolicy Cluster (seen
    as ``cluster_policy_source``: ``node``, or ``both`` node and client) and Local (seen as the client).
    ``networks_skip_pods``: the networks of cluster-wide policies mean no pods, against the API's own words; for those
    who ask so. ``sources`` say where the answers are documented.
    """

    id: str
    label: str
    enforces: bool
    ip_block_matches_pods: Known
    ip_block_matches_nodes: Known
    own_node_egress_allowed: Known
    sources: tuple[str, ...]
    policy_kinds: frozenset[tuple[str, str]] | None = None
    judges_ipv6: Known = Known.YES
    judges_sctp: Known = Known.YES
    tells_port_names_apart: Known = Known.YES
    cluster_policy_ingress_enforced: Known = Known.UNKNOWN
    local_policy_ingress_enforced: Known = Known.YES
    cluster_policy_source: str = "node"
    networks_skip_pods: bool = False

    def enforces_kind(self, group: str, kind: str) -> bool:
        """Whether policies of a kind count, e.g. ``("networking.k8s.io", "NetworkPolicy")``; others are ignored."""
        return self.enforces and (self.policy_kinds is None or (group, kind) in self.policy_kinds)

    def with_ip_blocks_matching_pods(self, matches: bool) -> EngineProfile:
        """The same engine with another answer to whether an ipBlock, or a network of a cluster-wide policy, does."""
        known = Known.YES if matches else Known.NO
        return replace(self, ip_block_matches_pods=known, networks_skip_pods=not matches)


KUBERNETES = EngineProfile(
    id="kubernetes",
    label="the Kubernetes API",
    enforces=True,
    # "These should be cluster-external IPs, since Pod IPs are ephemeral and unpredictable."
    ip_block_matches_pods=Known.NO,
    # "you can allow traffic from a hostNetwork pod using an ipBlock rule"
    ip_block_matches_nodes=Known.YES,
    # "Traffic to and from the node where a Pod is running is always allowed"
    own_node_egress_allowed=Known.YES,
    sources=("K8S:concepts/services-networking/network-policies.md",),
)


def profiles() -> tuple[EngineProfile, ...]:
    """Every profile, the default one first."""
    documented = (
        EngineProfile(
            id=facts.id,
            label=facts.label,
            enforces=facts.enforces is not Known.NO,
            ip_block_matches_pods=facts.ip_block_matches_pods,
            ip_block_matches_nodes=facts.ip_block_matches_nodes,
            own_node_egress_allowed=facts.own_node_egress_allowed,
            sources=facts.sources,
            judges_ipv6=facts.judges_ipv6,
            judges_sctp=facts.judges_sctp,
            tells_port_names_apart=facts.tells_port_names_apart,
            cluster_policy_ingress_enforced=facts.cluster_policy_ingress_enforced,
            local_policy_ingress_enforced=facts.local_policy_ingress_enforced,
            cluster_policy_source=facts.cluster_policy_source,
            policy_kinds=frozenset((known.group, known.kind) for known in facts.policy_kinds),
        )
        for facts in engine_facts()
    )
    return (KUBERNETES, *documented)


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
