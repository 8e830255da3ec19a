"""The parts of the page about security rules that answer a question, and take a group of one's own."""

from __future__ import annotations

from functools import partial
from typing import Final

import streamlit as st

from lib.azure.security_group_arrival import SentJudgement
from lib.azure.security_group_judge import Judgement
from lib.azure.security_group_match import VIRTUAL_NETWORK
from lib.azure.security_group_question import Answer, Question, ask, read_destination, read_source
from lib.azure.security_group_subnet import Through
from lib.facts.nsg import service_tags, subnet_group_must_allow
from lib.loaders.security_rules import CHARS_MAX
from lib.model.errors import ModelError
from lib.model.policies import Verdict
from lib.model.security_rules import Attachment
from lib.model.sets import FIRST_PORT, LAST_PORT, Protocol
from lib.tables.security_rules import (
    asked_rows,
    group_answer_rows,
    probe_access_rows,
    probe_order,
    through_order,
    through_rows,
)
from lib.trace.questions import Ends, of_packet, of_probe, of_sender
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.problems import say_problems
from lib.ui.profile_view import profile_of
from lib.ui.security_groups import Groups, given_text, in_network, keep_text, network_ranges, probes, reading, through
from lib.ui.text import plain
from lib.ui.trace_link import TracedTable, show_traced

FROM_KEY: Final = "packet_from"
TO_KEY: Final = "packet_to"
PORT_KEY: Final = "packet_port"
PROTOCOL_KEY: Final = "packet_protocol"
NETWORK_KEY: Final = "vnet"
_PLACES: Final = ("internet", "vnet", "probe")
_SHOWN: Final = 3
_ANSWER: Final = ("verdict", "in_case", "group", "attached_to", "may_match", "priority", "rule_name", "written_for")
_PASTE: Final = {
    Attachment.SUBNET: (
        "Your own group on the nodes' subnet",
        "What `az network nsg show`, `az network nsg rule list` or `az network nic list-effective-nsg` prints, "
        "`Get-AzNetworkSecurityGroup … | ConvertTo-Json -Depth 10`, or an ARM template.",
    ),
    Attachment.NIC: (
        "AKS's group as it is now, to keep its priorities",
        "`az network nsg show` of the group in the node resource group. Without it the priorities are those of a fresh "
        "reconcile.",
    ),
}


def ask_packet(page: PageContext, found: Groups) -> Groups:
    """Who sends what to whom, all in the URL; the verdict with the rule that decides, group by group.

    Returns the groups as they are judged in the virtual network that the visitor names here.
    """
    st.subheader("Which rule answers this packet?", anchor=False)
    with st.container(border=True):
        names = sorted(access.service.ref.qualified_name for access in found.provider.accesses)
        left, right, port_place, protocol_place = st.columns([0.32, 0.36, 0.16, 0.16])
        source = left.selectbox(
            "From", _PLACES, index=None, key=FROM_KEY, bind="query-params", accept_new_options=True,
            placeholder="internet, vnet, probe or an address",
            help="internet: somebody outside the virtual network. vnet: somebody in it. probe: Azure's health probe.",
        )  # fmt: skip
        destination = right.selectbox(
            "To", names, index=None, key=TO_KEY, bind="query-params", accept_new_options=True,
            placeholder="A Service or an address",
            help="A Service means its frontend addresses. Under floating IP, packets reach the nodes with the "
            "frontend's address and the Service's port, not with the node's address and the node port.",
        )  # fmt: skip
        port = port_place.number_input(
            "Port", min_value=FIRST_PORT, max_value=LAST_PORT, value=None, step=1, key=PORT_KEY, bind="query-params",
            placeholder="443",
        )  # fmt: skip
        protocol = protocol_place.selectbox(
            "Protocol", [p.value for p in Protocol], key=PROTOCOL_KEY, bind="query-params"
        )
        network = st.text_input(
            "Ranges of the virtual network, what is joined to it, and user-defined routes", key=NETWORK_KEY,
            bind="query-params", placeholder="10.224.0.0/12, 10.100.0.0/16",
            help=f"The tag VirtualNetwork holds {plain(_network_means(), 300)}. Without it here, the input's nodes and "
            "internal frontends are in it, and whether other private addresses are stays unknown.",
        )  # fmt: skip
        ranges, wrong = network_ranges(network or "")
        found = in_network(page, found, ranges)
        for word in wrong[:_SHOWN]:
            st.error(f"{plain(word, 80)} is no prefix such as 10.0.0.0/8.", icon=":material/error:")
        if not source or not destination or port is None:
            st.caption("Say from where, to where and to which port.")
            return found
        try:
            question = Question(
                read_source(source), read_destination(destination), int(port), Protocol(protocol or "TCP")
            )
            plane = profile_of(page).services_plane
            answer = ask(question, page.snapshot, found.provider, found.on_the_way, found.known, plane)
        except ModelError as error:
            st.error(plain(error, 300), icon=":material/error:")
            return found
        _show_answer(page, found, answer, of_packet(question, page.snapshot))
        return found


def _network_means() -> str:
    return next(tag.means for tag in service_tags() if tag.name == VIRTUAL_NETWORK)


def _show_answer(page: PageContext, found: Groups, answer: Answer, way: Ends) -> None:
    said = plain(answer, 1500)
    match answer.verdict:
        case Verdict.ALLOWED:
            st.success(said, icon=":material/check_circle:")
        case Verdict.DENIED:
            st.error(said, icon=":material/block:")
        case Verdict.UNKNOWN:
            st.warning(said, icon=":material/help:")
    if found.subnet is None:
        st.caption("Judged without a group on the subnet. If there is one, paste it below: it is asked first.")
    for judged in answer.judgements[:_SHOWN]:
        _show_judged(page, found, judged, way)


def _show_judged(page: PageContext, found: Groups, judged: SentJudgement, way: Ends) -> None:
    for note in judged.notes:
        st.caption(f":material/info: {plain(note, 600)}")
    for number, judgement in enumerate(judged.judgements[:_SHOWN]):
        if len(judged.judgements) > 1:
            st.markdown(f"**{plain(judgement.packet, 200)}**")
        _show_groups(page, found, judgement, f"{judged.sent.destination}-{number}", way)
    if len(judged.judgements) > _SHOWN:
        st.caption(f"… and {len(judged.judgements) - _SHOWN:,} more nodes")


def _show_groups(page: PageContext, found: Groups, judgement: Judgement, key: str, way: Ends) -> None:
    rows = group_answer_rows(judgement)
    for row in rows:
        row["rule_name"] = row.pop("rule")
    alt = "The groups in the order in which the packet meets them"
    show_traced(
        page,
        TracedTable(
            rows,
            "packet-groups",
            lambda _: way,
            alt=alt,
            key=f"packet-groups-{key}",
            hide=("reason",),
            first=_ANSWER,
        ),
    )
    for answer in judgement.answers:
        with st.expander(f"Every rule of {plain(answer.group.name, 100)} that was asked", icon=":material/list:"):
            rows = asked_rows(answer, judgement.packet, found.known, judgement.direction)
            name = f"asked-{answer.group.attachment.name.lower()}"
            alt = "Rules in the order in which they were asked"
            show_traced(page, TracedTable(rows, name, lambda _: way, alt=alt, key=f"{name}-{key}"))


def show_own_groups(page: PageContext, found: Groups) -> None:
    """Where groups are pasted, what is wrong with the text, and what the subnet's blocks of the Services' ports."""
    st.subheader("Groups of your own", anchor=False)
    for column, attachment in zip(st.columns(2), (Attachment.SUBNET, Attachment.NIC), strict=True):
        with column:
            _paste(page, attachment)
    if found.subnet is not None:
        _show_through(page, found)


def _paste(page: PageContext, attachment: Attachment) -> None:
    label, help_ = _PASTE[attachment]
    key = f"group-{attachment.name.lower()}-{page.loaded.id}"
    st.text_area(
        label,
        value=given_text(page, attachment),
        key=key,
        height=160,
        max_chars=CHARS_MAX,
        placeholder='{"name": "…", "securityRules": [ … ]}',
        help=help_,
        on_change=partial(_take, page, attachment, key),
    )
    found = reading(page, attachment)
    if found is None:
        st.caption("It stays in this session's memory.")
        return
    say_problems(found.problems[:_SHOWN])
    if len(found.problems) > _SHOWN:
        st.caption(f"… and {len(found.problems) - _SHOWN:,} more problems")
    of = f" of {plain(found.name, 80)}" if found.name else ""
    lost = any(rule.source is None for rule in found.unplaced)
    st.caption(
        f"{found.count:,} rule{'s' if found.count != 1 else ''} read{of}."
        + (" What could not be read may be any rule." if lost else "")
        + ("" if found.is_group else " The text counts as no group.")
    )


def _take(page: PageContext, attachment: Attachment, key: str) -> None:
    keep_text(page, attachment, st.session_state[key] or "")


def _show_through(page: PageContext, found: Groups) -> None:
    st.markdown("**What your group on the subnet does with those whom the Services let in**")
    every = through(page, found)
    shown = [at for at in every if results.shows(page, at.service)]
    if not shown:
        st.caption("No Service that the filter shows lets anybody in from outside.")
        return
    blocked = sum(at.through in (Through.NONE, Through.SOME) for at in shown)
    said = f"{blocked:,} of {len(shown):,} are blocked, wholly or in part" if blocked else "None of them is blocked"
    st.caption(
        f"{said}. A group on the subnet must also let through: "
        + "; ".join(f"{source} to {to}, {ports} ports" for source, to, ports in subnet_group_must_allow())
        + "."
    )
    asked = [at for at in probes(page, found) if results.shows(page, at.balancer.ref)]
    rows = through_rows(shown, results.locate(page)) + probe_access_rows(asked, results.locate(page))
    ways = [*map(of_sender, through_order(shown)), *map(of_probe, probe_order(asked))]
    alt = "Service ports and senders, then health probes"
    show_traced(page, TracedTable(rows, "subnet-through", ways.__getitem__, alt=alt))
