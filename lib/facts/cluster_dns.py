"""Where the cluster's DNS answers, as documented."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from lib.facts.files import read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class DnsFact:
    """Pods that answer DNS: their namespace, labels and Service, and the port on them.

    ``address`` is where a cache on the node's own network usually listens, "" for pods with addresses of their own;
    ``other_addresses`` are further ones that it may listen on. ``service`` is "" where there is none.
    """

    label: str
    namespace: str
    service: str
    labels: tuple[tuple[str, str], ...]
    port: int
    address: str
    other_addresses: tuple[str, ...]
    source: str
    checked: date


@cache
def _facts() -> dict[str, DnsFact]:
    return {entry["id"]: _fact(entry) for entry in read_list("cluster_dns.yaml")}


def _fact(entry: dict[str, Any]) -> DnsFact:
    return DnsFact(
        entry["label"],
        entry["namespace"],
        entry["service"] or "",
        tuple(entry["labels"].items()),
        entry["port"],
        entry["address"] or "",
        tuple(entry.get("other_addresses", ())),
        entry["source"],
        entry["checked"],
    )


def cluster_dns() -> DnsFact:
    """CoreDNS or kube-dns."""
    return _facts()["cluster-dns"]


def node_local_dns() -> DnsFact:
    """The DNS cache on each node, which not every cluster has."""
    return _facts()["node-local-dns"]


def local_dns() -> DnsFact:
    """AKS's own DNS proxy on each node of pools that have it."""
    return _facts()["local-dns"]
