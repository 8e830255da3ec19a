"""Limits and defaults of AKS networking, each with its unit, its source and the day it was checked."""

from __future__ import annotations

from datetime import date
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from lib.facts.files import FactsError, read_list
from lib.model.records import dataclass

FactValue = int | float | str | tuple[str, ...]
EVERY_MODEL = "all"
_FILES = ("aks_network.yaml", "load_balancer.yaml")


@dataclass(frozen=True, slots=True)
class Claim:
    """What another source says instead of a fact's value."""

    value: FactValue
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One limit or default.

    ``applies_to`` holds network model ids, or only ``all``. ``conflict`` is empty where the sources agree. ``shown``
    marks a fact that is listed for people and that no calculation reads.
    """

    name: str
    value: FactValue
    unit: str
    applies_to: tuple[str, ...]
    sources: tuple[str, ...]
    checked: date
    conflict: tuple[Claim, ...]
    note: str
    shown: bool

    @property
    def number(self) -> int:
        """The value as a whole number. Raises FactsError if it is none."""
        if not isinstance(self.value, int):
            raise FactsError(f"{self.name} is not a whole number")
        return self.value

    @property
    def text(self) -> str:
        """The value as a text. Raises FactsError if it is none."""
        if not isinstance(self.value, str):
            raise FactsError(f"{self.name} is not a text")
        return self.value

    @property
    def fraction(self) -> float:
        """The value as a number. Raises FactsError if it is none."""
        if not isinstance(self.value, int | float):
            raise FactsError(f"{self.name} is not a number")
        return float(self.value)

    @property
    def words(self) -> tuple[str, ...]:
        """The value as a list of words. Raises FactsError if it is none."""
        if not isinstance(self.value, tuple):
            raise FactsError(f"{self.name} is not a list")
        return self.value

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The value as address ranges, one or several. Raises FactsError if it is something else."""
        texts = self.value if isinstance(self.value, tuple) else (self.value,)
        try:
            return tuple(ip_network(text) for text in texts if isinstance(text, str))
        except ValueError as error:
            raise FactsError(f"{self.name} is not an address range") from error

    @property
    def value_text(self) -> str:
        """The value and its unit for people, e.g. ``250 pods per node``."""
        shown = ", ".join(self.value) if isinstance(self.value, tuple) else str(self.value)
        return shown if self.unit == "CIDR" else f"{shown} {self.unit}".strip()

    @property
    def conflict_text(self) -> str:
        """What other sources say, for people; "" where they agree."""
        return "; ".join(
            f"{', '.join(claim.sources)} says {claim.value}" + (f" ({claim.note})" if claim.note else "")
            for claim in self.conflict
        )


@cache
def all_facts() -> tuple[Fact, ...]:
    """Every entry of the data files, in their order."""
    return tuple(_fact(entry) for name in _FILES for entry in read_list(name))


def shown_facts(model: str) -> tuple[Fact, ...]:
    """The facts about a network model that people are told beside a result and that no calculation reads."""
    return tuple(f for f in all_facts() if f.shown and (model in f.applies_to or EVERY_MODEL in f.applies_to))


@cache
def find(name: str, model: str = EVERY_MODEL) -> Fact | None:
    """The fact called ``name`` for a network model; None where no source states one for it."""
    return next(
        (f for f in all_facts() if f.name == name and (model in f.applies_to or EVERY_MODEL in f.applies_to)), None
    )


def get(name: str, model: str = EVERY_MODEL) -> Fact:
    """The fact called ``name`` for a network model. Raises FactsError where ``find`` gives None."""
    fact = find(name, model)
    if fact is None:
        raise FactsError(f"there is no fact {name!r} for {model!r}")
    return fact


def _fact(entry: dict[str, Any]) -> Fact:
    return Fact(
        name=entry["name"],
        value=_value(entry["value"]),
        unit=entry["unit"],
        applies_to=tuple(entry["applies_to"]),
        sources=tuple(entry["source"]),
        checked=entry["checked"],
        conflict=tuple(
            Claim(_value(claim["value"]), tuple(claim["source"]), claim.get("note", ""))
            for claim in entry.get("conflict", ())
        ),
        note=entry.get("note", ""),
        shown=entry.get("shown", False),
    )


def _value(value: Any) -> FactValue:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FactsError(f"{value!r} is no value of a fact")
    return value
