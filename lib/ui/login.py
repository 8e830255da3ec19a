"""The login of a shared server, through Streamlit's own OpenID Connect client."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Final

import streamlit as st

REQUIRED: Final = "NETATLAS_REQUIRE_LOGIN"
"""Set to 1, nobody sees anything before they have logged in; what else it takes is in docs/deploy.md."""


def require_login() -> None:
    """Stop the page for a visitor who has to log in and has not; a server that can't log anybody in shows nothing."""
    if os.environ.get(REQUIRED) != "1":
        return
    is_configured = "is_logged_in" in st.user and find_spec("authlib") is not None
    if is_configured and st.user.is_logged_in:
        with st.sidebar:
            st.button("Log out", icon=":material/logout:", type="tertiary", on_click=st.logout)
        return
    st.title("NetAtlas", anchor=False)
    if is_configured:
        st.markdown("This server asks its visitors to log in.")
        st.button("Log in", icon=":material/login:", type="primary", on_click=st.login)
    else:
        st.error(
            f"This server requires a login ({REQUIRED}=1) and has no provider for it. Whoever runs it: see "
            "*OpenID Connect* in docs/deploy.md.",
            icon=":material/lock:",
        )
    st.stop()
