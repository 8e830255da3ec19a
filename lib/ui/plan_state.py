"""The plan of a visit: what was typed, kept in the session and in the page's address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from lib.ipplan.sheet import CLUSTER_FIELDS, PACKED, PLAN_FIELDS, Sheet, Texts, from_link, names_of, to_link

_SHEET: Final = "netatlas.plan"
_ROUND: Final = "netatlas.plan_round"
_NOTICE: Final = "netatlas.plan_notice"
_DOUBT: Final = "netatlas.plan_doubt"
_PARAMETERS: Final = (*PLAN_FIELDS, *CLUSTER_FIELDS, "clusters", "pools", "subnets", PACKED)
DEFAULT: Final = Sheet(
    plan={},
    clusters=({"model": "azure_cni_overlay"},),
    pools=(
        {"name": "system", "nodes": "3", "nodes_max": "3", "mode": "system"},
        {"name": "apps", "nodes": "5", "nodes_max": "10", "mode": "user"},
    ),
)


def current() -> Sheet:
    """The visit's plan; on the first run the one that the link names."""
    state = st.session_state
    if _SHEET not in state:
        state[_SHEET], state[_NOTICE] = from_link(st.query_params.to_dict(), DEFAULT)
    sheet: Sheet = state[_SHEET]
    return sheet


def notice() -> str:
    """What of the link or of an uploaded file could not be read, until another plan is put; "" for nothing."""
    return str(st.session_state.get(_NOTICE, ""))


def doubt() -> str:
    """Why numbers that the plan was given may be too low, until another takes its place; "" for no reason."""
    return str(st.session_state.get(_DOUBT, ""))


def round_number() -> int:
    """Part of every widget's key: a plan that is put begins them anew."""
    return int(st.session_state.get(_ROUND, 0))


def put(sheet: Sheet) -> None:
    """Replace the plan by an edited one, and with it what the widgets show."""
    st.session_state[_SHEET] = sheet
    st.session_state[_NOTICE] = ""
    begin_anew()


def put_another(sheet: Sheet, doubt: str = "") -> None:
    """Replace the plan by one from elsewhere, of which there is this doubt."""
    put(sheet)
    st.session_state[_DOUBT] = doubt


def begin_anew() -> None:
    """Give all widgets new keys, so that they show what the plan now holds."""
    st.session_state[_ROUND] = round_number() + 1


def refuse(sentence: str) -> None:
    """Keep the plan and say why another was not taken."""
    st.session_state[_NOTICE] = sentence
    begin_anew()


def set_text(place: str, row: int, field: str, text: str) -> None:
    """Set one text of the plan: ``place`` is ``plan`` or a part of the sheet with rows, which count from 0."""
    sheet = current()
    if place == "plan":
        st.session_state[_SHEET] = replace(sheet, plan=_with(sheet.plan, field, text))
        st.session_state[_NOTICE] = ""
        return
    rows = list(rows_of(place))
    rows[row] = _with(rows[row], field, text)
    if place == "clusters" and len(set(names := names_of(rows))) < len(names):
        # Its pools would be the other one's, and no one could part them again.
        refuse(f"There is another cluster called {names[row]}. The name was left as it was.")
        return
    set_rows(place, rows)


def set_rows(table: str, rows: Sequence[Texts]) -> None:
    """Replace all rows of ``clusters``, ``pools`` or ``subnets``; a plan keeps at least one cluster."""
    sheet = current()
    if table == "clusters":
        changed = _with_clusters(sheet, tuple(rows) or sheet.clusters)
        if names_of(changed.clusters) != names_of(sheet.clusters):
            begin_anew()
    elif table == "pools":
        changed = replace(sheet, pools=tuple(rows))
    else:
        changed = replace(sheet, subnets=tuple(rows))
    st.session_state[_SHEET] = changed
    st.session_state[_NOTICE] = ""


def _with_clusters(sheet: Sheet, clusters: tuple[Texts, ...]) -> Sheet:
    """The sheet with other clusters: pools follow a name that changes and go with their cluster; a new one has one."""
    before, after = names_of(sheet.clusters), names_of(clusters)
    renamed = dict(zip(before, after, strict=True)) if len(before) == len(after) else {name: name for name in after}
    pools = [
        {**pool, "cluster": renamed.get(own, own)} if len(after) > 1 else pool
        for pool in sheet.pools
        if (own := pool.get("cluster") or before[0]) in renamed or own not in before
    ]
    known = {pool.get("cluster", after[0]) for pool in pools}
    pools += [{"cluster": name, "name": "apps", "nodes": "3"} for name in after if name not in known]
    return replace(sheet, clusters=clusters, pools=tuple(pools))


def rows_of(table: str) -> tuple[Texts, ...]:
    """The rows of ``clusters``, ``pools`` or ``subnets``."""
    sheet = current()
    return {"clusters": sheet.clusters, "pools": sheet.pools, "subnets": sheet.subnets}[table]


def set_cluster_count(count: int) -> None:
    """Make as many clusters as asked for: more are copies of the last with its pools, fewer lose the last ones."""
    sheet = current()
    names = names_of(sheet.clusters)
    clusters = [{**cluster, "name": name} for cluster, name in zip(sheet.clusters, names, strict=True)][:count]
    pools = [{**pool, "cluster": pool.get("cluster") or names[0]} for pool in sheet.pools]
    pools = [pool for pool in pools if pool["cluster"] in names[:count]]
    # The ranges that were chosen are one cluster's own: a copy leaves them to the plan.
    pattern = _without_ranges(clusters[-1])
    copied = [_without_ranges(pool) for pool in pools if pool["cluster"] == pattern["name"]]
    number = 1
    while len(clusters) < count:
        number += 1
        name = f"{names[0].rstrip('0123456789-') or 'cluster'}{number}"
        if name not in {cluster["name"] for cluster in clusters}:
            clusters.append({**pattern, "name": name})
            pools += [{**pool, "cluster": name} for pool in copied]
    if count == 1:
        pools = [{k: v for k, v in pool.items() if k != "cluster"} for pool in pools]
    put(replace(sheet, clusters=tuple(clusters), pools=tuple(pools)))


def same_pools() -> None:
    """Give every cluster the pools of the first one; ranges are one cluster's own, and are not copied."""
    sheet = current()
    names = names_of(sheet.clusters)
    own = [pool for pool in sheet.pools if pool.get("cluster", names[0]) == names[0]]
    copies = [{**_without_ranges(pool), "cluster": name} for name in names[1:] for pool in own]
    put(replace(sheet, pools=(*own, *copies)))


def _without_ranges(texts: Texts) -> Texts:
    return {key: value for key, value in texts.items() if not key.endswith("_subnet")}


def write_link(sheet: Sheet) -> bool:
    """Put the plan into the page's address; False where it is too long for that."""
    link = {} if sheet == DEFAULT else to_link(sheet)
    wanted = link or {}
    for name in _PARAMETERS:
        if name in wanted and st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
        elif name not in wanted and name in st.query_params:
            del st.query_params[name]
    return link is not None


def _with(texts: Texts, field: str, text: str) -> Texts:
    changed = {key: value for key, value in texts.items() if key != field}
    return {**changed, field: text} if text else changed
