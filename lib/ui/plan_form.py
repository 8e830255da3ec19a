"""The inputs of an address plan: a form, tables for many, a file; all of them one plan, which the address holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import streamlit as st

from lib.ipplan.demand import NetworkModel
from lib.ipplan.models import rules_of
from lib.ipplan.plan_file import TEXT_LENGTH_MAX
from lib.ipplan.problems import PlanProblem
from lib.ipplan.read import PlanReading, read_plan, read_plan_text
from lib.ipplan.sheet import Sheet, names_of, sheet_of
from lib.ipplan.write import to_yaml
from lib.model.snapshot import Snapshot
from lib.ui import plan_state as state
from lib.ui.plan_boxes import box, grid, key_of, show_text
from lib.ui.plan_fields import CLUSTER, MODELS, PLAN, POOL
from lib.ui.plan_rows import plan_rows
from lib.ui.plan_source import cluster_of, doubt_about, pools_of, with_cluster
from lib.ui.plan_table import plan_table
from lib.ui.plan_words import in_words
from lib.ui.text import plain

_CLUSTERS_UP_TO: Final = 100
_COUNT: Final = "plan-count"
_POOL_VIEW: Final = "netatlas.plan_pool_view"
_NETWORK: Final = ("vnet_name", "resource_group", "start")
_MORE: Final = (
    "name", "dns_service_ip", "services", "load_balancer_ports",
    "internal_load_balancers", "private_link_services", "private_link_ips", "private_endpoints", "other_addresses",
    "policy_engine", "outbound_type", "outbound_ips", "outbound_ports_per_node", "pods_ceiling", "pod_cidr_now",
    "dual_stack", "api_server_vnet_integration",
)  # fmt: skip


def plan_form(snapshot: Snapshot) -> PlanReading:
    """Draw the form and read it; a value that can't be read is a problem of the reading."""
    sheet = state.current()
    with st.container(border=True, key="plan-form"):
        _head(sheet)
        if len(sheet.clusters) == 1:
            _one_cluster(sheet)
        else:
            st.markdown("**Clusters**")
            plan_rows("clusters", "cluster")
        _pools(sheet, snapshot)
        with st.expander("Subnets of other services", icon=":material/lan:", expanded=bool(sheet.subnets)):
            st.caption("Bastion, firewalls, gateways and whatever else takes room in the virtual network.")
            plan_rows("subnets", "subnet")
            st.button(
                "Add a subnet", icon=":material/add:", type="tertiary", key=key_of("add-subnet"), on_click=_add_subnet
            )
        with st.expander("More about the network", icon=":material/hub:"):
            grid([(PLAN[name], "plan", 0, name, sheet.plan.get(name, "")) for name in _NETWORK])
        if len(sheet.clusters) == 1:
            with st.expander("More about the cluster", icon=":material/tune:"):
                _more(sheet)
        reading = read_plan(sheet.document(), date.today())
        _file(reading)
    if state.notice():
        st.error(plain(state.notice(), 600), icon=":material/error:")
    if state.doubt():
        st.warning(plain(state.doubt(), 400), icon=":material/help:")
    if not state.write_link(sheet):
        st.caption(":material/link_off: This plan is too long for a link: keep it as a file.")
    return reading


def show_reading_problems(reading: PlanReading, limit: int = 8) -> None:
    """What of the form could not be read, in the words of the form."""
    sheet = state.current()
    for problem in reading.problems[:limit]:
        st.error(plain(in_words(problem, sheet), 500), icon=":material/error:")
    if len(reading.problems) > limit:
        st.caption(f"And {len(reading.problems) - limit:,} more.")


def _head(sheet: Sheet) -> None:
    first, second, third = st.columns([1, 2, 2])
    count = len(sheet.clusters)
    show_text(_COUNT, count)
    first.number_input(
        "Clusters",
        min_value=1,
        max_value=max(_CLUSTERS_UP_TO, count),
        key=_COUNT,
        on_change=_count_changed,
        help="In one virtual network. More clusters begin as copies of the last one, with its pools.",
    )
    box(second, PLAN["vnet"], "plan", 0, "vnet", sheet.plan.get("vnet", ""))
    box(third, PLAN["connected"], "plan", 0, "connected", sheet.plan.get("connected", ""))


def _one_cluster(sheet: Sheet) -> None:
    cluster = sheet.clusters[0]
    model = cluster.get("model", "")
    rules = rules_of(NetworkModel(model)) if model in MODELS else None
    plays = {
        "pod_subnet": rules is None or rules.uses_pod_subnet,
        "pod_cidr": rules is None or not rules.family_is_flat,
    }
    # A value that plays no part in the model is told as such, so its box stays until it is empty.
    shown = (name for name in plays if plays[name] or name in cluster)
    names = ["model", "service_cidr", "node_subnet", *shown]
    names += ["growth_per_month", "target_date"]
    grid([(CLUSTER[name], "clusters", 0, name, cluster.get(name, "")) for name in names])


def _more(sheet: Sheet) -> None:
    cluster = sheet.clusters[0]
    ipv6 = [name for name in ("pod_cidr_ipv6", "service_cidr_ipv6") if name in cluster or "dual_stack" in cluster]
    names = [*_MORE[:-2], *ipv6, *_MORE[-2:]]
    grid([(CLUSTER[name], "clusters", 0, name, cluster.get(name, "")) for name in names])


def _pools(sheet: Sheet, snapshot: Snapshot) -> None:
    # On the left, since the table's own toolbar comes up over its right end.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Node pools**", width="content")
        view = st.session_state.get(_POOL_VIEW, "form") if sheet.pools else "table"
        if sheet.pools:
            other = "table" if view == "form" else "form"
            icon = ":material/table_rows:" if other == "table" else ":material/edit_note:"
            st.button(
                f"Show as a {other}", icon=icon, type="tertiary", key=key_of("view"), on_click=_show_as, args=(other,)
            )
        if view == "form":
            st.button("Add a pool", icon=":material/add:", type="tertiary", key=key_of("add"), on_click=_add_pool)
            if len(sheet.clusters) > 1:
                first = names_of(sheet.clusters)[0]
                st.button(
                    "Same pools for all", icon=":material/content_copy:", type="tertiary", key=key_of("same"),
                    on_click=state.same_pools,
                    help=f"Every cluster gets the pools of {plain(first, 40)} in place of its own; no range is copied.",
                )  # fmt: skip
        if snapshot.nodes:
            nodes = len(snapshot.nodes)
            st.button(
                f"Take from the {nodes:,} loaded node{'s' if nodes != 1 else ''}",
                icon=":material/input:",
                type="tertiary",
                on_click=_take,
                args=(snapshot,),
                key="take-nodes",
                help="Pools, max pods, zones and pods from Nodes and Pods; Services, load balancers and their ports; "
                "network model, engine and ranges where they are seen. Beside several clusters it is one more.",
            )
        elif unread := snapshot.unread_text("Node"):
            st.caption(plain(f"No pools can be taken from what is loaded: {unread}.", 200))
    hide = ("cluster",) if len(sheet.clusters) == 1 else ()
    if view == "form" and len(sheet.pools) == 1:
        pool = sheet.pools[0]
        grid([(field, "pools", 0, name, pool.get(name, "")) for name, field in POOL.items() if name != "cluster"])
    elif view == "form":
        plan_rows("pools", "pool", hide)
    else:
        st.caption("For pasting rows of a spreadsheet. Press Enter in a cell before you type into it.")
        plan_table("pools", "Node pools", hide=hide)


def _file(reading: PlanReading) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        demand = reading.demand
        st.download_button(
            "Save as YAML",
            to_yaml(demand) if demand is not None else "",
            "ip-plan.yaml",
            "application/yaml",
            icon=":material/download:",
            type="tertiary",
            disabled=demand is None,
            on_click="ignore",
            key="plan-save",
            help="The whole plan; python -m lib plan reads it too.",
        )
        with st.popover("Open a YAML file", icon=":material/upload:", type="tertiary"):
            st.file_uploader(
                "A plan as YAML or JSON", type=["yaml", "yml", "json"], key=key_of("file"), on_change=_opened,
                max_upload_size=2,
            )  # fmt: skip
        st.button("Begin anew", icon=":material/restart_alt:", type="tertiary", key="plan-reset", on_click=_reset)


def _count_changed() -> None:
    state.set_cluster_count(int(st.session_state[_COUNT]))


def _show_as(view: str) -> None:
    st.session_state[_POOL_VIEW] = view
    state.begin_anew()


def _add_pool() -> None:
    sheet = state.current()
    last = sheet.pools[-1]
    names = {pool.get("name") for pool in sheet.pools if pool.get("cluster") == last.get("cluster")}
    name = next(name for number in range(len(names) + 2) if (name := f"pool{number or ''}") not in names)
    own = {"cluster": last["cluster"]} if "cluster" in last else {}
    state.put(replace(sheet, pools=(*sheet.pools, {**own, "name": name, "nodes": "3", "mode": "user"})))


def _add_subnet() -> None:
    sheet = state.current()
    state.put(replace(sheet, subnets=(*sheet.subnets, {"service": ""})))


def _take(snapshot: Snapshot) -> None:
    sheet = state.current()
    st.session_state.pop(_POOL_VIEW, None)
    taken = with_cluster(sheet, cluster_of(snapshot), pools_of(snapshot))
    state.put_another(taken, doubt_about(snapshot))


def _reset() -> None:
    st.session_state.pop(_POOL_VIEW, None)
    state.put_another(state.DEFAULT)


def _told(found: PlanProblem) -> str:
    """A problem of a file with its line, and with what to do where the sentence does not say it."""
    place = f"Line {found.line}: " if found.line is not None and f"line {found.line}" not in found.message else ""
    return place + found.message + ("" if found.remedy in found.message else f" {found.remedy}")


def _opened() -> None:
    """Take an uploaded plan, or say why it is none and keep the present one."""
    file = st.session_state[key_of("file")]
    if file is None:
        return
    try:
        text = file.getvalue()[: TEXT_LENGTH_MAX * 4].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        state.refuse(f"{file.name} was not opened. It is not UTF-8 text at line {line}: save it as UTF-8.")
        return
    reading = read_plan_text(text, date.today())
    if reading.demand is None:
        state.refuse(f"{file.name} was not opened. " + " ".join(map(_told, reading.problems[:3])))
        return
    st.session_state.pop(_POOL_VIEW, None)
    state.put_another(sheet_of(reading.demand))
