"""What each way in of AKS does on Azure: the way of a packet, DNS records, and the meaning of annotations."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from lib.facts.files import read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class IngressAnnotation:
    """One annotation, without its prefix.

    ``type`` is ``text``, ``uri``, ``number``, ``bool`` or ``protocol``; ``default`` is "" where there is none.
    ``range`` is the least and the greatest number, None where no bounds are stated.
    """

    name: str
    type: str
    default: str
    meaning: str
    range: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class DnsWriting:
    """Which records become of hosts; ``written`` is "" where no source names anybody who writes them.

    ``kinds`` are those whose hosts count; ``zones_max`` is None where no limit is stated. ``needs`` is an object
    without which nothing is written, "" where there is none.
    """

    written: str
    record: str
    kinds: tuple[str, ...]
    zones_max: int | None
    needs: str
    note: str


@dataclass(frozen=True, slots=True)
class OnNetwork:
    """What is said of a way in on some network models, by their ids; ``fits`` is False where it can't be used there."""

    models: tuple[str, ...]
    fits: bool
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Listeners:
    """The listeners of a Gateway that a controller takes."""

    ports: tuple[int, ...]
    protocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IngressOnAzure:
    """One controller; ``id`` is that of ``facts.ingress``. ``conflict`` is "" where the sources agree.

    ``listeners`` is None where the documentation does not bound them.
    """

    id: str
    way: tuple[str, ...]
    dns: DnsWriting
    tls: str
    prefix: str
    annotations: tuple[IngressAnnotation, ...]
    networks: tuple[OnNetwork, ...]
    conflict: str
    sources: tuple[str, ...]
    checked: date
    listeners: Listeners | None = None


@cache
def ingress_on_azure() -> tuple[IngressOnAzure, ...]:
    """Every controller that the data file knows."""
    return tuple(
        IngressOnAzure(
            id=entry["id"],
            way=tuple(entry["way"]),
            dns=DnsWriting(
                entry["dns"]["written"] or "",
                entry["dns"]["record"],
                tuple(entry["dns"]["from"]),
                entry["dns"]["zones_max"],
                entry["dns"].get("needs", ""),
                entry["dns"]["note"],
            ),
            tls=entry["tls"],
            prefix=entry["prefix"],
            annotations=tuple(_annotation(a) for a in entry["annotations"]),
            networks=tuple(
                OnNetwork(tuple(n["models"]), n["fits"], n["says"], n["source"]) for n in entry.get("networks", ())
            ),
            conflict=entry.get("conflict", ""),
            sources=tuple(entry["sources"]),
            checked=entry["checked"],
            listeners=_listeners(entry),
        )
        for entry in read_list("ingress_azure.yaml")
    )


def _listeners(entry: dict[str, Any]) -> Listeners | None:
    found = entry.get("listeners")
    return Listeners(tuple(found["ports"]), tuple(found["protocols"])) if found else None


def _annotation(entry: dict[str, Any]) -> IngressAnnotation:
    bounds = tuple(entry["range"]) if "range" in entry else None
    return IngressAnnotation(entry["name"], entry["type"], entry["default"], entry["meaning"], bounds)


def on_azure(controller_id: str) -> IngressOnAzure | None:
    """What a controller does on Azure; None for one that the data file does not hold."""
    return next((found for found in ingress_on_azure() if found.id == controller_id), None)
