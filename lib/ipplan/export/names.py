"""Names and identifiers for exported code: what Azure takes, each once."""

from __future__ import annotations

import re
from collections.abc import Callable

from lib.facts.azure_resources import azure_resource_fact
from lib.ipplan.layout import PlacedSubnet

_SUBNET_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9_])?")
Identifier = Callable[[str, str], str]
_NOT_IDENTIFIER = re.compile(r"[^a-z0-9]+")


def subnet_names(placed: tuple[PlacedSubnet, ...]) -> tuple[str, ...]:
    """A name for every subnet that Azure takes, in their order: its own, or one made of its prefix.

    Azure does not tell names apart by case, so the second of two is named after its prefix as well.
    """
    most = int(azure_resource_fact("subnet_name_length").value)
    seen: set[str] = set()
    names = []
    for item in placed:
        name = item.plan.name
        if not _SUBNET_NAME.fullmatch(name) or len(name) > most or name.lower() in seen:
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
