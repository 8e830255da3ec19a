"""Pick two ends and a port; read both directions."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.facts.internet import BY_WORD
from lib.model.errors import ModelError
from lib.model.sets import Protocol
from lib.policy.explain import DirectionAnswer, Explanation
from lib.policy.lost_ends import why_missing
from lib.policy.points_of_family import parse_flow
from lib.tables.flows import explanation_rows, near_miss_rows
from lib.trace.questions import of_explanation
from lib.trace.questions.ends import written
from lib.ui import results
from lib.ui.change_view import show_smallest_change
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.problems import where
from lib.ui.text import plain, sentence
from lib.ui.trace_link import TracedTable, offer_trace, show_traced
from lib.ui.widgets import say_unread
from lib.ui.yaml_block import show_yaml

FROM_KEY: Final = "from"
TO_KEY: Final = "to"
PORT_KEY: Final = "port"
PROTOCOL_KEY: Final = "protocol"
_PORT_MAX: Final = 65535
_END_HELP: Final = (
    "Choose a workload, or type namespace/name, node/NAME, an address or a prefix. internet: the public addresses. "
    "outside: every address outside the cluster, private ones included."
)
_FIRST: Final = ("direction", "tier", "effect", "policy", "rule", "source")


def show_explain(page: PageContext, choice: str) -> None:
    """Two ends, a port and a protocol, all in the URL; the verdict of both directions with what decided it."""
    st.subheader("May A talk to B?", anchor=False)
    names = (*BY_WORD, *sorted(str(w.ref) for w in page.snapshot.workloads if w.endpoints))
    with st.container(border=True):
        _say_unread()
        left, right, port_place, protocol_place = st.columns([0.34, 0.34, 0.18, 0.14])
        src = left.selectbox(
            "From", names, index=None, key=FROM_KEY, bind="query-params", placeholder="Workload or address",
            accept_new_options=True, help=_END_HELP,
        )  # fmt: skip
        dst = right.selectbox(
            "To", names, index=None, key=TO_KEY, bind="query-params", placeholder="Workload or address",
            accept_new_options=True, help=_END_HELP,
        )  # fmt: skip
        port = port_place.number_input(
            "Port", min_value=1, max_value=_PORT_MAX, value=None, step=1, key=PORT_KEY, bind="query-params",
            placeholder="all", help="The destination pod's port, not the Service's. Empty: every port.",
        )  # fmt: skip
        protocol = protocol_place.selectbox(
            "Protocol", [p.value for p in Protocol], index=None, key=PROTOCOL_KEY, bind="query-params",
            placeholder="all" if port is None else "TCP", help="Empty: TCP where a port is given, else every protocol.",
        )  # fmt: skip
        if src is None or dst is None:
            st.caption("Choose both ends to see the verdict, the policies and the lines that decide.")
            return
        named = Protocol(protocol) if protocol else None
        asked = (named or Protocol.TCP, int(port)) if port is not None else (named, None)
        try:
            one, other, family = parse_flow(src, dst, page.snapshot)
            answer = results.engine(page, choice).explain(one, other, asked[0], asked[1], family)
        except ModelError as error:
            said = why_missing(error, page.problems, lambda problem: where(problem, page.documents))
            st.error(plain(said), icon=":material/error:")
            return
        _show(page, answer, choice)
        if port is not None and src not in BY_WORD and dst not in BY_WORD:
            offer_trace(page, (src, written(dst, int(port), protocol or "")), choice)
        if answer.connections != answer.asked:
            show_smallest_change(page, choice, (one, other), asked, family)


def _say_unread() -> None:
    """Tell of a link's port or protocol that is none: the boxes are bound to it and would stay empty without a word."""
    port, protocol = st.query_params.get(PORT_KEY), st.query_params.get(PROTOCOL_KEY)
    if port is not None and PORT_KEY not in st.session_state and not _is_port(port):
        say_unread(PORT_KEY, port, f"A port is a whole number from 1 to {_PORT_MAX}.")
    known = [p.value for p in Protocol]
    if protocol is not None and PROTOCOL_KEY not in st.session_state and protocol not in known:
        say_unread(PROTOCOL_KEY, protocol, f"Known are {', '.join(known)}.")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_PORT_MAX)) and 1 <= int(text) <= _PORT_MAX


def show_decision(page: PageContext, choice: str, src: str, dst: str, *, key: str) -> None:
    """What decides a flow between two ends on every port, both directions; ``key`` tells it from others of the page."""
    with st.container(border=True):
        try:
            one, other, family = parse_flow(src, dst, page.snapshot)
            answer = results.engine(page, choice).explain(one, other, family=family)
        except ModelError as error:
            st.caption(f":material/help: {plain(error)}.")
            return
        _show(page, answer, choice, key)


def _show(page: PageContext, answer: Explanation, choice: str, key: str = "explain") -> None:
    asked = f"on {answer.asked}" if not answer.asked.is_all else "on any port"
    if answer.family is not None:
        asked += f", over {answer.family.label}"
    st.markdown(
        f"### {icon_word(answer.word)}\n{plain(answer.src, 120)} → {plain(answer.dst, 120)} {plain(asked, 120)}"
    )
    if answer.verdict in ("allowed", "partial") and answer.connections != answer.asked:
        st.caption(f"Every pair of pods has: {plain(answer.connections, 300)}")
    columns = st.columns(2)
    for column, direction in zip(columns, answer.directions, strict=True):
        with column:
            _show_direction(page, direction)
    place = results.locate(page)
    way = of_explanation(answer, page.snapshot)
    rows = explanation_rows(answer, place)
    if rows:
        alt = "Policies and rules that took part"
        show_traced(
            page,
            TracedTable(
                rows, "explanation", lambda _: way, key=f"{key}-explanation", alt=alt, first=_FIRST, engine=choice
            ),
        )
    missed = near_miss_rows(answer, place)
    if missed:
        with st.expander(f"Rules that come near and take no part ({len(missed):,})", icon=":material/rule:"):
            show_traced(
                page,
                TracedTable(
                    missed,
                    "near-misses",
                    lambda _: way,
                    key=f"{key}-near-misses",
                    alt="Rules that take no part",
                    first=("direction", "policy", "rule", "why_not", "tier"),
                    engine=choice,
                ),
            )


_TITLES: Final = {"egress": "Leaving the source (egress)", "ingress": "Entering the destination (ingress)"}


def _show_direction(page: PageContext, answer: DirectionAnswer) -> None:
    with st.container(border=True):
        st.markdown(f"**{_TITLES[answer.direction.field]}**  \n{icon_word(answer.word)}")
        st.markdown(f"{plain(sentence(answer.reason), 900)}.")
        for effect in answer.effects[:3]:
            title = f"{plain(effect.policy.qualified_name, 80)} {plain(effect.rule, 60)} ({plain(effect.tier, 60)})"
            with st.expander(f"{icon_word(effect.effect)}: {title}", icon=":material/code:"):
                if effect.text:
                    st.caption(plain(effect.text, 400))
                show_yaml(page.documents, effect.source, height=360)
        if len(answer.effects) > 3:
            st.caption(f"{len(answer.effects) - 3:,} more in the table below.")
