"""The question of the page about traces: from where, to what, and under which profiles; all of it in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from lib.azure.profile import Basis, ClusterProfile
from lib.model.services import ServiceType, TrafficPolicy
from lib.model.sets import AddressSet
from lib.trace.compare import Profile
from lib.trace.context import Given
from lib.trace.questions import url_of
from lib.ui import results
from lib.ui.engine_view import choose_engine
from lib.ui.page_context import PageContext
from lib.ui.security_groups import groups, network_ranges
from lib.ui.text import plain
from lib.ui.trace_link import FROM_KEY, TO_KEY

AGAINST_KEY: Final = "against"
VNET_KEY: Final = "vnet"
GATEWAY_KEY: Final = "gateway_subnet"
LOCAL_DNS_KEY: Final = "local_dns"
_PLACES: Final = ("internet", "vnet", "node")
_OFFERED: Final = 400
_WRONG: Final = 3
OTHERS: Final = {
    "Cilium": Profile((("engine", "cilium"), ("data-plane", "cilium"))),
    "NPM": Profile((("engine", "azure-npm"), ("data-plane", "kube-proxy"))),
    "Calico": Profile((("engine", "calico"), ("data-plane", "kube-proxy"))),
    "Local": Profile((("traffic-policy", TrafficPolicy.LOCAL.value),)),
    "Cluster": Profile((("traffic-policy", TrafficPolicy.CLUSTER.value),)),
    "Overlay": Profile((("network-model", "azure_cni_overlay"),)),
    "Flat": Profile((("network-model", "pod_subnet_dynamic"),)),
}
"""The profiles that are offered for comparison, by their words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the visitor asks; ``src`` or ``dst`` is "" where nothing is asked yet."""

    src: str
    dst: str
    given: Given
    profiles: tuple[Profile, ...]
    engine: str


def ask_trace(page: PageContext, profile: ClusterProfile) -> Asked:
    """Draw the form; returns the question."""
    with st.container(border=True):
        left, right, engine_place = st.columns([0.36, 0.4, 0.24])
        src = left.selectbox(
            "From", _starts(page), index=None, key=FROM_KEY, bind="query-params", accept_new_options=True,
            placeholder="internet, vnet, node, a workload or an address",
            help="internet: somebody outside. vnet: somebody in the virtual network or in one joined to it. node: any "
            "node. Or choose a workload, or type namespace/pod, node/NAME or an address.",
        )  # fmt: skip
        dst = right.selectbox(
            "To", _goals(page), index=None, key=TO_KEY, bind="query-params", accept_new_options=True,
            placeholder="https://…, svc/namespace/name:port, namespace/name:port, address:port",
            help="A URL, a Service by its name, a workload or pod, an address, a node with a node port, or a name "
            "outside. Write /UDP behind the port where it isn't TCP.",
        )  # fmt: skip
        with engine_place:
            engine = choose_engine(page)
        others = st.multiselect(
            "Beside it, the same under", list(OTHERS), key=AGAINST_KEY, bind="query-params",
            placeholder="another engine, traffic policy or network model",
            help="Cilium, NPM, Calico: that engine with its data plane. Local, Cluster: externalTrafficPolicy of the "
            "Services on the way. Overlay, Flat: the network model.",
        )  # fmt: skip
        given = _given(page, profile)
    return Asked(
        str(src or ""), str(dst or ""), given, tuple(OTHERS[name] for name in others if name in OTHERS), engine
    )


def _given(page: PageContext, profile: ClusterProfile) -> Given:
    with st.expander("What the input does not show: virtual network, gateway, LocalDNS", icon=":material/edit_note:"):
        left, right = st.columns(2)
        network = left.text_input(
            "Ranges of the virtual network", key=VNET_KEY, bind="query-params", placeholder="10.224.0.0/12",
            help="And what is joined to it. Without them, whether private addresses are in it stays unknown.",
        )  # fmt: skip
        subnet = right.text_input(
            "Subnet of an Application Gateway", key=GATEWAY_KEY, bind="query-params", placeholder="10.225.0.0/24",
            help="From these addresses a gateway that Azure hosts connects to pods.",
        )  # fmt: skip
        local = st.toggle("The nodes run LocalDNS", key=LOCAL_DNS_KEY, bind="query-params")
    ranges, gateway = _ranges(network or ""), _ranges(subnet or "")
    found = groups(page)

    def chosen(name: str) -> str:
        aspect = getattr(profile, name)
        return aspect.value if aspect.basis is Basis.CHOSEN else ""

    return Given(
        data_plane=chosen("data_plane"),
        network_model=chosen("network_model"),
        outbound_type=chosen("outbound_type"),
        virtual_network=ranges,
        gateway_subnet=gateway,
        local_dns=bool(local),
        subnet_group=found.subnet,
    )


def _ranges(text: str) -> AddressSet | None:
    found, wrong = network_ranges(text)
    for word in wrong[:_WRONG]:
        st.error(f"{plain(word, 80)} is no prefix such as 10.0.0.0/8.", icon=":material/error:")
    return found


def _starts(page: PageContext) -> tuple[str, ...]:
    workloads = sorted(str(w.ref) for w in page.snapshot.workloads if w.endpoints)
    return (*_PLACES, *workloads[:_OFFERED])


def _goals(page: PageContext) -> tuple[str, ...]:
    return page.cached(("trace-goals",), lambda: tuple(dict.fromkeys((*_urls(page), *_services(page))))[:_OFFERED])


def _urls(page: PageContext) -> list[str]:
    """The URLs of routes with a host of their own."""
    return sorted(url_of(row) for row in results.all_routes(page) if row.host and not row.host.startswith("*"))


def _services(page: PageContext) -> list[str]:
    found = []
    for view in results.all_services(page):
        if view.service.type is not ServiceType.EXTERNAL_NAME:
            for port in view.service.ports:
                suffix = "" if port.protocol.value == "TCP" else f"/{port.protocol.value}"
                found.append(f"svc/{view.ref.qualified_name}:{port.port}{suffix}")
    return sorted(found)
