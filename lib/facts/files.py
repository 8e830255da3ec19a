"""Reads the YAML data files that lie beside this module."""

from __future__ import annotations

import json
from binascii import crc32
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
COMPILED: Final = FOLDER / "compiled"
"""What ``python -m lib.facts.compile`` made of the files that every command reads: JSON, which takes a hundredth."""
DATE: Final = "$date"
"""The one key of a mapping that stands for a date in a compiled file."""


class FactsError(LookupError):
    """A fact was asked for that the data files do not hold, or a data file is malformed: a defect, not bad input."""


@cache
def _read(name: str) -> Any:
    data = (FOLDER / name).read_bytes()
    compiled = COMPILED / f"{name}.json"
    if compiled.is_file():
        found = json.loads(compiled.read_bytes(), object_hook=_dated)
        # Only what was made of this very text counts.
        if found["crc32"] == crc32(data):
            return found["data"]
    return read_yaml(data)


def read_yaml(data: bytes) -> Any:
    """The value of a data file's text."""
    # Imported here, for compiled files do without it.
    import yaml

    # The reader in C; what it reads is safe_load's.
    return yaml.load(data.decode(), Loader=yaml.CSafeLoader)


def _dated(found: dict[str, Any]) -> Any:
    if DATE not in found:
        return found
    from datetime import date

    return date.fromisoformat(found[DATE])


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
