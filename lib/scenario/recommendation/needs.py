"""What must keep working, with the evidence for it, and what the input leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.refs import ObjectRef, Source
from lib.model.sets import AddressSet, ConnectionSet
from lib.scenario.recommendation.blocks import blocks_text

NO_PORTS: Final = ConnectionSet()
EVERYWHERE: Final = ""
"""Stands for all namespaces where a group of pods names its namespace."""


class Basis(Enum):
    """What kind of evidence says that a flow is needed."""

    ROUTE = "route"
    SERVICE = "service"
    DNS = "dns"
    POLICY = "present policy"
    API_SERVER = "API server"
    STATED = "stated"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a need; ``source`` is None for what a person stated, or for what only documentation says."""

    basis: Basis
    text: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class PodGroup:
    """Pods by namespace and labels, be they in the input or not; no labels mean all pods of the namespace."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        selected = ",".join(f"{k}={v}" for k, v in self.labels) or "*"
        return f"{self.namespace or '*'}/{selected}"

    def peer(self) -> dict[str, object]:
        """The group as a peer of a rule."""
        names = {"matchLabels": {METADATA_NAME_LABEL: self.namespace}} if self.namespace else {}
        pods: dict[str, object] = {"podSelector": {"matchLabels": dict(self.labels)}} if self.labels else {}
        return {"namespaceSelector": names, **pods}


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes by name, each with its internal addresses."""

    nodes: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        names = [name for name, _ in self.nodes]
        return f"node {names[0]}" if len(names) == 1 else f"{len(names)} nodes"


End = ObjectRef | PodGroup | NodeGroup | AddressSet
"""A workload by reference, pods by labels, nodes, or addresses outside."""


def end_text(end: End) -> str:
    """An end as people read it."""
    if isinstance(end, AddressSet):
        return "anywhere outside" if end == AddressSet.all() else f"outside {blocks_text(end)}"
    return str(end)


@dataclass(frozen=True, slots=True)
class Need:
    """A flow that the recommendation has to permit, and why."""

    src: End
    dst: End
    ports: ConnectionSet
    evidence: tuple[Evidence, ...]

    def __str__(self) -> str:
        return f"{end_text(self.src)} → {end_text(self.dst)} ({self.ports})"


@dataclass(frozen=True, slots=True)
class Question:
    """What the input leaves open, and what to do about it.

    ``workload`` is the one that a rule would be for, None where it is about no single one; ``ports`` are those that it
    would name: that flow stays closed until a person states it.
    """

    text: str
    remedy: str
    workload: ObjectRef | None = None
    ports: ConnectionSet = NO_PORTS
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class NotKept:
    """A rule of a present policy that names nobody in particular, and is therefore no evidence of a need."""

    policy: ObjectRef
    rule: str
    text: str
    source: Source


def merged(needs: Iterable[Need]) -> tuple[Need, ...]:
    """One need for each two ends, with the ports and the evidence of all; in the order in which they first come."""
    ports: dict[tuple[End, End], ConnectionSet] = {}
    evidence: dict[tuple[End, End], dict[Evidence, None]] = {}
    for need in needs:
        key = need.src, need.dst
        ports[key] = ports[key] | need.ports if key in ports else need.ports
        evidence.setdefault(key, {}).update(dict.fromkeys(need.evidence))
    return tuple(Need(*key, held, tuple(evidence[key])) for key, held in ports.items())


def without(needs: Iterable[Need], dst: End, known: frozenset[ObjectRef], ports: ConnectionSet) -> Iterator[Need]:
    """The needs without what a need of whole namespaces towards ``dst``, whose workloads are ``known``, holds."""
    for need in needs:
        covered = need.dst == dst or (isinstance(need.dst, ObjectRef) and need.dst in known)
        rest = need.ports - ports if covered and not isinstance(need.src, PodGroup) else need.ports
        if rest:
            yield Need(need.src, need.dst, rest, need.evidence)
