"""What a graph shows, before anything is placed or coloured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from lib.model.errors import ModelError
from lib.model.refs import ObjectRef


class Mark(Enum):
    """What a node or an edge says; ``value`` is the word that stands beside its colour and its symbol."""

    PLAIN = "fine"
    ALLOWED = "allowed"
    PARTIAL = "allowed in part"
    OPEN = "open by default"
    DENIED = "denied"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One node: ``label`` and ``detail`` are its two lines, ``hover`` what else there is to say, a line each.

    ``tier`` counts columns from the left. ``group`` is what the node is folded into when there are too many (a
    namespace; "" for a node that is never folded), ``members`` how many nodes it stands for. ``kind`` is the
    Kubernetes kind, or the word for what is no object ("outside"); ``ref`` is the object that it leads to, None where
    there is none.
    """

    id: str
    label: str
    tier: int
    kind: str
    mark: Mark = Mark.PLAIN
    detail: str = ""
    hover: tuple[str, ...] = ()
    group: str = ""
    members: int = 1
    ref: ObjectRef | None = None


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """An arrow; ``label`` says what goes along it (ports), ``members`` how many edges it stands for."""

    src: str
    dst: str
    mark: Mark = Mark.PLAIN
    label: str = ""
    members: int = 1


@dataclass(frozen=True, slots=True)
class GraphModel:
    """Nodes in ``tiers`` (titles, from the left) and the edges between them.

    ``note`` says what was folded or left out, "" where everything is shown. Raises ModelError for an edge or a tier
    that leads nowhere and for two nodes with one id.
    """

    tiers: tuple[str, ...] = ()
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        ids = Counter(node.id for node in self.nodes)
        if repeated := [id_ for id_, count in ids.items() if count > 1]:
            raise ModelError(f"{len(repeated)} nodes share an id with another node")
        if any(not 0 <= node.tier < len(self.tiers) for node in self.nodes):
            raise ModelError("a node stands in a tier that does not exist")
        if any(edge.src not in ids or edge.dst not in ids for edge in self.edges):
            raise ModelError("an edge leads to a node that does not exist")

    def node(self, id_: str) -> GraphNode | None:
        """The node of that id."""
        return next((node for node in self.nodes if node.id == id_), None)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks that occur on edges, in the order of the enum."""
        used = {edge.mark for edge in self.edges}
        return tuple(mark for mark in Mark if mark in used)


_WORST_FIRST = (
    Mark.ERROR,
    Mark.WARNING,
    Mark.UNKNOWN,
    Mark.OPEN,
    Mark.PARTIAL,
    Mark.NOT_CHECKED,
    Mark.ALLOWED,
    Mark.DENIED,
    Mark.PLAIN,
)


def strongest(marks: tuple[Mark, ...]) -> Mark:
    """The mark that speaks for several: the one that somebody has to look at first; PLAIN for none."""
    return min(marks, key=_WORST_FIRST.index, default=Mark.PLAIN)
