"""What to do when there is nothing to show."""

from __future__ import annotations

import streamlit as st

from lib.ui import session
from lib.ui.cluster_view import show_connect
from lib.ui.dump_help import show_dump_commands
from lib.ui.load_form import dialog_is_open, show_load_form
from lib.ui.samples import FIRST


def show_empty_state() -> None:
    """Say what to load, and how to get it from a cluster."""
    with st.container(border=True):
        st.subheader("Nothing is loaded", anchor=False)
        st.markdown(
            "NetAtlas reads Kubernetes manifests: a dump of a cluster, a chart's rendered output, or a few files. "
            "It shows which Services and routes they make, and what their network policies let through."
        )
        st.button(
            "Open the sample cluster",
            icon=":material/storefront:",
            on_click=session.choose_sample,
            args=(FIRST,),
            key="open-sample",
        )
        if not dialog_is_open():
            show_load_form("empty", with_commands=False)
    show_connect()
    with st.container(border=True):
        st.subheader("Dump a cluster", anchor=False)
        show_dump_commands()
