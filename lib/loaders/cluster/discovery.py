"""Which of the resources a server has, and in which version they can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lib.loaders.cluster.connection import Answer
from lib.loaders.cluster.resources import RESOURCES, Resource
from lib.loaders.limits import MIB

ACCEPT: Final = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)
_BYTES_MAX: Final = 16 * MIB
Ask = Callable[[str, str], Answer | None]
"""Asks for a path with an Accept header; None where no answer can be had."""


@dataclass(frozen=True, slots=True)
class Served:
    """What discovery told. ``complete``: what it does not name is not there. ``other`` are versions we can't read."""

    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False

    def versions_of(self, resource: Resource) -> tuple[str, ...]:
        """The versions to ask for, the best first: those that are served, or all where nobody told."""
        if not resource.group:
            return resource.versions
        found = self.versions.get(resource.name, ())
        return found if found or self.complete else resource.versions

    def unread_versions(self, resource: Resource) -> tuple[str, ...]:
        """The versions that the server has where it has none that can be read."""
        return () if self.versions.get(resource.name) else self.other.get(resource.name, ())


def discover(ask: Ask) -> Served:
    """What the server has of RESOURCES; a list of groups alone is asked on for each group's resources."""
    answer = ask("/apis", ACCEPT)
    found = _object(answer)
    items = found.get("items") if found.get("kind") == "APIGroupDiscoveryList" else None
    if isinstance(items, list):
        return _aggregated(items)
    groups = found.get("groups")
    if found.get("kind") != "APIGroupList" or not isinstance(groups, list):
        return Served()
    return _classic(groups, ask)


def _aggregated(items: list[Any]) -> Served:
    seen: dict[str, list[str]] = {}
    stale = False
    for group in map(_mapping, items):
        name = _mapping(group.get("metadata")).get("name")
        for version in map(_mapping, _list(group.get("versions"))):
            # What an API server behind the API server could not be asked for may be there all the same.
            stale |= version.get("freshness") == "Stale"
            for resource in map(_mapping, _list(version.get("resources"))):
                seen.setdefault(f"{resource.get('resource')}.{name}", []).append(str(version.get("version")))
    return _served(seen, complete=not stale)


def _classic(groups: list[Any], ask: Ask) -> Served:
    wanted = {r.group for r in RESOURCES if r.group}
    seen: dict[str, list[str]] = {}
    complete = True
    for group in map(_mapping, groups):
        name = group.get("name")
        if name not in wanted:
            continue
        for version in map(_mapping, _list(group.get("versions"))):
            word = str(version.get("version"))
            listed = _object(ask(f"/apis/{name}/{word}", "application/json")).get("resources")
            complete &= isinstance(listed, list)
            for resource in map(_mapping, _list(listed)):
                seen.setdefault(f"{resource.get('name')}.{name}", []).append(word)
    return _served(seen, complete=complete)


def _served(seen: Mapping[str, list[str]], *, complete: bool) -> Served:
    versions, other = {}, {}
    for resource in RESOURCES:
        found = seen.get(resource.name, [])
        versions[resource.name] = tuple(v for v in resource.versions if v in found)
        other[resource.name] = tuple(v for v in found if v not in resource.versions)
    return Served(versions, other, complete)


def _object(answer: Answer | None) -> dict[str, Any]:
    if answer is None or answer.status != 200 or len(answer.body) > _BYTES_MAX:
        return {}
    try:
        return _mapping(json.loads(answer.body))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
