"""Settings of policy engines, in ConfigMaps, that change how they read policies."""

from __future__ import annotations

from functools import cache
from typing import Any

from lib.facts.engines import Known
from lib.facts.files import read_list
from lib.facts.readings import Basis, SeenAs
from lib.model.records import dataclass

Answer = bool | Known | SeenAs | frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClusterSwitches:
    """What no documentation answers for an engine, but a cluster's ConfigMap; the defaults are those without one.

    ``isolates_all``: pods that no policy selects are closed too. ``blocks_mean_other_nodes``: an ipBlock means all
    nodes but a pod's own. ``host_firewall``: policies count for nodes. ``own_node_ingress_allowed``: a node always
    reaches its pods.
    """

    isolates_all: bool = False
    blocks_mean_other_nodes: bool = False
    host_firewall: Known = Known.UNKNOWN
    own_node_ingress_allowed: Known = Known.YES


@dataclass(frozen=True, slots=True)
class EngineSetting:
    """One setting: where it stands, the values that it is about, and the switch of the engine's that it answers."""

    engine: str
    config_map: str
    key: str
    values: tuple[str, ...]
    switch: str
    answer: Answer
    basis: Basis

    def holds(self, value: str) -> bool:
        """Whether a value, or an item of a list with commas or blanks between, is one of those meant."""
        items = value.lower().replace(",", " ").split()
        return any(each in items for each in self.values)


@cache
def engine_settings() -> tuple[EngineSetting, ...]:
    """Every setting that the data file knows."""
    return tuple(map(_setting, read_list("engine_settings.yaml")))


def _setting(entry: dict[str, Any]) -> EngineSetting:
    basis = Basis(entry["words"], entry["source"])
    values = tuple(entry["values"])
    answer = _answer(entry["switch"], entry["answer"])
    return EngineSetting(entry["engine"], entry["config_map"], entry["key"], values, entry["switch"], answer, basis)


def _answer(switch: str, answer: Any) -> Answer:
    match switch:
        case "enforces" | "isolates_all" | "blocks_mean_other_nodes":
            return Known(answer) is Known.YES
        case "cluster_policy_source":
            return SeenAs(answer)
        case "without_kinds":
            return frozenset((group, kind) for group, _, kind in (each.rpartition("/") for each in answer))
        case _:
            return Known(answer)
