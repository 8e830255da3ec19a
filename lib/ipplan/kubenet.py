"""kubenet: the arithmetic of the overlay, with one user-defined route a node."""

from __future__ import annotations

from dataclasses import dataclass

from lib.ipplan.overlay import OverlayRules


@dataclass(frozen=True, slots=True)
class KubenetRules(OverlayRules):
    """Nodes and pods are counted as in the overlay; the route table limits the nodes."""

    sources: tuple[str, ...] = ("AKS:configure-kubenet.md",)
