"""The commands that dump a cluster, ready to copy."""

from __future__ import annotations

import streamlit as st

from lib.loaders.dump_command import az_command, kubectl_command


def show_dump_commands() -> None:
    """With kubectl, and for a private cluster through Azure."""
    st.markdown("Every kind that NetAtlas reads, and no Secret. Load the file that it writes.")
    st.code(kubectl_command(), language="bash", wrap_lines=True)
    st.markdown("A private cluster, without a way to its API server:")
    st.code(az_command(), language="bash", wrap_lines=True)
