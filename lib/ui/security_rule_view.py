"""The parts of the page about security rules: the rules, who wrote them, and how full the group is."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.azure.security_group import FRESH
from lib.azure.security_group_limits import limit_uses
from lib.azure.subnet_faults import subnet_faults
from lib.checks.azure_checks import check_security_rules
from lib.facts.nsg import attachment, group_limits, provider_rules
from lib.facts.sources import describe
from lib.model.refs import ObjectRef
from lib.model.security_rules import RuleDirection, SecurityGroup, SecurityRule
from lib.tables.findings import finding_rows
from lib.tables.security_rules import contribution_rows, in_order, rule_rows
from lib.trace.questions import of_finding, of_object, of_security_rule
from lib.ui import results
from lib.ui.details import source_of
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.security_groups import Groups, probes, through
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, cluster_of, show_traced
from lib.ui.widgets import say_hidden, say_nothing
from lib.ui.yaml_block import show_yaml

SERVICE_KEY: Final = "written_for"
TEXT_KEY: Final = "rule"
DIRECTION_KEY: Final = "way"
_PROBLEMS: Final = 5
_FAULTS: Final = 3


def _from(keys: tuple[str, ...]) -> str:
    return f"Source: {plain(describe(keys), 900)}"


def show_origin(found: Groups) -> None:
    """Whose rules these are, and what they hang on."""
    group = found.provider.group
    said = (
        "as a **fresh reconcile** writes them: a group that is in use may number its rules otherwise; paste it "
        "below to keep its priorities"
        if group.origin == FRESH
        else f"in {plain(group.origin, 200)}"
    )
    told = attachment()
    # The sign for help stands behind the longer text: behind the caption it would be alone on a line of its own.
    st.markdown(
        f"The rules that AKS's cloud provider writes for all Services together, {said}.", help=_from(told.sources)
    )
    st.caption(plain(told.says, 400))
    for ref, reason in found.provider.left_out[:_PROBLEMS]:
        st.error(f"No rules for **{plain(ref.qualified_name, 120)}**: {plain(reason, 300)}.", icon=":material/block:")
    if len(found.provider.left_out) > _PROBLEMS:
        st.error(f"… and {len(found.provider.left_out) - _PROBLEMS:,} more Services without rules.")


def show_faults(page: PageContext, found: Groups) -> None:
    """What of the rules is not as the Services' settings seem to say; nothing where all is well."""
    blocked = subnet_faults(through(page, found), probes(page, found)) if found.subnet is not None else ()
    faults = [f for f in check_security_rules(found.provider, blocked) if results.shows(page, f.subject)]
    if not faults:
        return
    rows = finding_rows(faults, results.locate(page))
    with st.container(border=True, gap="xsmall"):
        for row in rows[:_FAULTS]:
            where = f" ({plain(row['source'], 160)})" if row["source"] else ""
            whose = f"{icon_word(str(row['severity']))}: **{plain(row['subject'], 120)}**"
            st.markdown(f"{whose} — {plain(row['what'], 400)}{where}")
            st.caption(f":material/build: {plain(row['remedy'], 300)}", help=plain(row["why"], 600))
    if len(rows) > _FAULTS:
        with st.expander(f"All {len(rows):,} findings", icon=":material/list:"):
            hide = ("why", "code", "reference", "kind")
            show_traced(
                page,
                TracedTable(
                    rows,
                    "security-findings",
                    lambda n: of_finding(faults[n], cluster_of(page)),
                    alt="Findings about security rules, the worst first",
                    hide=hide,
                ),
            )


@st.fragment
def show_rules(page: PageContext, found: Groups) -> None:
    """The rules in evaluation order, those of the chosen Service only if one is chosen; the chosen rule beneath.

    With a group on the subnet its rules stand where packets meet them.
    """
    st.subheader("Rules in evaluation order", anchor=False)
    if not found.provider.accesses and not found.provider.written:
        say_nothing(page, "Service with a load balancer of Azure's")
        return
    chosen = _chosen(page, found)
    rules = tuple(rule for _, rule in chosen)
    rows = rule_rows(rules)
    if found.subnet is not None:
        groups = ({"group": group.name, "attached_to": group.attachment.value} for group, _ in chosen)
        rows = [whose | row for whose, row in zip(groups, rows, strict=True)]
    alt = "Security rules, the one that is asked first at the top"
    show_traced(
        page,
        TracedTable(
            rows,
            "security-rules",
            lambda n: of_security_rule(rules[n], found.provider, page.snapshot),
            alt=alt,
            hide=("direction",),
            details=lambda n: _show_rule(page, found, rules[n]),
            to_see="see who wrote it",
        ),
    )
    st.caption(
        "In each group the lowest priority that matches decides. A rule's name holds a hash of its protocol, sources "
        "and ports, so that Services share rules.",
        help=_from(provider_rules().sources),
    )


def _chosen(page: PageContext, found: Groups) -> tuple[tuple[SecurityGroup, SecurityRule], ...]:
    names = tuple(access.service.ref.qualified_name for access in found.provider.accesses)
    service, text, way = st.columns([0.4, 0.35, 0.25], vertical_alignment="top")
    chosen = service.selectbox(
        "Written for", names, index=None, key=SERVICE_KEY, bind="query-params", placeholder="All Services"
    )
    typed = text.text_input("Find", key=TEXT_KEY, bind="query-params", placeholder="Name, address, port or tag")
    words = [direction.value for direction in RuleDirection]
    direction = way.segmented_control(
        "Direction", words, default=words[0], required=True, key=DIRECTION_KEY, bind="query-params"
    )
    way_in = RuleDirection(direction or words[0])
    every = [(group, rule) for group, rule in in_order(found.on_the_way) if rule.direction is way_in]
    shown = [at for at in every if not at[1].services or any(results.shows(page, ref) for ref in at[1].services)]
    say_hidden(len(shown), len(every), "rules")
    if chosen is not None:
        shown = [at for at in shown if any(ref.qualified_name == chosen for ref in at[1].services)]
    wanted = (typed or "").strip().lower()
    return tuple(at for at in shown if not wanted or _holds(at[1], wanted))


def _holds(rule: SecurityRule, wanted: str) -> bool:
    values = (rule.name, rule.protocol, rule.access.value, *rule.sources, *rule.destinations, *rule.ports)
    named = (ref.qualified_name for ref in rule.services)
    return any(wanted in value.lower() for value in (*values, *named, str(rule.priority)))


def _show_rule(page: PageContext, found: Groups, rule: SecurityRule) -> None:
    with st.container(border=True):
        _show_writers(page, found, rule)


def _show_writers(page: PageContext, found: Groups, rule: SecurityRule) -> None:
    st.markdown(f"**{plain(rule.name, 160)}** — priority {rule.priority}, {rule.access.value}")
    if rule.is_default:
        st.caption("Every group has this rule; it can't be removed.")
        return
    for part in rule.open_parts[:_PROBLEMS]:
        st.caption(f":material/help: Not in the input: {plain(part, 300)}")
    wrote = contribution_rows(found.provider, rule, results.locate(page))
    if not wrote:
        st.caption("No Service of the input wrote it: it stands in the group that you gave.")
        return
    st.caption(f"{len(wrote):,} Service{'s' if len(wrote) != 1 else ''} wrote destinations into it:")
    writers = [ObjectRef(str(row["namespace"]), str(row["service"]), "Service") for row in wrote]
    show_traced(
        page,
        TracedTable(
            wrote,
            "rule-writers",
            lambda n: of_object(writers[n], cluster_of(page)),
            alt="Services that wrote destinations into the rule",
        ),
    )
    first, source = wrote[0], source_of(page, writers[0])
    with st.expander(f"YAML of {plain(str(first['namespace']) + '/' + str(first['service']), 120)}"):
        show_yaml(page.documents, source, height=360)


def show_limits(found: Groups) -> None:
    """How much of each limit the group takes, as bars."""
    st.subheader("Room in the group", anchor=False, help=_from(group_limits()[0].sources))
    for column, use in zip(st.columns(3), limit_uses(found.provider.group), strict=True):
        with column.container(border=True):
            over = " — over the limit: the provider gives up" if use.share > 1 else ""
            st.progress(min(use.share, 1.0), text=f"{use.limit.label}: {use.used:,} of {use.limit.value:,}{over}")
