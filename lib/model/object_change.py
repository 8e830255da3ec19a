"""An object that is not the same in two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lib.model.refs import Source


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object that one of two inputs has alone, or that differs in what the model is made of.

    ``fields`` are the first fields that differ, with both values; empty unless ``change`` is ``changed``. ``more`` is
    how many others there are, counted up to a bound. The source is None on the side that does not have the object.
    """

    change: Literal["added", "removed", "changed"]
    kind: str
    namespace: str
    name: str
    fields: tuple[str, ...] = ()
    more: int = 0
    old_source: Source | None = None
    new_source: Source | None = None
