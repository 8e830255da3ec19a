"""The virtual network cut into subnets: a picture, its table, and places that stay."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.figures.address_space import address_space, hidden_rows
from lib.ipplan.result import AddressPlan
from lib.tables.plan import range_rows, subnet_rows
from lib.tables.plan_space import space_rows
from lib.ui import plan_state as state
from lib.ui.widgets import show_figure, show_table

_KEEP: Final = "keep"


def show_space(answer: AddressPlan) -> None:
    """The picture of the address space and its tables."""
    st.subheader("Address space", anchor=False)
    show_figure(address_space(answer), key="plan-space", alt="The address space, and how full every range is")
    if hidden := hidden_rows(answer):
        st.caption(f"{hidden:,} more ranges are in the table only.")
    show_table(subnet_rows(answer), "plan-subnets", alt="Subnets of the plan")
    if answer.demand.vnet:
        _keeping(answer)
        with st.expander("The virtual network in address order", icon=":material/reorder:"):
            show_table(space_rows(answer), "plan-space-order", alt="The virtual network in address order")
    st.markdown("**Ranges outside the virtual network**")
    show_table(range_rows(answer), "plan-ranges", alt="Pod CIDRs and service CIDRs")


def _keeping(answer: AddressPlan) -> None:
    suggested = {placed.plan.name: str(placed.cidr) for placed in answer.layout.placed if not placed.is_chosen}
    if not suggested:
        return
    kept = bool(answer.demand.kept)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Let them move again" if kept else "Keep suggested places",
            icon=":material/keep_off:" if kept else ":material/keep:",
            key="plan-keep",
            on_click=_keep,
            args=("" if kept else ",".join(f"{name}={cidr}" for name, cidr in suggested.items()),),
        )
        text = (
            "Suggested subnets stay where they are while you change the plan, and grow where they lie."
            if kept
            else "Suggested subnets may move when the plan changes."
        )
        st.caption(text, width="content")


def _keep(text: str) -> None:
    state.set_text("plan", 0, _KEEP, text)
