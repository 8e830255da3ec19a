"""DNS records of hosts, and the zones that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from lib.model.domain_names import canonical
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source


class RecordState(Enum):
    """Whether a record is written."""

    WRITTEN = "written"
    BY_HAND = "by hand"
    OUTSIDE = "outside the zones"
    NO_ZONES = "zones not given"
    DEPENDS = "depends on an object"
    NOBODY = "nobody known"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """The record that a host needs at one address; ``routes`` are those that name the host there.

    ``name`` is the record's name inside ``zone`` (``@``: the zone itself); both are "" where no given zone holds the
    host. ``targets`` are the addresses or host names that it leads to, empty where the input does not hold them.
    ``writer`` is "" where no source names one.
    """

    host: str
    routes: tuple[ObjectRef, ...]
    source: Source
    controller: str
    record: str
    zone: str
    name: str
    targets: tuple[str, ...]
    writer: str
    state: RecordState
    note: str


def zones_of(text: str) -> tuple[str, ...]:
    """The names of DNS zones in a list with commas, in canonical form; empty items are left out."""
    return tuple(dict.fromkeys(found for part in text.split(",") if (found := canonical(part))))


def zone_of(host: str, zones: Iterable[str]) -> tuple[str, str]:
    """The zone that holds a host, the longest of those that do, and the record's name in it; "" and "" for none."""
    name = canonical(host)
    held = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    if not held:
        return "", ""
    zone = max(held, key=len)
    return zone, name[: -len(zone)].removesuffix(".") or "@"
