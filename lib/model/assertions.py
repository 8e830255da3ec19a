"""What people expect of a cluster's flows: assertions, read from a file and held against the engine's answers."""

from __future__ import annotations

from enum import Enum

from lib.model.labels import EVERYTHING, LabelSelector
from lib.model.records import dataclass
from lib.model.refs import Source
from lib.model.sets import AddressSet, ConnectionSet


class AssertionKind(Enum):
    """What is expected; the value is the key in the file.

    ALLOW: every source reaches every destination on all the ports. DENY: no source reaches any destination on any of
    them. ONLY: nobody but the sources reaches a destination on any of them. NO_PATH: not even over other workloads.
    """

    ALLOW = "allow"
    DENY = "deny"
    ONLY = "only"
    NO_PATH = "no-path"


@dataclass(frozen=True, slots=True)
class WorkloadsEnd:
    """Workloads: by ``name`` where it is not "", else by their labels and those of their namespaces.

    ``namespaces`` are names (empty: any).
    """

    text: str
    name: str = ""
    kind: str = ""
    namespaces: frozenset[str] = frozenset()
    namespace_labels: LabelSelector = EVERYTHING
    labels: LabelSelector = EVERYTHING


@dataclass(frozen=True, slots=True)
class AddressesEnd:
    """Addresses outside the cluster."""

    text: str
    addresses: AddressSet


AssertionEnd = WorkloadsEnd | AddressesEnd


@dataclass(frozen=True, slots=True)
class Assertion:
    """One expectation; each list of ends means any of them. ``line`` counts in the file of ``source``."""

    name: str
    kind: AssertionKind
    sources: tuple[AssertionEnd, ...]
    destinations: tuple[AssertionEnd, ...]
    ports: ConnectionSet
    source: Source
    line: int = 0

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.source.file}:{self.line}"

    def __str__(self) -> str:
        ends = (", ".join(end.text for end in ends) for ends in (self.sources, self.destinations))
        return f"{self.kind.value} {' → '.join(ends)} on {self.ports}"
