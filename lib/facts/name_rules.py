"""What Azure takes as names of the resources that a plan makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_mapping


@dataclass(frozen=True, slots=True)
class NameRule:
    """The names of one kind of resource: ``shortest`` to ``longest`` characters, and ``words`` on which they are."""

    kind: str
    label: str
    shortest: int
    longest: int
    characters: re.Pattern[str]
    words: str
    sources: tuple[str, ...]
    checked: date

    def takes(self, name: str) -> bool:
        """Whether Azure takes ``name``."""
        return self.shortest <= len(name) <= self.longest and self.characters.fullmatch(name) is not None


@cache
def name_rules() -> tuple[NameRule, ...]:
    """Every rule of the data file, in its order."""
    return tuple(
        NameRule(
            kind, entry["label"], entry["shortest"], entry["longest"], re.compile(entry["characters"]), entry["words"],
            tuple(entry["source"]), entry["checked"],
        )
        for kind, entry in read_mapping("name_rules.yaml").items()
    )  # fmt: skip


def name_rule(kind: str) -> NameRule:
    """The rule of one kind. Raises FactsError for a kind that the data file does not hold."""
    for rule in name_rules():
        if rule.kind == kind:
            return rule
    raise FactsError(f"no rule for names of {kind!r}")
