"""Where a cluster runs: on AKS, or on something else, of which nothing that is said of Azure holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.facts.platforms import platforms
from lib.model.cluster import Node
from lib.model.refs import Source
from lib.model.snapshot import Snapshot

AKS: Final = "aks"
OTHER: Final = "other"
_AZURE: Final = (AKS, "azure")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a cluster runs; ``value`` is "" where its nodes do not show it, or differ.

    ``text`` is the same for people, ``evidence`` a sentence part, ``source`` the node that shows it, ``beside`` others
    that say otherwise.
    """

    value: str
    text: str
    evidence: str
    source: Source | None = None
    beside: tuple[Source, ...] = ()

    @property
    def is_elsewhere(self) -> bool:
        """Whether the nodes are surely not Azure's."""
        return self.value not in ("", *_AZURE)


def detect_platform(snapshot: Snapshot) -> Platform:
    """Where the nodes of the input are, by their providerIDs and labels."""
    first: dict[str, tuple[str, str, Node]] = {}
    for node in snapshot.nodes:
        if found := _of(node):
            first.setdefault(found[0], (*found[1:], node))
    if len(first) == 1:
        ((value, (text, evidence, node)),) = first.items()
        return Platform(value, text, evidence, node.source)
    if first:
        told = "; ".join(evidence for _, evidence, _ in first.values())
        places = tuple(node.source for _, _, node in first.values())
        return Platform("", "unknown", f"the nodes differ: {told}", None, places)
    why = "no node in the input has a providerID" if snapshot.nodes else "no node is in the input"
    return Platform("", "unknown", why)


def _of(node: Node) -> tuple[str, str, str] | None:
    """Id, text and evidence of where one node is."""
    scheme, found, _ = node.provider_id.partition("://")
    for each in platforms():
        if each.label and each.label in node.labels:
            return each.id, each.text, f"node {node.name} has the label {each.label}"
        if found and each.scheme == scheme and not each.label:
            return each.id, each.text, f"node {node.name} has a providerID of {scheme}://…"
    if found and scheme.isalnum() and len(scheme) < 40:
        return OTHER, f"{scheme}, not AKS", f"node {node.name} has a providerID of {scheme}://…"
    return None
