"""The languages that a plan can be written down in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType

from lib.ipplan.export.az import to_az
from lib.ipplan.export.bicep import to_bicep
from lib.ipplan.export.resources import Resources, to_resources
from lib.ipplan.export.terraform import to_terraform
from lib.ipplan.result import AddressPlan

_WRITERS: MappingProxyType[str, Callable[[Resources], Iterator[str]]] = MappingProxyType(
    {"az": to_az, "bicep": to_bicep, "terraform": to_terraform}
)
CODE_FORMATS = tuple(_WRITERS)


def write_code(plan: AddressPlan, language: str) -> Iterator[str]:
    """The plan in one of CODE_FORMATS, a piece at a time; for a plan without ``obstacles``."""
    return _WRITERS[language](to_resources(plan))
