"""API servers that never end an answer, pack it without end, or fill memory with it."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lib.loaders.cluster.connection import Connection, Unreachable
from lib.loaders.cluster.listing import Room
from lib.loaders.manifests import LoadCancelled
from lib.model.snapshot import Coverage
from tests.cluster.reading import SOON, login, read
from tests.cluster.replay import ReplayServer, Request, always

PODS = "/api/v1/pods"


@contextmanager
def says(pieces: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """A server that answers each request with the same bytes, a piece at a time; yields its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def answer(visitor: socket.socket) -> None:
        with visitor:
            visitor.recv(65536)
            for piece in pieces():
                if ended.is_set():
                    return
                try:
                    visitor.sendall(piece)
                except OSError:
                    return

    def serve() -> None:
        while not ended.is_set():
            try:
                visitor, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(visitor,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ended.set()
        listening.close()


def drip(begin: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    """Some bytes at once, then a few at a time for longer than anybody waits."""

    def pieces() -> Iterator[bytes]:
        yield begin
        for _ in range(100):
            time.sleep(0.1)
            yield piece

    return pieces


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        drip(b"", b"H"),
        drip(OK, b"X"),
        drip(OK, b"X: y\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: r\r\n"),
        drip(OK + b"Connection: close\r\n\r\n{}", b" "),
        drip(OK + b"Content-Length: 100000\r\n\r\n{}", b" "),
    ],
    ids=["status", "header", "headers", "continue", "chunk size", "chunks", "trailers", "until closed", "body"],
)
def test_no_part_of_an_answer_may_take_longer_than_an_answer(pieces: Callable[[], Iterator[bytes]]) -> None:
    patience = replace(SOON, answer_s=0.6)
    begun = time.monotonic()
    with says(pieces) as url, Connection(login(url), patience=patience) as connection, pytest.raises(Unreachable):
        connection.get("/version")
    assert time.monotonic() - begun < 2


def test_who_gives_up_does_not_wait_for_a_silent_server() -> None:
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    patience = replace(SOON, read_s=20.0, answer_s=20.0)
    begun = time.monotonic()
    with says(drip(b"", b"")) as url, Connection(login(url), patience=patience) as connection:
        timer.start()
        with pytest.raises(LoadCancelled):
            connection.get("/version", cancelled=stop.is_set)
    assert time.monotonic() - begun < 2
    timer.join()


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "zstd", "br", "x-unknown"])
def test_an_answer_is_packed_as_was_asked_or_not_read(encoding: str) -> None:
    body = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}).encode()
    server = ReplayServer.recorded()
    server.faults[PODS] = always(200, gzip.compress(gzip.compress(body)), {"Content-Encoding": encoding})
    assert read(server).coverage["Pod"] is Coverage.UNFINISHED


def test_a_page_of_nothing_but_brackets_is_not_unpacked() -> None:
    server = ReplayServer.recorded()
    body = b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"x":[' + b"[]," * 2_500_000 + b"[]]}]}"
    server.faults[PODS] = always(200, body)
    assert read(server).coverage["Pod"] is Coverage.UNFINISHED


def endless(size: int) -> Callable[[Request], bool]:
    """Pages without end, of ServiceAccounts with names of some size; each has a token of its own."""

    def answer(request: Request) -> bool:
        items = [{"metadata": {"name": "a" * size, "namespace": "n"}}] * 50
        metadata = {"continue": f"page-{request.number}"}
        return request.answer(200, {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})

    return answer


@pytest.mark.parametrize(("bound", "value"), [("chars", 100_000), ("parts", 5_000)])
def test_pages_without_end_stop_where_there_is_no_more_room(
    bound: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room.__init__, "__defaults__", (value, 1_000_000) if bound == "chars" else (100_000_000, value))
    server = ReplayServer.recorded()
    server.faults[PODS] = endless(100)
    found = read(server)
    assert found.coverage["Pod"] is Coverage.UNFINISHED
    assert any("larger than what may be kept" in p.message for p in found.read.problems)
    assert len(server.paths) < 200


def test_a_list_that_begins_anew_gives_its_room_back(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ReplayServer.recorded()
    plain = read(server)
    size = sum(len(json.dumps(raw.obj)) for raw in plain.read.objects)
    monkeypatch.setattr(Room.__init__, "__defaults__", (size + 10, 1_000_000))
    again = ReplayServer.recorded()

    def too_old(request: Request) -> bool:
        expired = {"kind": "Status", "code": 410, "reason": "Expired"}
        return "continue" in request.query and request.number == 1 and request.answer(410, expired)

    again.faults[PODS] = too_old
    found = read(again, patience=replace(SOON, answer_bytes=100_000))
    assert again.paths.count(PODS) > 3
    assert found.coverage["Pod"] is Coverage.COMPLETE
    assert found.read.content_hash == plain.read.content_hash
