"""The line under a page's title that says what is loaded."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from lib.loaders.kinds import CUSTOM_KINDS
from lib.model.snapshot import Coverage
from lib.ui.live_source import LiveSource
from lib.ui.loaded import LoadedInput
from lib.ui.navigation import spec
from lib.ui.text import plain
from lib.ui.view import ViewFilter


def show_strip(loaded: LoadedInput, view: ViewFilter) -> None:
    """Source, namespaces, objects, time and content hash in one line; filters and Problems only where there are any."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip"):
        st.markdown(f":small[{strip_text(loaded, view)}]", help=_coverage_help(loaded), width="content")
        if loaded.problems:
            count = len(loaded.problems)
            label = f"{count:,} problem{'s' if count != 1 else ''} in the input"
            icon = ":material/error:" if loaded.errors else ":material/warning:"
            st.page_link(spec("input").path, label=label, icon=icon)


def strip_text(loaded: LoadedInput, view: ViewFilter) -> str:
    """The strip's words, as Markdown with everything from the input escaped."""
    snapshot = loaded.snapshot
    total = len(snapshot.namespaces)
    shown = sum(view.shows_namespace(n.name) for n in snapshot.namespaces)
    namespaces = (
        f"{shown} of {total} namespaces" if view.namespaces else f"{total} namespace{'s' if total != 1 else ''}"
    )
    parts = [
        f":material/database: **{plain(loaded.title, 60)}**",
        namespaces,
        f"{loaded.object_count:,} object{'s' if loaded.object_count != 1 else ''}",
        f"loaded {local_time(loaded.loaded_at):%H:%M:%S} in {loaded.duration_s:.1f} s",
        f"`{snapshot.content_hash[:10]}`",
    ]
    if loaded.live is not None:
        parts += _live_parts(loaded.live)
    if not view.labels.is_everything:
        parts.insert(2, f"labels {plain(view.labels, 60)}")
    absent = sum(
        coverage is Coverage.NOT_SUPPLIED and kind not in CUSTOM_KINDS and (loaded.live is None or kind != "Secret")
        for kind, coverage in snapshot.coverage.items()
    )
    refused = len(snapshot.unread())
    for count, what in ((absent, "not supplied"), (refused, "not readable")):
        if count:
            parts.append(f":orange[{count} kind{'s' if count != 1 else ''} {what}]")
    return "  ·  ".join(parts)


def _live_parts(live: LiveSource) -> list[str]:
    """What changed since the cluster was read before, and what is to be known of the connection."""
    parts = []
    if live.changes is not None:
        added, removed, changed = live.changes.counts
        counted = ((added, "added"), (removed, "removed"), (changed, "otherwise"))
        what = ", ".join(f"{count:,} {word}" for count, word in counted if count) or "nothing"
        if live.changes.not_compared:
            what += " in the kinds that both readings have"
        parts.append(f"changed since {local_time(live.changes.since):%H:%M:%S}: {what}")
    if live.warning:
        parts.append(f":red[:material/warning: {plain(live.warning, 200)}]")
    return parts


def _changes_help(live: LiveSource) -> list[str]:
    changes = live.changes
    if changes is None:
        return []
    lines = []
    if changes.not_compared:
        lines.append(f"**Not compared, since not all of it was read:** {plain(', '.join(changes.not_compared), 600)}")
    if not changes.kinds:
        return lines
    told = (
        f"{kind} +{changes.added.get(kind, 0):,} −{changes.removed.get(kind, 0):,} ~{changes.changed.get(kind, 0):,}"
        for kind in changes.kinds
    )
    return [*lines, f"**Changed (added, removed, otherwise):** {plain(', '.join(told), 600)}"]


def _coverage_help(loaded: LoadedInput) -> str:
    by_coverage = {
        coverage: sorted(kind for kind, c in loaded.snapshot.coverage.items() if c is coverage) for coverage in Coverage
    }
    lines = _changes_help(loaded.live) if loaded.live is not None else []
    for coverage, kinds in by_coverage.items():
        for custom, note in ((False, ""), (True, ", of kinds that not every cluster has")):
            if named := [kind for kind in kinds if (kind in CUSTOM_KINDS) is custom]:
                lines.append(f"**{coverage.value.capitalize()}{note}:** {plain(', '.join(named), 600)}")
    lines.append("Nothing is called missing on the strength of a kind that was not supplied completely.")
    return "\n\n".join(lines)


def local_time(moment: datetime) -> datetime:
    """A moment in the visitor's time zone, or UTC where the browser names none."""
    try:
        return moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return moment.astimezone(UTC)
