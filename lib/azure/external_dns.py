"""The records that annotations ask ExternalDNS for, which AKS does not bring along.

Source: docs/annotations/annotations.md of kubernetes-sigs/external-dns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lib.azure.dns_records import DnsRecord, Held, RecordState, Zone, zones_holding
from lib.model.labels import Labels
from lib.model.refs import ObjectRef, Source
from lib.model.routes import Ingress
from lib.model.services import Service, ServiceType
from lib.model.snapshot import Snapshot
from lib.routing.reach import address_or_none

EXTERNAL_DNS: Final = "ExternalDNS"
# The second one is the default since v0.22.0.
_HOSTNAME: Final = ("external-dns.alpha.kubernetes.io/hostname", "external-dns.kubernetes.io/hostname")
_NAME: Final = "external-dns"
_NAME_LABEL: Final = "app.kubernetes.io/name"
_ADD_ON: Final = "app-routing-system"


def external_dns(snapshot: Snapshot) -> ObjectRef | None:
    """A workload that is ExternalDNS by its name or label, other than the add-on's; None where the input has none."""
    for workload in snapshot.workloads:
        named = workload.ref.name == _NAME or workload.labels.get(_NAME_LABEL) == _NAME
        if named and workload.namespace != _ADD_ON:
            return workload.ref
    return None


def annotated_records(
    ingresses: Iterable[Ingress], services: Iterable[Service], zones: tuple[Zone, ...], installed: ObjectRef | None
) -> Iterator[DnsRecord]:
    """A record for each name that an annotation asks for; ``installed`` is ExternalDNS in the input, None for none."""
    for ingress in ingresses:
        targets = tuple(a.ip or a.hostname for a in ingress.addresses)
        for key, host in _hosts(ingress.annotations):
            source = ingress.source.at("metadata", "annotations", key)
            for held in zones_holding(host, zones):
                yield _record(ingress.ref, host, targets, held, zones, installed, source)
    for service in services:
        if service.type is ServiceType.LOAD_BALANCER:
            targets = tuple(i.ip or i.hostname for i in service.load_balancer_ingress)
            for key, host in _hosts(service.annotations):
                source = service.source.at("metadata", "annotations", key)
                for held in zones_holding(host, zones):
                    yield _record(service.ref, host, targets, held, zones, installed, source)


def _hosts(annotations: Labels) -> Iterator[tuple[str, str]]:
    for key in _HOSTNAME:
        for host in annotations.get(key, "").split(","):
            if host.strip():
                yield key, host.strip()


def _record(
    ref: ObjectRef,
    host: str,
    targets: tuple[str, ...],
    held: Held,
    zones: tuple[Zone, ...],
    installed: ObjectRef | None,
    source: Source,
) -> DnsRecord:
    state = RecordState.DEPENDS if held.zone else RecordState.OUTSIDE if zones else RecordState.NO_ZONES
    if held.zone and not held.settled:
        state = RecordState.UNKNOWN
    runs = "of which the input shows no workload" if installed is None else f"which {installed.qualified_name} may be"
    notes = [f"Asked for by an annotation. Needs {EXTERNAL_DNS}, {runs}, with this kind among its sources."]
    notes += [held.note] if held.note else []
    if not targets:
        notes.append("The address that it leads to is not in the input.")
    aliased = bool(targets) and all(address_or_none(target) is None for target in targets)
    record = "CNAME" if aliased else "A"
    return DnsRecord(
        host, (ref,), source, EXTERNAL_DNS, record, held.zone, held.name, targets, EXTERNAL_DNS, state, " ".join(notes)
    )
