"""The fixed list of what is asked of an API server: the kinds that the loaders understand, and never a Secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.loaders.dump_command import GROUPS
from lib.loaders.kinds import called
from lib.loaders.parse import KIND_READERS


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one API group: ``kind`` as it is called here, ``written`` as the API has it.

    ``versions`` are those that can be read, the best first; ``plural`` is its name in the API's paths.
    """

    kind: str
    written: str
    group: str
    versions: tuple[str, ...]
    plural: str

    @property
    def name(self) -> str:
        """As kubectl and RBAC have it: ``pods``, ``networkpolicies.networking.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, version: str) -> str:
        """The path of the list over all namespaces."""
        return f"/apis/{self.group}/{version}/{self.plural}" if self.group else f"/api/{version}/{self.plural}"

    def api_version(self, version: str) -> str:
        """What its objects have as ``apiVersion``."""
        return f"{self.group}/{version}" if self.group else version


def _plural(kind: str) -> str:
    lower = kind.lower()
    if lower.endswith("policy"):
        return lower[:-1] + "ies"
    if lower.endswith(("s", "ss")) and lower != "endpoints":
        return lower + "es"
    return lower if lower == "endpoints" else lower + "s"


_WRITTEN: Final = {_plural(kind): kind for kind in (*KIND_READERS, "NetworkPolicy") if kind.isalnum()}


def _resources() -> tuple[Resource, ...]:
    found = []
    for path, versions, plurals in GROUPS:
        group = path.partition("/")[2]
        for plural in plurals:
            kind = _WRITTEN.get(plural)
            if kind is not None:
                found.append(Resource(called(f"{group}/x", kind), kind, group, versions, plural))
    return tuple(found)


RESOURCES: Final = _resources()
"""In the order of the dump command, which asks for the same; of two groups with one kind the first that is served
counts."""


def resources_of(kind: str) -> tuple[Resource, ...]:
    """The places where a kind may be found, the best first."""
    return tuple(r for r in (*RESOURCES, CONFIG_MAPS) if r.kind == kind)


CONFIG_MAPS: Final = Resource("ConfigMap", "ConfigMap", "", ("v1",), "configmaps")
"""Never listed: few of them are asked for, each by its name."""
KINDS: Final = (*dict.fromkeys(r.kind for r in RESOURCES), CONFIG_MAPS.kind)
"""The kinds that are asked for."""
