"""What of a cluster's objects shows how the cluster was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lib.facts.files import FactsError, read_mapping


@dataclass(frozen=True, slots=True)
class LabelSign:
    """A label of nodes that proves a value; ``means`` is that value's id.

    ``of_pools``: node pools of one cluster may differ in it.
    """

    key: str
    value: str
    means: str
    source: str
    of_pools: bool = False


@dataclass(frozen=True, slots=True)
class AgentSign:
    """A DaemonSet in kube-system that proves a value; ``means`` is that value's id.

    ``gives_way``: a setting that speaks of it counts instead.
    """

    name: str
    means: str
    source: str
    gives_way: bool = False


@dataclass(frozen=True, slots=True)
class SettingSign:
    """A key of a ConfigMap in kube-system that proves a value where it has one of ``values``."""

    config_map: str
    key: str
    values: tuple[str, ...]
    means: str
    source: str
    on_aks_only: bool = False


@dataclass(frozen=True, slots=True)
class AspectValue:
    """A value that an aspect can have, with its words for people."""

    id: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class AspectFacts:
    """One aspect of a cluster; ``values`` is empty where another data file lists them."""

    label: str
    node_labels: tuple[LabelSign, ...]
    agents: tuple[AgentSign, ...]
    settings: tuple[SettingSign, ...]
    values: tuple[AspectValue, ...]

    def text_of(self, value: str) -> str:
        """The words for a value; the id itself where none are listed."""
        return next((v.text for v in self.values if v.id == value), value)


@cache
def aspects() -> Mapping[str, AspectFacts]:
    """Every aspect that the data file knows, by its name."""
    return {name: _aspect(entry) for name, entry in read_mapping("cluster_profile.yaml").items()}


def aspect(name: str) -> AspectFacts:
    """One aspect. Raises FactsError for a name that the data file does not hold."""
    found = aspects().get(name)
    if found is None:
        raise FactsError(f"no aspect of a cluster is called {name!r}")
    return found


def _aspect(entry: dict[str, Any]) -> AspectFacts:
    return AspectFacts(
        label=entry["label"],
        node_labels=tuple(LabelSign(**sign) for sign in entry["node_labels"]),
        agents=tuple(AgentSign(**sign) for sign in entry["agents"]),
        settings=tuple(SettingSign(**{**sign, "values": tuple(sign["values"])}) for sign in entry.get("settings", ())),
        values=tuple(AspectValue(**value) for value in entry.get("values", ())),
    )


def local_dns_label() -> tuple[str, str]:
    """Key and value of the label by which a node says that it runs LocalDNS."""
    sign = next(sign for sign in aspect("local_dns").node_labels if sign.means == "enabled")
    return sign.key, sign.value
