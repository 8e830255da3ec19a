"""An engine as one cluster runs it: what the cluster's nodes and ConfigMaps settle of how it reads policies."""

from __future__ import annotations

from typing import Any, Final

from lib.facts.config_maps import NAMESPACE
from lib.facts.engine_settings import ClusterSwitches
from lib.facts.readings import Basis
from lib.model.records import replace
from lib.model.snapshot import Snapshot
from lib.policy.config_maps import differs_by_node, settings_of
from lib.policy.engines import EngineProfile

CILIUM_CONFIG: Final = "cilium-config"
_OF_CLUSTER: Final = frozenset(ClusterSwitches.__annotations__)


def settled(profile: EngineProfile, snapshot: Snapshot) -> EngineProfile:
    """The same engine where the versions of the nodes and the engine's ConfigMap say how the cluster runs it.

    Where nodes may have settings of their own (CiliumNodeConfig), the ConfigMap settles nothing: ``notes`` say so.
    """
    profile = profile.for_nodes(snapshot.nodes)
    if differs_by_node(snapshot):
        return profile
    changes: dict[str, Any] = {}
    cluster: dict[str, Any] = {}
    bases = dict(profile.bases)
    for each, found, value in settings_of(profile.id, snapshot):
        said = f"{each.basis.words}; {NAMESPACE}/{found.ref.name} has {each.key}: {value}"
        bases[each.switch] = Basis(said, each.basis.source)
        if isinstance(each.answer, frozenset):
            kinds = changes.get("policy_kinds", profile.policy_kinds) or frozenset()
            changes["policy_kinds"] = kinds - each.answer
        elif each.switch in _OF_CLUSTER:
            cluster[each.switch] = each.answer
        else:
            changes[each.switch] = each.answer
    if not changes and not cluster:
        return profile
    return replace(profile, bases=bases, cluster=replace(profile.cluster, **cluster), **changes)
