"""Names and identifiers for exported code: what Azure takes, each once."""

from __future__ import annotations

import re
from collections.abc import Callable

from lib.facts.name_rules import name_rule
from lib.ipplan.layout import PlacedSubnet

Identifier = Callable[[str, str], str]
_NOT_IDENTIFIER = re.compile(r"[^a-z0-9]+")


def subnet_names(placed: tuple[PlacedSubnet, ...]) -> tuple[str, ...]:
    """A name for every subnet that Azure takes, in their order: its own, or one made of its prefix.

    Azure does not tell names apart by case, so the second of two is named after its prefix as well.
    """
    rule = name_rule("subnet")
    seen: set[str] = set()
    names = []
    for item in placed:
        name = item.plan.name
        if not rule.takes(name) or name.lower() in seen:
            name = "subnet-" + re.sub(r"[./]", "-", str(item.cidr))
        seen.add(name.lower())
        names.append(name)
    return tuple(names)


def identifiers() -> Identifier:
    """A function from a kind and a name to an identifier that Bicep and Terraform take, never twice the same."""
    seen: set[str] = set()

    def identifier(kind: str, name: str) -> str:
        stem = f"{kind}_{_NOT_IDENTIFIER.sub('_', name.lower()).strip('_')}"[:60].rstrip("_")
        found, number = stem, 2
        while found in seen:
            found, number = f"{stem}_{number}", number + 1
        seen.add(found)
        return found

    return identifier
