"""What is known of one object, beside a graph or under a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from lib.graph.model import GraphNode, Mark
from lib.model.cluster import Workload
from lib.model.refs import ObjectRef, Source
from lib.policy.inventory import inventory
from lib.routing.faults import State
from lib.routing.services import ServiceView
from lib.tables.entry_points import entry_point_rows, widest_first
from lib.tables.services import backend_rows, port_order, port_rows, service_rows
from lib.trace.questions import of_door, of_endpoint, of_service
from lib.ui import results
from lib.ui.azure_view import show_service_on_azure
from lib.ui.columns import heading
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.session import NAMESPACES_KEY
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, cluster_of, offer_trace, show_traced
from lib.ui.yaml_block import show_yaml

_YAML_PX = 420
_HIDDEN = ("namespace", "service", "state", "reason", "source", "ports", "rules")
_MARK_WORDS = {
    Mark.ERROR: "error",
    Mark.WARNING: "warning",
    Mark.UNKNOWN: "unknown",
    Mark.NOT_CHECKED: "not checked",
    Mark.OPEN: "open by default",
}


def show_node(page: PageContext, node: GraphNode) -> None:
    """The chosen node of a graph."""
    st.markdown(f"**{plain(node.label, 80)}**  \n{plain(node.detail or node.kind, 80)}")
    if node.mark in _MARK_WORDS:
        st.markdown(icon_word(_MARK_WORDS[node.mark]))
    for line in node.hover:
        st.caption(plain(line, 240))
    if node.id.startswith("group:"):
        st.button(
            "Show this namespace only",
            icon=":material/filter_alt:",
            on_click=_choose_namespace,
            args=(node.group,),
            key=f"only-{node.id}",
        )
    if node.ref is not None:
        _show_object(page, node.ref)


def _choose_namespace(name: str) -> None:
    st.session_state[NAMESPACES_KEY] = [name]


def _show_object(page: PageContext, ref: ObjectRef) -> None:
    workload = page.snapshot.workload_by_ref.get(ref)
    if workload is not None:
        _show_policies(page, workload)
        st.page_link(
            "pages/policy_flows.py",
            label="Who may reach it",
            icon=":material/policy:",
            query_params={"focus": str(ref)},
        )
    source = source_of(page, ref)
    if source is None:
        st.caption(f"{plain(ref)} is not in the input.")
        return
    with st.expander("YAML", icon=":material/code:"):
        show_yaml(page.documents, source, height=_YAML_PX)


def source_of(page: PageContext, ref: ObjectRef) -> Source | None:
    """Where an object stands in the input; None where it is not in it."""
    snapshot = page.snapshot
    found = snapshot.workload_by_ref.get(ref) or snapshot.service_by_ref.get(ref)
    if found is not None:
        return found.source
    places = {i.ref: i.source for i in snapshot.ingresses}
    places |= {g.ref: g.source for g in snapshot.gateways} | {r.ref: r.source for r in snapshot.gateway_routes}
    places |= {p.ref: p.source for p in inventory(snapshot)}
    return places.get(ref)


def _show_policies(page: PageContext, workload: Workload) -> None:
    if workload.host_network:
        st.caption("It uses its node's network: no policy covers it.")
        return
    names = results.policies_on(page, workload.ref)
    if names:
        st.caption("Policies that select it: " + ", ".join(plain(n.name, 60) for n in names))
    else:
        st.caption("No policy in the input selects it.")


def show_service(page: PageContext, view: ServiceView) -> None:
    """A Service's facts, ports, backends and YAML, in tabs."""
    st.subheader(plain(view.ref.qualified_name, 120), anchor=False)
    line = icon_word(view.state.value)
    st.markdown(f"{line} — {plain(view.reason, 600)}" if view.reason else line)
    show_notes(view.notes)
    offer_trace(page, of_service(view.service, page.snapshot))
    place = results.locate(page)
    facts, ports, backends, doors, azure, yaml = st.tabs(
        [
            ":material/info: Facts",
            ":material/lan: Ports",
            ":material/dns: Endpoints",
            ":material/door_open: Ways in",
            ":material/cloud: Azure and nodes",
            ":material/code: YAML",
        ]
    )
    with facts:
        show_facts({k: v for k, v in service_rows([view], place)[0].items() if k not in _HIDDEN})
        for rule in view.rules:
            st.caption(plain(rule, 300))
    with ports:
        ordered = port_order(view)
        show_traced(
            page,
            TracedTable(
                port_rows(view, place),
                "service-ports",
                lambda n: of_service(view.service, page.snapshot, ordered[n]),
                alt="Ports of the Service",
            ),
        )
    with backends:
        st.caption(_origin(view))
        show_traced(
            page,
            TracedTable(
                backend_rows(view, place),
                "service-endpoints",
                lambda n: of_endpoint(view, n, page.snapshot),
                alt="Endpoints of the Service",
            ),
        )
    with doors:
        own = [d for d in results.all_doors(page) if d.service == view.ref]
        if own:
            widest = widest_first(own)
            show_traced(
                page,
                TracedTable(
                    entry_point_rows(own, place),
                    "service-doors",
                    lambda n: of_door(widest[n], cluster_of(page)),
                    alt="Ways to the Service from outside",
                ),
            )
        else:
            st.caption("Nothing leads to it from outside the cluster but routes of Ingresses and Gateways.")
    with azure:
        show_service_on_azure(page, view.service)
    with yaml:
        show_yaml(page.documents, view.service.source)


def show_notes(notes: str) -> None:
    """What is worth knowing though nothing is wrong."""
    if notes:
        st.caption(f":material/info: {plain(sentence(notes), 900)}")


_REASONS_IN_FULL = 6
_NAMES_IN_FULL = 3


def show_reasons(rows: Iterable[tuple[State, str, str]]) -> None:
    """What is wrong with the first faulty rows, in whole sentences: a table's cell would cut them off.

    Rows of one reason share a sentence.
    """
    names: dict[tuple[State, str], list[str]] = {}
    for state, name, reason in rows:
        if state in (State.ERROR, State.WARNING):
            names.setdefault((state, reason), []).append(name)
    if not names:
        return
    lines = []
    for (state, reason), found in list(names.items())[:_REASONS_IN_FULL]:
        whose = ", ".join(f"**{plain(name, 120)}**" for name in found[:_NAMES_IN_FULL])
        rest = f" and {len(found) - _NAMES_IN_FULL:,} more" if len(found) > _NAMES_IN_FULL else ""
        lines.append(f"{icon_word(state.value)}: {whose}{rest} — {plain(reason, 500)}")
    if len(names) > _REASONS_IN_FULL:
        lines.append(f"… and {len(names) - _REASONS_IN_FULL:,} more reasons in the table, faulty rows first")
    with st.container(border=True, gap="xsmall"):
        st.markdown("\n\n".join(lines))


def _origin(view: ServiceView) -> str:
    if not view.endpoints.items:
        return "It has no endpoints."
    words = {"pods": "its pods, as no EndpointSlice was supplied for it"}
    return f"As {words.get(view.endpoints.origin, f'its {view.endpoints.origin} objects')} say."


def show_facts(facts: Mapping[str, object]) -> None:
    """Names and values that have one, as a short list."""
    shown = {heading(name): plain(value, 300) for name, value in facts.items() if value not in ("", None)}
    st.table(shown, border="horizontal", width="content")
