"""The smallest change that would allow a denied flow, with all else that it does."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.loaders.policy_text import read_policies
from lib.model.sets import Family, Protocol
from lib.policy.points import End
from lib.scenario import SmallestChange, smallest_change
from lib.tables.changes import side_effect_rows
from lib.trace.questions import of_flow
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, show_traced

CHANGE_KEY: Final = "change"


def show_smallest_change(
    page: PageContext,
    choice: str,
    ends: tuple[End, End],
    asked: tuple[Protocol | None, int | None],
    family: Family | None,
) -> None:
    """The policies to add, on demand: on a large cluster both ways of it are compared in full."""
    if not st.toggle(
        "Show the smallest change that would allow it",
        key=CHANGE_KEY,
        bind="query-params",
        help="NetworkPolicies to add, read and evaluated like the others, with every other flow that they add or lose.",
    ):
        return
    key = ("smallest-change", choice, *map(str, ends), *asked, family)
    found = page.cached(
        key, lambda: smallest_change(results.engine(page, choice), *ends, *asked, read_policies, family)
    )
    if found is not None:
        _show(page, found, choice)


def _show(page: PageContext, found: SmallestChange, choice: str) -> None:
    if found.refused:
        st.warning(f"No change is offered: {plain(sentence(found.refused), 900)}.", icon=":material/block:")
        return
    st.code(found.text, language="yaml")
    st.download_button(
        "YAML",
        data=found.text,
        file_name="netatlas-networkpolicy.yaml",
        mime="application/yaml",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
    for isolated in found.isolated:
        st.warning(
            f"It newly isolates {plain(isolated.workload)} for {isolated.direction.field}.", icon=":material/warning:"
        )
    if found.left_out:
        st.caption(f":material/help: {plain(found.left_out, 500)}")
    rows = side_effect_rows(found)
    if not rows:
        st.success("It adds and removes no other flow.", icon=":material/check:")
        return
    more = f"The first {len(rows):,} of the other flows" if found.cut else f"{len(rows):,} other flows"
    st.markdown(f"**{more} that it adds or removes**")
    changes = {(change.src, change.dst): change for change in found.others}
    others = [changes[str(row["from"]), str(row["to"])] for row in rows]
    show_traced(
        page,
        TracedTable(
            rows,
            "side-effects",
            lambda n: of_flow(others[n], page.snapshot, others[n].node),
            alt="Other flows that the change adds or removes",
            engine=choice,
        ),
    )
