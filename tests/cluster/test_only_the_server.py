"""The whole app connects to the chosen API server and to nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from tests.cluster.reading import kubeconfig, written
from tests.cluster.replay import ReplayServer, always
from tests.pages.app import PAGES
from tests.ui.kit import ROOT, app

_heard: list[tuple[str, Any]] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is not None and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen"):
        _heard.append((event, arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]))


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any]]]:
    """Every connection, look-up and program that Python starts; the hook stays, and hears nothing afterwards."""
    global _heard
    if not getattr(sys, "_netatlas_listens", False):
        sys.addaudithook(_listen)
        sys._netatlas_listens = True  # type: ignore[attr-defined]
    _heard = []
    yield _heard
    _heard = None


def beyond(heard: list[tuple[str, Any]], url: str) -> list[tuple[str, Any]]:
    """What was neither the server nor its address."""
    host, _, port = url.rpartition("//")[2].partition(":")
    own = [("socket.connect", (host, int(port))), ("socket.getaddrinfo", host)]
    return [each for each in heard if each not in own]


def test_every_command_speaks_to_the_server_only(
    heard: list[tuple[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ReplayServer.recorded()
    with server.running(tls=True) as url:
        config = str(written(tmp_path, kubeconfig(url)))
        for command in ("doctor", "flows", "exposure", "services", "routes", "policies", "azure", "check", "lint"):
            main([command, "--kubeconfig", config])
            capsys.readouterr()
    assert server.requests
    assert heard
    assert beyond(heard, url) == []


@pytest.mark.app
def test_every_page_speaks_to_the_server_only(
    heard: list[tuple[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, server = ReplayServer.recorded(), ReplayServer.recorded()
    with elsewhere.running() as other, server.running(tls=True) as url:
        server.faults["/api/v1/nodes"] = always(302, b"", {"Location": other})
        monkeypatch.setenv("KUBECONFIG", str(written(tmp_path, kubeconfig(url))))
        test = app(page="input").button(key="connect").click().run()
        for _ in range(100):
            if "netatlas.job" not in test.session_state:
                break
            test.session_state["netatlas.job"].wait(0.2)
            test.run()
        assert test.session_state["netatlas.upload"].live is not None
        for page in PAGES:
            test.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
            assert not test.exception
    assert not elsewhere.requests
    assert server.requests
    assert beyond(heard, url) == []
