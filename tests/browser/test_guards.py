"""The guards that every browser test relies on do see what they are there for."""

from __future__ import annotations

import os
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import HARMLESS_404, Watch, is_local, settle
from tests.browser.server import GUARD, ROOT, running_server

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


BANNER = """
import sys

from streamlit import config
from streamlit.web import bootstrap

from lib.ui.quiet import ask_nobody

if sys.argv[1] == "quiet":
    ask_nobody()
config.set_option("server.address", "0.0.0.0")
config.set_option("server.headless", True)
bootstrap._print_url(False)
"""


@pytest.mark.parametrize("how", ["quiet", "as it comes"])
def test_a_server_that_listens_everywhere_asks_nobody_for_its_address_when_it_starts(how: str, tmp_path: Path) -> None:
    """Streamlit does by itself, which the second case shows: without it the first one could not fail."""
    refusals = tmp_path / "refusals.log"
    environment = {**os.environ, "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}", "NETATLAS_REFUSALS": str(refusals)}
    done = subprocess.run(
        [sys.executable, "-c", BANNER, how], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Local URL" in done.stdout
    assert refusals.exists() is (how != "quiet")


def test_a_web_socket_from_a_page_of_another_site_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        port = urlsplit(server.url).port
        for host, status in ((f"127.0.0.1:{port}", 101), ("evil.example", 403)):
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            headers = {
                "Host": f"127.0.0.1:{port}",
                "Origin": f"http://{host}",
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                "Sec-WebSocket-Protocol": "streamlit",
            }
            connection.request("GET", "/_stcore/stream", headers=headers)
            assert connection.getresponse().status == status
            connection.close()
        assert server.refused() == []
