"""Trouble with the input, as data."""

from __future__ import annotations

from enum import IntEnum

from lib.model.records import dataclass
from lib.model.refs import ObjectRef, Source


class Severity(IntEnum):
    """How bad a Problem or a Finding is; ordered, so that a threshold can be compared."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The word that people and files see: ``info``, ``warning`` or ``error``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing in the input that could not be read, was rejected, or is read differently than written.

    ``code`` is a stable lower-case name (``yaml-syntax``, ``invalid-cidr``). ``message`` says what is wrong with the
    offending value quoted and shortened; ``remedy`` says what to do. ``severity`` is ERROR when a document or object
    was not taken over, WARNING when it counts all the same. ``line`` is set where the loader knows it already (a
    syntax error); otherwise ``source`` leads to it through ``loaders.locate``. ``subject`` is the object, if one
    could be named. No message ever holds a Secret's or an environment variable's value.
    """

    severity: Severity
    code: str
    message: str
    remedy: str
    source: Source | None = None
    line: int | None = None
    subject: ObjectRef | None = None
