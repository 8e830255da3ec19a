"""The guards that every browser test relies on do see what they are there for."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.chromium import HARMLESS_404, Watch, is_local, settle
from tests.browser.server import running_server

PLANTED = """
import socket
import urllib.request

import streamlit as st

st.title("planted")
attempts = (
    lambda: socket.socket().connect(("192.0.2.1", 80)),
    lambda: urllib.request.urlopen("http://example.invalid/x", timeout=1),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.2", 53)),
)
for attempt in attempts:
    try:
        attempt()
    except OSError:
        pass
st.markdown("![planted](http://192.0.2.3/planted.png)")
st.html("<img src='/media/not-there.png'>")
st.html("<script>new WebSocket('ws://192.0.2.4/planted')</script>", unsafe_allow_javascript=True)
st.html("<script>console.error('planted error')</script>", unsafe_allow_javascript=True)
"""


def test_a_planted_request_and_a_planted_error_are_seen(browser: Browser, tmp_path: Path) -> None:
    script = tmp_path / "planted.py"
    script.write_text(PLANTED)
    watch = Watch()
    context = browser.new_context()
    watch.attach(context)
    with running_server(tmp_path, script=str(script)) as server:
        page = context.new_page()
        page.goto(server.url)
        settle(page)
        page.wait_for_timeout(500)
        context.close()
        refused = server.refused()
    assert "connect 192.0.2.1:80" in refused
    assert "resolve example.invalid" in refused
    assert "sendto 192.0.2.2:53" in refused
    assert "http://192.0.2.3/planted.png" in watch.outside
    assert "ws://192.0.2.4/planted" in watch.outside
    assert any("planted error" in error for error in watch.errors)
    assert any("/media/not-there.png" in missing for missing in watch.missing)


def test_loopback_is_this_machine_and_everything_else_is_not() -> None:
    assert all(is_local(url) for url in ("http://127.0.0.1:8501/x", "http://localhost/", "data:image/png;base64,x"))
    assert not any(is_local(url) for url in ("https://data.streamlit.io/", "http://192.0.2.1/", "ws://10.0.0.1/"))


def test_only_streamlits_own_probes_under_a_page_are_harmless() -> None:
    assert HARMLESS_404.search("/policy_flows/_stcore/health")
    assert not HARMLESS_404.search("/_stcore/health")
    assert not HARMLESS_404.search("/policy_flows/other.js")
