"""The parts of the page Egress that hold for any cluster: the outbound type and its ports."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.azure.egress import Change, OutboundAnswer, network_kind_of, outbound_answer
from lib.azure.profile import ClusterProfile
from lib.azure.snat import SnatPlan, allocation_problems, load_balancer_snat, nat_gateway
from lib.facts.outbound import migrations, outbound_types, requirements
from lib.facts.snat import default_steps_sources, semantics, snat_examples, snat_fact, snat_facts
from lib.facts.sources import describe
from lib.figures.snat_ports import snat_ports
from lib.model.errors import ModelError
from lib.tables.egress import example_rows, migration_rows, nat_rows, number_rows, snat_rows, step_rows, way_rows
from lib.trace.questions import of_way_out
from lib.ui.egress_form import PortsAsked, choose_network, choose_ports
from lib.ui.page_context import PageContext
from lib.ui.profile_view import choose_aspect
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, show_traced
from lib.ui.widgets import show_figure, show_table

_CHANGES: Final = {
    Change.ALLOWED: "✔ possible",
    Change.REFUSED: "✖ not possible",
    Change.CONFLICT: "? the page contradicts itself",
    Change.NOT_STATED: "– not stated",
}


def show_outbound(page: PageContext, profile: ClusterProfile) -> OutboundAnswer:
    """What the outbound type means, for the default type of AKS where it isn't known."""
    st.subheader("Outbound type", anchor=False)
    default = next(t.id for t in outbound_types() if t.is_default)
    left, right = st.columns([0.5, 0.5])
    with left:
        choose_aspect(profile.outbound_type.name, unknown=f"not known (shown is {default}, the default of AKS)")
    with right:
        network = choose_network()
    known = profile.outbound_type.value
    answer = outbound_answer(known or default, network, profile.network_model.value)
    if not answer.fits:
        st.warning(plain(f"{answer.misfit} What follows is for these.", 300), icon=":material/warning:")
        answer = outbound_answer(answer.type.id, network_kind_of(answer.type.id), profile.network_model.value)
    seen, who, before = st.columns(3)
    with seen.container(border=True, height="stretch", gap="xsmall"):
        st.caption("Address seen outside")
        st.markdown(plain(answer.type.seen, 300))
    with who.container(border=True, height="stretch", gap="xsmall"):
        st.caption("Who translates")
        st.markdown(plain(sentence(answer.type.translated_by), 300))
    with before.container(border=True, height="stretch", gap="xsmall"):
        st.caption("What must exist beforehand")
        needs = (*answer.type.needs, *requirements())
        st.markdown("\n".join(f"- {plain(sentence(need), 200)}" for need in needs))
        if answer.type.creates:
            st.markdown(f"AKS makes: {plain(', '.join(answer.type.creates), 300)}.")
    state = "" if answer.type.state == "GA" else f"**{plain(answer.type.state)}** · "
    notes = " ".join(answer.type.notes)
    st.caption(f"{state}{plain(notes, 700)} Source: {plain(describe(answer.type.sources), 600)}")
    st.markdown("**The way of a pod's packet to the Internet**")
    alt = "Source address after each step on the way out"
    rows, ends = way_rows(answer), of_way_out(page.snapshot)
    show_traced(page, TracedTable(rows, "way-out", lambda _: ends, alt=alt, hide=("stated_in",)))
    _show_migrations(answer)
    return answer


def _show_migrations(answer: OutboundAnswer) -> None:
    st.markdown(f"**Changing from {plain(answer.type.id)}**")
    rows = [
        row | {"change": _CHANGES[m.change]}
        for row, m in zip(migration_rows(answer.migrations), answer.migrations, strict=True)
    ]
    show_table(rows, "migrations", alt="Which outbound types the cluster can change to", hide=("stated_in",))
    known = migrations()
    st.caption(f"{plain(known.note)} Source: {plain(describe(known.sources), 300)}")


def show_ports(page: PageContext, answer: OutboundAnswer) -> None:
    """The ports for outbound connections, as the outbound type has them."""
    st.subheader("Ports for outbound connections (SNAT)", anchor=False)
    gateway = answer.type.ports == "nat_gateway"
    if answer.without_ports:
        st.info(plain(answer.without_ports, 300), icon=":material/info:")
    asked = choose_ports(page, nat_gateway=gateway)
    try:
        if gateway:
            _show_nat_gateway(asked)
        else:
            _show_load_balancer(
                load_balancer_snat(asked.nodes, asked.surge_nodes, asked.public_ips, asked.ports_per_node)
            )
    except ModelError as error:
        st.error(plain(sentence(str(error))), icon=":material/error:")
    with st.expander(
        "What a port is good for, the documented numbers, and the documentation's own examples",
        icon=":material/menu_book:",
    ):
        st.markdown("\n".join(f"- {plain(w.text, 300)} ({plain(describe((w.source,)), 300)})" for w in semantics()))
        show_table(number_rows(snat_facts()), "snat-facts", alt="Documented numbers of ports")
        show_table(
            example_rows(snat_examples()),
            "snat-examples",
            alt="Worked examples of the documentation",
            hide=("stated_in",),
        )


def _show_load_balancer(plan: SnatPlan) -> None:
    first, second, third, fourth = st.columns(4)
    how = "automatic, by the number of nodes" if plan.automatic else "allocated"
    _number(first, "Ports of each node", plan.ports_per_node, how)
    _number(second, "Ports left while upgrading", plan.headroom_ports, f"of {plan.available_ports:,} available")
    _number(third, "Outbound addresses needed", plan.required_ips, f"{plan.outbound_ips:,} given")
    _number(fourth, "Nodes at most", plan.max_nodes, "surge nodes included")
    for problem in allocation_problems(plan):
        st.warning(plain(problem, 300), icon=":material/warning:")
    show_figure(snat_ports(plan), key="snat-ports", alt="Ports of each node against the number of nodes")
    left, right = st.columns([0.55, 0.45])
    with left:
        show_table(step_rows(plan), "snat-steps", alt="Ports of each node by the number of nodes")
    with right:
        show_table(snat_rows(plan), "snat-numbers", alt="Ports of the load balancer")
    st.caption(f"Source: {plain(describe(default_steps_sources()), 400)}")


def _show_nat_gateway(asked: PortsAsked) -> None:
    plan = nat_gateway(asked.public_ips, asked.connections)
    first, second, third = st.columns(3)
    _number(first, "Ports", plan.ports, "on demand, shared by all nodes")
    _number(second, "Connections to one destination", plan.connections_to_one_destination, "at one time")
    _number(third, "Public addresses needed", plan.required_ips, f"{asked.public_ips:,} given")
    most = snat_fact("nat_gateway", "public_ips_max").value
    if plan.required_ips is None:
        st.warning(
            f"A NAT gateway has at most {most} public addresses, which is not enough for so many connections to one "
            "destination. Reuse connections, or use more destinations or a private endpoint.",
            icon=":material/warning:",
        )
    elif plan.required_ips > asked.public_ips:
        st.warning(f"{plan.required_ips:,} public addresses are needed.", icon=":material/warning:")
    show_table(nat_rows(plan), "nat-gateway", alt="Ports of the NAT gateway")
    st.caption(f"Source: {plain(describe(snat_fact('nat_gateway', 'ports_per_public_ip').sources), 400)}")


def _number(place: st.delta_generator.DeltaGenerator, label: str, number: int | None, below: str) -> None:
    with place.container(border=True, height="stretch", gap="xsmall"):
        st.caption(label)
        st.metric(label, "not stated" if number is None else f"{number:,}", label_visibility="collapsed")
        st.caption(below)
