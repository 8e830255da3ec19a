"""Holds assertions against the engine's flows: what fails comes with the flows that are to blame, and why."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final

from lib.assertions.blame import OUTSIDE, Blame, Key, Pair, arrives, lacking_of, meeting
from lib.assertions.ends import EndFinder, Ends
from lib.assertions.explained import explained, explained_path
from lib.assertions.result import Example, Outcome, Result
from lib.flows import FlowRow, RowVerdict, flow_rows
from lib.model.assertions import Assertion, AssertionKind, WorkloadsEnd
from lib.model.cluster import METADATA_NAME_LABEL
from lib.model.sets import AddressSet
from lib.model.snapshot import POD_MAKERS
from lib.policy.ends import addresses_by_word, outside_addresses
from lib.policy.engine import Engine

EXAMPLES: Final = 5
ROWS_MAX: Final = 1_000_000
PAIRS_MAX: Final = 1_000_000
_OF_PAIRS: Final = (AssertionKind.ALLOW, AssertionKind.DENY)


class _TooMany(Exception):
    """There is too much to judge; the text says of what."""


def check_assertions(engine: Engine, assertions: Iterable[Assertion]) -> tuple[Result, ...]:
    """Every assertion's result, in their order.

    Flows are those of the command ``flows``: between workloads of the input, and from and to outside addresses. Where
    nobody knows whether a flow is permitted, what hangs on it is unknown. An end that selects nothing fails, so that a
    misspelt label can't hide anything. Over ``ROWS_MAX`` flows, or ``PAIRS_MAX`` pairs of one assertion, nothing is
    judged: the outcome is unknown, and says so.
    """
    listed = tuple(assertions)
    judge = _Judge(engine)
    return tuple(judge.result(assertion) for assertion in listed)


class _Judge:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._snapshot = engine.snapshot
        self._finder = EndFinder(engine)

    @cached_property
    def _rows(self) -> dict[Pair, list[FlowRow]]:
        """The flows by their ends; those of ingress controllers are no end's own."""
        found: dict[Pair, list[FlowRow]] = defaultdict(list)
        for count, row in enumerate(flow_rows(self._engine)):
            if count == ROWS_MAX:
                raise _TooMany(f"the cluster permits more than {ROWS_MAX:,} flows, which are too many to judge")
            found[row.src_ref, row.dst_ref].append(row)
        return found

    def result(self, assertion: Assertion) -> Result:
        """What becomes of one assertion; unknown where it hangs on what a server did not give."""
        found = self._of_what_was_read(assertion)
        if found.outcome is Outcome.UNKNOWN or not (unread := self._unread(assertion, found)):
            return found
        return replace(found, outcome=Outcome.UNKNOWN, message=f"{found.message}, but these were not read: {unread}")

    def _unread(self, assertion: Assertion, found: Result) -> str:
        """The kinds that were not read and that the outcome hangs on; "" where there are none."""
        ends = [e for e in (*assertion.sources, *assertion.destinations) if isinstance(e, WorkloadsEnd)]
        kinds: tuple[str, ...] = ()
        if any(end.namespace_labels.keys - {METADATA_NAME_LABEL} for end in ends):
            kinds = ("Namespace",)
        # A flow that is to blame stays so; that there is none is known only where all ends are.
        of_groups = assertion.kind not in _OF_PAIRS or not all(end.name for end in ends)
        if not found.count and (found.outcome is Outcome.FAILS or of_groups):
            kinds += POD_MAKERS
        return self._snapshot.unread_text(*kinds) if kinds else ""

    def _of_what_was_read(self, assertion: Assertion) -> Result:
        sources, destinations = (self._finder.find(ends) for ends in (assertion.sources, assertion.destinations))
        if left := "; ".join(filter(None, (sources.open, destinations.open))):
            return Result(assertion, Outcome.UNKNOWN, left)
        for ends, chosen in ((assertion.sources, sources), (assertion.destinations, destinations)):
            if not chosen:
                named = ", ".join(end.text for end in ends)
                return Result(assertion, Outcome.FAILS, f"nothing in the input is selected by {named}")
        own = list(sources.keys)
        if len(own) == 1 and own == list(destinations.keys) and assertion.kind in _OF_PAIRS:
            of = "addresses outside" if own[0] is OUTSIDE else f"the pods of {own[0]}"
            return Result(assertion, Outcome.FAILS, f"both ends are {of}, and flows among these are not judged")
        try:
            found = self._judged(assertion, sources, destinations)
            return replace(found, message="; ".join((found.message, *sources.notes, *destinations.notes)))
        except _TooMany as reason:
            return Result(assertion, Outcome.UNKNOWN, str(reason))

    def _judged(self, assertion: Assertion, sources: Ends, destinations: Ends) -> Result:
        match assertion.kind:
            case AssertionKind.ALLOW:
                return _told(assertion, self._missing(assertion, sources, destinations), "not permitted", self._example)
            case AssertionKind.DENY:
                return _told(assertion, self._present(assertion, sources, destinations), "permitted", self._example)
            case AssertionKind.ONLY:
                others = self._others(assertion, sources, destinations)
                return _told(assertion, others, "permitted from elsewhere", self._example)
            case AssertionKind.NO_PATH:
                return self._path_result(assertion, sources, destinations)

    # --- single flows ---------------------------------------------------------------------------------------------

    def _present(self, assertion: Assertion, sources: Ends, destinations: Ends) -> Iterator[Blame]:
        """The flows between the ends on some of the ports."""
        starts, ends = sources.keys, destinations.keys
        for (src, dst), rows in self._rows.items():
            if src not in starts or dst not in ends or src == dst:
                continue
            for row in rows:
                outside = sources.addresses if src is OUTSIDE else destinations.addresses
                if found := meeting(row, assertion.ports, None if src and dst else outside):
                    yield found

    def _missing(self, assertion: Assertion, sources: Ends, destinations: Ends) -> Iterator[Blame]:
        """The pairs that lack some of the ports, and on which of them that is only not known."""
        for src, dst in self._pairs(sources, destinations):
            rows = self._rows.get((src, dst), ())
            if src is not OUTSIDE and dst is not OUTSIDE:
                yield from lacking_of(str(src), str(dst), src, dst, assertion.ports, rows)
                continue
            rest = sources.addresses if src is OUTSIDE else destinations.addresses
            for row in rows:
                name = row.src if src is OUTSIDE else row.dst
                common = (outside_addresses(name) or AddressSet()) & rest
                if common:
                    ends = (str(common), row.dst) if src is OUTSIDE else (row.src, str(common))
                    same = [r for r in rows if (r.src, r.dst) == (row.src, row.dst)]
                    yield from lacking_of(*ends, src, dst, assertion.ports, same)
                    rest = rest - common
            if rest:
                ends = (str(rest), str(dst)) if src is OUTSIDE else (str(src), str(rest))
                yield Blame(*ends, src, dst, assertion.ports, True)

    def _others(self, assertion: Assertion, sources: Ends, destinations: Ends) -> Iterator[Blame]:
        """The flows to the destinations from anybody else; pods on their node's network are left out."""
        allowed, wanted = set(sources.workloads), set(destinations.workloads)
        beyond = addresses_by_word("outside", self._snapshot) - sources.addresses
        for (src, dst), rows in self._rows.items():
            if dst not in wanted or src in allowed or src == dst:
                continue
            for row in rows:
                if row.host:
                    continue
                if found := meeting(row, assertion.ports, beyond if src is OUTSIDE else None):
                    yield found

    def _pairs(self, sources: Ends, destinations: Ends) -> Iterator[Pair]:
        starts, ends = sources.keys, destinations.keys
        if (pairs := len(starts) * len(ends)) > PAIRS_MAX:
            raise _TooMany(f"{pairs:,} pairs are too many to look at one by one: name fewer ends")
        return ((src, dst) for src in starts for dst in ends if src != dst)

    # --- paths ----------------------------------------------------------------------------------------------------

    def _path_result(self, assertion: Assertion, sources: Ends, destinations: Ends) -> Result:
        for sure in (True, False):
            path = self._path(assertion, sources, destinations, sure=sure)
            if path:
                hops = [str(row.src) for row in path] + [path[-1].dst]
                outcome = Outcome.FAILS if sure else Outcome.UNKNOWN
                words = "permitted" if sure else "perhaps permitted"
                way = f"a path of {len(path):,} flows is {words}" if len(path) > 1 else f"it is {words} directly"
                example = explained_path(self._engine, path, assertion.ports)
                message = f"{way}: {' → '.join(hops)}"
                return Result(assertion, outcome, message, 1, (example,))
        return Result(assertion, Outcome.HOLDS, "no chain of permitted flows leads there")

    def _path(self, assertion: Assertion, sources: Ends, destinations: Ends, *, sure: bool) -> list[FlowRow]:
        """The shortest chain of flows whose last one is on some of the ports; empty where there is none."""
        came: dict[Key, FlowRow | None] = dict.fromkeys(sources.keys)
        waiting, ends = deque(came), destinations.keys
        while waiting:
            here = waiting.popleft()
            for row in self._leaving.get(here, ()):
                if row.host or (sure and row.verdict is RowVerdict.UNKNOWN):
                    continue
                starts = here is OUTSIDE and not (outside_addresses(row.src) or AddressSet()) & sources.addresses
                if starts or (row.dst_ref is OUTSIDE and not destinations.addresses):
                    continue
                if arrives(row, ends, destinations.addresses) and row.ports & assertion.ports:
                    return _back(came, row)
                if row.dst_ref is not OUTSIDE and row.dst_ref not in came:
                    came[row.dst_ref] = row
                    waiting.append(row.dst_ref)
        return []

    @cached_property
    def _leaving(self) -> dict[Key, list[FlowRow]]:
        found: dict[Key, list[FlowRow]] = defaultdict(list)
        for (src, _), rows in self._rows.items():
            found[src] += rows
        return found

    def _example(self, blame: Blame) -> Example:
        return explained(self._engine, blame)


def _told(assertion: Assertion, blamed: Iterable[Blame], said: str, example: Callable[[Blame], Example]) -> Result:
    counts, first = {True: 0, False: 0}, defaultdict[bool, list[Blame]](list)
    for blame in blamed:
        counts[blame.sure] += 1
        if len(first[blame.sure]) < EXAMPLES:
            first[blame.sure].append(blame)
    sure = counts[True] > 0
    count = counts[sure]
    if not count:
        return Result(assertion, Outcome.HOLDS, "as expected")
    examples = tuple(map(example, first[sure]))
    flows = f"{count:,} flow{'s' if count > 1 else ''}"
    if sure:
        return Result(assertion, Outcome.FAILS, f"{flows} {'are' if count > 1 else 'is'} {said}", count, examples)
    return Result(assertion, Outcome.UNKNOWN, f"of {flows} nobody can know", count, examples)


def _back(came: dict[Key, FlowRow | None], last: FlowRow) -> list[FlowRow]:
    path = [last]
    while (row := came.get(path[0].src_ref)) is not None:
        path.insert(0, row)
    return path
