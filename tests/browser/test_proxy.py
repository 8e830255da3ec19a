"""The example of docs/deploy.md as it stands: nginx before a server with a base path, and a browser before nginx."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Watch
from tests.browser.conftest import PATIENCE_MS
from tests.browser.drive import choose_files, go_to, load, open_loader, strip, visit
from tests.browser.server import ROOT, Server, free_port, running_server

CERTIFICATES = ROOT / "tests" / "cluster" / "certificates"
EXAMPLE = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")


@dataclass(frozen=True)
class Proxied:
    """A server and the address under which nginx shows it."""

    server: Server
    url: str


def find_nginx() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        message = "no nginx: apt-get install nginx-light"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


@contextmanager
def running_nginx(folder: Path, backend: int) -> Iterator[int]:
    """The example with only its addresses and files changed."""
    port = free_port()
    changes = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server_name tools.example.com;": "server_name localhost;",
        "/etc/nginx/tls/tools.example.com.crt": str(CERTIFICATES / "server.crt"),
        "/etc/nginx/tls/tools.example.com.key": str(CERTIFICATES / "server.key"),
        "server 127.0.0.1:8501;": f"server 127.0.0.1:{backend};",
    }
    text = EXAMPLE
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    process = subprocess.Popen([find_nginx(), "-c", str(config), "-e", f"{folder}/error.log"])
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until nginx takes connections."""
    for _ in range(300):
        assert process.poll() is None, "nginx ended"
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("nginx takes no connection")


@pytest.fixture(scope="module")
def proxied(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxied")
    with running_server(folder, base_path="netatlas", options=("--server.allowedHosts=localhost",)) as server:
        backend = int(server.url.removesuffix("/netatlas").rpartition(":")[2])
        with running_nginx(folder, backend) as port:
            yield Proxied(server, f"https://localhost:{port}/netatlas")


@pytest.fixture
def visitor(browser: Browser, proxied: Proxied, watch: Watch) -> Iterator[Page]:
    """A visitor who comes through nginx; no request fails, and none leaves the machine."""
    context = browser.new_context(ignore_https_errors=True)
    watch.attach(context)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
    assert watch.complaints() == []
    assert proxied.server.refused() == []


def test_pages_come_by_the_path_and_links_stay_below_it(visitor: Page, proxied: Proxied) -> None:
    visit(visitor, f"{proxied.url}/")
    expect(strip(visitor)).to_contain_text("objects")
    go_to(visitor, "Input")
    assert visitor.url.startswith(f"{proxied.url}/input")


def test_the_path_without_its_last_slash_and_a_deep_link_lead_there(visitor: Page, proxied: Proxied) -> None:
    visit(visitor, proxied.url)
    assert visitor.url.startswith(f"{proxied.url}/")
    visit(visitor, f"{proxied.url}/policy_flows")
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Policy flows")


def test_a_file_is_taken_which_needs_the_token_against_forged_requests(
    visitor: Page, proxied: Proxied, tmp_path: Path
) -> None:
    manifest = tmp_path / "ours.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: ours}\nspec: {ports: [{port: 80}]}\n"
    )
    visit(visitor, f"{proxied.url}/")
    dialog = open_loader(visitor)
    choose_files(dialog, manifest)
    load(visitor, dialog)
    expect(strip(visitor)).to_contain_text("ours.yaml")


def test_a_snapshot_is_saved_below_the_path(visitor: Page, proxied: Proxied) -> None:
    visit(visitor, f"{proxied.url}/input")
    with visitor.expect_download() as started:
        visitor.get_by_role("button", name="Save a snapshot").click()
    assert started.value.suggested_filename == "netatlas-snapshot.zip"
    assert Path(started.value.path()).read_bytes()[:2] == b"PK"


def test_a_web_socket_for_another_host_name_is_refused(proxied: Proxied) -> None:
    def answer(host: str) -> int:
        context = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.crt"))
        context.check_hostname = False
        connection = HTTPSConnection("127.0.0.1", urlsplit(proxied.url).port, timeout=10, context=context)
        headers = {
            "Host": host,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol": "streamlit",
        }
        try:
            connection.request("GET", "/netatlas/_stcore/stream", headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    assert answer("localhost") == 101
    assert answer("rebound.example.com") == 403
