"""What differs between two engines beside the flows: through load balancers, and from pods to their own nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import streamlit as st

from lib.scenario import Change, RouteChange
from lib.ui.text import plain

CHANGES: Final = {
    Change.LOST: "lost",
    Change.GAINED: "gained",
    Change.CHANGED: "changed",
    Change.UNKNOWN: "not settled",
}
_NODE: Final = "node"
_REMEDIES_UP_TO: Final = 3


def counted(found: Iterable[RouteChange]) -> str:
    """How many ways through load balancers and to own nodes differ, in a sentence each."""
    total = Counter((change.what == _NODE, change.change) for change in found)

    def parts(to_nodes: bool) -> str:
        return ", ".join(f"{total[to_nodes, c]:,} {word}" for c, word in CHANGES.items() if total[to_nodes, c])

    said = (
        f"Through load balancers and node ports ways to pods differ: {parts(False)}." if parts(False) else "",
        f"What workloads send to the nodes they run on differs: {parts(True)}." if parts(True) else "",
    )
    return " ".join(filter(None, said))


def show_arrival_reasons(found: Iterable[RouteChange]) -> None:
    """Why they differ and what to do, those that concern most first."""
    grouped: dict[tuple[bool, Change, str], list[RouteChange]] = {}
    for each in found:
        switch = each.advice.switch if each.advice else ""
        grouped.setdefault((each.what == _NODE, each.change, switch), []).append(each)
    with st.container(border=True):
        for (to_nodes, change, _), alike in sorted(grouped.items(), key=lambda item: -len(item[1])):
            _show_group(alike, to_nodes, CHANGES[change])


def _show_group(alike: list[RouteChange], to_nodes: bool, change: str) -> None:
    first = alike[0]
    ways = "way" if len(alike) == 1 else "ways"
    lines = [
        f"**{len(alike):,} {ways} {'to own nodes' if to_nodes else 'through load balancers'} {change}**"
        + (f": {plain(first.advice.why, 400)}." if first.advice else "")
    ]
    if first.advice:
        remedies = list(dict.fromkeys(each.advice.remedy for each in alike if each.advice))
        more = len(remedies) - _REMEDIES_UP_TO
        told = " ".join(remedies[:_REMEDIES_UP_TO]) + (f" And {more:,} more like it." if more > 0 else "")
        lines.append(f"**What to do:** {plain(told, 900)}")
    lines.append(f":small[For example {plain(f'{first.name}: {first.old}, then {first.new}', 400)}]")
    if first.advice and first.advice.said:
        lines.append(f":small[{plain(first.advice.said, 900)}]")
    st.markdown("  \n".join(lines))
