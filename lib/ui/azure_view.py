"""The parts of the page about Services that show what Azure makes of them."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.azure.frontends import Frontend
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.profile import DataPlane, detect_data_plane
from lib.azure.view import AzureView, azure_view
from lib.model.services import Service
from lib.tables.azure import (
    frontend_rows,
    load_balancer_rule_rows,
    private_link_row,
    probe_rows,
    rule_lines,
    seen_row,
    traffic_rows,
    update_rows,
)
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain
from lib.ui.widgets import say_hidden, show_table

_CARDS: Final = 6
_RULES_IN_CARD: Final = 4


def all_of_azure(page: PageContext) -> AzureView:
    """What Azure makes of all Services, filtered or not."""
    return page.cached(("azure",), lambda: azure_view(page.snapshot))


def data_plane(page: PageContext) -> DataPlane:
    """Who carries out Services on the nodes."""
    return page.cached(("data-plane",), lambda: detect_data_plane(page.snapshot))


def show_azure(page: PageContext) -> None:
    """A card for each of the first LoadBalancer Services, and a table of all load balancing rules."""
    view = all_of_azure(page)
    shown = tuple(s for s in view.services if results.shows(page, s.ref))
    if not view.services and not view.left_out:
        return
    st.subheader("What Azure makes of them", anchor=False)
    say_hidden(len(shown), len(view.services), "load-balanced Services")
    balancers = sorted({s.load_balancer for s in shown})
    st.caption(
        f"{_count(len(shown), 'Service')} on {_count(len(balancers), 'load balancer')}, as the Azure cloud provider "
        f"names and sets them up. Assumed of the cluster: {plain('; '.join(view.profile.assumptions))}."
    )
    if view.left_out:
        said = ", ".join(ref.qualified_name for ref in view.left_out[:_CARDS])
        st.caption(f"Left to somebody else by their loadBalancerClass: {plain(said, 300)}.")
    for start in range(0, min(len(shown), _CARDS), 2):
        for column, found in zip(st.columns(2), shown[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch", gap="xsmall"):
                _card(page, found)
    if len(shown) > _CARDS:
        st.caption(f"The table has the other {len(shown) - _CARDS:,} too; *Details of* above shows one in full.")
    place = results.locate(page)
    rows = page.cached(("azure-rows", page.view), lambda: load_balancer_rule_rows(shown, place))
    if rows:
        show_table(rows, "azure-rules", alt="Load balancing rules of all Services")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _card(page: PageContext, found: ServiceLoadBalancer) -> None:
    st.markdown(f"**{plain(found.ref.qualified_name, 120)}**")
    st.caption(f"{'Internal' if found.internal else 'Public'} load balancer `{found.load_balancer}`")
    for frontend in found.frontends:
        st.markdown(_frontend_line(frontend))
    if found.refused:
        st.markdown(f":material/block: No rule: {plain(found.refused, 400)}.")
    lines = rule_lines(found)
    if lines:
        st.markdown("\n".join(f"- {plain(line, 200)}" for line in lines[:_RULES_IN_CARD]))
    if len(lines) > _RULES_IN_CARD:
        st.caption(f"… and {len(lines) - _RULES_IN_CARD:,} more rules in the table")
    seen = seen_row(found.service, data_plane(page))
    st.caption(f":material/person_search: Pods see {plain(seen['pods_see'])}")
    for word in found.unknown:
        st.caption(f":material/help: Not known: {plain(word, 300)}")


def _frontend_line(frontend: Frontend) -> str:
    where = plain(frontend.address or f"{frontend.family.label}: {frontend.address_from}", 160)
    name = f"  \n{plain(frontend.dns_name, 120)}" if frontend.dns_name else ""
    return f":material/public: {where}{name}" if frontend.public else f":material/lock: {where}{name}"


def show_service_on_azure(page: PageContext, service: Service) -> None:
    """All of one Service's load balancer, what the Service means on a node, and what changes of it do."""
    found = all_of_azure(page).service(service.ref)
    if found is None:
        st.caption(
            "Azure makes nothing of it: only a Service of type LoadBalancer without a class gets a load balancer."
        )
    else:
        _show_parts(page, found)
    plane = data_plane(page)
    on_node = traffic_rows(service, plane)
    if on_node:
        st.markdown("**On every node**")
        st.caption(f"Who carries it out: {plain(plane.name or 'not known')}, since {plain(plane.evidence, 300)}.")
        show_table(on_node, "azure-on-node", alt="What the Service means on a node")


def _show_parts(page: PageContext, found: ServiceLoadBalancer) -> None:
    st.markdown(f"**Load balancer** `{found.load_balancer}`, backend pools of type `{found.backend_pool_type}`")
    for word in found.unknown:
        st.caption(f":material/help: Not known: {plain(word, 300)}")
    show_table(frontend_rows(found), "azure-frontends", alt="Frontend IP configurations")
    rules = load_balancer_rule_rows((found,), results.locate(page))
    hidden = ("load_balancer", "namespace", "service", "not_known" if not found.refused else "")
    show_table(rules, "azure-service-rules", alt="Load balancing rules", hide=hidden)
    if found.probes:
        show_table(probe_rows(found), "azure-probes", alt="Health probes")
    if found.private_link is not None:
        show_table([private_link_row(found.private_link)], "azure-private-link", alt="Private Link Service")
    seen = seen_row(found.service, data_plane(page))
    st.markdown(f"**Whose address the pods see:** {plain(seen['pods_see'])}")
    st.caption(f"{plain(seen['ways'], 400)}. {plain(seen['because'], 400)}.")
    st.markdown("**When it changes**")
    show_table(update_rows(found.service), "azure-updates", alt="What changes of the Service do")
