"""What is known of each network policy engine that AKS offers."""

from __future__ import annotations

from datetime import date
from enum import Enum
from functools import cache

from lib.facts.files import FactsError, read_list
from lib.model.records import dataclass


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
class EngineFacts:
    """One engine: where it runs, until when, and what shows it. How it reads policies is in ``lib.facts.readings``.

    ``id`` is ``none``, ``azure-npm``, ``calico`` or ``cilium``. ``max_nodes`` and ``max_pods`` are the supported scale
    of a cluster, None where no limit is stated. ``gaps`` and ``notes`` are for people; no verdict hangs on them.
    """

    id: str
    label: str
    cli: str
    state: str
    state_text: str
    ends: tuple[EndOfSupport, ...]
    operating_systems: tuple[str, ...]
    max_nodes: int | None
    max_pods: int | None
    dual_stack: Known
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
            state=entry["state"],
            state_text=entry["state_text"],
            ends=tuple(EndOfSupport(system, day) for system, day in entry["ends"].items()),
            operating_systems=tuple(entry["operating_systems"]),
            max_nodes=entry.get("max_nodes"),
            max_pods=entry.get("max_pods"),
            dual_stack=Known(entry["dual_stack"]),
            gaps=tuple(SpecGaps(system, tuple(gaps)) for system, gaps in entry["gaps"].items()),
            notes=tuple(entry.get("notes", ())),
            agents=tuple(AgentFact(**agent) for agent in entry.get("agents", ())),
            node_labels=tuple(NodeLabelFact(**label) for label in entry.get("node_labels", ())),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
        )
        for entry in read_list("policy_engines.yaml")
    )


def engine(engine_id: str) -> EngineFacts:
    """The facts of one engine. Raises FactsError for an id that the data file does not hold."""
    for facts in engine_facts():
        if facts.id == engine_id:
            return facts
    raise FactsError(f"no policy engine is called {engine_id!r}")
