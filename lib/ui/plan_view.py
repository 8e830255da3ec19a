"""The answers of an address plan."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.facts import reader as facts
from lib.facts.networks import network
from lib.facts.sources import describe
from lib.ipplan.compare import compare_models
from lib.ipplan.plan import plan
from lib.ipplan.problems import PlanProblem, ProblemClass
from lib.ipplan.read import PlanReading
from lib.ipplan.result import AddressPlan, Assumption, ClusterPlan
from lib.tables.plan import limit_rows, outbound_rows, plan_problem_rows, pool_rows
from lib.tables.plan_models import comparison_rows, reach_rows
from lib.ui.plan_cards import show_cards
from lib.ui.plan_export_view import show_export
from lib.ui.plan_form import show_reading_problems
from lib.ui.plan_space_view import show_space
from lib.ui.text import plain
from lib.ui.widgets import show_table

_TOLD_UP_TO: Final = 5


def show_plan(reading: PlanReading) -> AddressPlan | None:
    """The plan of what the form says, or why it can't be made; returns it."""
    if reading.demand is None:
        show_reading_problems(reading)
        return None
    answer = plan(reading.demand)
    show_cards(answer)
    _show_problems(answer)
    show_space(answer)
    show_export(answer)
    cluster = _choose_cluster(answer)
    _show_limits(cluster)
    _show_formula(cluster)
    _show_outbound(cluster)
    _show_models(cluster, answer)
    return answer


def _choose_cluster(answer: AddressPlan) -> ClusterPlan:
    if len(answer.clusters) == 1:
        return answer.clusters[0]
    names = [cluster.demand.name for cluster in answer.clusters]
    with st.container(horizontal=True):
        chosen = st.selectbox(
            "Show the limits, formula and models of", names, key="plan-cluster", width=420, persist_state="session"
        )
    return next((cluster for cluster in answer.clusters if cluster.demand.name == chosen), answer.clusters[0])


def _show_problems(answer: AddressPlan) -> None:
    if not answer.problems:
        st.success("Azure takes this plan, as far as its documented rules go.", icon=":material/check_circle:")
        return
    # The same rule broken by many pools or clusters is told once, with how often; the table names them all.
    by_code: dict[str, list[PlanProblem]] = {}
    for found in answer.problems:
        by_code.setdefault(found.code, []).append(found)
    for alike in list(by_code.values())[:_TOLD_UP_TO]:
        _show_problem(alike[0], len(alike))
    if len(by_code) > _TOLD_UP_TO or len(answer.problems) > len(by_code):
        show_table(plan_problem_rows(answer.problems), "plan-problems", alt="Problems of the plan")


def _show_problem(found: PlanProblem, times: int) -> None:
    again = f" And {times - 1:,} more like it." if times > 1 else ""
    subject = f"{plain(found.subject)}: " if found.subject and found.subject not in found.message else ""
    text = (
        f"**{found.problem_class.label}:** {subject}{plain(found.message, 500)}{again}\n\n{plain(found.rule, 500)} "
        f"**What to do:** {plain(found.remedy, 500)}\n\n*Source: {plain(describe(found.sources), 700)}*"
    )
    match found.problem_class:
        case ProblemClass.REFUSED:
            st.error(text, icon=":material/block:")
        case ProblemClass.BREAKS:
            st.warning(text, icon=":material/warning:")
        case ProblemClass.UNWISE:
            st.info(text, icon=":material/info:")


def _show_formula(cluster: ClusterPlan) -> None:
    st.subheader(f"How the addresses{_of(cluster)} are counted", anchor=False)
    st.code(cluster.formula, language=None, wrap_lines=True)
    st.caption(
        "N: nodes at the autoscaler's maximum, s: surge nodes of an upgrade, m: max pods per node. "
        f"Source: {plain(describe(cluster.formula_sources), 600)}"
    )
    show_table(pool_rows(cluster), "plan-pools", alt="Node pools with defaults applied")
    if cluster.assumptions:
        count = len(cluster.assumptions)
        words = "1 value" if count == 1 else f"{count:,} values"
        with st.expander(f"{words} that you left open", icon=":material/info:"):
            st.markdown("\n".join(f"- {_assumption(a)}" for a in cluster.assumptions))
    _show_good_to_know(cluster)


def _show_good_to_know(cluster: ClusterPlan) -> None:
    told = facts.shown_facts(cluster.demand.model)
    with st.expander("Good to know", icon=":material/lightbulb:"):
        st.markdown(
            "\n".join(
                f"- {plain(fact.name.replace('_', ' '))}: {plain(fact.value_text)}. {plain(fact.note, 300)} "
                f"({plain(describe(fact.sources), 400)})"
                for fact in told
            )
        )


def _assumption(found: Assumption) -> str:
    text = f"{plain(found.text, 400)} ({plain(describe(found.sources), 500)})"
    return f"{text}; other sources say: {plain(found.conflict, 300)}" if found.conflict else text


def _show_limits(cluster: ClusterPlan) -> None:
    st.subheader(f"Limits{_of(cluster)}, the one that is reached first at the top", anchor=False)
    show_table(limit_rows(cluster.limits), "plan-limits", alt="Limits, the one that is reached first at the top")


def _show_outbound(cluster: ClusterPlan) -> None:
    found = cluster.outbound
    if found is None:
        return
    st.subheader(f"Outbound ports{_of(cluster)}", anchor=False)
    if found.steps:
        show_table(outbound_rows(cluster), "plan-outbound", alt="Outbound ports of the nodes, now and at the maximum")
    elif found.gateway is not None:
        st.markdown(
            f"{found.gateway.ports:,} ports of {found.gateway.public_ips:,} public addresses, taken on demand; "
            f"{found.gateway.connections_to_one_destination:,} connections to one destination at the same time."
        )
    else:
        st.markdown(
            f"With {plain(found.type)} no ports are counted here: what stands on the way out translates addresses."
        )
    st.caption(f"Source: {plain(describe(found.sources), 600)}")


def _show_models(cluster: ClusterPlan, answer: AddressPlan) -> None:
    st.subheader("The same demand with other network models", anchor=False)
    st.caption(
        f"Every model for the nodes and pods of {plain(cluster.demand.name)}, which now has "
        f"{plain(network(cluster.demand.model).label)}."
    )
    models = compare_models(cluster.demand, answer.demand)
    show_table(comparison_rows(models), "plan-models", alt="Network models side by side: addresses and ceilings")
    st.markdown("**What each can do**")
    show_table(reach_rows(models), "plan-reach", alt="Network models side by side: reach, engines, migrations")


def _of(cluster: ClusterPlan) -> str:
    return f" of {plain(cluster.demand.name)}" if cluster.demand.name != "cluster" else ""
