"""Planted secrets: whatever happens, they stand in no message, log, page, URL, cache, result or file."""

from __future__ import annotations

import base64
import gc
import io
import json
import logging
import sys
import traceback
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.cli import main
from lib.loaders.cluster.access import access_of
from lib.loaders.cluster.connection import Connection
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import uploaded_kubeconfig
from lib.loaders.cluster.login import log_in
from lib.loaders.cluster.read import read_cluster
from lib.loaders.cluster.uploaded import check_upload
from lib.ui.load_job import LoadJob
from lib.ui.loaded import LoadedInput
from lib.ui.results_store import ResultsStore
from tests.cluster.reading import SOON, kubeconfig, loaded, written
from tests.cluster.replay import ReplayServer, Request, always, status_body
from tests.ui.kit import ROOT, words

TOKEN = "planted-token-9d21"
ENVIRONMENT = "planted-env-4c77"
NOTE = "planted-note-31aa"
COMMAND = "planted-command-88ee"
IN_URL = "planted-in-url-52bd"
PASSWORD = "planted-password-f0a3"
PROXY = "planted-proxy-c6d8"
KEY = "planted-key-17e9"
SECRETS = (TOKEN, ENVIRONMENT, NOTE, COMMAND, IN_URL, PASSWORD, PROXY, KEY)
CREDENTIALS = {"netatlas.kubeconfig", "netatlas.cluster"}
"""Where a session keeps its kubeconfig, and nowhere else."""


def planted() -> ReplayServer:
    """The recorded cluster with secrets wherever a cluster has some, which takes the planted token."""
    server = ReplayServer.recorded()
    server.needs_login = False
    for path, (kind, version, items) in list(server.lists.items()):
        changed = [json.loads(json.dumps(item)) for item in items]
        for item in changed:
            notes = {"example.com/password": NOTE, "kubectl.kubernetes.io/last-applied-configuration": NOTE}
            notes |= {
                "nginx.ingress.kubernetes.io/auth-url": f"https://user:{IN_URL}@auth.example/?token={IN_URL}",
                "nginx.ingress.kubernetes.io/configuration-snippet": f"proxy_set_header Authorization {NOTE};",
            }
            item["metadata"].setdefault("annotations", {}).update(notes)
            for spec in (item.get("spec", {}), item.get("spec", {}).get("template", {}).get("spec", {})):
                for container in spec.get("containers", ()) if isinstance(spec, dict) else ():
                    container["env"] = [{"name": "PASSWORD", "value": ENVIRONMENT}]
                    container["command"] = container["args"] = [COMMAND]
                    container["livenessProbe"] = {
                        "httpGet": {"port": 80, "httpHeaders": [{"name": "a", "value": NOTE}]}
                    }
        server.lists[path] = (kind, version, changed)
    return server


def echoing(request: Request) -> bool:
    """A server that throws the visitor's credentials back in its messages and headers."""
    told = request.headers.get("authorization", "")
    status = (400, 403, 500, 302)[request.number % 4]
    return request.answer(status, status_body(status, told, told), {"Location": f"/{TOKEN}", "Warning": told})


def holding(roots: Iterable[Any]) -> list[str]:
    """The secrets that can be reached from ``roots`` by any reference but through modules and classes."""
    found: set[str] = set()
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        value = stack.pop()
        if id(value) in seen or isinstance(value, type | ModuleType):
            continue
        seen.add(id(value))
        if isinstance(value, str):
            found |= {secret for secret in SECRETS if secret in value}
        elif isinstance(value, bytes | bytearray):
            found |= {secret for secret in SECRETS if secret.encode() in value}
        elif isinstance(value, FunctionType):
            # Not its module, which leads to everything there is, this test's own words too.
            stack += [value.__closure__, value.__defaults__, value.__kwdefaults__]
        elif isinstance(value, FrameType):
            stack.append(value.f_locals)
        else:
            stack += gc.get_referents(value)
    return sorted(found)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    names = ["", "urllib3", "kubernetes", "client", "streamlit", "asyncio"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_what_is_read_holds_no_secret(log: io.StringIO) -> None:
    with planted().running() as url:
        found = uploaded_kubeconfig(json.dumps(kubeconfig(url, {"token": TOKEN})).encode())
        with Connection(log_in(found, found.context()), patience=SOON) as connection:
            read = read_cluster(connection)
    result = loaded(read)
    assert result.snapshot.pods
    assert holding([read, result]) == []
    texts = [read.read.documents.excerpt(raw.source)[1] for raw in read.read.objects]
    assert not [text for text in texts for secret in SECRETS if secret in text]
    assert not [secret for secret in SECRETS if secret in log.getvalue()]


def test_a_server_that_echoes_credentials_gets_them_into_no_message(log: io.StringIO) -> None:
    server = planted()
    server.faults["*"] = echoing
    said = []
    with server.running() as url:
        for _ in range(3):
            found = uploaded_kubeconfig(json.dumps(kubeconfig(url, {"token": TOKEN})).encode())
            try:
                with Connection(log_in(found, found.context()), patience=SOON) as connection:
                    said += [f"{p.message} {p.remedy}" for p in read_cluster(connection).read.problems]
            except ClusterError as error:
                said.append("".join(traceback.format_exception(error)))
    assert said
    assert TOKEN not in " ".join(said) + log.getvalue()


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ({"username": "someone", "password": PASSWORD}, {}),
        ({"token": TOKEN}, {"proxy-url": f"http://someone:{PROXY}@127.0.0.1:1"}),
        ({"token": TOKEN}, {"proxy-url": f"socks5://someone:{PROXY}@127.0.0.1:1"}),
        ({"token": TOKEN}, {"server": f"https://someone:{PASSWORD}@127.0.0.1:1"}),
        ({"client-certificate-data": KEY, "client-key-data": KEY}, {}),
        ({"client-certificate-data": "QUJD", "client-key-data": base64.b64encode(KEY.encode()).decode()}, {}),
        ({"token": f"{TOKEN}\r\nX-Injected: 1"}, {}),
        ({"token": TOKEN, "as": f"{KEY}\n"}, {}),
        (
            {
                "exec": {
                    "apiVersion": "x",
                    "command": "no-such-plugin",
                    "args": [COMMAND],
                    "env": [{"name": "A", "value": ENVIRONMENT}],
                }
            },
            {},
        ),
        ({"auth-provider": {"name": "azure", "config": {"access-token": TOKEN, "client-secret": KEY}}}, {}),
        ({"token": {"deep": TOKEN}, "password": [PASSWORD]}, {}),
        ({f"tokn:{TOKEN}": None}, {}),
    ],
)
def test_no_kind_of_credential_is_said_whatever_becomes_of_it(
    user: dict[str, Any],
    cluster: dict[str, Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As one's own kubeconfig and as an upload, on a server of one's own and on a shared one."""
    server = planted()
    server.faults["/api/v1/pods"] = echoing
    told = []
    with server.running() as url:
        config = kubeconfig(url, user, **cluster)
        for command in ("flows", "doctor", "snapshot"):
            more = ["-o", str(tmp_path / "s.zip")] if command == "snapshot" else []
            main([command, *more, "--kubeconfig", str(written(tmp_path, config))])
        for access in (
            access_of("127.0.0.1", {}),
            access_of("0.0.0.0", {"NETATLAS_ALLOWED_API_SERVERS": "example.com"}),
        ):
            uploaded = uploaded_kubeconfig(json.dumps(config).encode())
            try:
                check_upload(uploaded, uploaded.context(), access)
                with Connection(log_in(uploaded, uploaded.context()), guard=access.guard, patience=SOON) as connection:
                    told += [f"{p.message} {p.remedy}" for p in read_cluster(connection).read.problems]
            except ClusterError as error:
                told += [str(error), "".join(traceback.format_exception(error)), repr(uploaded)]
    bundle = (tmp_path / "s.zip").read_bytes() if (tmp_path / "s.zip").exists() else b""
    unpacked = b"".join(entries(bundle))
    said = "".join(capfd.readouterr()) + log.getvalue() + " ".join(told) + unpacked.decode()
    assert said
    assert not [secret for secret in SECRETS if secret in said]
    assert not [secret for secret in SECRETS if base64.b64encode(secret.encode()).decode()[:-4] in said]


def entries(bundle: bytes) -> Iterator[bytes]:
    """What a snapshot holds; nothing where none was made."""
    if bundle:
        archive = zipfile.ZipFile(io.BytesIO(bundle))
        yield from map(archive.read, archive.namelist())


@pytest.mark.parametrize("fault", ["echo", "401", "cut", "garbage", "none"])
def test_the_command_line_says_none(
    fault: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], log: io.StringIO
) -> None:
    server = planted()
    faults = {
        "echo": echoing,
        "401": always(401, status_body(401, TOKEN, TOKEN)),
        "cut": lambda request: request.cut(TOKEN.encode()),
        "garbage": always(200, TOKEN.encode()),
    }
    if fault in faults:
        server.faults["*" if fault != "garbage" else "/api/v1/pods"] = faults[fault]
    with server.running() as url:
        config = written(tmp_path, kubeconfig(url, {"token": TOKEN}))
        for command in ("flows", "policies", "services", "doctor"):
            main([command, "--kubeconfig", str(config), "--format", "json"])
    said = "".join(capfd.readouterr()) + log.getvalue()
    assert said
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.app
@pytest.mark.parametrize("goes_well", [True, False])
def test_the_pages_hold_none_outside_of_the_sessions_own_kubeconfig(
    goes_well: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = planted()
    if not goes_well:
        server.faults["*"] = echoing
    shown = []
    with server.running(tls=True) as url:
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        test.switch_page("pages/input.py").run()
        uploader = next(u for u in test.file_uploader if u.key.startswith("kubeconfig-"))
        uploader.upload("config", json.dumps(kubeconfig(url, {"token": TOKEN})).encode())
        test.run()
        shown.append(words(test))
        test.button(key="connect").click().run()
        for _ in range(100):
            shown.append(words(test))
            if "netatlas.job" not in test.session_state:
                break
            test.session_state["netatlas.job"].wait(0.2)
            test.run()
        for page in ("overview", "services", "policy_flows", "compare", "input"):
            test.switch_page(f"pages/{page}.py").run()
            assert not test.exception
            shown.append(words(test))
            if page == "compare" and goes_well:
                test.button(key="keep-moment").click().run()
                test.button(key="connect-to-compare").click().run()
                test.session_state["netatlas.job"].wait(20) if "netatlas.job" in test.session_state else None
                shown.append(words(test.run()))
                assert "netatlas.moment" in test.session_state
    assert ("netatlas.upload" in test.session_state) is goes_well
    assert TOKEN in " ".join(holding([test.session_state["netatlas.kubeconfig"]]))
    state = test.session_state._state.filtered_state
    kept = [value for key, value in state.items() if key not in CREDENTIALS]
    caches = [found for found in gc.get_objects() if isinstance(found, ResultsStore | LoadedInput | LoadJob)]
    assert holding([kept, test.query_params, *caches]) == []
    said = " ".join(shown) + log.getvalue() + "".join(capfd.readouterr())
    assert not [secret for secret in SECRETS if secret in said]
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_traceback_through_a_login_shows_none() -> None:
    """Python shows source lines, not values; what prints locals shows each object's repr."""
    found = uploaded_kubeconfig(json.dumps(kubeconfig("https://c", {"token": TOKEN})).encode())
    login = log_in(found, found.context())
    connection = Connection(login)
    try:
        raise RuntimeError(found, login, connection)
    except RuntimeError:
        told = "".join(traceback.TracebackException(*sys.exc_info(), capture_locals=True).format())
    connection.close()
    assert TOKEN not in told.replace(repr(TOKEN), "")
