"""The inputs of an address plan; all of them stand in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from lib.facts.networks import network_facts
from lib.ipplan.read import PlanReading, read_plan
from lib.model.cluster import Node
from lib.model.snapshot import Snapshot
from lib.ui.text import plain
from lib.ui.widgets import take_from_link

POOLS_KEY: Final = "pools"
_PASTED: Final = "plan-pools-pasted"
_POOLS: Final = "netatlas.plan_pools"
_BASE: Final = "netatlas.plan_base"
_ROUND: Final = "netatlas.plan_round"
_FIELDS: Final = ("name", "nodes", "nodes_max", "max_pods", "surge", "mode", "os")
_DEFAULT: Final = "name=system,nodes=3,nodes-max=3,mode=system;name=apps,nodes=5,nodes-max=10,mode=user"
_POOL_LABELS: Final = ("kubernetes.azure.com/agentpool", "agentpool")


def plan_form(snapshot: Snapshot) -> PlanReading:
    """Draw the form and read it; a value that can't be read is a problem of the reading."""
    models = {n.id: n for n in network_facts()}
    take_from_link("model", models)
    with st.container(border=True):
        first, second, third = st.columns(3)
        model = first.selectbox(
            "Network model",
            list(models),
            format_func=lambda id_: f"{models[id_].label} ({models[id_].family})",
            key="model",
            bind="query-params",
            help="Overlay: pods have addresses of their own range, outside the virtual network. Flat: pods take "
            "addresses of a subnet.",
        )
        values: dict[str, Any] = {"model": model}
        _text(second, values, "vnet", "Virtual network", "10.224.0.0/12", "Its address spaces, with commas between.")
        _text(third, values, "service_cidr", "Service CIDR", "10.0.0.0/16", "Virtual addresses of Services.")
        facts = models[str(model)]
        first, second, third = st.columns(3)
        _text(first, values, "node_subnet", "Node subnet", "chosen by the plan", "A prefix such as 10.224.0.0/22.")
        if facts.pod_addresses == "pod CIDR":
            _text(second, values, "pod_cidr", "Pod CIDR", "10.244.0.0/16", "Every node takes a block of it.")
        elif facts.pod_addresses == "pod subnet":
            _text(second, values, "pod_subnet", "Pod subnet", "chosen by the plan", "A prefix such as 10.225.0.0/20.")
        last = third if facts.pod_addresses in ("pod CIDR", "pod subnet") else second
        _text(last, values, "services", "Number of Services", "not counted", "How many Services you expect.")
        _pools(snapshot, values)
        with st.expander("More", icon=":material/tune:"):
            first, second, third = st.columns(3)
            _text(
                first,
                values,
                "internal_load_balancers",
                "Internal load balancers",
                "0",
                "They take node-subnet addresses.",
            )
            _text(second, values, "private_endpoints", "Private endpoints", "0", "In the node subnet.")
            _text(
                third,
                values,
                "connected",
                "Connected networks",
                "10.100.0.0/16",
                "Peered or on premises; must not overlap.",
            )
            st.text_input(
                "Node pools as text",
                key=_PASTED,
                placeholder=str(st.session_state[_POOLS]),
                on_change=_paste,
                help="All pools in one line, as the link holds them: name=apps,nodes=3,max-pods=30;name=…",
            )
            if first.toggle("Dual stack", key="dual_stack", bind="query-params", help="IPv4 and IPv6 together."):
                values["dual_stack"] = True
    return read_plan(values)


def _text(place: Any, values: dict[str, Any], name: str, label: str, example: str, help_: str) -> None:
    """A bound text field; left empty, the value is the plan's to choose."""
    text = place.text_input(label, key=name, bind="query-params", placeholder=example, help=help_)
    if text and text.strip():
        values[name] = text.strip()


def _pools(snapshot: Snapshot, values: dict[str, Any]) -> None:
    """The table of node pools; what is edited goes to the session and to the link, since a table can't be bound.

    No widget echoes the text: an echo that is one edit late would take the edit back.
    """
    state = st.session_state
    text = str(state.setdefault(_POOLS, st.query_params.get(POOLS_KEY) or _DEFAULT))
    if _editor_key() not in state:
        # A first visit, or one after another page, where the editor has forgotten what was edited.
        state[_BASE] = pool_frame(text)
    if text != _DEFAULT:
        st.query_params[POOLS_KEY] = text
    elif POOLS_KEY in st.query_params:
        del st.query_params[POOLS_KEY]
    base: pd.DataFrame = state[_BASE]
    nodes = snapshot.nodes
    # On the left, since the table's own toolbar comes up over its right end.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Node pools**", width="content")
        if nodes:
            st.button(
                f"Take from the {len(nodes):,} loaded nodes",
                icon=":material/input:",
                type="tertiary",
                on_click=_take,
                args=(pools_of_nodes(nodes),),
                key="take-nodes",
            )
    edited = st.data_editor(
        base,
        key=_editor_key(),
        num_rows="dynamic",
        placeholder="–",
        hide_index=True,
        on_change=_edited,
        alt="Node pools",
        column_config={
            "name": st.column_config.TextColumn("Pool", required=True),
            "nodes": st.column_config.NumberColumn("Nodes now", min_value=0, step=1, required=True),
            "nodes_max": st.column_config.NumberColumn(
                "Nodes at most", min_value=0, step=1, help="The autoscaler's maximum; empty: the pool does not scale."
            ),
            "max_pods": st.column_config.NumberColumn(
                "Max pods per node", min_value=1, step=1, help="Empty: the network model's default."
            ),
            "surge": st.column_config.TextColumn(
                "Surge", help="Extra nodes while upgrading, as a number or in percent (33%). Empty: the default of AKS."
            ),
            "mode": st.column_config.SelectboxColumn("Mode", options=["system", "user"]),
            "os": st.column_config.SelectboxColumn("System", options=["linux", "windows"]),
        },
    )
    values["pools"] = [_clean(row) for row in edited.to_dict("records")]


def _editor_key() -> str:
    return f"plan-pools-{st.session_state.get(_ROUND, 0)}"


def _clean(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(k): int(v) if isinstance(v, float) else v for k, v in row.items() if not pd.isna(v) and v != ""}


def _edited() -> None:
    """Keep what the editor now holds."""
    state = st.session_state
    changes = state[_editor_key()]
    rows = [dict(row) for row in state[_BASE].to_dict("records")]
    for position, change in changes["edited_rows"].items():
        rows[int(position)] |= change
    deleted = set(changes["deleted_rows"])
    rows = [row for i, row in enumerate(rows) if i not in deleted] + [dict(row) for row in changes["added_rows"]]
    state[_POOLS] = pool_text(rows)


def _paste() -> None:
    """Begin the editor anew with what was pasted."""
    if pasted := str(st.session_state[_PASTED]).strip():
        _take(pasted)
        st.session_state[_PASTED] = ""


def _take(text: str) -> None:
    """Begin the editor anew with ``text``: under another key, since an editor's own changes can't be reset."""
    st.session_state[_POOLS] = text
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def pool_frame(text: str) -> pd.DataFrame:
    """``name=apps,nodes=3;name=…`` as the editor's table; what can't be read is left empty there."""
    rows = []
    for pool in text.split(";")[:200]:
        pairs = (part.partition("=") for part in pool.split(","))
        row = {key.strip().replace("-", "_"): value.strip() for key, _, value in pairs}
        if any(row.values()):
            rows.append({field: row.get(field) for field in _FIELDS})
    frame = pd.DataFrame(rows, columns=list(_FIELDS))
    for column in ("nodes", "nodes_max", "max_pods"):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype("Int64")
    for column in ("name", "surge", "mode", "os"):
        frame[column] = frame[column].astype("string")
    return frame


def pool_text(rows: list[dict[str, Any]]) -> str:
    """The opposite of ``pool_frame``."""
    return ";".join(
        ",".join(f"{key.replace('_', '-')}={_one(value)}" for key, value in _clean(row).items()) for row in rows if row
    )


def _one(value: object) -> str:
    """A value without the characters that part pools and fields."""
    return str(value).replace(",", " ").replace(";", " ")


def pools_of_nodes(nodes: tuple[Node, ...]) -> str:
    """The pools that the loaded nodes belong to, by AKS's label; the largest max pods of a pool's nodes counts."""
    pools: dict[str, list[Node]] = {}
    for node in nodes:
        name = next((node.labels[key] for key in _POOL_LABELS if key in node.labels), "pool")
        pools.setdefault(name, []).append(node)
    rows = []
    for name, members in sorted(pools.items()):
        pods = max((n.allocatable_pods or 0 for n in members), default=0)
        mode = members[0].labels.get("kubernetes.azure.com/mode", "")
        system = members[0].labels.get("kubernetes.io/os", "")
        rows.append(
            {
                "name": name,
                "nodes": len(members),
                "max_pods": pods or None,
                "mode": mode if mode in ("system", "user") else None,
                "os": system if system in ("linux", "windows") else None,
            }
        )
    return pool_text(rows)


def show_reading_problems(reading: PlanReading) -> None:
    """What of the form could not be read."""
    for problem in reading.problems:
        st.error(plain(problem.message, 400), icon=":material/error:")
