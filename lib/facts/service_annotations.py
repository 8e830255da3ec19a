"""The annotations by which a Service tells the Azure cloud provider what load balancer it wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Final

from lib.facts.files import FactsError, read_mapping

PORT_PLACEHOLDER: Final = "{port}"

_FIELDS: Final = frozenset(
    {
        *("value", "type", "state", "default", "effect", "needs", "conflicts", "note", "conflict", "since"),
        *("min", "max", "max_in_aks_docs", "source", "replaces", "constraint"),
    }
)


class ValueForm(Enum):
    """What the value of an annotation must look like."""

    EXACT_TRUE = "exact_true"
    """``true`` in lower case; other spellings count for the security rules only."""
    BOOL = "bool"
    INT = "int"
    NAME = "name"
    """Of an Azure resource."""
    RESOURCE_GROUP = "resource_group"
    TEXT = "text"
    LABEL = "label"
    RESOURCE_ID = "resource_id"
    PAIRS = "pairs"
    """``a=b,c=d``"""
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    RANGES = "ranges"
    """Prefixes separated by commas."""
    ADDRESSES = "addresses"
    """Addresses separated by commas, without spaces."""
    SPACED_ADDRESSES = "spaced_addresses"
    NAMES = "names"
    """Names separated by commas."""
    SPACED_NAMES = "spaced_names"
    PROTOCOL = "protocol"
    PATH = "path"
    PORT = "port"
    """A port number or the name of one of the Service's ports."""


@dataclass(frozen=True, slots=True)
class AnnotationFacts:
    """One annotation, as the provider reads it.

    ``name`` is without the prefix, ``key`` with it; ``{port}`` in them stands for the number of a Service port.
    ``state`` is "" for one that works, ``dead`` or ``ignored``. ``minimum`` and ``maximum`` are inclusive, None without
    a limit; ``documented_maximum`` is a smaller one that another source states. Texts are "" where the sources say
    nothing.
    """

    name: str
    key: str
    form: ValueForm
    type: str
    state: str
    default: str
    effect: str
    needs: str
    conflicts: str
    note: str
    conflict: str
    since: str
    minimum: int | None
    maximum: int | None
    documented_maximum: int | None
    sources: tuple[str, ...]
    checked: date

    @property
    def per_port(self) -> bool:
        """Whether the key names one of the Service's ports."""
        return PORT_PLACEHOLDER in self.name

    def key_for(self, port: int) -> str:
        """The whole key of an annotation for one Service port."""
        return self.key.replace(PORT_PLACEHOLDER, str(port))

    @property
    def default_number(self) -> int:
        """The default as a whole number. Raises FactsError if it is none."""
        if not self.default.isdecimal():
            raise FactsError(f"the default of {self.name} is not a whole number")
        return int(self.default)


def prefix() -> str:
    """What every key begins with."""
    return str(read_mapping("service_annotations.yaml")["prefix"])


@cache
def service_annotations() -> tuple[AnnotationFacts, ...]:
    """Every annotation that the data file knows, in its order."""
    data = read_mapping("service_annotations.yaml")
    return tuple(_facts(name, entry, data["checked"]) for name, entry in data["annotations"].items())


@cache
def service_annotation(name: str) -> AnnotationFacts:
    """One annotation by its name without the prefix. Raises FactsError for a name that the data file does not hold."""
    for facts in service_annotations():
        if facts.name == name:
            return facts
    raise FactsError(f"there is no annotation {name!r}")


def _facts(name: str, entry: dict[str, Any], checked: date) -> AnnotationFacts:
    if unknown := entry.keys() - _FIELDS:
        raise FactsError(f"{name} has {sorted(unknown)}, which nothing reads")

    def text(key: str) -> str:
        value = entry.get(key, "")
        return str(value).lower() if isinstance(value, bool) else str(value)

    return AnnotationFacts(
        name=name,
        key=prefix() + name,
        form=ValueForm(entry["value"]),
        type=text("type"),
        state=text("state"),
        default=text("default"),
        effect=text("effect"),
        needs=text("needs"),
        conflicts=text("conflicts"),
        note=text("note"),
        conflict=text("conflict"),
        since=text("since"),
        minimum=entry.get("min"),
        maximum=entry.get("max"),
        documented_maximum=entry.get("max_in_aks_docs"),
        sources=tuple(entry["source"]),
        checked=checked,
    )
