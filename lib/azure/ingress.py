"""What Azure makes of routes: DNS records of their hosts, and what the annotations of Ingresses say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from lib.azure.dns_records import DnsRecord, Held, RecordState, Zone, zones_holding
from lib.azure.external_dns import EXTERNAL_DNS, annotated_records, external_dns
from lib.facts.ingress_azure import IngressAnnotation, IngressOnAzure, ingress_on_azure, on_azure
from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Ingress
from lib.model.services import Service
from lib.model.snapshot import Snapshot
from lib.routing.route_view import RouteView
from lib.routing.tls import KEY_VAULT_ANNOTATION, key_vault_secret

# What Go's strconv.ParseBool takes, by which the controller reads them.
_BOOLEANS: Final = frozenset(["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"])
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,10}")


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


def dns_records(
    snapshot: Snapshot,
    views: Iterable[RouteView],
    zones: tuple[Zone, ...] = (),
    services: Iterable[Service] | None = None,
) -> tuple[DnsRecord, ...]:
    """The records of all hosts, one for each host, controller, address and zone, in the routes' order; then those that
    annotations ask ExternalDNS for, of the routes' Ingresses and of ``services`` (None: all).

    ``zones`` are those that a person names; without them it is left open whether a record is written.
    """
    views = tuple(views)
    installed = external_dns(snapshot)
    addresses = _addresses(snapshot)
    found: dict[tuple[str, str, tuple[str, ...], Zone | None], DnsRecord] = {}
    for view in views:
        known = on_azure(view.served_by.controller.id) if view.served_by.controller else None
        if view.host and known is not None and view.route.kind in known.dns.kinds:
            targets = addresses.get(view.gateway or view.route, ())
            for held in zones_holding(view.host, zones):
                key = (view.host, known.id, targets, held.zone)
                record = found.get(key) or _record(view, known, targets, held, zones, installed)
                found[key] = replace(record, routes=tuple(dict.fromkeys((*record.routes, view.route))))
    routed = {view.route for view in views}
    ingresses = [i for i in snapshot.ingresses if i.ref in routed]
    asked = annotated_records(ingresses, snapshot.services if services is None else services, zones, installed)
    return (*found.values(), *asked)


def _record(
    view: RouteView,
    known: IngressOnAzure,
    targets: tuple[str, ...],
    held: Held,
    zones: tuple[Zone, ...],
    installed: ObjectRef | None,
) -> DnsRecord:
    writer = known.dns.written or (EXTERNAL_DNS if installed is not None else "")
    if not writer:
        state = RecordState.NOBODY
    elif known.dns.written == "by hand":
        state = RecordState.BY_HAND
    elif not zones:
        state = RecordState.NO_ZONES
    elif held.zone is None:
        state = RecordState.OUTSIDE
    elif not held.settled:
        state = RecordState.UNKNOWN
    else:
        state = RecordState.DEPENDS if known.dns.needs or not known.dns.written else RecordState.WRITTEN
    notes = [known.dns.note, *([held.note] if held.note else [])]
    if installed is not None and not known.dns.written:
        notes.append(f"{installed.kind} {installed.qualified_name} runs; whether it reads routes is in its arguments.")
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
        held.zone,
        held.name,
        targets,
        writer,
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
            fault = _fault(fact, value) or (_secret_fault(ingress) if key == KEY_VAULT_ANNOTATION else "")
            if controller and controller != known.id:
                fault = f"has no effect: {label} serves the Ingress"
            meaning, default = (fact.meaning, fact.default) if fact else ("", "")
            source = ingress.source.at("metadata", "annotations", key)
            yield ReadAnnotation(ingress.ref, source, key, value, meaning, default, fault)


def _secret_fault(ingress: Ingress) -> str:
    """The add-on names the Secret after the Ingress; one that no TLS entry names is never served."""
    name = key_vault_secret(ingress)
    if any(entry.secret == name for entry in ingress.tls):
        return ""
    return f"makes the Secret {name}, which no entry of spec.tls names"


def _fault(fact: IngressAnnotation | None, value: str) -> str:
    if fact is None:
        return "is not known"
    match fact.type:
        case "bool" if value not in _BOOLEANS:
            return "must be true or false"
        case "number" if not _NUMBER.fullmatch(value):
            return "must be a whole number"
        case "number" if fact.range is not None and not fact.range[0] <= int(value) <= fact.range[1]:
            return f"must be from {fact.range[0]} to {fact.range[1]}"
        case "protocol" if value.lower() not in ("http", "https"):
            return "must be http or https"
        case "uri" if not value.startswith("https://"):
            return "must be the address of a certificate in Key Vault, which begins with https://"
        case _:
            return "" if value else "is empty"
