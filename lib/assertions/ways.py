"""The flow by which an assertion's result is traced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lib.assertions.ends import EndFinder
from lib.assertions.result import Result
from lib.model.assertions import AssertionEnd
from lib.model.sets import ConnectionSet
from lib.policy.engine import Engine
from lib.policy.points import name_of
from lib.trace.questions import NOWHERE, Ends, of_flow


@dataclass(frozen=True, slots=True)
class _Flow:
    src: str
    dst: str
    ports: ConnectionSet


def of_result(result: Result, engine: Engine) -> Ends:
    """The first flow that is to blame, of a chain its first part; where none is, one that the assertion is about."""
    asked = result.assertion
    if result.examples:
        example = result.examples[0]
        return of_flow(_Flow(example.src, (*example.over, example.dst)[0], example.ports), engine.snapshot)
    finder = EndFinder(engine)
    sources, destinations = (list(_names(finder, ends)) for ends in (asked.sources, asked.destinations))
    pair = next(((src, dst) for src in sources for dst in destinations if src != dst), None)
    return of_flow(_Flow(*pair, asked.ports), engine.snapshot) if pair is not None else NOWHERE


def _names(finder: EndFinder, ends: Sequence[AssertionEnd]) -> Iterator[str]:
    """What flows call the first two of the ends: two, since a flow has different ones."""
    found = finder.find(ends)
    yield from map(str, islice(found.workloads, 2))
    if found.addresses:
        yield name_of(found.addresses)
