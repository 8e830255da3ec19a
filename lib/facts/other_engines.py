"""What enforces NetworkPolicies elsewhere, whose reading of them is not known here."""

from __future__ import annotations

from functools import cache

from lib.facts.files import read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class OtherEngine:
    """The DaemonSet that such an engine runs as; ``namespace`` is "" where that may be any.

    ``setting`` are a ConfigMap and a key that say more of it; empty where none is known.
    """

    name: str
    namespace: str
    label: str
    source: str
    setting: tuple[str, ...] = ()


@cache
def other_engines() -> tuple[OtherEngine, ...]:
    """Every one that the data file knows."""
    return tuple(
        OtherEngine(**{**entry, "setting": tuple(entry.get("setting", ()))})
        for entry in read_list("other_engines.yaml")
    )
