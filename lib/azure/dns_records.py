"""DNS records of hosts, and the zones that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from lib.model.domain_names import canonical
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source

_RESOURCE_ID: Final = re.compile(r".*/providers/microsoft\.network/(dnszones|privatednszones)/([^/]+)/?", re.IGNORECASE)

_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class ZoneKind(Enum):
    """Who is answered from a zone; the value is the word for people."""

    PUBLIC = "public"
    PRIVATE = "private"
    NOT_SAID = "not said"


@dataclass(frozen=True, slots=True)
class Zone:
    """A DNS zone of Azure's; a public and a private one may have one name, and hold different records."""

    name: str
    kind: ZoneKind = ZoneKind.NOT_SAID


class RecordState(Enum):
    """Whether a record is written."""

    WRITTEN = "written"
    BY_HAND = "by hand"
    OUTSIDE = "outside the zones"
    NO_ZONES = "zones not given"
    DEPENDS = "depends on an object"
    UNKNOWN = "unknown"
    NOBODY = "no writer known"

    def counted(self, number: int) -> str:
        """How many records stand so, in words."""
        return _COUNTED[self].format(number=number, are="is" if number == 1 else "are")


_COUNTED: Final = {
    RecordState.WRITTEN: "{number:,} {are} written for you",
    RecordState.BY_HAND: "{number:,} {are} to be written by hand",
    RecordState.OUTSIDE: "{number:,} {are} outside the zones, and not written",
    RecordState.NO_ZONES: "{number:,} hang on the zones, which are not given",
    RecordState.DEPENDS: "{number:,} hang on an object or setting that is not in the input",
    RecordState.UNKNOWN: "of {number:,} it is not known which zone gets it",
    RecordState.NOBODY: "of {number:,} no source says who writes it",
}


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """The record that a host needs at one address in one zone; ``routes`` are those that name the host there.

    ``name`` is the record's name inside ``zone`` (``@``: the zone itself); both are "" and None where no given zone
    holds the host. ``targets`` are the addresses or host names that it leads to, empty where the input does not hold
    them. ``writer`` is "" where no source names one.
    """

    host: str
    routes: tuple[ObjectRef, ...]
    source: Source
    controller: str
    record: str
    zone: Zone | None
    name: str
    targets: tuple[str, ...]
    writer: str
    state: RecordState
    note: str


@dataclass(frozen=True, slots=True)
class Held:
    """One zone that holds a host, and the record's name there; ``note`` says what is open about it, "" for nothing."""

    zone: Zone | None
    name: str
    note: str = ""
    settled: bool = True


_NOWHERE: Final = Held(None, "")
_ANSWERS: Final = "A private zone answers only in the virtual networks that are linked to it."
_NOT_SAID: Final = "Whether the zone is public or private is not said: write public:{name} or private:{name}."


def zones_of(text: str) -> tuple[Zone, ...]:
    """The DNS zones of a list with commas, names in canonical form; what is no zone is left out.

    A zone is a name, ``public:NAME``, ``private:NAME`` or its resource ID, which says which it is.
    """
    return tuple(dict.fromkeys(found for part in text.split(",") if _is_name((found := _zone(part.strip())).name)))


def no_zones_of(text: str) -> tuple[str, ...]:
    """The items of such a list that are no zone, as they are written."""
    parts = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part and not _is_name(_zone(part).name)))


def _is_name(name: str) -> bool:
    return all(label and set(label) <= _LETTERS for label in name.split("."))


def _zone(text: str) -> Zone:
    if identifier := _RESOURCE_ID.fullmatch(text):
        private = identifier[1].lower() == "privatednszones"
        return Zone(canonical(identifier[2]), ZoneKind.PRIVATE if private else ZoneKind.PUBLIC)
    word, colon, name = text.partition(":")
    for kind in (ZoneKind.PUBLIC, ZoneKind.PRIVATE):
        if colon and word.strip().lower() == kind.value:
            return Zone(canonical(name), kind)
    return Zone(canonical(text))


def zones_holding(host: str, zones: Iterable[Zone]) -> tuple[Held, ...]:
    """The zones that get a host's record: of each kind the longest that holds it; one without a zone for none.

    The add-on runs one ExternalDNS for its public and one for its private zones, each of which writes the records of
    all hosts in its own. Source: ``pkg/manifests/external_dns.go`` of aks-app-routing-operator.
    """
    name = canonical(host)
    holding = [zone for zone in zones if name == zone.name or name.endswith(f".{zone.name}")]
    longest = {
        kind: max((z for z in holding if z.kind is kind), key=lambda z: len(z.name), default=None) for kind in ZoneKind
    }
    open_ = longest[ZoneKind.NOT_SAID]
    said = [zone for kind, zone in longest.items() if zone is not None and kind is not ZoneKind.NOT_SAID]
    found = [_held(name, zone, open_) for zone in said]
    if open_ is not None:
        note = _NOT_SAID.format(name=open_.name)
        longer = [zone for zone in said if len(zone.name) >= len(open_.name)]
        if longer:
            note += (
                " If it is "
                + " or ".join(f"{z.kind.value}, {z.name} of that kind gets the record" for z in longer)
                + "."
            )
        found.append(Held(open_, _inside(name, open_), note, settled=not longer))
    return tuple(found) or (_NOWHERE,)


def _held(name: str, zone: Zone, open_: Zone | None) -> Held:
    """What a zone of a known kind gets: nothing, if a longer one of unknown kind is of the same."""
    note = _ANSWERS if zone.kind is ZoneKind.PRIVATE else ""
    taken = open_ is not None and len(open_.name) > len(zone.name)
    if taken and open_ is not None:
        note = f"{note} {open_.name} gets the record instead, if it is {zone.kind.value} too.".strip()
    return Held(zone, _inside(name, zone), note, settled=not taken)


def _inside(name: str, zone: Zone) -> str:
    return name[: -len(zone.name)].removesuffix(".") or "@"
