"""The settings of the cloud provider that no object shows: a person may say them, and the URL keeps them."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

from lib.azure.provider_settings import ProviderSettings, detect_location
from lib.ui.page_context import PageContext
from lib.ui.text import plain

SHARED_KEY: Final = "shared_probe"
NAMES_KEY: Final = "load_balancers"
_NAMES_MAX: Final = 50
# What Azure lets a load balancer be called. A link can bring anything.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?")
_CHARS: Final = 2_000


def choose_settings() -> str:
    """The choices; returns what the line of the profile says of them, "" for those of a cluster of AKS's own."""
    st.checkbox(
        "The load balancers share one health probe", key=SHARED_KEY, bind="query-params",
        help="clusterServiceLoadBalancerHealthProbeMode is shared. It holds for Services with externalTrafficPolicy "
        "Cluster.",
    )  # fmt: skip
    st.text_input(
        "Names of multiple load balancers", key=NAMES_KEY, bind="query-params", max_chars=_CHARS,
        placeholder="none: one public and one internal", help="With commas between. The first is called kubernetes.",
    )  # fmt: skip
    found = _chosen()
    for name in _written():
        if name not in found.configurations:
            st.error(f"{plain(name, 80)} can be no name of a load balancer.", icon=":material/error:")
    said = []
    if found.shared_probe:
        said.append("**shared health probe** (chosen)")
    if found.configurations:
        said.append(f"load balancers: **{plain(', '.join(found.configurations), 120)}** (chosen)")
    return "".join(f"  ·  {part}" for part in said)


def provider_settings(page: PageContext) -> ProviderSettings:
    """The settings that the visitor chose; what nobody chose is as AKS makes it."""
    found = _chosen()
    location = page.cached(("location",), lambda: detect_location(page.snapshot))
    return ProviderSettings(found.shared_probe, found.configurations, location)


def _chosen() -> ProviderSettings:
    kept = tuple(name for name in _written() if _NAME.fullmatch(name))
    return ProviderSettings(bool(st.session_state.get(SHARED_KEY)), kept)


def _written() -> tuple[str, ...]:
    names = (name.strip() for name in str(st.session_state.get(NAMES_KEY) or "").split(","))
    return tuple(dict.fromkeys(filter(None, names)))[:_NAMES_MAX]
