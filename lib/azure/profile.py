"""How a cluster was made: what its objects show, what a person says of it, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Final

from lib.azure.data_plane import DataPlane
from lib.azure.signs import shown_by_signs
from lib.facts import cluster_profile as facts
from lib.facts.engines import engine_facts
from lib.facts.internet import PRIVATE
from lib.facts.networks import network_facts
from lib.facts.outbound import outbound_types
from lib.model.refs import ObjectRef, Source
from lib.model.sets import Address, AddressSet
from lib.model.snapshot import Snapshot
from lib.policy.engines import detect_engine

_RANGES_NAMED: Final = 3
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
    sentence part: what shows the value, or why nothing does. ``source`` is the object that shows it. ``shown`` is the
    value that the input shows where a person chose another one, else "".
    """

    name: str
    label: str
    value: str
    text: str
    basis: Basis
    evidence: str
    source: Source | None = None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class ClusterProfile:
    """What is known of a cluster, each aspect with where it is known from."""

    network_model: Aspect
    policy_engine: Aspect
    data_plane: Aspect
    outbound_type: Aspect
    node_addresses: Aspect
    pod_addresses: Aspect
    service_addresses: Aspect
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
            self.api_server,
        )

    @property
    def services_plane(self) -> DataPlane:
        """Who carries out Services, for those who ask nothing else of the cluster."""
        found = self.data_plane
        return DataPlane(found.value, found.evidence, found.source)


CHOOSABLE: Final = ("network_model", "policy_engine", "data_plane", "outbound_type", "api_server")
"""The aspects that a person can choose, by name."""
RANGES: Final = ("node_addresses", "pod_addresses", "service_addresses")
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
    data_plane = _chosen(_by_signs(snapshot, "data_plane"), found)
    return ClusterProfile(
        network_model=_chosen(_network_model(snapshot, data_plane.value), found),
        policy_engine=_chosen(_policy_engine(snapshot), found),
        data_plane=data_plane,
        outbound_type=_chosen(
            _unknown("outbound_type", "Outbound type", "no object in a cluster shows it; Azure knows it"), found
        ),
        node_addresses=_chosen_range(_node_addresses(snapshot), found),
        pod_addresses=_chosen_range(_pod_addresses(snapshot), found),
        service_addresses=_chosen_range(_service_addresses(snapshot), found),
        api_server=_chosen(_api_server(snapshot), found),
    )


def _unknown(name: str, label: str, why: str) -> Aspect:
    return Aspect(name, label, "", "unknown", Basis.UNKNOWN, why)


def _chosen(shown: Aspect, chosen: Mapping[str, str]) -> Aspect:
    value = chosen.get(shown.name, "")
    texts = choices(shown.name)
    if value not in texts or value == shown.value:
        return shown
    other = f"; the input shows {shown.text}: {shown.evidence}" if shown.value else ""
    evidence = f"you chose it{other}"
    return Aspect(shown.name, shown.label, value, texts[value], Basis.CHOSEN, evidence, shown.source, shown.value)


def prefixes_of(text: str) -> str:
    """Prefixes with commas between in their canonical form; "" where one of them can't be read, or there are many."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return ", ".join(str(ip_network(part, strict=False)) for part in parts) if len(parts) <= _PREFIXES_MAX else ""
    except ValueError:
        return ""


def _chosen_range(shown: Aspect, chosen: Mapping[str, str]) -> Aspect:
    value = prefixes_of(chosen.get(shown.name, ""))
    if not value:
        return shown
    other = f"; the input shows {shown.text}: {shown.evidence}" if shown.value else ""
    evidence = f"you chose it{other}"
    return Aspect(shown.name, shown.label, value, value, Basis.CHOSEN, evidence, shown.source, shown.value)


def _by_signs(snapshot: Snapshot, name: str) -> Aspect:
    known, found = facts.aspect(name), shown_by_signs(snapshot, name)
    if not found.value:
        return _unknown(name, known.label, found.evidence)
    text = known.text_of(found.value)
    return Aspect(name, known.label, found.value, text, Basis.SHOWN, found.evidence, found.source)


def _network_model(snapshot: Snapshot, data_plane: str) -> Aspect:
    found = _by_signs(snapshot, "network_model")
    if not found.value:
        return found
    value = _OVERLAY_CILIUM if found.value == _OVERLAY and data_plane == "cilium" else found.value
    text = choices("network_model")[value]
    return Aspect(found.name, found.label, value, text, Basis.SHOWN, found.evidence, found.source)


def _policy_engine(snapshot: Snapshot) -> Aspect:
    found = detect_engine(snapshot)
    label = "Policy engine"
    if found.name is None:
        return _unknown("policy_engine", label, found.evidence)
    text = choices("policy_engine")[found.name]
    return Aspect("policy_engine", label, found.name, text, Basis.SHOWN, found.evidence, found.source)


def _node_addresses(snapshot: Snapshot) -> Aspect:
    label, name = "Node addresses", "node_addresses"
    found = [
        (address, node)
        for node in snapshot.nodes
        for text in node.addresses_of("InternalIP")
        if (address := _address(text)) is not None
    ]
    if not found:
        return _unknown(name, label, "no node with an InternalIP is in the input")
    return _addresses(
        name,
        label,
        (a for a, _ in found),
        f"the InternalIP of {_nodes(len({n.name for _, n in found}))}",
        found[0][1].source,
    )


def _pod_addresses(snapshot: Snapshot) -> Aspect:
    label, name = "Pod addresses", "pod_addresses"
    nodes = [node for node in snapshot.nodes if node.pod_cidrs]
    if nodes:
        blocks = AddressSet.from_networks(cidr for node in nodes for cidr in node.pod_cidrs)
        text = _named([f"{first}-{last}" for first, last in islice(blocks.ranges(), _RANGES_NAMED + 1)])
        return Aspect(name, label, text, text, Basis.SHOWN, f"the podCIDRs of {_nodes(len(nodes))}", nodes[0].source)
    pods = [pod for pod in snapshot.pods if pod.ips and not pod.host_network]
    if not pods:
        return _unknown(name, label, "the input holds neither podCIDRs of nodes nor addresses of pods")
    addresses = [address for pod in pods for address in pod.ips]
    return _addresses(name, label, addresses, f"the addresses of {len(pods):,} pods", pods[0].source)


def _service_addresses(snapshot: Snapshot) -> Aspect:
    label, name = "Service addresses", "service_addresses"
    found = [(address, service) for service in snapshot.services for address in service.cluster_ips]
    if not found:
        return _unknown(name, label, "no Service in the input has a cluster IP")
    how = f"the cluster IPs of {len(found):,} Services; the service CIDR itself is in no object"
    return _addresses(name, label, (a for a, _ in found), how, found[0][1].source)


def _api_server(snapshot: Snapshot) -> Aspect:
    known = facts.aspect("api_server")
    for found in snapshot.slices_by_service.get(_API_SERVER, ()):
        for endpoint in found.endpoints:
            for text in endpoint.addresses:
                address = _address(str(text))
                if address is not None:
                    value = "private" if address in PRIVATE else "public"
                    how = f"the Service default/kubernetes leads to {address}"
                    return Aspect(
                        "api_server", known.label, value, known.text_of(value), Basis.SHOWN, how, found.source
                    )
    return _unknown("api_server", known.label, "no EndpointSlice of the Service default/kubernetes is in the input")


def _addresses(name: str, label: str, addresses: Iterable[Address], how: str, source: Source) -> Aspect:
    """First and last of the addresses, by family: the range that they come from may be larger."""
    by_version: dict[int, list[Address]] = {}
    for address in addresses:
        by_version.setdefault(address.version, []).append(address)
    spans = []
    for _, found in sorted(by_version.items()):
        first, last = min(found, key=int), max(found, key=int)
        spans.append(str(first) if first == last else f"{first}-{last}")
    text = ", ".join(spans)
    return Aspect(name, label, text, text, Basis.SHOWN, how, source)


def _named(texts: list[str]) -> str:
    return ", ".join(texts[:_RANGES_NAMED]) + (" and more" if len(texts) > _RANGES_NAMED else "")


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count:,} nodes"


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
