"""The flows between workloads and nodes, worked out when somebody opens them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import streamlit as st

from lib.flows import FlowRow
from lib.flows.nodes import node_rows
from lib.flows.rows import with_rejections
from lib.policy.pairs import WorkloadPairs
from lib.tables.flows import flow_table
from lib.trace.questions import of_flow
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.trace_link import TracedTable, show_traced

_KEY: Final = "nodes"
_UP_TO: Final = 20_000


@st.fragment
def show_node_flows(page: PageContext, choice: str) -> None:
    """What the shown workloads and the nodes may send each other; a long list on a large cluster."""
    box = st.expander("Flows to and from nodes", key=_KEY, bind="query-params", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(
            "What a node itself sends and serves, such as the kubelet. A pod's own node always reaches it, so that a "
            "workload with pods on several nodes is reached by each of them in part."
        )
        if not page.snapshot.nodes:
            st.caption("The input holds no Node.")
            return
        shown = frozenset(w.ref for w in page.workloads)
        profile = results.profile_of(page, choice).id
        rows = page.cached(("node-flows", profile, shown), lambda: _rows(page, choice))
        if len(rows) > _UP_TO:
            st.caption(
                f"The first {_UP_TO:,} are listed; filter by namespace, or list all on the command line: "
                "`python -m lib flows PATH --nodes`."
            )
        if rows:
            key = ("node-flow-rows", profile, shown)
            table = page.cached(key, lambda: flow_table(rows[:_UP_TO]))
            way_of = lambda n: of_flow(rows[n], page.snapshot)  # noqa: E731
            show_traced(page, TracedTable(table, "node-flows", way_of, alt="Flows with nodes", engine=choice))
        else:
            st.caption("No flow is permitted between the nodes and the workloads that the filter shows.")


def _rows(page: PageContext, choice: str) -> Sequence[FlowRow]:
    engine = results.engine(page, choice)
    pairs = WorkloadPairs(engine)
    chosen = [number for w in page.workloads if pairs.sizes[number := engine.workload_numbers[w.ref]]]
    rows = node_rows(pairs, chosen)
    return tuple(islice(with_rejections(engine, rows) if engine.rejections else rows, _UP_TO + 1))
