"""The profile of the cluster: one line that says what is known and from where, and the way to choose."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.azure.profile import CHOOSABLE, RANGES, Basis, ClusterProfile, choices, cluster_profile, prefixes_of
from lib.model.snapshot import Snapshot
from lib.tables.egress import profile_rows
from lib.ui import results
from lib.ui.page_context import PageContext
from lib.ui.text import plain
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
    chosen = {name: str(st.session_state.get(name) or st.query_params.get(name) or "") for name in elsewhere}
    with st.expander(_TITLE, icon=":material/tune:"):
        for place, name in zip(st.columns(len(drawn)), drawn, strict=True):
            with place:
                chosen[name] = choose_aspect(name)
        for place, name in zip(st.columns(len(RANGES)), RANGES, strict=True):
            with place:
                chosen[name] = _choose_range(name)
        key = ("profile", *chosen.items())
        found = page.cached(key, lambda: cluster_profile(page.snapshot, chosen))
        show_table(profile_rows(found, results.locate(page)), "cluster-profile", alt="Profile of the cluster")
    line.markdown(f":small[:material/cloud: {profile_line(found)}]")
    return found


def engine_choice(found: ClusterProfile) -> str:
    """The policy engine by which the page judges: the chosen one, else the default of all pages."""
    engine = found.policy_engine
    return engine.value if engine.basis is Basis.CHOSEN else results.AUTOMATIC


def profile_line(found: ClusterProfile) -> str:
    """All aspects in one line of Markdown; what is unknown is said to be, and what was chosen as well."""
    parts = []
    for each in found.aspects:
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
