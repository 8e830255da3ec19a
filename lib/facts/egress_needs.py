"""What clusters must reach outside their virtual network: the destinations, and which pods or nodes connect to them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from pathlib import Path

from lib.facts.engines import Known
from lib.facts.files import FactsError, read_mapping


class NeedKind(Enum):
    """How a destination is named; a REFERENCE stands for the destinations of another feature."""

    FQDN = "fqdn"
    NETWORK = "network"
    REFERENCE = "reference"


class Client(Enum):
    """Who connects; NOT_STATED where the source does not say it."""

    NODE = "node"
    POD = "pod"
    BOTH = "node and pod"
    NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class EgressNeed:
    """One destination as the documentation prints it.

    ``destination`` may hold placeholders such as ``<region>``, and for networks alternatives between bars. ``also`` are
    names that the note says are meant besides. ``port`` is 0 for a reference. ``pods`` are ids of ``client_pods``,
    empty where the pods are not known. ``condition`` is an id of ``conditions``, "" where there is none. ``private``:
    private clusters need it too.
    """

    feature: str
    requirement: str
    kind: NeedKind
    destination: str
    also: tuple[str, ...]
    protocol: str
    port: int
    client: Client
    pods: tuple[str, ...]
    condition: str
    private: bool
    use: str
    note: str
    source: str
    checked: date

    @property
    def transport(self) -> str:
        """``TCP`` or ``UDP``."""
        return "UDP" if self.protocol == "UDP" else "TCP"


@dataclass(frozen=True, slots=True)
class ClientPods:
    """Pods of AKS, or of your own, that connect to destinations.

    ``name`` and ``namespace`` are "" where the labels alone say who is meant; ``labels`` is empty where no source
    states them.
    """

    id: str
    label: str
    namespace: str
    kind: str
    name: str
    labels: Mapping[str, str]
    host_network: Known
    note: str
    sources: tuple[str, ...]
    checked: date


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a cluster can have; ``uses`` are features whose destinations it needs as well.

    ``node_label`` is a label of nodes that shows the feature, None where there is none.
    """

    id: str
    label: str
    always: bool
    uses: tuple[str, ...]
    node_label: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class FirewallNumbers:
    """What the rules of an Azure Firewall are written with; a lower priority is asked first."""

    api_version: str
    group_priority: int
    network_priority: int
    application_priority: int
    az_priority: int
    sources: tuple[str, ...]


@cache
def egress_needs() -> tuple[EgressNeed, ...]:
    """Every destination, in the data file's order."""
    with (Path(__file__).parent / "egress_fqdns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_need(row) for row in csv.DictReader(file))


def _need(row: Mapping[str, str]) -> EgressNeed:
    return EgressNeed(
        feature=row["group"],
        requirement=row["requirement"],
        kind=NeedKind(row["kind"]),
        destination=row["destination"],
        also=_parts(row["also"]),
        protocol=row["protocol"],
        port=int(row["port"] or 0),
        client=Client(row["client"]),
        pods=_parts(row["pods"]),
        condition=row["condition"],
        private=row["private_cluster"] == "needed",
        use=row["use"],
        note=row["notes"],
        source=row["source"],
        checked=date.fromisoformat(row["checked"]),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


@cache
def client_pods() -> tuple[ClientPods, ...]:
    """All pods that connect to some destination."""
    return tuple(
        ClientPods(
            id=entry["id"],
            label=entry["label"],
            namespace=entry["namespace"],
            kind=entry["kind"],
            name=entry["name"],
            labels=entry["labels"],
            host_network=Known(entry["host_network"]),
            note=entry["note"],
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
        )
        for entry in read_mapping("egress_clients.yaml")["pods"]
    )


def client_pod(pods_id: str) -> ClientPods:
    """One of ``client_pods``. Raises FactsError for another id."""
    for found in client_pods():
        if found.id == pods_id:
            return found
    raise FactsError(f"no pods are called {pods_id!r}")


@cache
def features() -> tuple[Feature, ...]:
    """The features by which destinations are grouped."""
    return tuple(
        Feature(
            id=entry["id"],
            label=entry["label"],
            always=entry["always"],
            uses=tuple(entry["uses"]),
            node_label=(entry["node_label"]["key"], entry["node_label"]["value"]) if "node_label" in entry else None,
        )
        for entry in read_mapping("egress_clients.yaml")["features"]
    )


@cache
def conditions() -> Mapping[str, str]:
    """The conditions of destinations that only some clusters need, with their words."""
    return {entry["id"]: entry["label"] for entry in read_mapping("egress_clients.yaml")["conditions"]}


@cache
def firewall_numbers() -> FirewallNumbers:
    """The numbers of firewall rules."""
    entry = read_mapping("egress_clients.yaml")["firewall"]
    return FirewallNumbers(
        api_version=entry["api_version"],
        group_priority=entry["group_priority"],
        network_priority=entry["network_priority"],
        application_priority=entry["application_priority"],
        az_priority=entry["az_priority"],
        sources=tuple(entry["sources"]),
    )


@cache
def cilium_needs() -> tuple[str, tuple[str, ...]]:
    """What a policy with domain names needs of a cluster, and where that is stated."""
    entry = read_mapping("egress_clients.yaml")["cilium"]
    return entry["needs"], tuple(entry["sources"])
