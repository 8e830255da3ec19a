"""The profile of the cluster: one line that says what is known and from where, and the way to choose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import streamlit as st

from lib.azure.profile import CHOOSABLE, RANGES, Aspect, Basis, ClusterProfile, choices, cluster_profile, prefixes_of
from lib.model.refs import Source
from lib.model.snapshot import Snapshot
from lib.tables.egress import profile_rows
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain, sentence
from lib.ui.widgets import show_table, take_from_link

_AS_SHOWN: Final = ""
_CHARS: Final = 500
_TITLE: Final = "Profile of the cluster: where this is known from, and what you say of it"
_LABELS: Final = {each.name: each.label for each in cluster_profile(Snapshot()).aspects}


def show_profile(page: PageContext, *, elsewhere: tuple[str, ...] = ()) -> ClusterProfile:
    """Draw the line and what stands behind it; returns the profile with what the visitor chose, which the URL keeps.

    ``elsewhere`` are aspects whose choice the page draws itself, with ``choose_aspect``.
    """
    line = st.container()
    drawn = [name for name in CHOOSABLE if name not in elsewhere]
    with st.expander(_TITLE, icon=":material/tune:"):
        for place, name in zip(st.columns(len(drawn)), drawn, strict=True):
            with place:
                choose_aspect(name)
        for place, name in zip(st.columns(len(RANGES)), RANGES, strict=True):
            with place:
                _choose_range(name)
        found = profile_of(page)
        show_table(profile_rows(found, results.locate(page)), "cluster-profile", alt="Profile of the cluster")
    line.markdown(f":small[:material/cloud: {profile_line(found.aspects)}]")
    say_platform(found)
    return found


def show_profile_line(page: PageContext, *names: str, besides: Callable[[], str] | None = None) -> ClusterProfile:
    """The aspects that a page hangs on in one line, each with its evidence and its choice behind a button.

    ``besides`` draws further choices there and returns what the line says of them. The page Egress has all aspects.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="profile"):
        line = st.container(width="content")
        with st.popover("Cluster profile", icon=":material/tune:", type="tertiary", width="content"):
            places = {name: st.container(gap="xsmall") for name in names}
            for name, place in places.items():
                with place:
                    choose_aspect(name)
            more = besides() if besides is not None else ""
            found = profile_of(page)
            for name, place in places.items():
                aspect: Aspect = getattr(found, name)
                where = ", ".join(filter(None, map(results.locate(page), dict.fromkeys(_sources(aspect)))))
                at = f" ({plain(where, 200)})" if where else ""
                place.caption(f"{aspect.basis.value.capitalize()}: {plain(sentence(aspect.evidence), 300)}.{at}")
            st.caption("The page *Egress* has the whole profile.")
    told = profile_line(getattr(found, name) for name in names)
    line.markdown(f":small[:material/cloud: {told}{more}]")
    say_platform(found)
    return found


def say_platform(profile: ClusterProfile) -> None:
    """That the cluster is not on Azure, where its nodes show it: then what pages say of Azure is not about it."""
    platform = profile.platform
    if platform.is_elsewhere:
        st.warning(
            f"This is no cluster of AKS: {plain(platform.evidence, 200)} ({plain(platform.text, 80)}). What is said "
            "here of Azure holds for one that is made of the same objects there.",
            icon=":material/cloud_off:",
        )


def profile_of(page: PageContext) -> ClusterProfile:
    """The profile with what the visitor chose, on whichever page: the choices are in the URL."""
    chosen = {name: _chosen(name) for name in (*CHOOSABLE, *RANGES)}
    return page.cached(("profile", *chosen.items()), lambda: cluster_profile(page.snapshot, chosen))


def engine_choice() -> str:
    """The policy engine by which the page judges: the chosen one, also where the input shows it; else the default."""
    engine = _chosen("policy_engine")
    return engine if engine in dict(choices("policy_engine")) else results.AUTOMATIC


def _chosen(name: str) -> str:
    return str(st.session_state.get(name) or st.query_params.get(name) or "")


def _sources(aspect: Aspect) -> tuple[Source | None, ...]:
    return aspect.source, *aspect.beside


def profile_line(aspects: Iterable[Aspect]) -> str:
    """Aspects in one line of Markdown; what is unknown is said to be, and what was chosen as well."""
    parts = []
    for each in aspects:
        text = f"**{plain(each.text, 90)}**" if each.value else ":orange[unknown]"
        parts.append(f"{plain(each.label)}: {text}{' (chosen)' if each.basis is Basis.CHOSEN else ''}")
    return "  ·  ".join(parts)


def choose_aspect(name: str, unknown: str = "as the input shows") -> str:
    """A choice of one aspect; ``unknown`` is what no choice is called. Returns "" for it."""
    texts = {_AS_SHOWN: unknown} | dict(choices(name))
    take_from_link(name, texts)
    chosen = st.selectbox(
        _LABELS[name],
        list(texts),
        format_func=lambda value: texts[value],
        key=name,
        bind="query-params",
        help="What you choose counts before what the input shows.",
    )
    return str(chosen or _AS_SHOWN)


def _choose_range(name: str) -> str:
    text = st.text_input(
        _LABELS[name],
        key=name,
        bind="query-params",
        max_chars=_CHARS,
        placeholder="as the input shows, or prefixes: 10.244.0.0/16",
    )
    if text and text.strip() and not prefixes_of(text):
        st.error(f"{plain(text, 80)} can't be read: write prefixes with commas between.", icon=":material/error:")
    return text or ""
