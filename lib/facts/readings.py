"""How each policy engine reads policies: the answers that change verdicts, each with the words that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, Final

from lib.facts.engines import Known
from lib.facts.files import FactsError, read_list
from lib.model.records import dataclass

_FILE: Final = "policy_readings.yaml"


class SeenAs(Enum):
    """As from whom ingress policies see what a load balancer sent to any node: BOTH depends on the node, UNKNOWN says
    that nothing settles which of the two.
    """

    NODE = "node"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Basis:
    """What an answer stands on: the source's own words, or for an unknown one why nothing settles it."""

    words: str
    source: str


@dataclass(frozen=True, slots=True)
class PolicyKindFact:
    """A kind of policy that an engine enforces; ``since`` names the versions that do, "" where all do."""

    group: str
    kind: str
    since: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Everything in which engines differ so that verdicts do; UNKNOWN makes the verdicts that hang on it unknown.

    ``policy_kinds`` are the kinds of policy that count, by API group and kind; None: every kind, as its own
    documentation reads it. Those among them that only some versions enforce are in ``kinds_by_version``, with which.
    ``ip_block_matches_pods`` and ``ip_block_matches_nodes``: an ipBlock means pods, or nodes
    and the pods on their network, by address. ``own_node_egress_allowed``: a pod may always reach the node it runs on
    (that a node may always reach its pods, all agree). ``end_port``: endPort counts; else a rule permits its first
    port alone. ``end_port_from``: the version of Kubernetes, major and minor, whose nodes settle that it does.
    ``judges_sctp`` and ``judges_ipv6``: rules count for SCTP and IPv6 as they are written.
    ``tells_port_names_apart``: an egress rule that names a port means each pod's own number, also where pods use the
    name for several. ``cluster_policy_ingress_enforced`` and ``local_policy_ingress_enforced``: ingress policies count
    for what came through a load balancer or node port with externalTrafficPolicy Cluster (seen as from
    ``cluster_policy_source``) and Local (seen as from the client). ``ignored_labels``: labels of pods whose keys begin
    so count as absent.
    """

    enforces: bool = True
    policy_kinds: frozenset[tuple[str, str]] | None = None
    kinds_by_version: frozenset[tuple[str, str, str]] = frozenset()
    ip_block_matches_pods: Known = Known.NO
    ip_block_matches_nodes: Known = Known.YES
    own_node_egress_allowed: Known = Known.YES
    end_port: Known = Known.YES
    end_port_from: tuple[int, int] | None = None
    judges_sctp: Known = Known.YES
    judges_ipv6: Known = Known.YES
    tells_port_names_apart: Known = Known.YES
    cluster_policy_ingress_enforced: Known = Known.UNKNOWN
    cluster_policy_source: SeenAs = SeenAs.UNKNOWN
    local_policy_ingress_enforced: Known = Known.YES
    ignored_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How one engine, or the API's own words (``kubernetes``), reads policies.

    ``bases`` say on what each switch stands, by its name.
    """

    id: str
    switches: Switches
    bases: Mapping[str, Basis]
    kinds: tuple[PolicyKindFact, ...]


@cache
def readings() -> tuple[Reading, ...]:
    """Every reading that the data file knows, the API's own words first."""
    return tuple(reading(entry["id"]) for entry in read_list(_FILE))


def _reading(entry: dict[str, Any]) -> Reading:
    kinds = tuple(map(_policy_kind, entry.get("policy_kinds", ())))
    answers: dict[str, Any] = {}
    bases = {}
    for name, found in entry.items():
        if name not in ("id", "policy_kinds"):
            answers[name] = _ANSWERS.get(name, Known)(found["answer"])
            bases[name] = Basis(found["words"], found["source"])
    if kinds:
        answers["policy_kinds"] = frozenset((known.group, known.kind) for known in kinds)
        answers["kinds_by_version"] = frozenset((k.group, k.kind, k.since) for k in kinds if k.since)
        bases["policy_kinds"] = Basis(", ".join(known.kind for known in kinds), kinds[0].source)
    return Reading(entry["id"], Switches(**answers), bases, kinds)


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor)


_ANSWERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "enforces": lambda answer: Known(answer) is Known.YES,
    "cluster_policy_source": SeenAs,
    "end_port_from": _version,
    "ignored_labels": tuple,
}


def _policy_kind(entry: dict[str, str]) -> PolicyKindFact:
    group, _, kind = entry["kind"].rpartition("/")
    return PolicyKindFact(group, kind, entry.get("since", ""), entry["source"])


@cache
def reading(engine_id: str) -> Reading:
    """One reading; most runs ask for no other. Raises FactsError for an id that the data file does not hold."""
    for entry in read_list(_FILE):
        if entry["id"] == engine_id:
            return _reading(entry)
    raise FactsError(f"no reading of policies is called {engine_id!r}")
