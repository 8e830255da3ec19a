"""What code for Azure must say: versions of resource types and providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_mapping


@dataclass(frozen=True, slots=True)
class AzureResourceFact:
    """One version or bound, with the reason that it is this one."""

    name: str
    value: str | int
    note: str
    sources: tuple[str, ...]
    checked: date


@cache
def azure_resource_facts() -> tuple[AzureResourceFact, ...]:
    """Every entry of the data file, in its order."""
    entries = read_mapping("azure_resources.yaml")
    return tuple(
        AzureResourceFact(name, entry["value"], entry["note"], tuple(entry["source"]), entry["checked"])
        for name, entry in entries.items()
    )


@cache
def azure_resource_fact(name: str) -> AzureResourceFact:
    """One entry. Raises FactsError for a name that the data file does not hold."""
    for fact in azure_resource_facts():
        if fact.name == name:
            return fact
    raise FactsError(f"nothing about Azure's resources is called {name!r}")
