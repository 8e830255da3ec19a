"""The answer of the page about traces: the verdict in one sentence, the hops as a picture and one by one, and profiles
side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import streamlit as st

from lib.figures.trace_path import trace_path
from lib.model.errors import ModelError
from lib.policy.judged import judged_sentence
from lib.policy.lost_ends import why_missing
from lib.tables.row import Row
from lib.tables.trace import hop_rows, placed, verdict_text
from lib.trace.compare import Profile, Side, side_by_side
from lib.trace.context import Context
from lib.trace.ends import Goal, Start, read_goal, read_start
from lib.trace.hop import Hop, HopVerdict, Trace
from lib.trace.questions import beside
from lib.trace.walk import trace
from lib.ui import results
from lib.ui.icons import icon_word
from lib.ui.page_context import PageContext
from lib.ui.problems import where
from lib.ui.security_groups import groups
from lib.ui.text import plain, sentence
from lib.ui.trace_form import Asked
from lib.ui.trace_offers import offer_others, offer_traces
from lib.ui.widgets import show_figure, show_table
from lib.ui.yaml_block import show_yaml

T = TypeVar("T")
_WAYS: Final = 12
_DECIDERS: Final = 6
_YAML_PX: Final = 220
_COLUMNS: Final = 4
# What is still to be said, by whether it is said from where and to what.
_ASK: Final = {
    (False, False): "Say from where and to what: for example from **internet** to a URL of a route, or from a workload "
    "to a Service.",
    (False, True): "Say from where too: choose **internet**, vnet, node or a workload, or type an address.",
    (True, False): "Say to what too: choose a route's URL, a Service or a workload, or type an address and port.",
}
_FIRST: Final = ("family", "hop", "kind", "verdict", "subject", "reason", "source")


def show_trace(page: PageContext, asked: Asked) -> None:
    """The trace that is asked for; under each other profile as well."""
    if not asked.src or not asked.dst:
        st.info(
            _ASK[bool(asked.src), bool(asked.dst)],
            icon=":material/conversion_path:",
        )
        if not asked.src and not asked.dst:
            offer_traces(page, asked)
        return
    try:
        start = read_start(asked.src, page.snapshot)
        goal = read_goal(asked.dst, page.snapshot, start)
        sides = [Side(each, _trace(page, asked, each, start, goal)) for each in (Profile(), *asked.profiles)]
    except ModelError as error:
        said = why_missing(error, page.problems, lambda problem: where(problem, page.documents))
        st.error(plain(said, 900), icon=":material/error:")
        return
    found = sides[0].trace
    _show_verdict(found)
    judged = judged_sentence(results.engine(page, asked.engine).profile, page.snapshot)
    st.caption(f":material/policy: {plain(judged, 600)}")
    offer_others(asked, beside(goal, page.snapshot))
    if len(sides) > 1:
        _show_sides(page, sides)
    for way in found.by_family:
        word = f" · {icon_word(way.own_verdict.value)}" if way.family else ""
        st.subheader(f"The way{way.family and f' over {way.family}'}{word}", anchor=False)
        alt = f"The hops{way.family and f' over {way.family}'}, each with its verdict, in their order"
        show_figure(trace_path(way), key=f"trace-path{way.family}", alt=alt)
        _show_hops(page, way)
    with st.expander("All hops as a table", icon=":material/table:"):
        show_table(hop_rows(found, results.locate(page)), "trace", alt="The hops in their order", first=_FIRST)


def _trace(page: PageContext, asked: Asked, other: Profile, start: Start, goal: Goal) -> Trace:
    engine = results.engine(page, other.engine or asked.engine)
    given = other.given(asked.given)
    key = ("trace-context", engine.profile.id, given)
    context = page.cached(
        key,
        lambda: Context(
            engine,
            given,
            routes=lambda: results.all_routes(page),
            provider=lambda: groups(page).provider,
        ),
    )
    return trace(context, start, goal)


def _show_verdict(found: Trace) -> None:
    said = plain(found.sentence, 1500)
    match found.verdict:
        case HopVerdict.ALLOWED:
            st.success(said, icon=":material/check_circle:")
        case HopVerdict.DENIED:
            st.error(said, icon=":material/block:")
        case HopVerdict.DEPENDS:
            st.warning(said, icon=":material/alt_route:")
        case HopVerdict.UNKNOWN:
            st.warning(said, icon=":material/help:")


def _show_hops(page: PageContext, found: Trace) -> None:
    """The hops as a stepper; those that a reader has to look at are open."""
    stopped = found.stopped_at
    last = len(found.hops) if stopped is None else found.hops.index(stopped) + 1
    for number, hop in enumerate(found.hops, 1):
        if number == last + 1:
            st.caption(":material/more_vert: The packet does not get here. If it did:")
        word, kind = icon_word(verdict_text(hop)), plain(sentence(hop.kind.value))
        open_questions = hop.verdict is not HopVerdict.ALLOWED and not hop.premise
        with st.expander(
            f"{word} · **{number} {kind}** · {plain(hop.subject, 110)}", expanded=open_questions and number <= last
        ):
            _show_hop(page, hop)


def _show_hop(page: PageContext, hop: Hop) -> None:
    st.markdown(f"{plain(_capital(hop.reason), 900)}.")
    for way in hop.ways[:_WAYS]:
        st.markdown(f"- {icon_word(way.verdict.value)} · **{plain(way.label, 160)}**: {plain(way.reason, 500)}")
    if len(hop.ways) > _WAYS:
        st.caption(f"{len(hop.ways) - _WAYS:,} more cases: the command line lists them.")
    if hop.change:
        st.markdown(f":material/build: **Would change it:** {plain(hop.change, 500)}.")
    if hop.source_after:
        st.caption(f":material/swap_horiz: The next hop sees as sender: {plain(hop.source_after, 400)}.")
    if hop.destination_after:
        st.caption(f":material/arrow_forward: It goes on to: {plain(hop.destination_after, 200)}.")
    for note in hop.notes:
        st.caption(f":material/info: {plain(note, 600)}")
    _show_evidence(page, hop)


def _capital(text: str) -> str:
    """With a capital letter, unless it begins with a name or an address."""
    return text if "." in text.partition(" ")[0] else sentence(text)


def _show_evidence(page: PageContext, hop: Hop) -> None:
    """The objects that decided, each with its lines."""
    shown = set()
    for decider in hop.deciders[:_DECIDERS]:
        words = f"{icon_word(decider.effect)}: {plain(decider.name, 120)} {plain(decider.rule, 160)}"
        st.markdown(f"{words}  \n:small[{plain(decider.text, 400)}]" if decider.text else words)
        if decider.line is not None:
            st.caption(f":material/description: {plain(placed(decider, results.locate(page)), 200)}")
        elif decider.source is not None and decider.source not in shown:
            shown.add(decider.source)
            show_yaml(page.documents, decider.source, height=_YAML_PX)
    if len(hop.deciders) > _DECIDERS:
        st.caption(f"{len(hop.deciders) - _DECIDERS:,} more that took part.")
    if not hop.deciders and hop.source is not None:
        show_yaml(page.documents, hop.source, height=_YAML_PX)


def _show_sides(page: PageContext, sides: list[Side]) -> None:
    st.subheader("Side by side", anchor=False)
    wide = min(len(sides), _COLUMNS)
    with st.container(border=True):
        for part in _rows_of(sides):
            for column, side in zip(st.columns(wide), part, strict=False):
                word = icon_word(side.trace.verdict.value)
                column.markdown(f"**{plain(side.profile.words, 160)}**  \n{word}  \n{plain(side.trace.sentence, 900)}")
    differing = [pairing for pairing in side_by_side(sides) if pairing.differs]
    if not differing:
        st.caption("No hop differs.")
    for pairing in differing:
        with st.container(border=True):
            over = f" over {pairing.family}" if pairing.family else ""
            st.markdown(f"**{plain(sentence(pairing.kind.value))}**{over}")
            for pairs in _rows_of(list(zip(sides, pairing.hops, strict=True))):
                for column, (side, hop) in zip(st.columns(wide), pairs, strict=False):
                    said = f"{plain(_capital(hop.reason), 400)}." if hop else "Not on the way, or not reached."
                    if hop and hop.source_after:
                        said += f"  \nThe next hop sees as sender: {plain(hop.source_after, 400)}."
                    word = icon_word(verdict_text(hop)) if hop else "–"
                    column.markdown(f":small[{plain(side.profile.words, 160)}]  \n{word}  \n{said}")
    with st.expander("The verdicts as a table", icon=":material/table:"):
        rows: list[Row] = [
            {"profile": side.profile.words, "verdict": side.trace.verdict.value, "sentence": side.trace.sentence}
            for side in sides
        ]
        show_table(rows, "trace-profiles", alt="The verdict under each profile", first=("profile", "verdict"))


def _rows_of(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many columns side by side as can still be read."""
    return (items[first : first + _COLUMNS] for first in range(0, len(items), _COLUMNS))
