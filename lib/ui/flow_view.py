"""The parts of the page about policies and flows."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.figures.layered_graph import layered_graph
from lib.figures.matrix import DRAWN_UP_TO, flow_matrix
from lib.flows import FlowRow, RowVerdict, workload_matrix
from lib.graph.flows import ego_graph, namespaces_graph, workloads_graph
from lib.graph.fold import fold
from lib.graph.model import GraphModel
from lib.model.refs import ObjectRef
from lib.tables.flows import flow_table, matrix_rows
from lib.tables.policies import policy_rows
from lib.trace.questions import of_exposed_to, of_exposure, of_flow, of_flow_row, of_object
from lib.ui import results
from lib.ui.details import show_node
from lib.ui.engine_view import say_hosts
from lib.ui.explain_view import show_decision
from lib.ui.lint_view import show_lint
from lib.ui.matrix_view import show_namespace_flows
from lib.ui.node_flow_view import show_node_flows
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import TABLE_ROWS_UP_TO, chosen_point, say_hidden, show_figure, show_graph

FOCUS_KEY: Final = "focus"
GRAPH_KEY: Final = "graph"
BEYOND_KEY: Final = "beyond"
_GRAPHS: Final = ("Namespaces", "Workloads")
_ARROWS: Final = 120
FROM_NS_KEY: Final = "from_ns"
TO_NS_KEY: Final = "to_ns"
_MATRIX_KEY: Final = "flows-matrix"


@st.fragment
def show_matrices(page: PageContext, choice: str) -> None:
    """Namespaces by each other; a chosen cell opens the workloads of its two namespaces."""
    matrix = results.matrix(page, choice)
    names = matrix.names
    if len(names) == 1:
        st.subheader(plain(f"Between the workloads of {names[0]}"), anchor=False)
        _show_workloads(page, choice, names[0], names[0])
        return
    st.subheader("Between namespaces", anchor=False)
    if not names:
        st.caption("No namespace that the filter shows has a pod.")
        return
    if not page.view.labels.is_everything:
        st.caption(":material/filter_alt: Only workloads that the label filter shows count.")
    say_hosts(page)
    if len(names) > DRAWN_UP_TO:
        st.caption(f"{len(names):,} namespaces are too many to draw: filter by namespace, or see the table.")
    else:
        key = ("flow-matrix-figure", choice, page.view)
        figure = page.cached(key, lambda: flow_matrix(matrix.cells, names, names))
        st.caption("Rows are sources, columns destinations. Choose a cell to see its workloads.")
        show_figure(figure, key=_MATRIX_KEY, alt="Permitted flows between namespaces", on_select=_choose_cell)
    with st.expander("As a table", icon=":material/table:"):
        show_namespace_flows(page, choice)
    st.subheader("Between workloads", anchor=False)
    left, right = st.columns(2)
    src = left.selectbox(
        "From namespace", names, index=None, key=FROM_NS_KEY, bind="query-params", placeholder="Choose a namespace"
    )
    dst = right.selectbox(
        "To namespace", names, index=None, key=TO_NS_KEY, bind="query-params", placeholder="Choose a namespace"
    )
    if src is None or dst is None:
        st.caption("Choose a cell above, or two namespaces here, to see who may talk to whom inside them.")
        return
    _show_workloads(page, choice, src, dst)


def _choose_cell() -> None:
    """A chosen cell becomes the value of two bound widgets, and so part of the URL."""
    cell = chosen_point(_MATRIX_KEY)
    if isinstance(cell, (list, tuple)) and len(cell) == 2:
        st.session_state[FROM_NS_KEY], st.session_state[TO_NS_KEY] = cell


def _show_workloads(page: PageContext, choice: str, src: str, dst: str) -> None:
    engine = results.engine(page, choice)
    cells = page.cached(("workload-matrix", choice, src, dst), lambda: workload_matrix(engine, src, dst))
    cells = tuple(row for row in cells if row)
    shown = {str(w.ref) for w in page.workloads}
    cells = tuple(kept for row in cells if row[0].src in shown and (kept := tuple(c for c in row if c.dst in shown)))
    if not cells:
        st.caption("One of the two namespaces has no pod that the filter shows.")
        return
    rows = [plain_name(row[0].src) for row in cells]
    columns = [plain_name(cell.dst) for cell in cells[0]]
    if max(len(rows), len(columns)) > DRAWN_UP_TO:
        st.caption(f"{len(rows):,} by {len(columns):,} workloads are too many to draw: see the table.")
    else:
        figure = flow_matrix(cells, rows, columns)
        show_figure(figure, key=f"workloads-{src}-{dst}", alt=f"Permitted flows from {src} to {dst}")
    with st.expander("As a table", icon=":material/table:"):
        flat = [cell for row in cells for cell in row]
        show_traced(
            page,
            TracedTable(
                matrix_rows(flat),
                "workload-flows",
                lambda n: of_flow(flat[n], page.snapshot),
                alt=f"Permitted flows from {src} to {dst}",
                engine=choice,
            ),
        )


def plain_name(reference: str) -> str:
    """``web`` of ``shop/web[Deployment]``."""
    return reference.split("/", 1)[-1].split("[", 1)[0]


def show_flow_graph(page: PageContext, choice: str) -> None:
    """All namespaces, the workloads of two of them, or one workload with everybody it may talk to."""
    st.subheader("Graph", anchor=False)
    flows = results.flows(page, choice)
    ends = tuple(sorted(str(w.ref) for w in page.workloads))
    left, right = st.columns([0.36, 0.64], vertical_alignment="top")
    # One namespace by itself is no picture: its workloads are.
    start = _GRAPHS[len(results.matrix(page, choice).names) == 1]
    scope = left.segmented_control(
        "Show", _GRAPHS, default=start, required=True, key=GRAPH_KEY, bind="query-params",
        help="Namespaces: who may talk to whom at large. Workloads: between the two namespaces that are chosen above, "
        "or of all that are shown, folded where it would be a tangle.",
    )  # fmt: skip
    focus = right.selectbox(
        "Or focus on one workload", ends, index=None, key=FOCUS_KEY, bind="query-params",
        placeholder="Choose a workload", help="It is shown with everybody who may reach it and whom it may reach.",
    )  # fmt: skip
    between = st.session_state.get(FROM_NS_KEY), st.session_state.get(TO_NS_KEY)
    key = ("flow-graph", choice, page.view, scope, focus, between)
    model = page.cached(key, lambda: _graph(page, choice, scope or _GRAPHS[0], focus, between))
    figure = page.cached((*key, "figure"), lambda: layered_graph(model))
    if focus is None and scope == _GRAPHS[1] and all(between):
        st.caption(plain(f"Workloads of {between[0]} on the left, of {between[1]} on the right, as chosen above."))
    if flows.cut:
        st.caption(f"Drawn from the first {len(flows.rows):,} flows only: filter by namespace.")
    show_graph(figure, model, key="flows-ways", alt="Permitted flows", details=partial(show_node, page))


def _graph(
    page: PageContext, choice: str, scope: str, focus: str | None, between: tuple[str | None, str | None]
) -> GraphModel:
    if focus is not None:
        flows = results.flows(page, choice)
        return fold(ego_graph(focus, flows.rows, flows.ends))
    if scope == _GRAPHS[0]:
        return fold(namespaces_graph(results.matrix(page, choice)))
    flows = results.flows(page, choice)
    rows = flows.rows if not all(between) else [r for r in flows.rows if _namespaces(r) == between]
    return fold(workloads_graph(rows, flows.ends), arrows=_ARROWS)


def _namespaces(row: FlowRow) -> tuple[str | None, str | None]:
    return row.src_ref.namespace if row.src_ref else None, row.dst_ref.namespace if row.dst_ref else None


def show_flows(page: PageContext, choice: str) -> None:
    """Every flow as a row; what the input does not settle stands apart."""
    st.subheader("Flows", anchor=False)
    flows = results.flows(page, choice)
    settled = [r for r in flows.rows if r.verdict is not RowVerdict.UNKNOWN]
    unsettled = [r for r in flows.rows if r.verdict is RowVerdict.UNKNOWN]
    if flows.cut:
        st.caption(
            f"The first {len(flows.rows):,} flows are listed; filter by namespace, or use the command line for all."
        )
    if not page.view.is_everything:
        st.caption(":material/filter_alt: Only flows with an end that the filter shows are listed.")
    profile = results.profile_of(page, choice)
    rows = page.cached(
        ("policy-rows", profile.id),
        lambda: policy_rows(page.snapshot, results.selections(page), profile, results.locate(page)),
    )
    shown = [r for r in rows if results.shows(page, ObjectRef(str(r["namespace"]), str(r["policy"]), str(r["kind"])))]
    open_to = results.exposure(page, choice)
    idle = results.lint(page, choice)
    permitted, unknown, policies, lint, exposed = st.tabs(
        [
            f":material/check: Permitted ({len(settled):,})",
            f":material/help: Unknown ({len(unsettled):,})",
            f":material/policy: Policies ({len(shown):,})",
            f":material/rule: Lint ({len(idle):,})",
            f":material/public: Exposure ({len(open_to):,})",
        ]
    )
    with exposed:
        st.caption(
            "What each workload's own policies let in from the Internet and from new pods without labels, and let out. "
            "Load balancers and routes decide besides who gets there: see Services and Ingress routes."
        )
        if open_to:
            show_traced(
                page,
                TracedTable(
                    open_to,
                    "exposure",
                    lambda n: of_exposure(results.workload_of(open_to[n]), cluster_of(page)),
                    alt="How open each workload is",
                    engine=choice,
                ),
            )
            _show_exposed_to(page, choice)
    with lint:
        show_lint(page, choice, idle)
    with permitted:
        _flow_table(page, choice, settled, "flows", "No flow is permitted between the ends that the filter shows.")
        show_node_flows(page, choice)
    with unknown:
        _flow_table(page, choice, unsettled, "unknown-flows", "The input settles every flow.")
    with policies:
        say_hidden(len(shown), len(rows), "policies")
        if shown:
            refs = [ObjectRef(str(r["namespace"]), str(r["policy"]), str(r["kind"])) for r in shown]
            show_traced(
                page,
                TracedTable(
                    shown,
                    "policies",
                    lambda n: of_object(refs[n], cluster_of(page)),
                    alt="Policies",
                    engine=choice,
                ),
            )
        else:
            st.caption("The input has no policy that the filter shows.")


@st.fragment
def _show_exposed_to(page: PageContext, choice: str) -> None:
    """Worked out when it is opened only: on a large cluster it takes as long as all the rest of the page."""
    more = st.expander("Open beyond the pods of the input", key=BEYOND_KEY, bind="query-params", on_change="rerun")
    if more.open:
        with more:
            _exposed_to(page, choice)


def _exposed_to(page: PageContext, choice: str) -> None:
    st.caption(
        "Whom the workload's own policies let in and let it reach, be there such a pod or not: addresses outside, "
        "pods of any namespace, and pods whose labels a rule names, where those have something else than anybody."
    )
    found = results.exposed_to(page, choice)
    if found.cut:
        st.caption(
            f"Of the first {results.EXPOSED_TO_UP_TO:,} of them; filter by namespace, or use the command line for all."
        )
    if found.rows:
        show_traced(
            page,
            TracedTable(
                found.rows,
                "exposed-to",
                lambda n: of_exposed_to(found.ends[n], page.snapshot),
                alt="To whom each workload is open beyond the pods of the input",
                engine=choice,
            ),
        )
    else:
        st.caption("Nobody beyond the pods of the input is let in or let out by policies.")


def _flow_table(page: PageContext, choice: str, rows: list[FlowRow], name: str, empty: str) -> None:
    if not rows:
        st.caption(plain(empty))
        return
    key = ("flow-rows", name, choice, page.view)
    shown = page.cached(key, lambda: flow_table(rows))
    drawn = rows[:TABLE_ROWS_UP_TO]
    show_traced(
        page,
        TracedTable(
            shown,
            name,
            lambda n: of_flow_row(rows[n], cluster_of(page)),
            alt="Flows",
            engine=choice,
            details=partial(_show_decision, page, choice, drawn, name),
        ),
    )


def _show_decision(page: PageContext, choice: str, rows: list[FlowRow], name: str, chosen: int) -> None:
    if chosen < len(rows):
        show_decision(page, choice, rows[chosen].src, rows[chosen].dst, key=name)
