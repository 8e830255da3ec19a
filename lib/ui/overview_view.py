"""The parts of the overview."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.checks.wording import severity_of
from lib.figures.layered_graph import layered_graph
from lib.figures.matrix import DRAWN_UP_TO, flow_matrix
from lib.graph.fold import fold
from lib.graph.model import GraphModel
from lib.graph.overview import overview_graph
from lib.model.finding import Finding
from lib.model.problem import Severity
from lib.routing.faults import State
from lib.routing.reach import Scope
from lib.tables.entry_points import entry_point_rows, widest_first
from lib.tables.findings import finding_rows
from lib.tables.row import Row
from lib.trace.questions import of_door, of_finding
from lib.ui import results
from lib.ui.details import show_node
from lib.ui.engine_view import UNISOLATED_KEY, enforcement_line, say_hosts
from lib.ui.matrix_view import show_namespace_flows
from lib.ui.page_context import PageContext
from lib.ui.text import at_least, plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import say_hidden, show_figure, show_graph, tile
from lib.ui.yaml_block import show_yaml

_ROUTE_KINDS: Final = ("Ingress", "Gateway", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_DOOR_KINDS: Final = ("Service", "Pod", "Node", *_ROUTE_KINDS)


def _count(number: int, page: PageContext, *kinds: str) -> str:
    """A number of things; how many there are at least, or a question mark, where the server did not give all."""
    return at_least(number, page.snapshot.unread(*kinds))


def _link(text: str, page: PageContext, *kinds: str) -> str:
    """What stands below such a number: no other number of the same kinds, where the server did not give all."""
    return "not all was read" if page.snapshot.unread(*kinds) else text


def show_tiles(page: PageContext) -> None:
    """The five numbers, each with the way to the page that shows what it counts."""
    services, routes, doors = results.services(page), results.routes(page), results.doors(page)
    public = sum(d.reach.scope is Scope.INTERNET for d in doors)
    columns = st.columns(5)
    with columns[0]:
        tile(
            "Entry points",
            _count(len(doors), page, *_DOOR_KINDS),
            page="pages/services.py",
            link=_link(f"{public:,} public", page, *_DOOR_KINDS),
            help="Doors from outside: load balancers, node ports, host ports, host-network ports, external IPs, "
            "nodes with public addresses, Ingresses and Gateways.",
        )
    with columns[1]:
        open_, workloads = results.unisolated(page)
        tile(
            "Unisolated workloads",
            f"{len(open_):,}" if results.policies_are_read(page) else "?",
            page="pages/policy_flows.py",
            link=f"of {workloads:,} workloads",
            query={UNISOLATED_KEY: "true"},
            help="Workloads that are open in at least one direction, because no NetworkPolicy in the input isolates "
            "them for it. Host-network workloads are not counted: no policy covers them. A question mark: the server "
            "did not give every kind of policies, so that nobody knows.",
        )
    with columns[2]:
        empty = sum(v.without_endpoints for v in services)
        unchecked = sum(v.state is State.NOT_CHECKED for v in services)
        tile(
            "Services without endpoints",
            _count(empty, page, "Service"),
            page="pages/services.py",
            link=_link(
                f"{unchecked:,} not checked" if unchecked else f"of {len(services):,} Services", page, "Service"
            ),
            help="Services without anybody who takes connections: the selector matches no pod, no endpoint is ready, "
            "or nobody wrote an EndpointSlice. ExternalName Services have none by design and are not counted; "
            "nor is what the input does not settle.",
        )
    with columns[3]:
        broken = {(r.route, r.host, r.path) for r in routes if r.without_backend}
        unsettled = sum(r.state is State.NOT_CHECKED for r in routes)
        tile(
            "Routes without backend",
            _count(len(broken), page, *_ROUTE_KINDS),
            page="pages/ingress_routes.py",
            link=_link(
                f"{unsettled:,} not checked" if unsettled else f"of {len(routes):,} routes", page, *_ROUTE_KINDS
            ),
            help="Hosts and paths that lead nowhere, because the Service, its port or its endpoints are missing. Other "
            "faults of routes, such as a missing TLS Secret, are among the findings.",
        )
    with columns[4]:
        tile(
            "Problems in the input",
            f"{len(page.problems):,}",
            page="pages/input.py",
            link="the whole input",
            help="Documents that could not be read, were rejected, or are read differently than written.",
        )


def show_findings(page: PageContext) -> None:
    """What is wrong, the worst first; the chosen one with its reason, its remedy and its YAML."""
    found = results.findings(page)
    st.subheader("Findings", anchor=False)
    say_hidden(len(found), len(results.all_findings(page)), "findings")
    if not found:
        if unread := page.snapshot.unread_text():
            said = f"Nothing wrong was found in what could be read; these kinds were not: {plain(unread, 400)}."
            st.warning(said, icon=":material/warning:")
        elif page.loaded.errors:
            said = "Nothing wrong was found in what could be read; the input has errors, which the page Input names."
            st.warning(said, icon=":material/warning:")
        else:
            st.success("Nothing wrong was found in what the filter shows.", icon=":material/check_circle:")
        return
    errors = sum(severity_of(f) is Severity.ERROR for f in found)
    said = f"{errors:,} error{'s' if errors != 1 else ''} among {len(found):,} findings"
    st.caption(f"{said if errors else f'{len(found):,} findings, none an error'}.")
    key = ("finding-rows", page.view)
    rows = page.cached(key, lambda: finding_rows(found, results.locate(page)))
    show_traced(
        page,
        TracedTable(
            rows,
            "findings",
            lambda n: of_finding(found[n], cluster_of(page)),
            alt="Findings, the worst first",
            hide=("why", "remedy", "code", "reference", "kind"),
            first=("severity", "finding", "subject", "what"),
            details=lambda n: _show_finding(page, rows[n], found[n]),
            to_see="see why it matters and what to do",
        ),
    )


def _show_finding(page: PageContext, row: Row, found: Finding) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(row['finding'])}** — {plain(row['subject'], 120)}")
        st.markdown(f"{plain(row['why'], 900)}\n\n**What to do:** {plain(row['remedy'], 900)}")
        st.caption(f"Source of the rule: {plain(row['reference'], 300)}")
        show_yaml(page.documents, found.source, height=360)


def show_matrix(page: PageContext) -> None:
    """Namespace by namespace, with its table."""
    st.subheader("Permitted flows between namespaces", anchor=False)
    st.caption(enforcement_line(page, where=" on Policy flows"))
    matrix = results.matrix(page)
    if not matrix.names:
        st.caption("No namespace that the filter shows has a pod.")
        return
    say_hosts(page)
    picture, table = st.tabs([":material/grid_on: Matrix", ":material/table: Table"])
    with picture:
        if len(matrix.names) > DRAWN_UP_TO:
            st.caption(f"{len(matrix.names):,} namespaces are too many to draw: filter by namespace, or see the table.")
        else:
            key = ("matrix-figure", page.view)
            figure = page.cached(key, lambda: flow_matrix(matrix.cells, matrix.names, matrix.names))
            show_figure(figure, key="overview-matrix", alt="Permitted flows between namespaces")
    with table:
        show_namespace_flows(page)


def show_entry_graph(page: PageContext) -> None:
    """From the networks outside to the workloads."""
    st.subheader("Ways in from outside", anchor=False)
    model = page.cached(("overview-graph", page.view), lambda: _entry_graph(page))
    figure = page.cached(("overview-figure", page.view), lambda: layered_graph(model))
    show_graph(
        figure, model, key="overview-ways", alt="Ways from outside to workloads", details=partial(show_node, page)
    )
    if doors := results.doors(page):
        with st.expander("As a table", icon=":material/table:"):
            routes, place = results.all_routes(page), results.locate(page)
            rows = page.cached(("overview-doors", page.view), lambda: entry_point_rows(doors, place, routes))
            ordered, alt = widest_first(doors), "Ways in from outside, those from the internet first"
            show_traced(
                page, TracedTable(rows, "overview-doors", lambda n: of_door(ordered[n], cluster_of(page)), alt=alt)
            )


def _entry_graph(page: PageContext) -> GraphModel:
    return fold(overview_graph(page.snapshot, results.services(page), results.routes(page), results.doors(page)))
