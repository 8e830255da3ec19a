"""The outbound types of AKS, and which changes between them the documentation allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_mapping

MANAGED = "managed"
OWN = "own"


@dataclass(frozen=True, slots=True)
class OutboundType:
    """One outbound type in words; ``networks`` holds ``managed`` (AKS makes the virtual network) and ``own``.

    ``ports`` is ``load_balancer`` or ``nat_gateway``, by whose numbers ports are counted; "" where AKS sets up nobody.
    """

    id: str
    state: str
    ports: str
    is_default: bool
    networks: tuple[str, ...]
    seen: str
    translated_by: str
    creates: tuple[str, ...]
    needs: tuple[str, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    checked: date


@dataclass(frozen=True, slots=True)
class MigrationConflict:
    """A change about which the documentation contradicts itself."""

    network: str
    old: str
    new: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Migrations:
    """The tables of changes: network → present type → wanted type → allowed; a pair that is missing isn't stated."""

    tables: Mapping[str, Mapping[str, Mapping[str, bool]]]
    conflicts: tuple[MigrationConflict, ...]
    note: str
    sources: tuple[str, ...]
    checked: date


@cache
def outbound_types() -> tuple[OutboundType, ...]:
    """Every outbound type, in the data file's order."""
    return tuple(
        OutboundType(
            id=entry["id"],
            state=entry["state"],
            ports=entry["ports"] or "",
            is_default=entry.get("default", False),
            networks=tuple(entry["networks"]),
            seen=entry["seen"],
            translated_by=entry["translated_by"],
            creates=tuple(entry["creates"]),
            needs=tuple(entry["needs"]),
            notes=tuple(entry["notes"]),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
        )
        for entry in read_mapping("outbound.yaml")["types"]
    )


def outbound_type(type_id: str) -> OutboundType:
    """One outbound type. Raises FactsError for an id that the data file does not hold."""
    for found in outbound_types():
        if found.id == type_id:
            return found
    raise FactsError(f"no outbound type is called {type_id!r}")


@cache
def requirements() -> tuple[str, ...]:
    """What every outbound type needs of a cluster before it can be changed."""
    return tuple(read_mapping("outbound.yaml")["requirements"])


@cache
def migrations() -> Migrations:
    """The changes that the documentation allows and forbids."""
    entry = read_mapping("outbound.yaml")["migrations"]
    return Migrations(
        tables={network: entry[network] for network in (MANAGED, OWN)},
        conflicts=tuple(
            MigrationConflict(c["network"], c["from"], c["to"], c["says"], c["source"]) for c in entry["conflicts"]
        ),
        note=entry["note"],
        sources=tuple(entry["sources"]),
        checked=entry["checked"],
    )
