"""The Failures of texts that hold more than is read: what follows them was not looked at."""

from __future__ import annotations

from lib.loaders.limits import Limits
from lib.loaders.read_documents import Failure


def too_many_nodes(limits: Limits, number: int, line: int, text: str) -> Failure:
    """An input of too many keys and values; ``line`` counts from 0."""
    message = f"the input has more than {limits.nodes:,} keys and values; the rest of the file is not read"
    return Failure(number, line + 1, "too-many-nodes", message, text=text, text_line=line + 1)


def too_many_faults(limits: Limits, number: int, line: int, text: str) -> Failure:
    """A text of too many broken JSON values."""
    message = f"more than {limits.problems_per_file:,} values are not valid JSON; the rest is not read"
    return Failure(number, line + 1, "too-many-faults", message, text=text, text_line=line + 1)


def too_many_documents(limits: Limits, number: int, line: int, text: str) -> Failure:
    """A file of too many documents."""
    message = f"the file has more than {limits.documents_per_file:,} documents; the rest is not read"
    return Failure(number, line + 1, "too-many-documents", message, text=text, text_line=line + 1)
