"""What Azure makes of routes: DNS records of their hosts, and what the annotations of Ingresses say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import Final

from lib.facts.ingress_azure import IngressAnnotation, IngressOnAzure, ingress_on_azure, on_azure
from lib.model.domain_names import canonical
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Ingress
from lib.model.snapshot import Snapshot
from lib.routing.route_view import RouteView

_DIGITS_UP_TO: Final = 10


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


@dataclass(frozen=True, slots=True)
class ReadAnnotation:
    """One annotation of an Ingress, and what is wrong with it ("": nothing)."""

    ingress: ObjectRef
    source: Source
    name: str
    value: str
    meaning: str
    default: str
    fault: str


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


def dns_records(snapshot: Snapshot, views: Iterable[RouteView], zones: tuple[str, ...] = ()) -> tuple[DnsRecord, ...]:
    """The records of all hosts, one for each host, controller and address, in the routes' order.

    ``zones`` are those that a person names; without them it is left open whether a record is written.
    """
    addresses = _addresses(snapshot)
    found: dict[tuple[str, str, tuple[str, ...]], DnsRecord] = {}
    for view in views:
        known = on_azure(view.served_by.controller.id) if view.served_by.controller else None
        if view.host and known is not None and view.route.kind in known.dns.kinds:
            targets = addresses.get(view.gateway or view.route, ())
            key = (view.host, known.id, targets)
            record = found.get(key) or _record(view, known, targets, zones)
            found[key] = replace(record, routes=tuple(dict.fromkeys((*record.routes, view.route))))
    return tuple(found.values())


def _record(view: RouteView, known: IngressOnAzure, targets: tuple[str, ...], zones: tuple[str, ...]) -> DnsRecord:
    zone, name = zone_of(view.host, zones)
    if not known.dns.written:
        state = RecordState.NOBODY
    elif known.dns.written == "by hand":
        state = RecordState.BY_HAND
    elif not zones:
        state = RecordState.NO_ZONES
    elif not zone:
        state = RecordState.OUTSIDE
    else:
        state = RecordState.DEPENDS if known.dns.needs else RecordState.WRITTEN
    notes = [known.dns.note]
    if known.dns.needs:
        notes.append(f"Needs {known.dns.needs}.")
    if any(":" in target for target in targets):
        notes.append("No source says which record an IPv6 address gets.")
    if known.dns.zones_max is not None and len(zones) > known.dns.zones_max:
        notes.append(f"At most {known.dns.zones_max} zones can be attached.")
    if not targets:
        notes.append("The address that it leads to is not in the input.")
    return DnsRecord(
        view.host,
        (view.route,),
        view.source,
        view.served_by.label,
        known.dns.record,
        zone,
        name,
        targets,
        known.dns.written,
        state,
        " ".join(notes),
    )


def _addresses(snapshot: Snapshot) -> Mapping[ObjectRef, tuple[str, ...]]:
    found = {i.ref: tuple(a.ip or a.hostname for a in i.addresses) for i in snapshot.ingresses}
    return found | {gateway.ref: gateway.addresses for gateway in snapshot.gateways}


def annotations_of(snapshot: Snapshot, views: Iterable[RouteView]) -> tuple[ReadAnnotation, ...]:
    """Every annotation of an Ingress that belongs to a controller of AKS, with what is wrong with it."""
    served = {view.route: view.served_by for view in views}
    found = []
    for ingress in snapshot.ingresses:
        answer = served.get(ingress.ref)
        controller = answer.controller.id if answer and answer.controller else ""
        found += list(_read(ingress, controller, answer.label if answer else "unknown"))
    return tuple(found)


def _read(ingress: Ingress, controller: str, label: str) -> Iterator[ReadAnnotation]:
    for key, value in ingress.annotations.items():
        for known in ingress_on_azure():
            if not known.prefix or not key.startswith(known.prefix):
                continue
            name = key.removeprefix(known.prefix)
            fact = next((a for a in known.annotations if a.name == name), None)
            if fact is None and known.id == "app-routing-nginx":
                # Its prefix is that of everything in AKS.
                continue
            fault = _fault(fact, value)
            if controller and controller != known.id:
                fault = f"has no effect: {label} serves the Ingress"
            meaning, default = (fact.meaning, fact.default) if fact else ("", "")
            source = ingress.source.at("metadata", "annotations", key)
            yield ReadAnnotation(ingress.ref, source, key, value, meaning, default, fault)


def _fault(fact: IngressAnnotation | None, value: str) -> str:
    if fact is None:
        return "is not known"
    match fact.type:
        case "bool" if value not in ("true", "false"):
            return "must be true or false"
        case "number" if not (value.isascii() and value.isdecimal() and len(value) <= _DIGITS_UP_TO):
            return "must be a whole number"
        case "number" if fact.range is not None and not fact.range[0] <= int(value) <= fact.range[1]:
            return f"must be from {fact.range[0]} to {fact.range[1]}"
        case "protocol" if value not in ("http", "https"):
            return "must be http or https"
        case "uri" if not value.startswith("https://"):
            return "must be the address of a certificate in Key Vault, which begins with https://"
        case _:
            return "" if value else "is empty"
