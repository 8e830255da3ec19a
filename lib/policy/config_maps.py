"""Which settings of a policy engine the ConfigMaps of a cluster hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lib.facts.engine_settings import EngineSetting, engine_settings
from lib.model.snapshot import Snapshot

if TYPE_CHECKING:
    from lib.model.config_maps import ConfigMap

_NODE_CONFIG: Final = "CiliumNodeConfig"


def settings_of(engine: str, snapshot: Snapshot) -> Iterator[tuple[EngineSetting, ConfigMap, str]]:
    """The settings of an engine that the cluster's ConfigMaps hold, each with where it stands and its value."""
    # The facts are many, and most inputs hold no ConfigMap.
    for each in engine_settings() if snapshot.config_maps else ():
        found = snapshot.config_map_by_name.get(each.config_map)
        value = found.data.get(each.key) if found is not None else None
        if each.engine == engine and found is not None and value is not None and each.holds(value):
            yield each, found, value


def differs_by_node(snapshot: Snapshot) -> bool:
    """Whether the input holds settings of Cilium for some nodes alone, which are not read."""
    return any(name.endswith(_NODE_CONFIG) for name in snapshot.other_kinds)
