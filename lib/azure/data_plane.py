"""Who carries out Services on the nodes of a cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from lib.azure.signs import Shown, shown_by_signs
from lib.facts.config_maps import Form, config_maps
from lib.model.refs import Source
from lib.model.snapshot import Snapshot

KUBE_PROXY: Final = "kube-proxy"
CILIUM: Final = "cilium"


@dataclass(frozen=True, slots=True)
class DataPlane:
    """Who carries out Services on the nodes: ``kube-proxy``, ``cilium``, or "" where that is not known."""

    name: str
    evidence: str
    source: Source | None = None


def detect_data_plane(snapshot: Snapshot) -> DataPlane:
    """Who carries out Services, by the input's signs.

    Not known where both run, since Cilium replaces kube-proxy only where it is told to.
    """
    found = shown_by_signs(snapshot, "data_plane")
    return DataPlane(found.value, found.evidence, found.source)


def with_mode(found: Shown, snapshot: Snapshot) -> Shown:
    """The same, with the mode that kube-proxy's ConfigMap says it runs in."""
    if found.value != KUBE_PROXY:
        return found
    for config_map in snapshot.config_maps:
        for key, value in config_map.data.items():
            fact = config_maps()[config_map.ref.name].key(key)
            if fact is not None and fact.form is Form.KUBE_PROXY and (mode := json.loads(value).get("mode")):
                evidence = f"{found.evidence}; the ConfigMap {config_map.ref.qualified_name} has its mode {mode}"
                return replace(found, evidence=evidence, beside=(*found.beside, config_map.place(key)))
    return found
