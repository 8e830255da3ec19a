"""The numbers of an address plan at a glance; for several clusters a row each."""

from __future__ import annotations

import streamlit as st

from lib.ipplan.result import AddressPlan, ClusterPlan, Limit
from lib.ipplan.subnets import SubnetPlan
from lib.tables.plan import cluster_rows, nodes_text, prefix_text, reached
from lib.ui.text import plain
from lib.ui.widgets import show_table


def show_cards(answer: AddressPlan) -> None:
    """Addresses, ranges, and the limit that is reached first with what remains to it."""
    st.subheader("Addresses needed", anchor=False)
    binding = _first_reached(answer)
    several = len(answer.clusters) > 1
    with st.container(horizontal=True, key="plan-cards"):
        peak, pods = sum(c.nodes_peak for c in answer.clusters), sum(c.pods_max for c in answer.clusters)
        _card(
            "Of the virtual network",
            "Every address the plan takes, those that Azure keeps included.",
            f"{answer.vnet_ips:,}",
            f"{answer.vnet_ips - answer.vnet_reserved:,} and {answer.vnet_reserved:,} that Azure keeps; "
            f"{peak:,} nodes at the peak, {pods:,} pods at most",
        )
        if several:
            sizes = sum(subnet.size for subnet in answer.subnets)
            _card(
                "In subnets",
                "The sizes of all subnets together; subnets are powers of two, so they are larger than what they hold.",
                f"{sizes:,}",
                f"{len(answer.subnets):,} subnets of {len(answer.clusters):,} clusters and other services",
            )
        else:
            _subnet_card("Node subnet, smallest prefix", answer.clusters[0].node_subnets, "")
            _pod_card(answer.clusters[0])
        _room_card(binding, several)
    if several:
        show_table(cluster_rows(answer), "plan-clusters", alt="Clusters of the plan")


def _first_reached(answer: AddressPlan) -> tuple[ClusterPlan, Limit] | None:
    found = [(cluster, cluster.binding_limit) for cluster in answer.clusters]
    reached_first = [(cluster, limit) for cluster, limit in found if limit is not None]
    return min(reached_first, key=lambda pair: (pair[1].more_nodes or 0, pair[1].headroom), default=None)


def _room_card(binding: tuple[ClusterPlan, Limit] | None, several: bool) -> None:
    help_ = "How many more nodes fit until the limit that is reached first, in the pool that uses it up fastest."
    if binding is None or binding[1].more_nodes is None:
        _card("Room to grow", help_, "–", "No limit depends on nodes.")
        return
    cluster, limit = binding
    nodes = binding[1].more_nodes
    whose = f" of {cluster.demand.name}" if several else ""
    pods = f"{limit.more_pods:,} pods. " if limit.more_pods else ""
    when = f" Passed {reached(limit)}." if limit.months is not None else ""
    if limit.headroom < 0:
        pods = f"{-limit.headroom:,} {limit.unit} over already. "
    _card("Room to grow", help_, nodes_text(nodes), f"{pods}Binding limit{whose}: {limit.label}.{when}")


def _pod_card(cluster: ClusterPlan) -> None:
    if cluster.pod_cidr is not None:
        pods = cluster.pod_cidr
        _card(
            "Pod CIDR, smallest prefix",
            "Outside the virtual network; every node takes one block of it.",
            prefix_text(pods.smallest_prefix),
            f"{pods.nodes_needed:,} of {pods.nodes_max:,} nodes in {pods.cidr}",
        )
        return
    _subnet_card("Pod subnet, smallest prefix", cluster.pod_subnets, "Pods take addresses of the node subnet.")


def _subnet_card(label: str, subnets: tuple[SubnetPlan, ...], without: str) -> None:
    first = subnets[0] if subnets else None
    more = f"; {len(subnets) - 1} more below" if len(subnets) > 1 else ""
    _card(
        label,
        "The longest prefix whose subnet is large enough.",
        prefix_text(first.smallest_prefix if first else None),
        _left(first) + more if first is not None else without,
    )


def _card(label: str, help_: str, value: str, caption: str) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.caption(label, help=help_)
        st.metric(label, value, label_visibility="collapsed")
        st.caption(plain(caption, 300))


def _left(subnet: SubnetPlan) -> str:
    where = prefix_text(subnet.prefix)
    if subnet.available < 0:
        return f"✖ {-subnet.available:,} more than the {subnet.usable:,} usable in {where}"
    return f"{subnet.available:,} of {subnet.usable:,} available in {where}"
