"""The virtual network cut into subnets: a picture, its table, and places that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from lib.figures.address_space import address_space, hidden_rows
from lib.ipplan.result import AddressPlan
from lib.tables.plan import range_rows, subnet_rows
from lib.tables.plan_space import space_rows
from lib.ui import plan_state as state
from lib.ui.plan_boxes import box
from lib.ui.plan_fields import PLAN
from lib.ui.widgets import show_figure, show_table

_KEEP: Final = "keep"
_CLICK: Final = "plan-place-click"
_PIN, _FREE = "Pin", "Unpin"


def show_space(answer: AddressPlan) -> None:
    """The picture of the address space and its tables."""
    st.subheader("Address space", anchor=False)
    show_figure(address_space(answer), key="plan-space", alt="The address space, and how full every range is")
    if hidden := hidden_rows(answer):
        st.caption(f"{hidden:,} more ranges are in the table only.")
    show_table(subnet_rows(answer), "plan-subnets", alt="Subnets of the plan")
    if answer.demand.vnet:
        _places(answer)
        with st.expander("The virtual network in address order", icon=":material/reorder:"):
            show_table(space_rows(answer), "plan-space-order", alt="The virtual network in address order")
    st.markdown("**Ranges outside the virtual network**")
    show_table(range_rows(answer), "plan-ranges", alt="Pod CIDRs and service CIDRs")


def _places(answer: AddressPlan) -> None:
    """Where suggested subnets lie, each with a button that pins it there."""
    suggested = [(placed.plan.name, str(placed.cidr)) for placed in answer.layout.placed if not placed.is_chosen]
    kept = {name: str(cidr) for name, cidr in answer.demand.kept}
    if not suggested and not kept:
        return
    pinned = sum(kept.get(name) == cidr for name, cidr in suggested)
    with st.expander("Pin subnets to their places", icon=":material/keep:"):
        st.caption(
            f"{pinned:,} of {len(suggested):,} suggested subnets are pinned. Others may move when the plan changes; "
            "a pinned one stays where it lies, and grows there if it can, while all else is planned around it."
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.button("Pin all", icon=":material/keep:", key="plan-pin-all", on_click=_keep, args=(dict(suggested),))
            st.button(
                "Let all move", icon=":material/keep_off:", key="plan-pin-none", on_click=_keep, args=({},),
                disabled=not kept,
            )  # fmt: skip
        frame = pd.DataFrame(
            [(name, cidr, _FREE if kept.get(name) == cidr else _PIN) for name, cidr in suggested],
            columns=["subnet", "place", "pin"],
        )
        with st.container(key="plan-places"):
            st.dataframe(
                frame,
                key="plan-places-table",
                hide_index=True,
                width=620,
                alt="Where suggested subnets lie, and which of them are pinned there",
                column_config={
                    "subnet": st.column_config.TextColumn("Subnet"),
                    "place": st.column_config.TextColumn("Lies at"),
                    "pin": st.column_config.ButtonColumn("", on_click=_clicked, args=(suggested, kept), key=_CLICK),
                },
            )
        box(st, PLAN[_KEEP], "plan", 0, _KEEP, ",".join(f"{name}={cidr}" for name, cidr in kept.items()))


def _clicked(suggested: Sequence[tuple[str, str]], kept: Mapping[str, str]) -> None:
    """Pin the subnet whose button was clicked where it lies, or let it move again."""
    click = st.session_state.get(_CLICK)
    # A second click may arrive when the first has drawn the table anew, which knows nothing of it.
    if click is None or not 0 <= click["row"] < len(suggested):
        return
    name, cidr = suggested[click["row"]]
    others = {other: place for other, place in kept.items() if other != name}
    _keep(others if kept.get(name) == cidr else {**others, name: cidr})


def _keep(places: Mapping[str, str]) -> None:
    state.set_text("plan", 0, _KEEP, ",".join(f"{name}={cidr}" for name, cidr in places.items()))
    state.begin_anew()
