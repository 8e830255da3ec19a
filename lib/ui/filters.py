"""The namespace filter and the label filter, both kept in the URL."""

from __future__ import annotations

import streamlit as st

from lib.model.errors import ModelError
from lib.model.labels import EVERYTHING
from lib.model.selector import parse_selector
from lib.model.snapshot import Snapshot
from lib.ui.session import LABELS_KEY, NAMESPACES_KEY
from lib.ui.text import plain
from lib.ui.view import ViewFilter

_LABELS_HELP = (
    "kubectl's selector syntax. Shown are workloads with the labels, and what has them or leads to, or selects, such a "
    "workload: Services, doors, routes, policies, flows. `tier=web`, `env!=prod`, `env in (test,prod)`, "
    "`track notin (canary)`, `team` (has the label), `!team` (has not); a comma means *and*."
)


def draw_filters(snapshot: Snapshot) -> ViewFilter:
    """Draw both filters and read them; text that is no selector is explained and hides nothing.

    They are drawn for an empty snapshot too, since what isn't drawn stays in the URL.
    """
    names = tuple(sorted(n.name for n in snapshot.namespaces))
    named = {part for value in st.query_params.get_all(NAMESPACES_KEY) for part in value.split(",")}
    if absent := sorted(named - {*names, ""}) if names else []:
        st.warning(
            f"The link names namespaces that are not in the input: {plain(', '.join(absent), 200)}. All are shown.",
            icon=":material/link_off:",
        )
    chosen = st.multiselect(
        "Namespaces",
        names,
        key=NAMESPACES_KEY,
        bind="query-params",
        placeholder="All namespaces",
        help="Chooses what is listed. Policies of hidden namespaces still count.",
        disabled=not names,
    )
    text = st.text_input(
        "Labels", key=LABELS_KEY, bind="query-params", placeholder="tier=web,env in (prod)", help=_LABELS_HELP
    )
    try:
        labels = parse_selector(text or "")
    except ModelError as error:
        st.error(plain(error), icon=":material/error:")
        labels = EVERYTHING
    return ViewFilter(frozenset(chosen) & frozenset(names), labels)
