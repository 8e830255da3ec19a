"""How a cluster was made: what its objects show, what a person says of it, and what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_network
from typing import Final

from lib.azure.address_signs import dns_addresses, node_addresses, parsed, pod_addresses, service_addresses
from lib.azure.data_plane import DataPlane, with_mode
from lib.azure.platform import Platform, detect_platform
from lib.azure.signs import Shown, shown_by_signs
from lib.facts import cluster_profile as facts
from lib.facts.engines import engine_facts
from lib.facts.internet import PRIVATE
from lib.facts.networks import network_facts
from lib.facts.outbound import outbound_types
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot
from lib.policy.engines import detect_engine

_PREFIXES_MAX: Final = 20
_API_SERVER: Final = ObjectRef("default", "kubernetes", "Service")
_OVERLAY: Final = "azure_cni_overlay"
_OVERLAY_CILIUM: Final = "azure_cni_overlay_cilium"


class Basis(Enum):
    """On what a value stands."""

    SHOWN = "shown by the input"
    CHOSEN = "chosen"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing to know of a cluster.

    ``value`` is an id ("" while unknown; for addresses their text), ``text`` the same for people. ``evidence`` is a
    sentence part: what shows the value, or why nothing does. ``source`` is the object that shows it, ``beside`` are
    others that do, or those whose signs differ. ``shown`` is the value that the input shows where a person chose
    another one, else "".
    """

    name: str
    label: str
    value: str
    text: str
    basis: Basis
    evidence: str
    source: Source | None = None
    shown: str = ""
    beside: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterProfile:
    """What is known of a cluster, each aspect with where it is known from; ``platform`` is where it runs."""

    platform: Platform
    network_model: Aspect
    policy_engine: Aspect
    data_plane: Aspect
    outbound_type: Aspect
    node_addresses: Aspect
    pod_addresses: Aspect
    service_addresses: Aspect
    dns_addresses: Aspect
    local_dns: Aspect
    api_server: Aspect

    @property
    def aspects(self) -> tuple[Aspect, ...]:
        """All of them, in the order in which they are shown."""
        return (
            self.network_model,
            self.policy_engine,
            self.data_plane,
            self.outbound_type,
            self.node_addresses,
            self.pod_addresses,
            self.service_addresses,
            self.dns_addresses,
            self.local_dns,
            self.api_server,
        )

    @property
    def services_plane(self) -> DataPlane:
        """Who carries out Services, for those who ask nothing else of the cluster."""
        found = self.data_plane
        return DataPlane(found.value, found.evidence, found.source)


CHOOSABLE: Final = ("network_model", "policy_engine", "data_plane", "outbound_type", "api_server")
"""The aspects that a person can choose, by name."""
RANGES: Final = ("node_addresses", "pod_addresses", "service_addresses", "dns_addresses")
"""The aspects for which a person can give prefixes, with commas between."""


def choices(name: str) -> Mapping[str, str]:
    """The values that an aspect of ``CHOOSABLE`` can have, each with its words."""
    match name:
        case "network_model":
            return {n.id: n.label for n in network_facts()}
        case "policy_engine":
            return {e.id: e.label for e in engine_facts()}
        case "outbound_type":
            return {t.id: t.id for t in outbound_types()}
        case _:
            return {v.id: v.text for v in facts.aspect(name).values}


def cluster_profile(snapshot: Snapshot, chosen: Mapping[str, str] | None = None) -> ClusterProfile:
    """The profile of a cluster.

    ``chosen`` holds what a person says, by the aspect's name; it counts before what the input shows, which is then
    told beside it. A value that is none of ``choices``, and for ``RANGES`` one that is no prefix, is not taken.
    """
    found = chosen or {}
    platform = detect_platform(snapshot)
    plane = with_mode(shown_by_signs(snapshot, "data_plane"), snapshot)
    of_plane = facts.aspect("data_plane")
    data_plane = _chosen(_aspect("data_plane", of_plane.label, plane, of_plane.text_of(plane.value)), found)
    outbound = Shown("", "no object in a cluster shows it; Azure knows it")
    return ClusterProfile(
        platform=platform,
        network_model=_chosen(_network_model(snapshot, data_plane.value, platform), found),
        policy_engine=_chosen(_policy_engine(snapshot), found),
        data_plane=data_plane,
        outbound_type=_chosen(_aspect("outbound_type", "Outbound type", outbound), found),
        node_addresses=_range("node_addresses", "Node addresses", node_addresses(snapshot), found),
        pod_addresses=_range("pod_addresses", "Pod addresses", pod_addresses(snapshot), found),
        service_addresses=_range("service_addresses", "Service addresses", service_addresses(snapshot), found),
        dns_addresses=_range("dns_addresses", "DNS address", dns_addresses(snapshot), found),
        local_dns=_by_signs(snapshot, "local_dns"),
        api_server=_chosen(_api_server(snapshot), found),
    )


def _aspect(name: str, label: str, shown: Shown, text: str = "") -> Aspect:
    """What the input shows; ``text`` is the value for people where it differs."""
    if not shown.value:
        return Aspect(name, label, "", "unknown", Basis.UNKNOWN, shown.evidence, shown.source, "", shown.beside)
    words = text or shown.value
    return Aspect(name, label, shown.value, words, Basis.SHOWN, shown.evidence, shown.source, "", shown.beside)


def _chosen(shown: Aspect, chosen: Mapping[str, str]) -> Aspect:
    value = chosen.get(shown.name, "")
    texts = choices(shown.name)
    return shown if value not in texts or value == shown.value else _instead(shown, value, texts[value])


def _range(name: str, label: str, found: Shown, chosen: Mapping[str, str]) -> Aspect:
    shown, value = _aspect(name, label, found), prefixes_of(chosen.get(name, ""))
    return _instead(shown, value, value) if value else shown


def _instead(shown: Aspect, value: str, text: str) -> Aspect:
    """What a person chose, with what the input shows beside it."""
    other = f"the input shows {shown.text}: {shown.evidence}" if shown.value else shown.evidence
    evidence = f"you chose it; {other}"
    return Aspect(shown.name, shown.label, value, text, Basis.CHOSEN, evidence, shown.source, shown.value, shown.beside)


def prefixes_of(text: str) -> str:
    """Prefixes with commas between in their canonical form; "" where one of them can't be read, or there are many."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return ", ".join(str(ip_network(part, strict=False)) for part in parts) if len(parts) <= _PREFIXES_MAX else ""
    except ValueError:
        return ""


def _by_signs(snapshot: Snapshot, name: str) -> Aspect:
    known, found = facts.aspect(name), shown_by_signs(snapshot, name)
    return _aspect(name, known.label, found, known.text_of(found.value))


def _network_model(snapshot: Snapshot, data_plane: str, platform: Platform) -> Aspect:
    found = shown_by_signs(snapshot, "network_model")
    if not found.value and platform.is_elsewhere:
        why = f"the models are AKS's, and {platform.evidence} ({platform.text})"
        found = Shown("", why, None, (platform.source,) if platform.source else ())
    value = _OVERLAY_CILIUM if found.value == _OVERLAY and data_plane == "cilium" else found.value
    shown = Shown(value, found.evidence, found.source, found.beside)
    return _aspect("network_model", facts.aspect("network_model").label, shown, choices("network_model").get(value, ""))


def _policy_engine(snapshot: Snapshot) -> Aspect:
    found = detect_engine(snapshot)
    shown = Shown(found.name or "", found.evidence, found.source, found.beside)
    return _aspect("policy_engine", "Policy engine", shown, choices("policy_engine").get(shown.value, ""))


def _api_server(snapshot: Snapshot) -> Aspect:
    known = facts.aspect("api_server")
    seen: dict[str, tuple[str, Source]] = {}
    for found in snapshot.slices_by_service.get(_API_SERVER, ()):
        texts = (str(text) for endpoint in found.endpoints for text in endpoint.addresses)
        for address in map(parsed, texts):
            if address is not None:
                seen.setdefault("private" if address in PRIVATE else "public", (str(address), found.source))
    if not seen:
        shown = Shown("", "no EndpointSlice of the Service default/kubernetes is in the input")
    elif len(seen) > 1:
        told = " and ".join(f"{address} ({value})" for value, (address, _) in sorted(seen.items()))
        places = tuple(dict.fromkeys(source for _, source in seen.values()))
        shown = Shown("", f"the signs differ: the Service default/kubernetes leads to {told}", None, places)
    else:
        ((value, (leads_to, source)),) = seen.items()
        shown = Shown(value, f"the Service default/kubernetes leads to {leads_to}", source)
    return _aspect("api_server", known.label, shown, known.text_of(shown.value))
