"""The answers of an address plan."""

from __future__ import annotations

import streamlit as st

from lib.facts.sources import describe
from lib.figures.address_space import address_space, hidden_rows
from lib.ipplan.compare import compare_models
from lib.ipplan.plan import plan
from lib.ipplan.problems import ProblemClass
from lib.ipplan.read import PlanReading
from lib.ipplan.result import AddressPlan, Assumption, ClusterPlan
from lib.ipplan.subnets import SubnetPlan
from lib.tables.plan import comparison_rows, limit_rows, plan_problem_rows, pool_rows, prefix_text, subnet_rows
from lib.ui.plan_form import show_reading_problems
from lib.ui.text import plain
from lib.ui.widgets import show_figure, show_table


def show_plan(reading: PlanReading) -> None:
    """The plan of what the form says, or why it can't be made."""
    if reading.demand is None:
        show_reading_problems(reading)
        return
    answer = plan(reading.demand)
    cluster = answer.clusters[0]
    _show_numbers(answer, cluster)
    _show_problems(answer)
    _show_formula(cluster)
    _show_space(answer)
    _show_limits(cluster)
    _show_models(cluster, answer)


def _show_numbers(answer: AddressPlan, cluster: ClusterPlan) -> None:
    st.subheader("Addresses needed", anchor=False)
    binding = cluster.binding_limit
    first, second, third, fourth = st.columns(4)
    with first.container(border=True, height="stretch", gap="xsmall"):
        st.caption("Of the virtual network", help="Every address the plan takes, those that Azure keeps included.")
        st.metric("Of the virtual network", f"{answer.vnet_ips:,}", label_visibility="collapsed")
        st.caption(f"{cluster.nodes_peak:,} nodes at the peak, {cluster.pods_max:,} pods at most")
    with second.container(border=True, height="stretch", gap="xsmall"):
        subnet = cluster.node_subnets[0] if cluster.node_subnets else None
        st.caption("Node subnet, smallest prefix", help="The longest prefix whose subnet is large enough.")
        st.metric("Node subnet", prefix_text(subnet.smallest_prefix if subnet else None), label_visibility="collapsed")
        if subnet is not None:
            st.caption(_left(subnet))
    with third.container(border=True, height="stretch", gap="xsmall"):
        _show_pod_range(cluster)
    with fourth.container(border=True, height="stretch", gap="xsmall"):
        st.caption("Room to grow", help="How many more nodes fit until the limit that is reached first.")
        room = (
            "–"
            if binding is None or binding.more_nodes is None
            else f"{binding.more_nodes:,} node{'s' if binding.more_nodes != 1 else ''}"
        )
        st.metric("Room to grow", room, label_visibility="collapsed")
        st.caption(f"Binding limit: {plain(binding.label, 90)}" if binding else "No limit depends on nodes.")


def _show_pod_range(cluster: ClusterPlan) -> None:
    if cluster.pod_cidr is not None:
        pods = cluster.pod_cidr
        st.caption("Pod CIDR, smallest prefix", help="Outside the virtual network; every node takes one block of it.")
        st.metric("Pod CIDR", prefix_text(pods.smallest_prefix), label_visibility="collapsed")
        st.caption(f"{pods.nodes_needed:,} of {pods.nodes_max:,} nodes in {plain(pods.cidr)}")
        return
    subnet = cluster.pod_subnets[0] if cluster.pod_subnets else None
    st.caption("Pod subnet, smallest prefix", help="The longest prefix whose subnet is large enough.")
    st.metric("Pod subnet", prefix_text(subnet.smallest_prefix if subnet else None), label_visibility="collapsed")
    if subnet is None:
        st.caption("Pods take addresses of the node subnet.")
    else:
        st.caption(_left(subnet))


def _left(subnet: SubnetPlan) -> str:
    where = prefix_text(subnet.prefix)
    if subnet.available < 0:
        return f"✖ {-subnet.available:,} more than the {subnet.usable:,} usable in {where}"
    return f"{subnet.available:,} of {subnet.usable:,} available in {where}"


def _show_problems(answer: AddressPlan) -> None:
    if not answer.problems:
        st.success("Azure takes this plan, as far as its documented rules go.", icon=":material/check_circle:")
        return
    for found in answer.problems[:6]:
        text = (
            f"**{found.problem_class.label}:** {plain(found.message, 500)}\n\n{plain(found.rule, 500)} "
            f"**What to do:** {plain(found.remedy, 500)}\n\n*Source: {plain(describe(found.sources), 500)}*"
        )
        match found.problem_class:
            case ProblemClass.REFUSED:
                st.error(text, icon=":material/block:")
            case ProblemClass.BREAKS:
                st.warning(text, icon=":material/warning:")
            case ProblemClass.UNWISE:
                st.info(text, icon=":material/info:")
    if len(answer.problems) > 6:
        show_table(plan_problem_rows(answer.problems), "plan-problems", alt="Problems of the plan")


def _show_formula(cluster: ClusterPlan) -> None:
    st.subheader("How it is counted", anchor=False)
    st.code(cluster.formula, language=None, wrap_lines=True)
    st.caption(
        "N: nodes at the autoscaler's maximum, s: surge nodes of an upgrade, m: max pods per node. "
        f"Source: {plain(describe(cluster.formula_sources), 600)}"
    )
    show_table(pool_rows(cluster), "plan-pools", alt="Node pools with defaults applied")
    if cluster.assumptions:
        with st.expander(f"{len(cluster.assumptions):,} values that you left open", icon=":material/info:"):
            st.markdown("\n".join(f"- {_assumption(a)}" for a in cluster.assumptions))


def _assumption(found: Assumption) -> str:
    text = f"{plain(found.text, 400)} ({plain(describe(found.sources), 500)})"
    return f"{text}; other sources say: {plain(found.conflict, 300)}" if found.conflict else text


def _show_space(answer: AddressPlan) -> None:
    st.subheader("Address space", anchor=False)
    show_figure(address_space(answer), key="plan-space", alt="The address space, and how full every range is")
    if hidden := hidden_rows(answer):
        st.caption(f"{hidden:,} more ranges are in the table only.")
    show_table(subnet_rows(answer), "plan-subnets", alt="Subnets of the plan")


def _show_limits(cluster: ClusterPlan) -> None:
    st.subheader("Limits, the one that is reached first at the top", anchor=False)
    show_table(limit_rows(cluster.limits), "plan-limits", alt="Limits, the one that is reached first at the top")


def _show_models(cluster: ClusterPlan, answer: AddressPlan) -> None:
    st.subheader("The same demand with other network models", anchor=False)
    rows = comparison_rows(compare_models(cluster.demand, answer.demand))
    show_table(rows, "plan-models", alt="Network models side by side")
