"""What differs between two readings: flows with their causes, routes and doors, and objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

import streamlit as st

from lib.loaders.object_changes import not_comparable, object_changes
from lib.model.object_change import ObjectChange
from lib.model.refs import ObjectRef
from lib.policy.engine import Engine
from lib.routing.routes import ingress_backends
from lib.scenario import Change, Diff, FlowChange, Tally, arrival_changes, diff, own_node_changes, route_changes
from lib.tables.changes import (
    because_of,
    cause_rows,
    flow_change_rows,
    object_change_rows,
    route_change_rows,
    tally_rows,
)
from lib.tables.row import Row
from lib.trace.questions import Ends, of_object
from lib.ui import moments, results
from lib.ui.change_ways import way_between, way_of_change
from lib.ui.loaded import LoadedInput
from lib.ui.page_context import PageContext, T
from lib.ui.problems import show_problems
from lib.ui.strip import local_time
from lib.ui.text import at_least, plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced

LISTED_UP_TO: Final = 2_000
OBJECTS_UP_TO: Final = 20_000
_OF_LISTED: Final = " Only the flows that are listed are counted."
_COUNTED_ONLY: Final = "The first {shown:,} of {all:,} are listed."


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects that differ: the first rows, how many of each change, and kinds that can't be compared."""

    rows: list[Row]
    refs: list[ObjectRef]
    counts: Counter[str]
    not_compared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Flows:
    """The first flows that differ, as rows too, and what they differ by; ``cut``: more differ than these.

    ``by_cause`` has the first flow that differs by each cause.
    """

    rows: list[Row]
    changes: list[FlowChange]
    causes: list[Row]
    by_cause: dict[str, FlowChange]
    cut: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """Two readings compared; rows of flows and their causes follow the filter."""

    page: PageContext
    other: LoadedInput
    choice: str
    whole: Diff
    tally: Tally
    flows: _Flows
    routes: list[Row]
    route_ways: list[Ends]
    objects: Objects
    unsettled: str


def show_summary(page: PageContext, other: LoadedInput, choice: str) -> Compared:
    """Which two readings are compared, and how much differs; stops the page where they are one and the same."""
    if other is page.loaded or other.key == page.loaded.key:
        st.info(
            "This is the reading that is shown: nothing can differ. Read the cluster again, or load another input.",
            icon=":material/drag_handle:",
        )
        st.stop()
    before = PageContext(other, page.view)
    st.markdown(
        f"**Before:** {_named(other)}  →  **now:** {_named(page.loaded)}"
        + "".join(f"  \n:red[:material/warning: {plain(w, 300)}]" for w in _warnings(other))
    )
    _say_unlike(page, before, choice)
    with st.spinner("Comparing", show_time=True):
        found = _compared(page, before, choice)
    total, counts = found.tally.total, found.objects.counts
    unread = (*results.unread_of_flows(page, choice), *results.unread_of_flows(before, choice))
    with st.container(horizontal=True):
        for change, word in (
            (Change.LOST, "Flows lost"),
            (Change.GAINED, "Flows gained"),
            (Change.CHANGED, "Flows changed"),
            (Change.UNKNOWN, "Flows not settled"),
        ):
            st.metric(word, at_least(total.get(change, 0), unread), border=True)
        st.metric("Routes and doors", at_least(len(found.routes), unread), border=True)
        signs = (("added", "+"), ("removed", "−"), ("changed", "~"))
        told = " ".join(f"{sign}{counts[how]:,}" for how, sign in signs if counts[how])
        st.metric("Objects", told or at_least(0, unread), border=True, help="Added (+), removed (−) and changed (~).")
    if not page.view.is_everything:
        st.caption(
            ":material/filter_alt: These counts are of the whole input; the lists of flows and objects are filtered."
        )
    return found


def show_flow_changes(found: Compared) -> None:
    """Every flow that differs, with the policies and rules by which it does; above a bound also by namespace."""
    st.subheader("Flows that differ", anchor=False)
    if found.unsettled:
        st.caption(f":material/help: {plain(found.unsettled, 500)}")
    if not found.tally:
        _say_same(found, "No flow differs")
        return
    flows = found.flows

    def way_of(change: FlowChange) -> Ends:
        return way_of_change(change, cluster_of(found.page))

    if flows.cut:
        st.caption(
            f"The first {len(flows.rows):,} are listed, and all are counted by namespace. Filter by namespace to see "
            "others, or list all on the command line: `python -m lib diff OLD NEW`."
        )
        with st.expander("All differences, by namespace", icon=":material/table:", expanded=True):
            counted = tally_rows(found.tally)
            show_traced(
                found.page,
                TracedTable(
                    counted,
                    "compare-namespaces",
                    lambda n: way_between(found.whole, counted[n], cluster_of(found.page)),
                    alt="Differences by namespace",
                    engine=found.choice,
                ),
            )
    if flows.rows:
        st.markdown(f"**What they differ by** ({len(flows.causes):,})")
        st.caption("A flow counts with each policy and rule that has a part in it." + (_OF_LISTED if flows.cut else ""))
        alt = "Policies and rules by which flows differ"
        show_traced(
            found.page,
            TracedTable(
                flows.causes,
                "compare-causes",
                lambda n: way_of(flows.by_cause[str(flows.causes[n]["because"])]),
                alt=alt,
                first=("because", "lost"),
                engine=found.choice,
            ),
        )
        st.markdown(f"**Flow by flow** ({len(flows.rows):,})")
        alt = "Flows that differ between the two readings"
        show_traced(
            found.page,
            TracedTable(flows.rows, "compare-flows", lambda n: way_of(flows.changes[n]), alt=alt, engine=found.choice),
        )
    else:
        st.caption("No flow with an end that the filter shows differs.")


def show_route_changes(found: Compared) -> None:
    """Routes, load balancers and other doors, and ways through them, that came, went or lead elsewhere."""
    st.subheader("Routes and doors that differ", anchor=False)
    if found.routes:
        alt, ways = "Routes and doors that differ", found.route_ways
        show_traced(
            found.page, TracedTable(found.routes, "compare-routes", ways.__getitem__, alt=alt, engine=found.choice)
        )
    else:
        _say_same(found, "No route and no door differs")


def show_object_changes(found: Compared) -> None:
    """The objects that came, went or changed, as far as the model is made of them."""
    st.subheader("Objects that differ", anchor=False)
    objects = found.objects
    if objects.not_compared:
        names = plain(", ".join(objects.not_compared), 600)
        st.caption(f":material/help: Not compared, since one of the two readings does not have all of them: {names}.")
    total = sum(objects.counts.values())
    if total > OBJECTS_UP_TO:
        st.caption(_COUNTED_ONLY.format(shown=OBJECTS_UP_TO, all=total))
    shown = [n for n, ref in enumerate(objects.refs) if found.page.view.shows_namespace(ref.namespace)]
    if shown:
        show_traced(
            found.page,
            TracedTable(
                [objects.rows[n] for n in shown],
                "compare-objects",
                lambda n: of_object(objects.refs[shown[n]], cluster_of(found.page)),
                alt="Objects that differ between the two readings",
                engine=found.choice,
            ),
        )
    elif objects.rows:
        st.caption("No object that the filter shows differs.")
    else:
        _say_same(found, "No object differs in what the model is made of")


def _say_same(found: Compared, said: str) -> None:
    doubt = found.page.snapshot.unread_text() or found.other.snapshot.unread_text()
    if doubt:
        st.info(f"{said} in what could be read. Not read: {plain(doubt, 400)}.", icon=":material/help:")
    elif found.page.loaded.errors or found.other.errors:
        st.info(f"{said} in what could be read: one of the two has errors.", icon=":material/help:")
    else:
        st.success(f"{said}.", icon=":material/check:")


def _named(loaded: LoadedInput) -> str:
    at = "" if loaded.is_sample else f", read at {local_time(loaded.loaded_at):%H:%M:%S}"
    return f"{plain(loaded.title, 80)}{at} ({loaded.object_count:,} objects)"


def _warnings(other: LoadedInput) -> tuple[str, ...]:
    return (other.live.warning,) if other.live is not None and other.live.warning else ()


def _say_unlike(page: PageContext, before: PageContext, choice: str) -> None:
    """What of the other reading must be known: trouble with it, and another engine than that of the shown one."""
    if unread := before.snapshot.unread_text():
        said = f"**Not read of what stood before: {plain(unread, 400)}.** What hangs on it is unknown."
        st.warning(said, icon=":material/help:")
    if before.problems:
        count = len(before.problems)
        title = f"{count:,} problem{'s' if count != 1 else ''} in what stood before"
        with st.expander(title, icon=":material/error:" if before.loaded.errors else ":material/warning:"):
            show_problems(before.loaded, key="compare")
    old, new = (results.profile_of(each, choice) for each in (before, page))
    if old != new:
        st.warning(
            f"The two are read by different engines: {plain(old.label)} before, {plain(new.label)} now, as each "
            "of them shows. Choose an engine to read both alike.",
            icon=":material/tune:",
        )


def _compared(page: PageContext, before: PageContext, choice: str) -> Compared:
    old, new = results.engine(before, choice), results.engine(page, choice)
    key = (page.loaded.key, before.loaded.key, old.profile.id, new.profile.id)
    names = page.view.namespaces or None
    whole = _kept(page, before, ("diff", *key), lambda: _diff(page, before, old, new))
    flows = _kept(page, before, ("flows", *key, names), lambda: _flows(page, before, whole, names))
    routes = _kept(page, before, ("routes", *key), lambda: _routes(page, before, old, new))
    objects = _kept(page, before, ("objects", *key[:2]), lambda: _objects(page, before))
    unsettled = " ".join(filter(None, (whole.unsettled, whole.left_out)))
    rows, ways = routes
    return Compared(page, before.loaded, choice, whole, whole.tally, flows, rows, ways, objects, unsettled)


def _kept(page: PageContext, before: PageContext, key: tuple[object, ...], build: Callable[[], T]) -> T:
    """A result that goes with the moment it was made of; nothing of a visitor's lies in what samples share."""
    moment = moments.moment()
    if moment is not None and moment.loaded.key.partition(":")[0] == before.loaded.key.partition(":")[0]:
        return moment.results.get(key, build)
    return page.cached(("compare", *key), build)


def _diff(page: PageContext, before: PageContext, old: Engine, new: Engine) -> Diff:
    backends = (ingress_backends(each.snapshot, results.all_services(each)) for each in (before, page))
    return diff(old, new, *backends)


def _flows(page: PageContext, before: PageContext, found: Diff, names: frozenset[str] | None) -> _Flows:
    changes = list(islice(found.rows(names), LISTED_UP_TO + 1))
    listed, places = changes[:LISTED_UP_TO], (results.locate(before), results.locate(page))
    rows = list(flow_change_rows(listed, *places))
    by_cause: dict[str, FlowChange] = {}
    for change in listed:
        for each in because_of(change, *places):
            by_cause.setdefault(each, change)
    return _Flows(rows, listed, cause_rows(listed, *places), by_cause, len(changes) > LISTED_UP_TO)


def _routes(page: PageContext, before: PageContext, old: Engine, new: Engine) -> tuple[list[Row], list[Ends]]:
    changes = (
        *route_changes(before.snapshot, page.snapshot),
        *arrival_changes(old, new),
        *own_node_changes(old, new),
    )
    rows = route_change_rows(changes, results.locate(before), results.locate(page))
    return rows, [change.way for change in changes]


def _objects(page: PageContext, before: PageContext) -> Objects:
    without = not_comparable(before.snapshot, page.snapshot)
    counts: Counter[str] = Counter()
    listed: list[ObjectChange] = []
    for each in object_changes(before.loaded.read, page.loaded.read, without):
        counts[each.change] += 1
        if len(listed) < OBJECTS_UP_TO:
            listed.append(each)
    rows = list(object_change_rows(listed, results.locate(before), results.locate(page)))
    refs = [ObjectRef(each.namespace, each.name, each.kind) for each in listed]
    return Objects(rows, refs, counts, without)
