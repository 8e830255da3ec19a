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
from lib.loaders.manifests import LoadCancelled
from lib.model.snapshot import Coverage
from tests.cluster.reading import SOON, login, read
from tests.cluster.replay import ReplayServer, always

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
