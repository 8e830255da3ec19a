"""What Azure makes of the routes: controllers and their state, DNS records, annotations."""

from __future__ import annotations

from collections import Counter
from typing import Final

import streamlit as st

from lib.azure.dns_records import RecordState, no_zones_of, zones_of
from lib.azure.ingress import annotations_of, dns_records
from lib.azure.profile import ClusterProfile
from lib.facts import today
from lib.tables.azure_ingress import annotation_rows, faulty_first, record_rows, way_in_rows
from lib.tables.row import Row
from lib.trace.questions import of_object, of_record
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced

ZONES_KEY: Final = "zones"
_ZONES_CHARS: Final = 2_000
_WRONG_SHOWN: Final = 3


def show_on_azure(page: PageContext, profile: ClusterProfile) -> None:
    """Who serves the routes and how, the records of their hosts, and what annotations say."""
    views = results.routes(page)
    controllers = {v.served_by.controller.id: v.served_by.controller for v in views if v.served_by.controller}
    if not controllers:
        return
    st.subheader("On Azure", anchor=False)
    for row in way_in_rows(controllers.values(), today.today(), profile.network_model.value):
        _show_way_in(row)
    text = st.text_input(
        "DNS zones",
        key=ZONES_KEY,
        bind="query-params",
        max_chars=_ZONES_CHARS,
        placeholder="public:example.com, private:example.com",
        help="The zones that are attached to the add-on, or that you keep; no object in a cluster names them. Write "
        "names with public: or private: before them, or resource IDs: zones of one name hold different records.",
    )
    zones = zones_of(text or "")
    for word in no_zones_of(text or "")[:_WRONG_SHOWN]:
        said = f"{plain(word, 80)} is no DNS zone such as example.com or public:example.com; it does not count."
        st.error(said, icon=":material/error:")
    services = tuple(s for s in page.snapshot.services if results.shows(page, s.ref))
    records = page.cached(("dns", zones, page.view), lambda: dns_records(page.snapshot, views, zones, services))
    if records:
        counts = Counter(record.state for record in records)
        told = [state.counted(counts[state]) for state in RecordState if counts[state]]
        counted = f"{len(records):,} DNS record{'s' if len(records) != 1 else ''}"
        st.caption(f"{counted} that the hosts need: {'; '.join(told)}.")
        rows = record_rows(records, results.locate(page))
        alt = "DNS records of the routes' hosts"
        show_traced(page, TracedTable(rows, "dns-records", lambda n: of_record(records[n]), alt=alt))
    shown = {v.route for v in views}
    notes = [a for a in annotations_of(page.snapshot, results.all_routes(page)) if a.ingress in shown]
    if notes:
        faulty = sum(bool(note.fault) for note in notes)
        title = f"{len(notes):,} annotations for controllers of AKS" + (
            f", {faulty:,} of them faulty" if faulty else ""
        )
        with st.expander(title, icon=":material/label:", expanded=bool(faulty)):
            ordered = faulty_first(notes)
            show_traced(
                page,
                TracedTable(
                    annotation_rows(ordered, results.locate(page)),
                    "ingress-annotations",
                    lambda n: of_object(ordered[n].ingress, cluster_of(page)),
                    alt="Annotations",
                ),
            )


def _show_way_in(row: Row) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(row['controller'])}** — {plain(row['support'], 400)}")
        st.markdown(f"{plain(row['way'], 300)}  \n{plain(row['certificates'], 400)}")
        if row["does_not_fit"]:
            st.error(plain(row["does_not_fit"], 400), icon=":material/block:")
        if row["on_this_network"]:
            st.markdown(f":small[:material/cloud: {plain(row['on_this_network'], 400)}]")
        if row["sources_differ"]:
            st.warning(f"The sources differ: {plain(row['sources_differ'], 400)}", icon=":material/compare:")
        st.caption(f"Source: {plain(row['stated_in'], 1200)}")
