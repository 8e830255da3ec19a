"""Connecting: TLS, client certificates, proxies, plugins, impersonation, service accounts."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.exec_plugin import run_plugin
from lib.loaders.cluster.kubeconfig import own_kubeconfig, uploaded_kubeconfig
from lib.loaders.cluster.login import Login, log_in, service_account_login
from tests.cluster.reading import SOON, kubeconfig, written
from tests.cluster.replay import CERTIFICATES, READER, ReplayServer

EXEC = "client.authentication.k8s.io/v1"


def data(name: str) -> str:
    """A certificate or a key as a kubeconfig holds it."""
    return base64.b64encode((CERTIFICATES / name).read_bytes()).decode()


def login_of(config: dict[str, Any]) -> Login:
    """The login of an uploaded kubeconfig's current context."""
    found = uploaded_kubeconfig(json.dumps(config).encode())
    return log_in(found, found.context())


def status(login: Login) -> int:
    """What the server answers to the list of pods."""
    with Connection(login, patience=SOON) as connection:
        return connection.get("/api/v1/pods").status


def test_a_server_is_trusted_by_the_authority_of_the_kubeconfig() -> None:
    with ReplayServer.recorded().running(tls=True) as url:
        assert status(login_of(kubeconfig(url))) == 200


def test_a_server_of_another_authority_is_not_trusted() -> None:
    with ReplayServer.recorded().running(tls=True) as url:
        config = kubeconfig(url, disable_compression=True)
        with pytest.raises(ClusterError, match="not trusted"):
            status(login_of(config))


def test_a_server_of_another_name_is_not_trusted_unless_the_name_is_given() -> None:
    with ReplayServer.recorded().running(tls=True) as url:
        authority = {"certificate-authority-data": data("ca.crt")}
        wrong = kubeconfig(url, **authority, **{"tls-server-name": "other.test"})
        with pytest.raises(ClusterError, match="not trusted"):
            status(login_of(wrong))
        right = kubeconfig(url, **authority, **{"tls-server-name": "api.cluster.test"})
        assert status(login_of(right)) == 200


def test_the_insecure_flag_connects_all_the_same() -> None:
    with ReplayServer.recorded().running(tls=True) as url:
        login = login_of(kubeconfig(url, **{"insecure-skip-tls-verify": True}))
        assert not login.verify
        assert status(login) == 200


def test_a_client_certificate_is_shown_to_the_server() -> None:
    server = ReplayServer.recorded()
    server.needs_login = False
    with server.running(tls=True, wants_client=True) as url:
        user = {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
        assert status(login_of(kubeconfig(url, user))) == 200


def test_a_client_certificate_of_files_is_shown_to_the_server(tmp_path: Path) -> None:
    server = ReplayServer.recorded()
    server.needs_login = False
    with server.running(tls=True, wants_client=True) as url:
        files = (("client-certificate", "client.crt"), ("client-key", "client.key"))
        user = {key: str(CERTIFICATES / name) for key, name in files}
        config = kubeconfig(url, user, **{"certificate-authority": str(CERTIFICATES / "ca.crt")})
        found = own_kubeconfig(str(written(tmp_path, config)))
        assert status(log_in(found, found.context())) == 200


def test_a_client_key_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = ReplayServer.recorded()
    server.needs_login = False
    user = {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
    with server.running(tls=True, wants_client=True) as url, Connection(login_of(kubeconfig(url, user))) as connection:
        assert connection.get("/version").status == 200
        assert not list(tmp_path.iterdir()) or not hasattr(os, "memfd_create")
    assert not list(tmp_path.iterdir())


def test_a_broken_certificate_is_told() -> None:
    broken = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----").decode()
    user = {"client-certificate-data": broken, "client-key-data": broken}
    with pytest.raises(ClusterError, match="can't be read"):
        Connection(login_of(kubeconfig("https://127.0.0.1:1", user)))
    with pytest.raises(ClusterError, match="can't be read"):
        Connection(login_of(kubeconfig("https://127.0.0.1:1", **{"certificate-authority-data": broken})))


def test_impersonation_is_sent_with_each_request() -> None:
    server = ReplayServer.recorded()
    user = {
        "token": READER,
        "as": "jane",
        "as-uid": "7",
        "as-groups": ["dev", "ops"],
        "as-user-extra": {"reason": ["audit"]},
    }
    with server.running() as url:
        assert status(login_of(kubeconfig(url, user))) == 200
    headers = server.requests[-1].headers
    assert headers["impersonate-user"] == "jane"
    assert headers["impersonate-uid"] == "7"
    assert headers["impersonate-group"] == "dev\nops"
    assert headers["impersonate-extra-reason"] == "audit"


@pytest.mark.parametrize(
    ("user", "header"), [("", b""), ("me:p%40ss@", b"basic " + base64.b64encode(b"me:p@ss").lower())]
)
def test_a_proxy_is_asked(user: str, header: bytes) -> None:
    asked = threading.Event()
    proxy = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = proxy.accept()
        said = connection.recv(4096)
        if said.startswith(b"CONNECT cluster.invalid:443") and header in said.lower():
            asked.set()
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    config = kubeconfig("https://cluster.invalid", **{"proxy-url": f"http://{user}127.0.0.1:{proxy.getsockname()[1]}"})
    with pytest.raises(Exception, match="proxy") as failed:
        status(login_of(config))
    assert "p%40ss" not in str(failed.value) and "p@ss" not in str(failed.value)
    thread.join(2)
    proxy.close()
    assert asked.is_set()


def plugin(folder: Path, body: str, **more: Any) -> dict[str, Any]:
    """An exec entry that runs a Python program."""
    program = folder / "plugin.py"
    program.write_text(body, "utf-8")
    return {"apiVersion": EXEC, "command": sys.executable, "args": [str(program)], **more}


CREDENTIAL = f"""
import json, os
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert info["kind"] == "ExecCredential" and os.environ["GREETING"] == "hello"
print(json.dumps({{"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": {{"token": "{READER}"}}}}))
"""


def test_a_plugin_gives_the_token(tmp_path: Path) -> None:
    entry = plugin(tmp_path, CREDENTIAL, env=[{"name": "GREETING", "value": "hello"}])
    with ReplayServer.recorded().running() as url:
        found = own_kubeconfig(str(written(tmp_path, kubeconfig(url, {"exec": entry}))))
        assert status(log_in(found, found.context())) == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import sys; print('planted'); sys.exit('planted')", "ended with status 1"),
        ("print('planted')", "something else than an ExecCredential"),
        ("import time; time.sleep(60)", "did not answer within"),
        (f'print(\'{{"apiVersion": "{EXEC}", "status": {{"planted": 1}}}}\')', "neither a token"),
    ],
    ids=["fails", "garbage", "hangs", "empty"],
)
def test_a_plugin_that_fails_is_told_without_what_it_said(
    tmp_path: Path, body: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ClusterError, match=says) as caught:
        run_plugin(plugin(tmp_path, body), {}, None, timeout_s=1.0)
    assert "planted" not in str(caught.value) + caplog.text


def test_a_plugin_that_is_not_installed_is_told() -> None:
    entry = {"apiVersion": EXEC, "command": "no-such-plugin-7f", "installHint": "get it"}
    with pytest.raises(ClusterError, match=r'was not found\. Install it: "get it"'):
        run_plugin(entry, {}, None)


def test_a_service_account_logs_in(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{READER}\n", "utf-8")
    (tmp_path / "ca.crt").write_bytes((CERTIFICATES / "ca.crt").read_bytes())
    with ReplayServer.recorded().running(tls=True) as url:
        host, _, port = url.removeprefix("https://").partition(":")
        environment = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        assert status(service_account_login(environment, tmp_path)) == 200


def test_outside_of_a_cluster_there_is_no_service_account(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="does not run in a pod"):
        service_account_login({}, tmp_path)
