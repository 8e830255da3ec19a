"""ConfigMaps of kube-system, as far as they are read: the settings of the cluster's network."""

from __future__ import annotations

from collections.abc import Mapping

from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef, Source


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """One ConfigMap with what was kept of its ``data``, by key; ``unread`` are the kept keys that can't be read.

    A key that is in neither is not in the object, or is one that nobody needs.
    """

    ref: ObjectRef
    source: Source
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
    unread: tuple[str, ...] = ()

    def place(self, key: str) -> Source:
        """Where a key stands."""
        return self.source.at("data", key)
