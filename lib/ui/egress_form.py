"""The inputs of the page Egress; all of them stand in the URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

import streamlit as st

from lib.azure.destinations import Choice, api_server_shown, features_shown, region_of, region_shown
from lib.azure.profile import ClusterProfile
from lib.facts.egress_needs import conditions, features
from lib.facts.outbound import MANAGED, OWN
from lib.facts.reader import get
from lib.facts.snat import snat_fact
from lib.ui.page_context import PageContext
from lib.ui.text import plain

NETWORK_KEY: Final = "virtual_network"
_NETWORKS: Final = {MANAGED: "made by AKS", OWN: "brought along"}
_MANY: Final = 5_000
_ITEMS_UP_TO: Final = 100


@dataclass(frozen=True, slots=True)
class PortsAsked:
    """The numbers that ports are counted for; nodes do not matter to a NAT gateway."""

    nodes: int
    surge_nodes: int
    public_ips: int
    ports_per_node: int
    connections: int


def choose_network() -> str:
    """Whether AKS makes the virtual network."""
    return str(
        st.segmented_control(
            "Virtual network",
            list(_NETWORKS),
            format_func=lambda value: _NETWORKS[value],
            default=MANAGED,
            key=NETWORK_KEY,
            bind="query-params",
            help="Which outbound types there are, and which changes are possible, hangs on it.",
        )
        or MANAGED
    )


def choose_ports(page: PageContext, *, nat_gateway: bool) -> PortsAsked:
    """Nodes, surge, public addresses, and an allocation or a peak of connections."""
    surge = get("surge_default_nodes")
    of = "nat_gateway" if nat_gateway else "load_balancer"
    most = snat_fact(of, "public_ips_max" if nat_gateway else "managed_ips_max").value
    nodes, surged, ports, connections = 1, 0, 0, 0
    with st.container(border=True):
        places = list(st.columns(2 if nat_gateway else 4))
        if not nat_gateway:
            nodes = places.pop(0).number_input(
                "Nodes",
                min_value=1,
                max_value=_MANY,
                value=max(1, min(_MANY, len(page.snapshot.nodes) or 3)),
                key="snat_nodes",
                bind="query-params",
                help="All nodes of the cluster: they share the outbound addresses. At first those of the input.",
            )
            surged = places.pop(0).number_input(
                "Surge nodes",
                min_value=0,
                max_value=_MANY,
                value=surge.number,
                key="snat_surge",
                bind="query-params",
                help=f"Extra nodes while upgrading. The default is {surge.value_text}."
                + (f" {plain(surge.conflict_text, 300)}" if surge.conflict else ""),
            )
        ips = places.pop(0).number_input(
            "Outbound public addresses", min_value=1, max_value=most, value=1, key="outbound_ips", bind="query-params"
        )
        if nat_gateway:
            connections = places.pop(0).number_input(
                "Connections to one destination",
                min_value=0,
                max_value=10_000_000,
                value=0,
                step=1000,
                key="connections",
                bind="query-params",
                help="The most at one time to one address and port, for example to one database.",
            )
        else:
            ports = places.pop(0).number_input(
                "Allocated ports per node",
                min_value=0,
                max_value=snat_fact(of, "ports_per_public_ip").value,
                value=0,
                step=snat_fact(of, "allocation_step").value,
                key="ports_per_node",
                bind="query-params",
                help="0 leaves it to Azure: the ports of each node fall in steps as the cluster grows.",
            )
    return PortsAsked(int(nodes), int(surged), int(ips), int(ports), int(connections))


def choose_destinations(page: PageContext, profile: ClusterProfile) -> Choice:
    """The features of the cluster, its region, and what only some clusters need."""
    optional = {f.id: f.label for f in features() if not f.always}
    shown = {found.feature: found for found in features_shown(page.snapshot)}
    region = region_shown(page.snapshot)
    with st.container(border=True):
        left, right = st.columns([0.62, 0.38])
        chosen = left.multiselect(
            "Features of the cluster",
            list(optional),
            default=[name for name in optional if name in shown],
            format_func=lambda value: optional[value],
            key="egress_features",
            bind="query-params",
            placeholder="Only what every cluster needs",
            help="At first those whose pods or nodes are in the input.",
        )
        text = right.text_input(
            "Region",
            key="region",
            bind="query-params",
            placeholder=region or "not known, for example westeurope",
            help="Some names hold it. At first the one that the labels of the nodes name.",
        )
        left, right = st.columns([0.62, 0.38])
        met = left.multiselect(
            "Only some clusters",
            list(conditions()),
            format_func=lambda value: conditions()[value],
            key="egress_conditions",
            bind="query-params",
            placeholder="None of these",
        )
        servers = right.text_input(
            "Custom DNS servers",
            key="dns_servers",
            bind="query-params",
            placeholder="10.0.0.4, 10.0.0.5",
            disabled="custom-dns" not in met,
        )
    if text and not region_of(text):
        st.error(f"{plain(text, 60)} can be no region of Azure: write it like westeurope.", icon=":material/error:")
    for found in shown.values():
        if found.feature not in chosen:
            st.caption(f":material/info: {plain(optional[found.feature])} is not chosen, but {plain(found.evidence)}.")
    private = {"private": True, "public": False}.get(profile.api_server.value)
    return Choice(
        features=frozenset(chosen),
        conditions=frozenset(met),
        private=private,
        region=region_of(text or "") or ("" if text else region),
        dns_servers=_taken(servers or "", "address", lambda item: str(ip_address(item))) if met else (),
        api_server=api_server_shown(page.snapshot),
    )


def choose_rule_sources() -> tuple[str, ...]:
    """The addresses that firewall rules are for; every address where none is given."""
    text = st.text_input(
        "Source addresses of the rules",
        key="rule_sources",
        bind="query-params",
        placeholder="* (every address), or the subnets of the nodes: 10.224.0.0/16",
    )
    return _taken(text or "", "address or prefix", lambda item: str(ip_network(item, strict=False))) or ("*",)


def _taken(text: str, what: str, read: Callable[[str], str]) -> tuple[str, ...]:
    """The readable items of a list with commas; the others are named."""
    found, refused = [], []
    for item in _items(text):
        try:
            found.append(read(item))
        except ValueError:
            refused.append(item)
    if refused:
        told = plain(", ".join(refused[:3]), 120)
        st.error(f"{told} is no {what} and is left out.", icon=":material/error:")
    return tuple(dict.fromkeys(found))


def _items(text: str) -> Iterable[str]:
    return [item.strip() for item in text.split(",")[:_ITEMS_UP_TO] if item.strip() and item.strip() != "*"]
