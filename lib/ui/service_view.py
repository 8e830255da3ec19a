"""The parts of the page about Services."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from lib.figures.layered_graph import layered_graph
from lib.graph.fold import fold
from lib.graph.services import services_graph
from lib.routing.entry_points import EntryPoint
from lib.routing.faults import State
from lib.tables.entry_points import entry_point_rows, widest_first
from lib.tables.services import service_rows
from lib.trace.questions import Ends, of_door
from lib.ui import results
from lib.ui.details import show_node, show_reasons, show_service
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import say_hidden, say_nothing, selected_row, show_graph, show_table

SERVICE_KEY: Final = "service"
_CELL_LETTERS: Final = 48
_WHO_UP_TO: Final = 4
_HIDDEN: Final = ("internal_traffic_policy", "rules")


@st.fragment
def show_services(page: PageContext) -> None:
    """The table, faulty rows first, and the chosen Service under it; the choice is in the URL."""
    views = results.services(page)
    say_hidden(len(views), len(results.all_services(page)), "Services")
    if not views:
        say_nothing(page, "Service")
        return
    faulty = sum(v.state in (State.ERROR, State.WARNING) for v in views)
    unchecked = sum(v.state is State.NOT_CHECKED for v in views)
    said = f"{faulty:,} of {len(views):,} Services need a look" if faulty else f"{len(views):,} Services, none at fault"
    st.caption(said + (f"; {unchecked:,} not checked." if unchecked else "."))
    rows = page.cached(("service-rows", page.view), lambda: service_rows(views, results.locate(page)))
    names = tuple(v.ref.qualified_name for v in views)
    show_reasons([(v.state, v.ref.qualified_name, v.reason) for v in views])
    show_table(rows, "services", alt="Services, faulty ones first", on_select=partial(_choose, names), hide=_HIDDEN)
    chosen = st.selectbox(
        "Details of",
        names,
        index=None,
        key=SERVICE_KEY,
        bind="query-params",
        placeholder="Choose a Service here or in the table",
    )
    if chosen is not None:
        with st.container(border=True):
            show_service(page, views[names.index(chosen)])


def _choose(names: tuple[str, ...]) -> None:
    """A chosen row becomes the value of the bound widget, and so part of the URL."""
    row = selected_row("services")
    st.session_state[SERVICE_KEY] = names[row] if row is not None and row < len(names) else None


def show_doors(page: PageContext) -> None:
    """Every way in, the side doors too, with who can reach each."""
    st.subheader("Ways in from outside", anchor=False)
    points = results.doors(page)
    say_hidden(len(points), len(results.all_doors(page)), "doors")
    sides = results.side_doors(points)
    st.caption(
        f"{len(points):,} doors, {len(sides):,} of them side doors: node ports, host ports, host-network ports, "
        "external IPs and public addresses of nodes open a way past the load balancer."
    )
    if not points:
        st.caption("Nothing that the filter shows can be reached from outside.")
        return
    main = tuple(p for p in points if p not in sides)
    for title, name, doors in (
        ("Load balancers, Ingresses and Gateways", "entry-points", main),
        ("Side doors", "side-doors", sides),
    ):
        if doors:
            st.markdown(f"**{title}** ({len(doors):,})")
            place = results.locate(page)
            rows = page.cached((name, page.view), partial(entry_point_rows, doors, place, results.all_routes(page)))
            way_in = partial(_way_in, page, widest_first(doors))
            show_traced(page, TracedTable(rows, name, way_in, alt=f"{title}, those from the internet first"))
            _show_who(doors)


def _way_in(page: PageContext, doors: Sequence[EntryPoint], chosen: int) -> Ends:
    return of_door(doors[chosen], cluster_of(page))


def _show_who(doors: Sequence[EntryPoint]) -> None:
    """Who can reach doors, in full where a table's cell would cut it off."""
    said = dict.fromkeys((d.reach.scope.value, d.reached_by) for d in doors if len(d.reached_by) > _CELL_LETTERS)
    for scope, words in list(said)[:_WHO_UP_TO]:
        st.caption(f"{icon_word(scope)}: {plain(words, 300)}.")


def show_services_graph(page: PageContext) -> None:
    """Load balancer → Service → workload."""
    st.subheader("Load balancer → Service → workload", anchor=False)
    model = page.cached(("services-graph", page.view), lambda: fold(services_graph(results.services(page))))
    figure = page.cached(("services-figure", page.view), lambda: layered_graph(model))
    show_graph(
        figure,
        model,
        key="services-ways",
        alt="Load balancers, Services and workloads",
        details=partial(show_node, page),
    )
