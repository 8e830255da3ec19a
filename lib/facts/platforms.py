"""Where clusters run, and what of a node shows it."""

from __future__ import annotations

from functools import cache

from lib.facts.files import read_list
from lib.model.records import dataclass


@dataclass(frozen=True, slots=True)
class PlatformFact:
    """One place where clusters run, known by the scheme of its nodes' providerIDs.

    ``label`` is one that only its nodes have, "" where none is known.
    """

    id: str
    scheme: str
    label: str
    text: str
    source: str


@cache
def platforms() -> tuple[PlatformFact, ...]:
    """Every one that the data file knows; of two with one scheme the first whose label a node has counts."""
    return tuple(PlatformFact(**entry) for entry in read_list("platforms.yaml"))
