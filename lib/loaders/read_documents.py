"""What reading a text yields: documents, and what could not be read."""

from __future__ import annotations

from typing import Literal

from lib.loaders.built import Built
from lib.model.records import dataclass, field

Syntax = Literal["yaml", "json"]


@dataclass(frozen=True, slots=True)
class Document:
    """One document that was read. ``text`` is the part of the input that was parsed; ``built`` points into it.

    ``number`` and ``line`` count from 1 inside the file. It holds secrets until ``redact`` was applied.
    """

    number: int
    line: int
    syntax: Syntax
    text: str
    built: Built


@dataclass(frozen=True, slots=True)
class Failure:
    """A document, or the rest of one, that could not be read; quotes nothing of the text but key names.

    ``text`` is what was lost, from ``text_line`` of the file on; "" where an earlier Failure has it, and in warnings.
    """

    number: int
    line: int
    code: str
    message: str
    is_warning: bool = False
    text: str = field(default="", repr=False)
    text_line: int = 1


@dataclass(slots=True)
class Tally:
    """How much was read so far: documents of one text, keys and values of all texts of an input."""

    number: int = 0
    nodes: int = 0


Result = Document | Failure
