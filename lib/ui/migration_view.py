"""The parts of the page that compares two policy engines on the same input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import streamlit as st

from lib.azure.profile import ClusterProfile
from lib.facts.networks import network
from lib.facts.sources import describe
from lib.policy.engines import profiles
from lib.policy.inventory import policy_kinds
from lib.routing.routes import ingress_backends
from lib.scenario import (
    Advisor,
    Change,
    Diff,
    FlowChange,
    Reason,
    RouteChange,
    Tally,
    arrival_changes,
    diff,
    documented,
    own_node_changes,
    reasons,
    retirement,
)
from lib.tables.changes import arrival_change_rows, migration_rows, tally_rows
from lib.tables.row import Row
from lib.ui import results
from lib.ui.arrival_view import CHANGES, counted, show_arrival_reasons
from lib.ui.change_ways import way_between, way_of_change
from lib.ui.page_context import PageContext
from lib.ui.text import at_least, plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import take_from_link

OLD_KEY: Final = "old_engine"
NEW_KEY: Final = "new_engine"
LISTED_UP_TO: Final = 2_000
_REMEDIES_UP_TO: Final = 3
_BEFORE: Final = "azure-npm"
_AFTER: Final = "cilium"
_AFTER_CILIUM: Final = "calico"
_API: Final = "kubernetes"


@dataclass(frozen=True, slots=True)
class _Compared:
    """What differs: the counts, the first rows, and whether there are more of them."""

    whole: Diff
    tally: Tally
    rows: list[Row]
    listed: list[FlowChange]
    reasons: tuple[Reason, ...]
    cut: bool
    left_out: str
    unsettled: str
    arrivals: tuple[RouteChange, ...]


def choose_engines(page: PageContext, cluster: ClusterProfile) -> tuple[str, str]:
    """The engine of today, which is that of the profile, and the one to move to, both kept in the URL."""
    ids = tuple(p.id for p in profiles())
    labels = {p.id: p.label for p in profiles()} | {"kubernetes": "Kubernetes API, by its own words"}
    known = cluster.policy_engine.value
    before = known if known in ids else _BEFORE
    after = _AFTER if before != _AFTER else _AFTER_CILIUM
    left, right = st.columns(2)
    chosen = []
    for column, key, title, first in ((left, OLD_KEY, "From", before), (right, NEW_KEY, "To", after)):
        take_from_link(key, ids, labels.values())
        chosen.append(
            column.selectbox(
                title, ids, index=ids.index(first), format_func=lambda i: labels[i], key=key, bind="query-params"
            )
        )
    old, new = map(str, chosen)
    _say_guess(page, old, {p.id: p.label for p in profiles()})
    return old, new


def say_network(cluster: ClusterProfile, new: str) -> None:
    """That the new engine can't be had with the cluster's network model, where the documentation does not offer it."""
    model = cluster.network_model.value
    facts = network(model) if model else None
    if facts is None or not facts.policy_engines or new in (*facts.policy_engines, _API):
        return
    labels = {p.id: p.label for p in profiles()}
    offered = ", ".join(labels[e] for e in facts.policy_engines)
    st.warning(
        f"{plain(facts.label)} is not documented with {plain(labels[new])}, only with {plain(offered)}: such a move "
        f"needs another network model or data plane. Source: {plain(describe(facts.sources), 600)}",
        icon=":material/warning:",
    )


def _say_guess(page: PageContext, old: str, labels: Mapping[str, str]) -> None:
    """What the input shows of the cluster's engine, and whether the comparison starts from that."""
    found = results.detected(page)
    if found.name is not None and found.name in labels:
        place = results.locate(page)(found.source)
        at = f" {plain(f'({place})', 160)}" if place else ""
        starts = ", so the comparison starts from it" if old == found.name else "; the comparison starts from another"
        runs = "no engine" if found.name == "none" else plain(labels[found.name])
        st.caption(f":material/search: The cluster runs **{runs}**{starts}: {plain(found.evidence, 300)}{at}.")
    elif old == _BEFORE:
        st.caption(
            f":material/help: Which engine the cluster runs is not shown: {plain(found.evidence, 400)}. Choose it."
        )


def show_summary(page: PageContext, old: str, new: str) -> None:
    """The counts, and until when the two engines are supported."""
    for engine in dict.fromkeys((old, new)):
        ending = retirement(engine)
        if ending is not None:
            ends = " and ".join(f"{e.last_day:%-d %B %Y} for {e.operating_system.title()} nodes" for e in ending.ends)
            said = f"The last day of support for {ending.engine} is {ends}. Source: {ending.source}."
            st.warning(plain(said, 900))
    for words in filter(None, map(documented, dict.fromkeys((old, new)))):
        with st.expander(plain(f"What else is documented of {words.engine}", 120), icon=":material/menu_book:"):
            st.markdown("\n".join(f"- {plain(line, 400)}" for line in words.lines))
            st.caption(plain(f"Source: {words.source}", 1200))
    if old == new:
        return
    found = _compared(page, old, new)
    total, unread = found.tally.total, results.unread_of_flows(page, old, new)
    if not page.view.is_everything:
        st.caption(":material/filter_alt: These counts are of the whole cluster; the lists below follow the filter.")
    with st.container(horizontal=True):
        for change, word in (
            (Change.LOST, "Flows lost"),
            (Change.GAINED, "Flows gained"),
            (Change.CHANGED, "Flows changed"),
            (Change.UNKNOWN, "Not settled"),
        ):
            st.metric(word, at_least(total.get(change, 0), unread), border=True)
    if found.arrivals:
        st.warning(plain(counted(found.arrivals), 400), icon=":material/call_received:")


def show_differences(page: PageContext, old: str, new: str) -> None:
    """Every flow that differs, with the reason and what to change; above a bound by namespace."""
    before, after = (results.profile_of(page, e).label for e in (old, new))
    if old == new:
        st.info("The two engines are the same: choose another one to compare.", icon=":material/compare_arrows:")
        return
    found = _compared(page, old, new)
    for note in filter(None, (*_notes(page, old, new), found.unsettled, found.left_out)):
        st.caption(f":material/info: {plain(note, 400)}")
    if not found.tally:
        pods = sum(len(w.endpoints) for w in page.snapshot.workloads)
        kinds = results.unread_of_flows(page, old, new)
        unread = page.snapshot.unread_text(*kinds) if kinds else ""
        said = (
            f"No flow is known to differ between {before} and {after}. Not read: {unread}."
            if unread
            else f"No flow differs: {before} and {after} let the same through."
        )
        (st.info if found.arrivals or unread else st.success)(
            plain(
                f"{said} Compared were the flows between all "
                f"{len(page.snapshot.workloads):,} workloads ({pods:,} pods that can send and receive), to and from "
                f"all outside addresses and nodes, and from ingress controllers, "
                f"under {sum(policy_kinds(page.snapshot).values()):,} policies.{_rejected(page)}{_besides(found)}",
                700,
            )
        )
        return
    if found.reasons:
        st.subheader("Why, and what to do", anchor=False)
        if found.cut:
            st.caption(f"Of the first {len(found.rows):,} flows that differ.")
        _show_reasons(found.reasons)
    st.subheader("Flows that differ", anchor=False)
    if found.cut:
        shown = "of the chosen namespaces " if page.view.namespaces else ""
        st.caption(
            f"The first {len(found.rows):,} flows {shown}are listed below; all are counted by namespace. Filter by "
            "namespace to see others, or list all on the command line: "
            f"`python -m lib diff PATH --engine {old} --engine {new}`."
        )
        with st.expander("All differences, by namespace", icon=":material/table:", expanded=True):
            tally = tally_rows(found.tally)
            show_traced(
                page,
                TracedTable(
                    tally,
                    "migration-namespaces",
                    lambda n: way_between(found.whole, tally[n], cluster_of(page)),
                    alt="Differences by namespace",
                    engine=old,
                    against=new,
                ),
            )
    if not page.view.is_everything:
        st.caption(":material/filter_alt: Only flows with an end in the namespaces that the filter shows are listed.")
    if found.rows:
        listed = found.listed
        show_traced(
            page,
            TracedTable(
                found.rows,
                "migration",
                lambda n: way_of_change(listed[n], cluster_of(page)),
                alt="Flows that differ between the engines",
                engine=old,
                against=new,
            ),
        )
    else:
        st.caption("No flow with an end that the filter shows differs.")


def _show_reasons(found: tuple[Reason, ...]) -> None:
    with st.container(border=True):
        for reason in found:
            flows = f"{reason.flows:,} flow{'s' if reason.flows != 1 else ''} {CHANGES[reason.change]}"
            more = len(reason.remedies) - _REMEDIES_UP_TO
            remedies = " ".join(reason.remedies[:_REMEDIES_UP_TO]) + (f" And {more} more like it." if more > 0 else "")
            example = f"{reason.example.src} → {reason.example.dst}"
            st.markdown(
                f"**{flows}:** {plain(reason.why, 400)}.  \n**What to do:** {plain(remedies, 900)}  \n"
                f":small[For example {plain(example, 300)}]"
                + (f"  \n:small[{plain(reason.said, 900)}]" if reason.said else "")
            )


def show_arrivals(page: PageContext, old: str, new: str) -> None:
    """What comes through load balancers, and what pods send to their own nodes, under one engine only."""
    if old == new:
        return
    st.subheader("Through load balancers and node ports, and to own nodes", anchor=False)
    every = _compared(page, old, new).arrivals
    found = tuple(c for c in every if page.view.shows_namespace(c.name.partition("/")[0]))
    if not found:
        same = "What load balancers and node ports carry to pods, and pods to their own nodes, is the same under both."
        st.caption(f"The filter hides all {len(every):,} differences." if every else same)
        return
    show_arrival_reasons(found)
    show_traced(
        page,
        TracedTable(
            arrival_change_rows(found, results.locate(page)),
            "migration-arrivals",
            lambda n: found[n].way,
            alt="Load balancer traffic that differs",
            engine=old,
            against=new,
        ),
    )


def _besides(found: _Compared) -> str:
    return (
        " What load balancers bring, or pods send to their own nodes, does differ: see below." if found.arrivals else ""
    )


def _rejected(page: PageContext) -> str:
    count = len(page.snapshot.rejected_policies)
    return f" Without {count:,} that could not be read: the page Input names them." if count else ""


def _notes(page: PageContext, old: str, new: str) -> list[str]:
    """Notes of either engine on kinds of policy, and labels, that it ignores."""
    found = [n for choice in (old, new) for n in results.engine(page, choice).notes]
    return list(dict.fromkeys(n.message for n in found if n.code in ("policies-ignored", "labels-ignored")))


def _compared(page: PageContext, old: str, new: str) -> _Compared:
    names = page.view.namespaces or None
    compared = page.cached(("migration-diff", old, new), lambda: _diff(page, old, new))
    return page.cached(("migration", old, new, names), lambda: _rows(page, compared, names))


def _diff(page: PageContext, old: str, new: str) -> Diff:
    backends = ingress_backends(page.snapshot, results.all_services(page))
    return diff(results.engine(page, old), results.engine(page, new), backends, backends)


def _rows(page: PageContext, found: Diff, names: frozenset[str] | None) -> _Compared:
    changes = list(islice(found.rows(names), LISTED_UP_TO + 1))
    advisor = Advisor(found.old, found.new)
    listed = changes[:LISTED_UP_TO]
    advised = [(change, advisor.advise(change)) for change in listed]
    return _Compared(
        found,
        found.tally,
        migration_rows(advised, results.locate(page)),
        listed,
        reasons(advised),
        len(changes) > LISTED_UP_TO,
        found.left_out,
        found.unsettled,
        (*arrival_changes(found.old, found.new), *own_node_changes(found.old, found.new)),
    )
