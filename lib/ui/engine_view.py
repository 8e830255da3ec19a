"""Which policy engine is assumed, why, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from lib.model.problem import Problem
from lib.policy.note import gathered
from lib.policy.notes import IGNORED_BY_CLUSTER
from lib.tables.notes import note_rows
from lib.trace.questions import of_object, of_open_workload
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import take_from_link

ENGINE_KEY: Final = "engine"
UNISOLATED_KEY: Final = "unisolated"


def say_hosts(page: PageContext) -> None:
    """That workloads on their node's network are not in the matrix of namespaces, where there are some."""
    count = sum(w.host_network and bool(w.endpoints) for w in page.workloads)
    if count:
        some = "1 workload uses its node's network and is"
        if count > 1:
            some = f"{count:,} workloads use their node's network and are"
        st.caption(f":material/info: {some} left out here: that traffic is the node's. The flows of workloads list it.")


def enforcement_line(page: PageContext, choice: str = results.AUTOMATIC, where: str = "") -> str:
    """Whether policies are enforced, as one line of Markdown; ``where``: on which page an engine can be chosen."""
    found = results.detected(page)
    chosen = results.engine(page, choice).profile
    if choice != results.AUTOMATIC:
        whose = f"Read as **{plain(chosen.label)}** reads policies"
        if chosen.enforces:
            return f":material/tune: {whose}."
        return f":material/gpp_bad: {whose}: **not enforced**{plain(chosen.because('enforces'), 300)}."
    if found.name is None:
        why = plain(found.evidence, 300)
        return f":material/help: **Assumes an enforcing engine**, read by the API's own words: {why}."
    if not chosen.enforces:
        return f":material/gpp_bad: **Not enforced**: {plain(found.evidence, 300)}. Every flow is open."
    enforcer = plain(results.profile_of(page, found.name).label)
    return (
        f":material/verified_user: **Enforced by {enforcer}**: {plain(found.evidence, 300)}. "
        f"Shown by the API's own words; choose {enforcer}{where} to see where it reads them otherwise."
    )


def choose_engine(page: PageContext) -> str:
    """The choice of an engine, kept in the URL."""
    ids = results.engine_ids()
    labels = {i: results.profile_of(page, i).label for i in ids}
    labels[results.AUTOMATIC] = f"Default: {labels[results.AUTOMATIC]}"
    labels["kubernetes"] = "Kubernetes API, by its own words"
    take_from_link(ENGINE_KEY, ids, labels.values())
    return str(
        st.selectbox(
            "Policy engine",
            ids,
            format_func=lambda i: labels[i],
            key=ENGINE_KEY,
            bind="query-params",
            help="Engines read some rules differently, for example whether an ipBlock can mean a pod. "
            "Choose one to see the flows as it would enforce them.",
        )
        or results.AUTOMATIC
    )


def show_enforcement(page: PageContext, choice: str) -> None:
    """The statement about enforcement, as prominent as it deserves, and the engine's notes."""
    line = enforcement_line(page, choice)
    chosen = results.engine(page, choice)
    if not chosen.profile.enforces:
        st.warning(line)
    elif choice == results.AUTOMATIC and results.detected(page).name is None:
        st.info(line)
    else:
        st.markdown(line)
    for note in chosen.notes:
        if note.code == IGNORED_BY_CLUSTER:
            st.warning(f"{plain(note.message, 400)}.")
    others = [note for note in chosen.notes if note.code != IGNORED_BY_CLUSTER]
    if len(others) == 1:
        st.caption(f":material/info: {plain(others[0].message, 400)}")
    elif others:
        _show_notes(page, others, choice)


def _show_notes(page: PageContext, notes: Sequence[Problem], choice: str) -> None:
    """Many notes of one kind in one line; where there are such, every note by itself in a table beneath."""
    said = gathered(notes)
    with st.expander(f"{len(notes):,} notes on all results", icon=":material/info:"):
        st.markdown("\n".join(f"- {plain(note.message, 600)}" for note in said))
        if len(said) < len(notes):
            st.caption("Every note by itself:")
            show_traced(
                page,
                TracedTable(
                    note_rows(notes, results.locate(page)),
                    "engine-notes",
                    lambda n: of_object(notes[n].subject, cluster_of(page)),
                    alt="Every note on the results",
                    engine=choice,
                ),
            )


def show_unisolated(page: PageContext, choice: str) -> None:
    """The workloads that are open by default, and in which direction."""
    rows, workloads = results.unisolated(page, choice)
    if not workloads:
        return
    if not rows and not results.policies_are_read(page, choice):
        st.caption(
            ":material/help: Which workloads are isolated is not known: the server did not give every kind of policies."
        )
        return
    if not rows:
        st.caption(":material/lock: Policies in the input isolate every workload that is shown, in both directions.")
        return
    with st.expander(
        f"◇ {len(rows):,} of {workloads:,} workloads are open by default in at least one direction",
        key=UNISOLATED_KEY,
        bind="query-params",
        on_change="rerun",
    ):
        st.caption(
            "No NetworkPolicy isolates them there, so every port is open. Host-network workloads are not listed: no "
            "policy covers them."
        )
        show_traced(
            page,
            TracedTable(
                rows,
                "unisolated",
                lambda n: of_open_workload(results.workload_of(rows[n]), str(rows[n]["open_for"]), page.snapshot),
                alt="Workloads that no policy isolates",
                engine=choice,
            ),
        )
