"""What Azure makes of routes, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lib.azure.dns_records import DnsRecord
from lib.azure.ingress import ReadAnnotation
from lib.facts.ingress import IngressController
from lib.facts.ingress_azure import on_azure
from lib.facts.sources import describe
from lib.tables.row import Locate, Row


def record_rows(found: Iterable[DnsRecord], locate: Locate) -> list[Row]:
    """The DNS records of hosts."""
    return [
        {
            "host": each.host,
            "record": each.record,
            "zone": each.zone.name if each.zone else "",
            "zone_kind": each.zone.kind.value if each.zone else "",
            "name": each.name,
            "leads_to": ", ".join(each.targets),
            "written": each.state.value,
            "writer": each.writer,
            "routes": ", ".join(route.qualified_name for route in each.routes),
            "note": each.note,
            "source": locate(each.source),
        }
        for each in found
    ]


def faulty_first(found: Iterable[ReadAnnotation]) -> list[ReadAnnotation]:
    """The order of the rows of annotations."""
    return sorted(found, key=lambda each: not each.fault)


def annotation_rows(found: Iterable[ReadAnnotation], locate: Locate) -> list[Row]:
    """The annotations of Ingresses, faulty ones first."""
    return [
        {
            "state": "warning" if each.fault else "ok",
            "ingress": each.ingress.qualified_name,
            "annotation": each.name,
            "value": each.value,
            "meaning": each.meaning,
            "default": each.default,
            "reason": each.fault,
            "source": locate(each.source),
        }
        for each in faulty_first(found)
    ]


def way_in_rows(controllers: Iterable[IngressController], day: date, network_model: str = "") -> list[Row]:
    """The controllers that serve routes: how they are supported on ``day``, and how a packet goes through them.

    ``network_model`` is an id of ``facts.networks``; of "" nothing is said.
    """
    rows: list[Row] = []
    for controller in controllers:
        known = on_azure(controller.id)
        network = [n for n in known.networks if network_model in n.models] if known else []
        found = (*controller.sources, *(known.sources if known else ()), *(n.source for n in network))
        sources = dict.fromkeys(found)
        rows.append(
            {
                "controller": controller.label,
                "support": controller.support(day).text,
                "way": " → ".join(known.way) if known else "",
                "certificates": known.tls if known else "",
                "does_not_fit": " ".join(n.says for n in network if not n.fits),
                "on_this_network": " ".join(n.says for n in network if n.fits),
                "sources_differ": known.conflict if known else "",
                "stated_in": describe(tuple(sources)),
            }
        )
    return rows
