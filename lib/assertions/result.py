"""What becomes of an assertion: whether it holds, and the flows that are to blame where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lib.model.assertions import Assertion
from lib.model.refs import ObjectRef, Source
from lib.model.sets import ConnectionSet


class Outcome(Enum):
    """Whether an assertion holds; the value is the word that people read."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decided:
    """A policy, or a rule of it ("" for the whole policy), that decided a flow; ``effect`` as of explanations."""

    policy: ObjectRef
    rule: str
    effect: str
    source: Source


@dataclass(frozen=True, slots=True)
class Example:
    """One flow that breaks an assertion or leaves it open, or a chain of flows over others.

    ``reason`` is the explanation of both directions, of a chain of each flow; ``decided`` are those whose effect it is.
    """

    src: str
    dst: str
    ports: ConnectionSet
    reason: str
    over: tuple[str, ...] = ()
    decided: tuple[Decided, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an assertion; ``count`` flows are to blame, the first of them are ``examples``."""

    assertion: Assertion
    outcome: Outcome
    message: str
    count: int = 0
    examples: tuple[Example, ...] = ()
