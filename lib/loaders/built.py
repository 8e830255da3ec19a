"""What one document is when it is built: its value, and where the values stand that may have to be masked."""

from __future__ import annotations

from typing import Any, Final

from lib.model.records import dataclass, field

Span = tuple[int, int]
Key = str | int
Place = tuple[int, Key]  # id of the container and the key or position in it

WATCHED: Final = frozenset(
    {
        "value",
        "env",
        "envFrom",
        "args",
        "command",
        "message",
        "volumeAttributes",
        "options",
        "headers",
        "kubectl.kubernetes.io/last-applied-configuration",
    }
)
"""Keys whose values may have to be masked wherever they stand; see ``redact``."""
HEADERS: Final = "headers"
"""Of WATCHED the one that is looked at in routes and policies only; see ``credentials``."""
LABEL_MAPS: Final = frozenset({"labels", "matchLabels", "selector", "nodeSelector"})
"""Below these every key is a person's own word, so that none of WATCHED means what it means elsewhere."""
WHOLLY_WATCHED: Final = frozenset({"data", "stringData"})
"""Keys of an object below which every value may have to be masked."""
CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")
"""Keys of lists of containers."""
ALWAYS_WHOLLY_WATCHED: Final = frozenset({"annotations", *CONTAINER_LISTS})


class DocumentError(Exception):
    """The document cannot be taken over; what follows it can. The message quotes keys only, never a value."""

    def __init__(self, code: str, message: str, line: int, *, resume: bool = True) -> None:
        super().__init__(message)
        self.code, self.message, self.line = code, message, line
        self.resume = resume
        """Whether the parser may go on to the end of this document."""


Watched = tuple[dict[str, Any], str, int, int]
"""A mapping, a key of it, and from where to where its value stands in the text."""


@dataclass(slots=True)
class Anchor:
    """What ``&name`` stands before: where, the value, and how many nodes it is when written out."""

    place: Place
    span: Span
    value: Any
    nodes: int


@dataclass(slots=True)
class Marks:
    """Where in the text the values stand that redaction may have to mask."""

    spans: list[Watched] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    aliases: list[tuple[Any, Key | None, int, Anchor]] = field(default_factory=list)
    """Container, key (None: merged into it), index in the text and the anchor of every alias."""
    items: dict[int, Span] = field(default_factory=dict)
    """Where each mapping stands that is an element of the document's ``items``, by id."""
    merges_in_place: bool = False
    """Whether a ``<<`` is followed by values written out there, which have no place of their own in what they join."""


@dataclass(slots=True)
class Built:
    """One document: its value, its first and last index and the first line (from 0)."""

    value: Any
    start: int
    end: int
    line: int
    marks: Marks
    duplicates: list[tuple[str, int]]
    unknown_tags: list[int]
