"""The parts of the page about Services that show what Azure makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import streamlit as st

from lib.azure.backend_pool import pool_nodes
from lib.azure.balanced import why_left_out
from lib.azure.client_address import DEPENDS, seen_address, seen_in_words
from lib.azure.data_plane import DataPlane
from lib.azure.frontends import Frontend
from lib.azure.limits import usages
from lib.azure.load_balancer import ServiceLoadBalancer
from lib.azure.node_rules import node_rules_of, update_effects_of
from lib.azure.view import AzureView, azure_view
from lib.facts.nsg import probe_rules
from lib.facts.sources import describe, source
from lib.model.services import Service, ServiceType
from lib.policy.judged import judged_sentence
from lib.tables.azure import (
    frontend_rows,
    limit_rows,
    load_balancer_rule_rows,
    private_link_row,
    probe_rows,
    rule_lines,
)
from lib.trace.context import Context, Given
from lib.trace.probe_answer import answer_probe
from lib.trace.questions import of_frontend, of_probe, of_rules, of_usage
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.profile_view import engine_choice, profile_of
from lib.ui.provider_view import provider_settings
from lib.ui.security_groups import groups, probes
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, show_traced
from lib.ui.widgets import say_hidden

_CARDS: Final = 6
_RULES_IN_CARD: Final = 4
_HEAD: Final = ("load_balancer", "namespace", "service")
_PROBE_FIRST: Final = (
    "verdict",
    "security_groups",
    "by_policies",
    "protocol",
    "port",
    "path",
    "interval_s",
    "threshold",
)
_FIRST: Final = (
    "namespace",
    "service",
    "load_balancer",
    "address",
    "frontend_port",
    "backend_port",
    "protocol",
    "probe",
)


def all_of_azure(page: PageContext) -> AzureView:
    """What Azure makes of all Services, filtered or not."""
    settings = provider_settings(page)
    return page.cached(("azure", settings), lambda: azure_view(page.snapshot, settings))


def data_plane(page: PageContext) -> DataPlane:
    """Who carries out Services on the nodes, as the visitor chose or the input shows."""
    return profile_of(page).services_plane


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
        f"names and sets them up. Taken of the cluster: {plain('; '.join(view.settings.assumptions))}."
    )
    if view.left_out:
        said = "; ".join(f"{ref.qualified_name}: {why}" for ref, why in view.left_out[:_CARDS])
        more = f" and {len(view.left_out) - _CARDS:,} more" if len(view.left_out) > _CARDS else ""
        st.caption(f"Without a load balancer of Azure: {plain(said, 600)}{more}.")
    for start in range(0, min(len(shown), _CARDS), 2):
        for column, found in zip(st.columns(min(2, len(shown))), shown[start : start + 2], strict=False):
            with column, st.container(border=True, height="stretch", gap="xsmall"):
                _card(page, found)
    if len(shown) > _CARDS:
        st.caption(f"The table has the other {len(shown) - _CARDS:,} too; *Details of* above shows one in full.")
    place = results.locate(page)
    rows = page.cached(("azure-rows", page.view, view.settings), lambda: load_balancer_rule_rows(shown, place))
    if rows:
        ways = page.cached(
            ("azure-rule-ways", page.view, view.settings), lambda: [way for found in shown for way in of_rules(found)]
        )
        alt = "Load balancing rules of all Services"
        show_traced(page, TracedTable(rows, "azure-rules", ways.__getitem__, alt=alt, first=_FIRST, hide=("frontend",)))
    with st.expander("Limits of load balancers", icon=":material/speed:"):
        taken = page.cached(("azure-limits", view.settings), lambda: usages(view, page.snapshot))
        alt = "Limits of load balancers, the fullest first"
        show_traced(page, TracedTable(limit_rows(taken), "azure-limits", lambda n: of_usage(taken[n], view), alt=alt))


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
    seen = seen_address(found.service, data_plane(page))
    ways = f": {'; '.join(seen.lines)}" if seen.verdict == DEPENDS else ""
    st.caption(f":material/person_search: {plain(sentence(seen_in_words(seen)) + ways, 400)}.")
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
        why = why_left_out(service) if service.type is ServiceType.LOAD_BALANCER else "it is no load balancer"
        st.caption(f"Azure makes nothing of it: {plain(why, 200)}.")
    else:
        _show_parts(page, found)
    plane = data_plane(page)
    on_node = node_rules_of(service, plane)
    if on_node:
        st.markdown("**On every node**")
        st.caption(f"Data plane {plain(plane.name or 'not known')}: {plain(plane.evidence, 300)}.")
        _sentences((plain(text, 400), rule.source) for rule, text in on_node)


def _sentences(items: Iterable[tuple[str, str]]) -> None:
    """Sentences with their sources, each in full."""
    st.markdown("\n".join(f"- {text}  :small[:gray[{plain(_source(key), 200)}]]" for text, key in items))


def _source(key: str) -> str:
    found = source(key)
    return f"{found.title}, {found.place.rpartition('/')[2]}"


def _show_probes(page: PageContext, found: ServiceLoadBalancer) -> None:
    """The probes of one Service with what security groups and policies do with them."""
    choice = engine_choice()
    engine = results.engine(page, choice)
    st.caption(
        "Probes go to each node's own address. Judged by AKS's security group and by those pasted on the page "
        f"*Security rules*. {plain(judged_sentence(engine.profile, page.snapshot), 500)}"
    )
    on_the_way = groups(page)
    context = Context(engine, Given(data_plane=data_plane(page).name), provider=lambda: on_the_way.provider)
    mine = [answer_probe(context, at) for at in probes(page, on_the_way) if at.balancer.ref == found.ref]
    rows = probe_rows(mine, results.locate(page), engine.profile.label)
    show_traced(
        page,
        TracedTable(
            rows,
            "azure-probes",
            lambda n: of_probe(mine[n].access),
            alt="Health probes",
            hide=(*_HEAD, "because"),
            first=_PROBE_FIRST,
            engine=choice,
        ),
    )
    for reason in dict.fromkeys(str(row["because"]) for row in rows):
        st.caption(f":material/info: {plain(reason, 600)}")


def _show_parts(page: PageContext, found: ServiceLoadBalancer) -> None:
    st.markdown(f"**Load balancer** `{found.load_balancer}`, backend pools of type `{found.backend_pool_type}`")
    st.caption(f"Behind it: {plain(pool_nodes(page.snapshot), 200)}.")
    for word in found.unknown:
        st.caption(f":material/help: Not known: {plain(word, 300)}")
    st.markdown("**Frontend IP configurations**")
    show_traced(
        page,
        TracedTable(
            frontend_rows(found),
            "azure-frontends",
            lambda n: of_frontend(found, found.frontends[n]),
            alt="Frontend IP configurations",
        ),
    )
    st.markdown("**Load balancing rules**")
    rules = load_balancer_rule_rows((found,), results.locate(page))
    hidden = (*_HEAD, "frontend", "" if found.refused else "not_known")
    alt = "Load balancing rules"
    ways = of_rules(found)
    show_traced(page, TracedTable(rules, "azure-service-rules", ways.__getitem__, alt=alt, first=_FIRST, hide=hidden))
    if found.probes:
        told = probe_rules()
        st.markdown("**Health probes**", help=f"{plain(told.says, 500)} Source: {plain(describe(told.sources), 500)}")
        _show_probes(page, found)
    if found.private_link is not None:
        st.markdown("**Private Link Service**")
        row = private_link_row(found.private_link)
        show_traced(page, TracedTable([row], "azure-private-link", lambda _: ways[0], alt="Private Link Service"))
    seen = seen_address(found.service, data_plane(page))
    st.markdown(f"**{plain(sentence(seen_in_words(seen)))}**")
    st.markdown("\n".join(f"- {plain(sentence(line), 300)}" for line in seen.lines))
    st.caption(f"{plain(seen.reason, 400)}.")
    st.markdown("**When the Service changes**")
    changes = update_effects_of(found.service)
    _sentences((f"{plain(sentence(e.change))}: {plain(e.effect, 400)}.", e.source) for e in changes)
