"""What is known of each network policy engine that AKS offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache

from lib.facts.files import FactsError, read_list


class Known(Enum):
    """An answer of the documentation; UNKNOWN where it gives none."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EndOfSupport:
    """The last day on which an engine is supported on an operating system (``linux`` or ``windows``)."""

    operating_system: str
    last_day: date


@dataclass(frozen=True, slots=True)
class SpecGaps:
    """What of the NetworkPolicy API an engine does not do, or not reliably, on an operating system."""

    operating_system: str
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentFact:
    """The DaemonSet that an engine runs as; where one is, the engine is."""

    name: str
    namespace: str
    source: str


@dataclass(frozen=True, slots=True)
class NodeLabelFact:
    """A label that the nodes of clusters with an engine have, and no others."""

    key: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class PolicyKindFact:
    """A kind of policy that an engine enforces; ``since`` says what it takes beside the engine, "" for nothing."""

    group: str
    kind: str
    since: str
    source: str


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """One engine: where it runs, until when, and where it differs from the API's own words.

    ``id`` is ``none``, ``azure-npm``, ``calico`` or ``cilium``. ``max_nodes`` and ``max_pods`` are the supported scale
    of a cluster, None where no limit is stated. ``own_node_egress_allowed``: a pod may always reach the node it runs
    on; ``cluster_policy_ingress_enforced``: ingress policies see traffic that came through a LoadBalancer or NodePort
    Service with externalTrafficPolicy Cluster, ``local_policy_ingress_enforced`` the same with Local.
    ``cluster_policy_source`` is as whom the pod sees the former: ``node`` or, depending on the node that it came to,
    ``both`` node and client. ``tells_port_names_apart``: an egress rule that names a port means each pod's own number
    where pods use the name for several. Kinds of policy that are not in ``policy_kinds`` it ignores.
    """

    id: str
    label: str
    cli: str
    enforces: Known
    state: str
    state_text: str
    ends: tuple[EndOfSupport, ...]
    operating_systems: tuple[str, ...]
    max_nodes: int | None
    max_pods: int | None
    ipv6: Known
    dual_stack: Known
    ip_block_matches_pods: Known
    ip_block_matches_nodes: Known
    own_node_egress_allowed: Known
    cluster_policy_ingress_enforced: Known
    local_policy_ingress_enforced: Known
    cluster_policy_source: str
    judges_ipv6: Known
    judges_sctp: Known
    tells_port_names_apart: Known
    end_port: Known
    policy_kinds: tuple[PolicyKindFact, ...]
    gaps: tuple[SpecGaps, ...]
    notes: tuple[str, ...]
    agents: tuple[AgentFact, ...]
    node_labels: tuple[NodeLabelFact, ...]
    sources: tuple[str, ...]
    checked: date


@cache
def engine_facts() -> tuple[EngineFacts, ...]:
    """Every engine that the data file knows, in its order."""
    return tuple(
        EngineFacts(
            id=entry["id"],
            label=entry["label"],
            cli=entry["cli"],
            enforces=Known(entry["enforces"]),
            state=entry["state"],
            state_text=entry["state_text"],
            ends=tuple(EndOfSupport(system, day) for system, day in entry["ends"].items()),
            operating_systems=tuple(entry["operating_systems"]),
            max_nodes=entry.get("max_nodes"),
            max_pods=entry.get("max_pods"),
            ipv6=Known(entry["ipv6"]),
            dual_stack=Known(entry["dual_stack"]),
            ip_block_matches_pods=Known(entry["ip_block_matches_pods"]),
            ip_block_matches_nodes=Known(entry["ip_block_matches_nodes"]),
            own_node_egress_allowed=Known(entry["own_node_egress_allowed"]),
            cluster_policy_ingress_enforced=Known(entry["cluster_policy_ingress_enforced"]),
            local_policy_ingress_enforced=Known(entry["local_policy_ingress_enforced"]),
            cluster_policy_source=entry["cluster_policy_source"],
            judges_ipv6=Known(entry["judges_ipv6"]),
            judges_sctp=Known(entry["judges_sctp"]),
            tells_port_names_apart=Known(entry["tells_port_names_apart"]),
            end_port=Known(entry["end_port"]),
            policy_kinds=tuple(map(_policy_kind, entry["policy_kinds"])),
            gaps=tuple(SpecGaps(system, tuple(gaps)) for system, gaps in entry["gaps"].items()),
            notes=tuple(entry.get("notes", ())),
            agents=tuple(AgentFact(**agent) for agent in entry.get("agents", ())),
            node_labels=tuple(NodeLabelFact(**label) for label in entry.get("node_labels", ())),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
        )
        for entry in read_list("policy_engines.yaml")
    )


def _policy_kind(entry: dict[str, str]) -> PolicyKindFact:
    group, _, kind = entry["kind"].rpartition("/")
    return PolicyKindFact(group, kind, entry.get("since", ""), entry["source"])


def engine(engine_id: str) -> EngineFacts:
    """The facts of one engine. Raises FactsError for an id that the data file does not hold."""
    for facts in engine_facts():
        if facts.id == engine_id:
            return facts
    raise FactsError(f"no policy engine is called {engine_id!r}")
