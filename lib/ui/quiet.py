"""Keeps Streamlit from asking the Internet for this machine's own address.

A server that listens everywhere would do so when it starts, and any server when a web socket comes from a page of
another site; the one to print it, the other to permit an origin that nobody asked for.
"""

from __future__ import annotations

from streamlit import net_util


def ask_nobody() -> None:
    """Let Streamlit take this machine's addresses for unknown, from now on and in this process."""
    net_util.get_external_ip = _unknown
    net_util.get_internal_ip = _unknown


def _unknown() -> str | None:
    return None
