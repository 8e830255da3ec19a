"""The rules that an address plan is held to, by code."""

from __future__ import annotations

from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_mapping
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class AddressRule:
    """One rule: how bad breaking it is (``refused``, ``breaks`` or ``unwise``), its words, what to do, its sources."""

    code: str
    problem_class: str
    rule: str
    remedy: str
    sources: tuple[str, ...]
    checked: date


@cache
def address_rules() -> tuple[AddressRule, ...]:
    """Every rule that the data file knows, in its order."""
    return tuple(
        AddressRule(code, entry["class"], entry["rule"], entry["remedy"], tuple(entry["source"]), entry["checked"])
        for code, entry in read_mapping("address_rules.yaml").items()
    )


@cache
def address_rule(code: str) -> AddressRule:
    """One rule. Raises FactsError for a code that the data file does not hold."""
    for rule in address_rules():
        if rule.code == code:
            return rule
    raise FactsError(f"no address rule is called {code!r}")
