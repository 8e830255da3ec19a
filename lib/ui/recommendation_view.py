"""A recommendation: what is proven, the YAML, the evidence, what closes, and what the input does not show."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.model.policies import Verdict
from lib.scenario import Change
from lib.scenario.recommendation import Recommendation, summarise, way_of_need
from lib.tables.recommendation import (
    arrival_rows,
    effect_rows,
    left_out_rows,
    need_rows,
    not_kept_rows,
    open_rows,
    question_rows,
)
from lib.trace.questions import Ends, of_flow_row, of_object
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import show_table

_SHOWN_CHARS: Final = 60_000
_QUESTIONS_SHOWN: Final = 8
_FILE: Final = "netatlas-networkpolicies.yaml"


def show_summary(page: PageContext, choice: str, found: Recommendation) -> None:
    """What is proven, what to look at before applying, and the counts."""
    profile, proof = results.profile_of(page, choice), found.proof
    summary = summarise(found, profile.label)
    if summary.engine:
        st.warning(plain(summary.engine, 400), icon=":material/tune:")
    if proof is None:
        st.info(plain(" ".join((summary.about, *summary.proven)), 400), icon=":material/info:")
        return
    st.markdown(f"**{plain(summary.about)}**")
    if summary.proven:
        told = "  \n".join(plain(line, 400) for line in summary.proven)
        if found.is_proven and not proof.open:
            st.success(told, icon=":material/verified_user:")
        else:
            (st.warning if found.is_proven else st.error)(told, icon=":material/gpp_maybe:")
    cautions = "  \n".join(plain(line, 400) for line in summary.cautions)
    st.warning(f"**Before you apply them**  \n{cautions}", icon=":material/front_hand:")
    allowed = sum(n.verdict is Verdict.ALLOWED for n in proof.needs)
    counts = proof.tally.total
    with st.container(horizontal=True):
        st.metric("Needed flows proven", f"{allowed:,} of {len(proof.needs):,}", border=True)
        st.metric("Open besides", f"{len(proof.open):,}{'+' if proof.open_cut else ''}", border=True)
        st.metric("Flows lost", f"{counts.get(Change.LOST, 0):,}", border=True)
        st.metric("Flows changed", f"{counts.get(Change.CHANGED, 0):,}", border=True)
        st.metric("Flows gained", f"{counts.get(Change.GAINED, 0):,}", border=True)
    st.caption(
        f":material/info: Judged from the text below as {plain(profile.label)} reads it, over the whole input. "
        "A flow is one between two workloads, or between one and nodes or a range of addresses outside."
    )


def show_questions(page: PageContext, found: Recommendation) -> None:
    """What the input does not show, each with what to do about it."""
    if not found.questions:
        return
    place = results.locate(page)
    st.subheader("Not settled by the input", anchor=False)
    with st.container(border=True):
        for question in found.questions[:_QUESTIONS_SHOWN]:
            where = place(question.source)
            at = f" {plain(f'({where})', 160)}" if where else ""
            text, remedy = plain(sentence(question.text), 600), plain(question.remedy, 400)
            st.markdown(f"{text}.{at}  \n:material/arrow_forward: {remedy}")
    if len(found.questions) > _QUESTIONS_SHOWN:
        with st.expander(f"All {len(found.questions):,}", icon=":material/table:"):
            asked = found.questions
            alt = "What the input does not show"
            rows = question_rows(asked, place)
            show_traced(
                page, TracedTable(rows, "not-known", lambda n: of_object(asked[n].workload, cluster_of(page)), alt=alt)
            )


def show_policies(found: Recommendation) -> None:
    """The YAML, with its reasons as comments, to take along."""
    if not found.text:
        return
    st.subheader("Policies", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download the YAML",
            data=found.text,
            file_name=_FILE,
            mime="application/yaml",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )
        st.caption(
            f"{len(found.drafts):,} policies. Apply them with kubectl apply -f; all have the label "
            "app.kubernetes.io/managed-by=netatlas, by which they can be taken out again.",
            width="stretch",
        )
    with st.expander("The YAML, with the reason and the place of every rule", icon=":material/code:", expanded=True):
        cut = len(found.text) > _SHOWN_CHARS
        shown = found.text[: found.text.rfind("\n", 0, _SHOWN_CHARS)] if cut else found.text
        st.code(shown, language="yaml", height=480)
        if cut:
            st.caption(f"The first {len(shown):,} of {len(found.text):,} characters; the file holds all of them.")
    if found.removal:
        st.markdown("**Then take the present NetworkPolicies out**")
        st.code("\n".join(found.removal), language="bash", wrap_lines=True)


def show_needs(page: PageContext, choice: str, found: Recommendation) -> None:
    """Every needed flow with its evidence."""
    if found.proof is None:
        return
    place = results.locate(page)
    st.subheader("Needed flows, and what says so", anchor=False)
    needs = found.proof.ranked_needs
    if needs:
        show_traced(
            page,
            TracedTable(
                need_rows(needs, place),
                "needed-flows",
                lambda n: way_of_need(needs[n].need, page.snapshot),
                alt="Needed flows with their evidence",
                hide=("basis",),
                engine=choice,
            ),
        )
    else:
        unread = page.snapshot.unread_text()
        note = f" These kinds were not read: {plain(unread, 400)}." if unread else ""
        st.caption(f"Nothing in the input shows that a flow is needed.{note}")
    if found.proof.open:
        st.subheader("Open, though nothing needs it", anchor=False)
        if found.proof.open_cut:
            st.caption(f"The first {len(found.proof.open):,}.")
        still = found.proof.open
        show_traced(
            page,
            TracedTable(
                open_rows(still, place),
                "open-flows",
                lambda n: of_flow_row(still[n], cluster_of(page)),
                alt="Flows that stay open",
                engine=choice,
            ),
        )


def show_changes(page: PageContext, choice: str, found: Recommendation) -> None:
    """What is lost and gained against today."""
    if found.proof is None or not found.proof.enforced:
        return
    st.subheader("What differs from today", anchor=False)
    proof = found.proof
    if not proof.tally and not proof.arrivals:
        st.caption(
            f"No flow is known to differ. {plain(proof.unsettled, 400)}" if proof.unsettled else "No flow differs."
        )
        return
    if proof.tally.flows > len(proof.changes):
        st.caption(f"The first {len(proof.changes):,} of {proof.tally.flows:,} flows.")
    place = results.locate(page)
    rows = [*effect_rows(proof, place), *arrival_rows(proof, place)]

    def way_of(chosen: int) -> Ends:
        if chosen >= len(proof.changes):
            return proof.arrivals[chosen - len(proof.changes)].way
        change = proof.changes[chosen]
        return of_flow_row(change, cluster_of(page), change.node)

    st.caption("A row's trace follows the packet under the policies of today.")
    show_traced(page, TracedTable(rows, "policy-effects", way_of, alt="Flows that differ from today", engine=choice))


def show_rest(page: PageContext, choice: str, found: Recommendation) -> None:
    """The present rules that were not kept, and what is left out."""
    place = results.locate(page)
    if found.not_kept:
        st.subheader("Present rules that were not kept", anchor=False)
        st.caption("They name nobody in particular, so that they do not show who needs the flow.")
        kept = found.not_kept
        show_traced(
            page,
            TracedTable(
                not_kept_rows(kept, place),
                "not-kept",
                lambda n: of_object(kept[n].policy, cluster_of(page)),
                alt="Present rules that were not kept",
                engine=choice,
            ),
        )
    left_out = left_out_rows((*found.covered.left_out, *found.twins))
    if left_out:
        st.subheader("Left out, or not told apart", anchor=False)
        show_table(left_out, "left-out", alt="What the policies are not about")
