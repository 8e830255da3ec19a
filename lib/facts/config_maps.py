"""Which ConfigMaps of kube-system are read, and what of them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Final

from lib.facts.files import read_list
from lib.model.records import dataclass

NAMESPACE: Final = "kube-system"
"""The only namespace of which ConfigMaps are read."""


class Form(Enum):
    """What of a value is kept."""

    WORD = "word"
    FLAG = "flag"
    PREFIXES = "prefixes"
    COREFILE = "corefile"
    IP_MASQ_AGENT = "ip_masq_agent"
    KUBEADM = "kubeadm"
    KUBE_PROXY = "kube_proxy"


@dataclass(frozen=True, slots=True)
class KeyFact:
    """One key of a ConfigMap; ``key`` begins with ``*`` where any key that ends so is meant."""

    key: str
    form: Form
    tells: str
    source: str

    def means(self, key: str) -> bool:
        """Whether a key is this one."""
        return key == self.key or (self.key.startswith("*") and key.endswith(self.key[1:]))


@dataclass(frozen=True, slots=True)
class ConfigMapFact:
    """One ConfigMap by name; ``of`` says whose it is."""

    name: str
    of: str
    keys: tuple[KeyFact, ...]

    def key(self, key: str) -> KeyFact | None:
        """What is known of a key; None for one that is not kept."""
        return next((known for known in self.keys if known.means(key)), None)


@cache
def config_maps() -> Mapping[str, ConfigMapFact]:
    """Every ConfigMap that is read, by its name."""
    return {
        entry["name"]: ConfigMapFact(entry["name"], entry["of"], tuple(map(_key, entry["keys"])))
        for entry in read_list("config_maps.yaml")
    }


def _key(entry: Mapping[str, Any]) -> KeyFact:
    return KeyFact(entry["key"], Form(entry["form"]), entry["tells"], entry["source"])
