"""Numbers of source network address translation: ports of public addresses, and who gets how many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_mapping


@dataclass(frozen=True, slots=True)
class SnatFact:
    """One number; ``of`` is ``load_balancer`` or ``nat_gateway``."""

    name: str
    of: str
    value: int
    unit: str
    sources: tuple[str, ...]
    checked: date
    note: str


@dataclass(frozen=True, slots=True)
class PortStep:
    """The ports that each node gets by default while the backend pool has ``nodes_min`` to ``nodes_max`` nodes."""

    nodes_min: int
    nodes_max: int
    ports: int


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence with its source."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class SnatExample:
    """A worked example of the documentation: ``given`` and ``expected`` are its numbers by their names."""

    given: Mapping[str, int]
    expected: Mapping[str, int]
    source: str


@cache
def snat_facts() -> tuple[SnatFact, ...]:
    """Every number, in the data file's order."""
    return tuple(
        SnatFact(
            name=entry["name"],
            of=entry["of"],
            value=entry["value"],
            unit=entry["unit"],
            sources=tuple(entry["source"]),
            checked=entry["checked"],
            note=entry.get("note", ""),
        )
        for entry in read_mapping("snat.yaml")["facts"]
    )


def snat_fact(of: str, name: str) -> SnatFact:
    """One number. Raises FactsError where the data file does not hold it."""
    for fact in snat_facts():
        if fact.of == of and fact.name == name:
            return fact
    raise FactsError(f"there is no number {name!r} of {of!r}")


@cache
def default_steps() -> tuple[PortStep, ...]:
    """The ports by default, the smallest pools first; no step is stated for larger ones than the last."""
    return tuple(PortStep(**entry) for entry in read_mapping("snat.yaml")["default_ports"]["steps"])


@cache
def default_steps_sources() -> tuple[str, ...]:
    """Where the steps are stated."""
    return tuple(read_mapping("snat.yaml")["default_ports"]["source"])


@cache
def semantics() -> tuple[Words, ...]:
    """What a port is good for."""
    return tuple(Words(**entry) for entry in read_mapping("snat.yaml")["semantics"])


@cache
def snat_examples() -> tuple[SnatExample, ...]:
    """The worked examples of the documentation."""
    found = []
    for entry in read_mapping("snat.yaml")["examples"]:
        expected = {k.removeprefix("expected_"): v for k, v in entry.items() if k.startswith("expected_")}
        given = {k: v for k, v in entry.items() if not k.startswith("expected_") and k != "source"}
        found.append(SnatExample(given, expected, entry["source"]))
    return tuple(found)
