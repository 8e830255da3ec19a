"""What one cluster must reach outside: the documented destinations for its features, with its region filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lib.facts.egress_needs import Client, ClientPods, EgressNeed, Feature, NeedKind, client_pod, egress_needs, features
from lib.model.cluster import Pod, Workload
from lib.model.domain_names import canonical
from lib.model.refs import ObjectRef, Source
from lib.model.snapshot import Snapshot

_PLACEHOLDER: Final = re.compile(r"<(?:location|region|cluster-region-name)>", re.IGNORECASE)
_REGION: Final = re.compile(r"[a-z0-9]{2,40}")
_SERVICE_TAG: Final = " (service tag)"
_REGION_LABEL: Final = "topology.kubernetes.io/region"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is known of the cluster: ids of its features and of the conditions that it meets.

    ``private`` is None where nobody says whether it is a private cluster; then nothing is left out for it. ``region``
    is "" while unknown. ``dns_servers`` are custom DNS servers, ``api_server`` the API server's addresses.
    """

    features: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    private: bool | None = None
    region: str = ""
    dns_servers: tuple[str, ...] = ()
    api_server: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """One documented destination for one cluster.

    ``hosts`` are its names or addresses with the region filled in; empty where something is missing, which ``missing``
    says. For networks they are the documented alternatives.
    """

    need: EgressNeed
    hosts: tuple[str, ...]
    missing: str = ""

    @property
    def is_service_tag(self) -> bool:
        """Whether it is a service tag that can be allowed instead of the names of the same feature."""
        return self.need.destination.endswith(_SERVICE_TAG)


@dataclass(frozen=True, slots=True)
class ShownFeature:
    """A feature that the input shows, by which object."""

    feature: str
    evidence: str
    source: Source


def destinations(choice: Choice) -> tuple[Destination, ...]:
    """The destinations that the chosen features need, the conditional ones only where their condition is chosen."""
    wanted = _with_used(choice.features)
    return tuple(
        _destination(need, choice)
        for need in egress_needs()
        if need.feature in wanted
        and need.kind is not NeedKind.REFERENCE
        and (not need.condition or need.condition in choice.conditions)
        and (need.private or choice.private is not True)
    )


def _with_used(chosen: Iterable[str]) -> frozenset[str]:
    names = set(chosen)
    found = {f.id for f in features() if f.always or f.id in names}
    return frozenset(found | {used for f in features() if f.id in found for used in f.uses})


def _destination(need: EgressNeed, choice: Choice) -> Destination:
    if need.destination == "CustomDNSIP":
        return Destination(need, choice.dns_servers, "" if choice.dns_servers else "the addresses of the DNS servers")
    if need.destination == "APIServerPublicIP":
        return Destination(need, choice.api_server, "" if choice.api_server else "the address of the API server")
    texts = (need.destination, *need.also)
    if need.kind is NeedKind.NETWORK:
        texts = tuple(part.strip() for part in need.destination.split("|"))
    if any(map(_PLACEHOLDER.search, texts)) and not choice.region:
        return Destination(need, (), "the region")
    return Destination(need, tuple(_PLACEHOLDER.sub(choice.region, text) for text in texts))


def region_of(text: str) -> str:
    """A region's name as DNS names hold it (``West Europe`` → ``westeurope``); "" for what can be none."""
    found = text.strip().lower().replace(" ", "")
    return found if _REGION.fullmatch(found) else ""


def region_shown(snapshot: Snapshot) -> str:
    """The region that the nodes' labels name; "" where they name none, or several."""
    found = {region_of(node.labels[_REGION_LABEL]) for node in snapshot.nodes if _REGION_LABEL in node.labels}
    return found.pop() if len(found) == 1 else ""


def api_server_shown(snapshot: Snapshot) -> tuple[str, ...]:
    """The addresses behind the Service default/kubernetes, in order; empty where the input does not hold them."""
    slices = snapshot.slices_by_service.get(ObjectRef("default", "kubernetes", "Service"), ())
    return tuple(dict.fromkeys(a for found in slices for endpoint in found.endpoints for a in endpoint.addresses))


def workloads_of(snapshot: Snapshot, pods: ClientPods) -> tuple[Workload, ...]:
    """The workloads of the input that are meant, by name or, where there is none, by the labels of their pods."""
    if pods.name:
        found = snapshot.workload_by_ref.get(ObjectRef(pods.namespace, pods.name, pods.kind))
        return (found,) if found is not None else ()
    return tuple(w for w in snapshot.workloads if any(_has(pod, pods) for pod in (*w.pods, *w.to_come)))


def _has(pod: Pod, pods: ClientPods) -> bool:
    return all(pod.labels.get(key) == value for key, value in pods.labels.items())


def features_shown(snapshot: Snapshot) -> tuple[ShownFeature, ...]:
    """The features that nodes or workloads of the input show, each once; that one is not shown proves nothing."""
    found: dict[str, ShownFeature] = {}
    for feature in features():
        for shown in _shown(snapshot, feature):
            found.setdefault(feature.id, shown)
    return tuple(found.values())


def _shown(snapshot: Snapshot, feature: Feature) -> Iterable[ShownFeature]:
    if feature.always:
        return
    if feature.node_label is not None:
        key, value = feature.node_label
        for node in snapshot.nodes:
            if node.labels.get(key) == value:
                yield ShownFeature(feature.id, f"node {node.name} has the label {key}={value}", node.source)
                return
    needs = [n for n in egress_needs() if n.feature == feature.id and n.kind is not NeedKind.REFERENCE]
    for pods_id in dict.fromkeys(p for need in needs if need.client is Client.POD for p in need.pods):
        for workload in workloads_of(snapshot, client_pod(pods_id)):
            yield ShownFeature(feature.id, f"{workload.ref} is in the input", workload.source)
            return


def means(host: str, name: str) -> bool:
    """Whether a documented name means a canonical one; ``*`` at its begin stands for any part, of any labels."""
    if host.startswith("*"):
        return name.endswith(canonical(host[1:])) and len(name) >= len(host)
    return name == canonical(host)


def examples_of(host: str) -> tuple[str, ...]:
    """Names that a documented name means: itself, or for a pattern one with one label more and one with two."""
    if not host.startswith("*."):
        return (canonical(host),)
    ending = canonical(host[2:])
    return f"name.{ending}", f"name.part.{ending}"
