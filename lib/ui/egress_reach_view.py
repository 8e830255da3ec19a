"""The parts of the page Egress about destinations: what must be reached, by which rules, and who does reach it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import streamlit as st

from lib.azure.destinations import Choice, Destination, destinations
from lib.azure.firewall import firewall_rules, to_arm, to_az
from lib.azure.fqdn_policy import fqdn_policies
from lib.azure.profile import ClusterProfile
from lib.exposure.internet import InternetReach, ToInternet
from lib.exposure.required import Reach
from lib.facts.egress_needs import Client, cilium_needs, firewall_numbers
from lib.facts.internet import INTERNET
from lib.facts.sources import describe
from lib.model.policies import Verdict
from lib.model.sets import ConnectionSet
from lib.tables.egress import destination_rows, internet_rows, left_out_rows, reach_rows
from lib.trace.questions import Ends, of_destination, of_left_out, of_reach, to_addresses
from lib.ui import results
from lib.ui.egress_form import choose_destinations, choose_rule_sources
from lib.ui.engine_view import enforcement_line
from lib.ui.page_context import PageContext
from lib.ui.profile_view import engine_choice
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, show_traced
from lib.ui.widgets import say_nothing

_FIRST = ("verdict", "workload", "destination", "port", "reason")


def show_destinations(page: PageContext, profile: ClusterProfile) -> Choice:
    """The required destinations as a table, and as what opens the way to them."""
    st.subheader("What the cluster must reach", anchor=False)
    choice = choose_destinations(page, profile)
    found = destinations(choice)
    show_traced(
        page,
        TracedTable(
            destination_rows(found),
            "egress-destinations",
            lambda n: of_destination(found[n], page.snapshot),
            alt="Required destinations",
            hide=("stated_in",),
            engine=engine_choice(),
        ),
    )
    node = sum(d.need.client is Client.NODE for d in found)
    unstated = sum(d.need.client is Client.NOT_STATED for d in found)
    st.caption(
        f"{node:,} of them are reached by the nodes themselves, which no policy that selects pods covers; for "
        f"{unstated:,} the documentation does not say who connects. "
        f"Source: {plain(describe(tuple(dict.fromkeys(d.need.source for d in found))), 400)}"
    )
    firewall, cilium = st.tabs(["Azure Firewall", "CiliumNetworkPolicy"])
    with firewall:
        _show_firewall(page, found)
    with cilium:
        _show_cilium(page, found)
    return choice


def _show_firewall(page: PageContext, found: tuple[Destination, ...]) -> None:
    sources = choose_rule_sources()
    rules = firewall_rules(found)
    arm, az = to_arm(rules, sources), to_az(rules, sources)
    with st.container(horizontal=True):
        _download("ARM template", arm, "netatlas-azure-firewall.json", "application/json")
        _download("az commands", az, "netatlas-azure-firewall.sh", "text/x-shellscript")
    with st.expander("az commands", icon=":material/terminal:"):
        st.code(az, language="bash", wrap_lines=True)
    if rules.left_out:
        show_traced(
            page,
            TracedTable(
                left_out_rows(rules.left_out),
                "firewall-left-out",
                lambda n: of_left_out(rules.left_out[n], found, page.snapshot),
                alt="Destinations without a rule",
            ),
        )
    st.caption(
        "The template is for a firewall policy, the commands for a firewall without one. Azure Firewall's tag "
        "AzureKubernetesService stands for what every cluster needs. "
        f"Source: {plain(describe(firewall_numbers().sources), 400)}"
    )


def _show_cilium(page: PageContext, found: tuple[Destination, ...]) -> None:
    needs, sources = cilium_needs()
    st.warning(f"Needs {plain(needs)}. Source: {plain(describe(sources), 400)}", icon=":material/paid:")
    written = fqdn_policies(found, page.snapshot)
    if written.policies:
        st.caption(
            "Only for pods with addresses of their own. They open what is written in them and close nothing, so that "
            "they change nothing for pods that no other policy isolates."
        )
        _download("YAML", written.text, "netatlas-egress-cilium.yaml", "application/yaml")
        with st.expander(f"{len(written.policies):,} policies", icon=":material/code:"):
            st.code(written.text, language="yaml")
    if written.left_out:
        show_traced(
            page,
            TracedTable(
                left_out_rows(written.left_out),
                "cilium-left-out",
                lambda n: of_left_out(written.left_out[n], found, page.snapshot),
                alt="Pods without a policy",
            ),
        )


def _download(label: str, text: str, name: str, mime: str) -> None:
    st.download_button(
        label, data=text, file_name=name, mime=mime, icon=":material/download:", key=f"save-{name}", on_click="ignore"
    )


def _unsettled(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'} not settled"


def show_required_reach(page: PageContext, engine: str, choice: Choice) -> None:
    """Which pods reach what they need, by the loaded policies."""
    st.subheader("System pods against the loaded policies", anchor=False)
    if not page.loaded.object_count:
        st.caption("Load manifests or a dump, and this says which system pods could no longer reach what they need.")
        return
    st.markdown(enforcement_line(page, engine))
    found = results.required_reach(page, engine, choice)
    if not found:
        st.caption("No destination that is chosen above is reached by pods that are known.")
        return
    counts = Counter(row.verdict for row in found)
    denied, unknown = counts[Verdict.DENIED], counts[Verdict.UNKNOWN]
    allowed = f"{counts[Verdict.ALLOWED]:,} may be reached"
    if denied:
        many = f"{denied:,} destination{' is' if denied == 1 else 's are'}"
        st.error(
            f"{many} denied to pods that need {'it' if denied == 1 else 'them'}; {allowed}.", icon=":material/block:"
        )
    elif unknown:
        st.info(f"None is denied, {allowed}, and {_unsettled(unknown)}.", icon=":material/help:")
    else:
        st.success(f"None is denied, and all {allowed}.", icon=":material/check_circle:")
    open_rows = [row for row in found if row.verdict is not Verdict.UNKNOWN]
    unsettled = [row for row in found if row.verdict is Verdict.UNKNOWN]
    if open_rows:
        _show_reach(page, engine, open_rows, "required-reach", "Destinations that pods need")
    if unsettled:
        with st.expander(_unsettled(len(unsettled)).capitalize(), icon=":material/help:"):
            _show_reach(page, engine, unsettled, "required-unknown", "What is not settled")
    st.caption(
        "A name may have any public IPv4 address, unless a table of names (page Input) says which. By the policies of "
        "these pods; a firewall or a network security group on the way is not counted."
    )


def _show_reach(page: PageContext, engine: str, found: Sequence[Reach], name: str, alt: str) -> None:
    rows = reach_rows(found, results.locate(page))
    show_traced(page, TracedTable(rows, name, lambda n: of_reach(found[n]), alt=alt, first=_FIRST, engine=engine))


def show_internet(page: PageContext, engine: str) -> None:
    """Which workloads may connect to the Internet."""
    st.subheader("Who may reach the Internet", anchor=False)
    if not page.loaded.object_count:
        st.caption("Load manifests or a dump to see which workloads may.")
        return
    rows = results.internet(page, engine)
    if not rows:
        say_nothing(page, "workload with pods")
        return
    counts = Counter(row.reach for row in rows)
    with st.container(horizontal=True):
        for reach in InternetReach:
            st.metric(reach.value.capitalize(), f"{counts[reach]:,}", border=True)
    shown = internet_rows(rows, results.locate(page))
    alt = "Which workloads may reach the Internet"
    show_traced(page, TracedTable(shown, "to-internet", partial(_way_out, rows), alt=alt, engine=engine))


def _way_out(rows: Sequence[ToInternet], chosen: int) -> Ends:
    each = rows[chosen]
    return to_addresses(each.workload, each.addresses or INTERNET, _ports(each))


def _ports(found: ToInternet) -> ConnectionSet:
    """Ports to ask for: those that are permitted, else those that are not settled, else any."""
    return found.ports or found.unsettled or ConnectionSet.all()
