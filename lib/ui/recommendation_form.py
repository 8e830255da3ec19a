"""What a recommendation is asked for; all of it stands in the URL."""

from __future__ import annotations

from typing import Final

import streamlit as st

from lib.scenario.recommendation import API_SERVER_TOGGLE, Options
from lib.ui.page_context import PageContext

COVER_KEY: Final = "cover"
NEEDS_KEY: Final = "need"
REPLACE_KEY: Final = "replace"
API_SERVER_KEY: Final = "needs_api_server"
_CHARS_UP_TO: Final = 20_000
_FORM: Final = (
    "One flow a line: FROM=TO:PORTS. An end is namespace/name, namespace/\\*, an address or prefix, `internet` or "
    "`outside`; ports are `5432`, `8080-8081,53/UDP` or `all`. A line that begins with # is a comment."
)


def choose_options(page: PageContext) -> Options:
    """Namespaces, stated needs, and whether the present policies are to go."""
    names = tuple(sorted(page.snapshot.workloads_by_namespace))
    with st.container(border=True):
        left, right = st.columns([0.42, 0.58])
        with left:
            chosen = st.multiselect(
                "Namespaces to cover",
                names,
                key=COVER_KEY,
                bind="query-params",
                placeholder="All but kube-system",
                help="The policies are for the workloads of these namespaces. The filters beside the page change "
                "nothing here.",
            )
            replace = st.toggle(
                "Replace the present NetworkPolicies",
                key=REPLACE_KEY,
                bind="query-params",
                help="Off: the new policies are added beside the present ones, which go on permitting what they "
                "permit. On: the present ones of these namespaces are taken out afterwards.",
            )
            api_server = st.toggle(
                API_SERVER_TOGGLE,
                key=API_SERVER_KEY,
                bind="query-params",
                help="Manifests do not show who talks to the API server.",
            )
        with right:
            text = st.text_area(
                "Flows that are needed besides",
                key=NEEDS_KEY,
                bind="query-params",
                height=150,
                max_chars=_CHARS_UP_TO,
                placeholder="shop-web/storefront=shop-data/postgres:5432",
                help=_FORM,
            )
    lines = tuple(line.strip() for line in (text or "").splitlines())
    needs = tuple(line for line in lines if line and not line.startswith("#"))
    return Options(frozenset(chosen) & frozenset(names), needs, bool(replace), bool(api_server))
