"""A hostile kubeconfig: nothing is run, nothing is read, nothing is reached that is not listed."""

from __future__ import annotations

import ipaddress
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from lib.loaders.cluster.access import OWN, Access, AllowList, access_of, is_from_elsewhere
from lib.loaders.cluster.connection import Connection, Unreachable
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import uploaded_kubeconfig
from lib.loaders.cluster.login import log_in
from lib.loaders.cluster.uploaded import check_upload
from tests.cluster.reading import SOON, kubeconfig
from tests.cluster.replay import READER, ReplayServer

LISTED = "https://prod.example.com"
SHARED = Access(True, False, AllowList.parse("prod.example.com *.azmk8s.io 10.1.0.0/16"))


def check(config: dict[str, Any], access: Access = SHARED) -> None:
    """Judge the current context of an upload."""
    found = uploaded_kubeconfig(json.dumps(config).encode())
    check_upload(found, found.context(), access)


def test_a_token_for_a_listed_server_passes() -> None:
    check(kubeconfig(LISTED, {"token": "t"}))


@pytest.mark.parametrize("access", [OWN, SHARED], ids=["own", "shared"])
@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"exec": {"apiVersion": "v1", "command": "touch", "args": ["{marker}"]}}, "exec"),
        ({"exec": None}, "exec"),
        ({"auth-provider": {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": "{marker}"}}}, "auth-provider"),
        ({"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "http://169.254.169.254"}}}, "auth-provider"),
        ({"tokenFile": "/etc/passwd"}, "tokenFile"),
        ({"token": "t", "tokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"}, "tokenFile"),
        ({"client-certificate": "/etc/passwd", "client-key": "/etc/shadow"}, "client-key"),
        ({"token": "t", "Exec": {"command": "touch"}}, "exec"),
        ({"token": "t", "cmd-path": "/bin/sh"}, "cmd-path"),
    ],
)
def test_whatever_runs_or_reads_is_refused(user: dict[str, Any], says: str, access: Access, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    text = json.dumps(kubeconfig(LISTED, user)).replace("{marker}", str(marker))
    with pytest.raises(ClusterError) as caught:
        check(json.loads(text), access)
    assert caught.value.code == "upload-refused"
    assert says in caught.value.args[0]
    assert "kubectl create token" in caught.value.remedy and "deploy/rbac.yaml" in caught.value.remedy
    assert not marker.exists()


@pytest.mark.parametrize("access", [OWN, SHARED], ids=["own", "shared"])
def test_an_authority_in_a_file_is_refused(access: Access) -> None:
    with pytest.raises(ClusterError, match="certificate-authority"):
        check(kubeconfig(LISTED, **{"certificate-authority": "/etc/passwd"}), access)


@pytest.mark.parametrize(
    "server",
    [
        "https://other.example.com",
        "https://prod.example.com.evil.test",
        "https://evil.test/prod.example.com",
        "https://azmk8s.io",
        "https://127.0.0.1",
        "https://localhost",
        "https://[::1]",
        "https://169.254.169.254",
        "https://168.63.129.16",
        "https://10.2.0.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://[::1%25.prod.example.com]",
        "https://[::ffff:10.1.0.5]",
        "http://prod.example.com",
    ],
)
def test_a_server_that_is_not_listed_is_refused(server: str) -> None:
    with pytest.raises(ClusterError, match="uploaded kubeconfig is refused"):
        check(kubeconfig(server, {"token": "t"}, **{"certificate-authority-data": ""}))


@pytest.mark.parametrize("cluster", [{"insecure-skip-tls-verify": True}, {"proxy-url": "http://127.0.0.1:3128"}])
def test_on_a_shared_server_tls_is_verified_and_no_proxy_used(cluster: dict[str, Any]) -> None:
    with pytest.raises(ClusterError, match="refused"):
        check(kubeconfig(LISTED, {"token": "t"}, **cluster))


@pytest.mark.parametrize(
    "server",
    [
        "https://evil.test\\.azmk8s.io",
        "https://evil.test%5c.azmk8s.io",
        "https://10.1.0.5%ea.evil.test",
        "https://10.1.0.5%25.evil.test",
        "https://user:secret@prod.example.com",
        "https://prod.example.com?x=",
        "https://prod.example.com/?",
        "https://prod.example.com#",
        "https://prod.example.com:443:444",
        "https://prod.example.com:99999",
        "https://prod。example.com",
        "https://prod.example.com\n",
        "//prod.example.com",
        "https://",
    ],
)
@pytest.mark.parametrize("access", [OWN, SHARED], ids=["own", "shared"])
def test_a_url_that_two_readers_may_read_otherwise_is_refused(server: str, access: Access) -> None:
    config = uploaded_kubeconfig(json.dumps(kubeconfig(server, **{"certificate-authority-data": ""})).encode())
    with pytest.raises(ClusterError, match=r"no URL such as|not on the list") as refused:
        check_upload(config, config.context(), access)
        log_in(config, config.context())
    assert "secret" not in str(refused.value)


def test_the_name_that_is_connected_to_has_to_be_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was resolved"))
    refused = pytest.raises(ClusterError, match="does not connect to")
    with guarded("https://other.example.com", SHARED.allowed) as connection, refused:
        connection.get("/version")


def test_what_a_slip_makes_a_key_of_is_not_shown() -> None:
    text = json.dumps(kubeconfig(LISTED)).replace(f'"token": "{READER}"', f'"token:{READER}": null')
    config = uploaded_kubeconfig(text.encode())
    with pytest.raises(ClusterError, match="a field that no kubeconfig has") as refused:
        check_upload(config, config.context(), OWN)
    assert READER not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "users:\n- name: u\n  user: {<<: {<<: {exec: {command: sh}}}, token: t}\n",
        "x: &a {exec: {command: sh}}\nusers:\n- name: u\n  user: {<<: *a, token: t}\n",
        "x: &a {tokenFile: /etc/passwd}\nusers:\n- name: u\n  user: {<<: [*a], token: t}\n",
        "x: &u {exec: null}\nusers:\n- {name: u, user: *u}\n",
        "users:\n- name: u\n  user: {token: t, token: t, exec: {command: sh}}\n",
        "users:\n- name: u\n  user: {token: t}\n- name: u\n  user: {exec: {command: sh}}\n",
        "users:\n- name: u\n  user: {token: t}\nusers:\n- name: u\n  user: {exec: {command: sh}}\n",
        "users:\n- name: u\n  user: {token: t}\n---\nusers:\n- name: u\n  user: {exec: {command: sh}}\n",
        'users:\n- name: u\n  user: {"\\x65xec": {command: sh}}\n',
        "users:\n- name: u\n  user: {!!str exec: {command: sh}}\n",
        "users:\n- name: u\n  user: {EXEC: {command: sh}}\n",
        "users:\n- name: u\n  user: {? [exec] : 1}\n",
        "users:\n- name: u\n  user: {1: 2}\n",
    ],
)
def test_no_way_to_write_yaml_gets_a_program_past(text: str) -> None:
    head = (
        "contexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n"
        f"clusters: [{{name: c, cluster: {{server: {LISTED}}}}}]\n"
    )
    with pytest.raises(ClusterError):
        config = uploaded_kubeconfig((head + text).encode())
        check_upload(config, config.context(), OWN)


def test_the_list_is_empty_by_default() -> None:
    with pytest.raises(ClusterError, match="not on the list"):
        check(kubeconfig(LISTED, {"token": "t"}), access_of("0.0.0.0", {}))


def test_on_a_server_of_ones_own_every_host_may_be_reached() -> None:
    check(kubeconfig("https://10.9.9.9", {"token": "t"}), OWN)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "168.63.129.16",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
        "224.0.0.1",
        "10.2.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "fd00::1",
        "64:ff9b:1::a9fe:a9fe",
        "::ffff:0:a9fe:a9fe",
        "::a9fe:a9fe",
        "fec0::1",
        "fd00:ec2::254",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_an_address_that_is_not_public_needs_a_block(address: str) -> None:
    assert not SHARED.allowed.permits(ipaddress.ip_address(address))


@pytest.mark.parametrize("block", ["0.0.0.0/0", "127.0.0.0/8 169.254.0.0/16 168.63.129.16/32 ::/0"])
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fe80::1",
    ],
)
def test_some_addresses_are_refused_though_they_are_listed(block: str, address: str) -> None:
    assert not AllowList.parse(block).permits(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "20.50.1.1", "2603:1030::1"])
def test_public_and_listed_addresses_are_permitted(address: str) -> None:
    assert SHARED.allowed.permits(ipaddress.ip_address(address))


def test_a_wrong_block_is_told() -> None:
    with pytest.raises(ClusterError, match="no address block"):
        AllowList.parse("10.0.0.0/99")


def guarded(url: str, allowed: AllowList) -> Connection:
    """A connection of a shared server."""
    found = uploaded_kubeconfig(json.dumps(kubeconfig(url)).encode())
    return Connection(log_in(found, found.context()), guard=allowed, patience=SOON)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["20.50.1.1", "127.0.0.1"], ["::ffff:7f00:1"]])
def test_the_resolved_address_is_checked_when_connecting(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, *_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    server = ReplayServer.recorded()
    with server.running(tls=True) as url:
        port = url.rpartition(":")[2]
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        refused = pytest.raises(ClusterError, match="does not connect to")
        with guarded(f"https://prod.example.com:{port}", SHARED.allowed) as connection, refused:
            connection.get("/api/v1/pods")
    assert not server.requests


def test_a_name_that_answers_otherwise_the_second_time_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    connected: list[Any] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = host if host[:1].isdigit() else "20.50.1.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(_: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise OSError("refused by the test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with (
        guarded("https://prod.example.com", SHARED.allowed) as connection,
        pytest.raises(Unreachable, match="connection"),
    ):
        connection.get("/version")
    assert connected == ["20.50.1.1"]


def test_a_guarded_connection_uses_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    refused = pytest.raises(ClusterError, match="does not connect to")
    with guarded("https://127.0.0.1", SHARED.allowed) as connection, refused:
        connection.get("/version")


@pytest.mark.parametrize(
    ("bound_to", "shared"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("", True), ("0.0.0.0", True), ("10.0.0.5", True)],
)
def test_a_server_on_loopback_is_ones_own(bound_to: str, shared: bool) -> None:
    assert access_of(bound_to, {}).shared is shared
    assert access_of(bound_to, {}).own_credentials is not shared
    assert access_of(bound_to, {}, through_proxy=True).shared


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({}, False),
        ({"Host": "localhost:8501"}, False),
        ({"Host": "127.0.0.1:8501"}, False),
        ({"Host": "[::1]:8501"}, False),
        ({"Host": "[::1]"}, False),
        ({"Host": "LocalHost"}, False),
        ({"Host": "rebound.example.com:8501"}, True),
        ({"Host": "tools.example.com"}, True),
        ({"Host": "127.0.0.1.example.com"}, True),
        ({"Host": "localhost:8501", "X-Forwarded-For": "203.0.113.9"}, True),
        ({"Host": "localhost:8501", "Forwarded": "for=203.0.113.9"}, True),
        ({"Host": "localhost:8501", "Via": "1.1 proxy"}, True),
    ],
)
def test_a_visitor_who_names_another_host_does_not_sit_at_this_machine(
    headers: dict[str, str], elsewhere: bool
) -> None:
    assert is_from_elsewhere(headers) is elsewhere


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("", False), ("0", False), ("true", False)])
def test_the_servers_own_credentials_are_off_unless_the_operator_says_so(value: str, allowed: bool) -> None:
    access = access_of("0.0.0.0", {"NETATLAS_ALLOW_SERVER_CREDENTIALS": value})
    assert access.own_credentials is allowed


def test_the_token_of_an_upload_is_the_readers() -> None:
    server = ReplayServer.recorded()
    with server.running() as url:
        found = uploaded_kubeconfig(json.dumps(kubeconfig(url)).encode())
        check_upload(found, found.context(), OWN)
        with Connection(log_in(found, found.context()), patience=SOON) as connection:
            assert connection.get("/api/v1/pods").status == 200
    assert server.requests[-1].headers["authorization"] == f"Bearer {READER}"
