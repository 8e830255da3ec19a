"""The parts of the page about routes."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.figures.layered_graph import layered_graph
from lib.graph.fold import fold
from lib.graph.routes import routes_graph
from lib.routing.faults import State
from lib.routing.route_view import RouteView
from lib.routing.url_test import Certainty, UrlAnswer, test_url
from lib.tables.routes import candidate_rows, route_rows
from lib.trace.questions import of_route
from lib.ui import results
from lib.ui.details import show_facts, show_node, show_notes, show_reasons
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, link_to_trace, show_traced
from lib.ui.widgets import say_hidden, say_nothing, show_graph
from lib.ui.yaml_block import show_yaml

URL_KEY: Final = "url"
METHOD_KEY: Final = "method"
_FIRST: Final = ("state", "host", "path", "path_type", "backend", "tls", "reason")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def show_url_test(page: PageContext) -> None:
    """A URL, and which rule takes it: asked of all routes, whatever the filter shows."""
    st.subheader("Test a URL", anchor=False)
    routes = results.all_routes(page)
    if not routes:
        st.caption("There is no route to test against.")
        return
    text, method = st.columns([0.82, 0.18])
    url = text.text_input(
        "URL",
        key=URL_KEY,
        bind="query-params",
        placeholder="https://shop.example.com/cart",
        help="Asked of every Ingress and Gateway API route in the input. Nothing is sent anywhere.",
    )
    verb = method.selectbox("Method", _METHODS, key=METHOD_KEY, bind="query-params")
    if not url:
        return
    answer = test_url(page.snapshot, url, method=verb or "GET", routes=routes, services=results.all_services(page))
    _show_answer(page, answer)


def _show_answer(page: PageContext, answer: UrlAnswer) -> None:
    verdict = plain(answer.sentence, 600)
    match answer.certainty:
        case Certainty.CERTAIN if answer.winners and all(row.without_backend for row in answer.winners):
            st.error(f"{verdict} It leads nowhere.", icon=":material/link_off:")
        case Certainty.CERTAIN:
            st.success(verdict, icon=":material/check_circle:")
        case Certainty.NO_ROUTE:
            st.error(verdict, icon=":material/block:")
        case Certainty.UNKNOWN:
            st.warning(verdict, icon=":material/help:")
        case Certainty.BAD_URL:
            st.info(verdict, icon=":material/edit:")
    said = "; ".join(f"{row.reason}; {row.notes}" for row in answer.winners)
    for row in answer.winners:
        where = ", ".join(w.ref.qualified_name for w in row.backend.workloads)
        ports = ", ".join(map(str, row.backend.target_ports))
        behind = f", then {plain(where, 200)} on port {plain(ports, 60)}" if where else ""
        part = "" if row.weight_share in (None, 1) else f"{row.weight_share:.0%} of the requests "
        st.markdown(f"{icon_word(row.state.value)} — {part}to **{plain(row.backend.label, 120)}**{behind}")
        if row.reason:
            st.caption(f"{plain(sentence(row.reason), 400)}.")
        show_notes(row.notes)
    for note in dict.fromkeys(answer.notes):
        if note not in said:
            show_notes(note)
    if answer.request is not None:
        link_to_trace(("internet", answer.text))
    for source in dict.fromkeys(row.source for row in answer.winners):
        with st.expander("The rule that decided", icon=":material/code:"):
            show_yaml(page.documents, source, height=320)
    if answer.candidates:
        with st.expander(f"All {len(answer.candidates):,} routes that were asked, in order", icon=":material/list:"):
            show_traced(
                page,
                TracedTable(
                    candidate_rows(answer, results.locate(page)),
                    "url-candidates",
                    lambda n: of_route(answer.candidates[n].row, page.snapshot),
                    alt="Routes that were asked, the winner first",
                ),
            )


def show_routes(page: PageContext) -> None:
    """Both APIs in one table, faulty rows first, and the chosen route under it."""
    st.subheader("Routes", anchor=False)
    views = results.routes(page)
    say_hidden(len(views), len(results.all_routes(page)), "routes")
    if not views:
        say_nothing(page, "Ingress or Gateway API route")
        return
    faulty = sum(v.state in (State.ERROR, State.WARNING) for v in views)
    unchecked = sum(v.state is State.NOT_CHECKED for v in views)
    said = f"{faulty:,} of {len(views):,} routes need a look" if faulty else f"{len(views):,} routes, none at fault"
    st.caption(said + (f"; {unchecked:,} not checked." if unchecked else "."))
    rows = page.cached(("route-rows", page.view), lambda: route_rows(views, results.locate(page)))
    show_reasons([(v.state, v.where, v.reason) for v in views])
    # A column that says the same everywhere only takes room.
    same = tuple(c for c in ("share_percent",) if {row[c] for row in rows} == {100})
    show_traced(
        page,
        TracedTable(
            rows,
            "routes",
            lambda n: of_route(views[n], page.snapshot),
            alt="Routes, faulty ones first",
            hide=same,
            first=_FIRST,
            details=lambda n: _show_route(page, views[n], rows[n]),
            to_see="see it in full",
        ),
    )


def _show_route(page: PageContext, view: RouteView, row: dict[str, object]) -> None:
    with st.container(border=True):
        st.subheader(plain(f"{view.where} → {view.backend.label}", 160), anchor=False)
        line = icon_word(view.state.value)
        st.markdown(f"{line} — {plain(view.reason, 600)}" if view.reason else line)
        show_notes(view.notes)
        facts, yaml = st.columns([0.42, 0.58])
        with facts:
            show_facts({k: v for k, v in row.items() if k not in ("state", "reason", "source", "host", "path")})
            if view.served_by.state_text:
                st.caption(plain(view.served_by.state_text, 400))
        with yaml:
            show_yaml(page.documents, view.source, height=420)


def show_routes_graph(page: PageContext) -> None:
    """Controller → host → Service → workload."""
    st.subheader("Controller → host → Service → workload", anchor=False)
    model = page.cached(("routes-graph", page.view), lambda: fold(routes_graph(results.routes(page))))
    figure = page.cached(("routes-figure", page.view), lambda: layered_graph(model))
    show_graph(
        figure, model, key="routes-ways", alt="Controllers, hosts, Services and workloads",
        details=partial(show_node, page),
    )  # fmt: skip
