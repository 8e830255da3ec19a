"""The subnets that other Azure services take beside a cluster's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from lib.facts.files import FactsError, read_list


@dataclass(frozen=True, slots=True)
class ServiceSubnet:
    """What a service wants of its subnet.

    ``name`` is the one that Azure demands, "" for any. ``prefix`` is planned where none is entered, None where no
    source states a size. A subnet smaller than ``longest_prefix`` is of ``problem_class``.
    """

    id: str
    label: str
    name: str
    prefix: int | None
    longest_prefix: int | None
    problem_class: str
    delegation: str
    words: str
    sources: tuple[str, ...]
    checked: date


@cache
def service_subnets() -> tuple[ServiceSubnet, ...]:
    """Every service that the data file knows, in its order."""
    return tuple(
        ServiceSubnet(
            id=entry["id"],
            label=entry["label"],
            name=entry["name"],
            prefix=entry["prefix"],
            longest_prefix=entry["longest_prefix"],
            problem_class=entry["class"],
            delegation=entry["delegation"],
            words=entry["words"],
            sources=tuple(entry["source"]),
            checked=entry["checked"],
        )
        for entry in read_list("service_subnets.yaml")
    )


def service_subnet(service: str) -> ServiceSubnet:
    """What is known of one service's subnet. Raises FactsError for an id that the data file does not hold."""
    for found in service_subnets():
        if found.id == service:
            return found
    raise FactsError(f"no service with a subnet is called {service!r}")
