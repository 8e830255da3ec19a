"""Reads the YAML data files that lie beside this module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


class FactsError(LookupError):
    """A fact was asked for that the data files do not hold, or a data file is malformed: a defect, not bad input."""


@cache
def _read(name: str) -> Any:
    # The reader in C, since every command waits for its facts; what it reads is safe_load's.
    return yaml.load((Path(__file__).parent / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def read_mapping(name: str) -> dict[str, Any]:
    """The data file ``name`` as a mapping; the callers never change it. Raises FactsError if it is something else."""
    data = _read(name)
    if not isinstance(data, dict):
        raise FactsError(f"{name} is not a mapping")
    return data


def read_list(name: str) -> list[dict[str, Any]]:
    """The data file ``name`` as a list of mappings. Raises FactsError if it is something else."""
    data = _read(name)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise FactsError(f"{name} is not a list of mappings")
    return data
