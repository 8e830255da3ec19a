"""An API server for the tests: answers as recorded ones look, and goes wrong where it is told to.

``ReplayServer.recorded()`` serves the recordings; lists are cut into pages as ``limit`` asks. A fault is a function
that is given the request and may answer it in its own way. Every request is written down with its headers.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(__file__).parent
RECORDINGS = FOLDER / "recordings"
CERTIFICATES = FOLDER / "certificates"
READER = "reader-token-5f1c"
NOBODY = "nobody-token-77aa"


def recording(name: str) -> dict[str, Any]:
    """One recorded exchange."""
    found: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return found


def status_body(code: int, reason: str, message: str = "") -> dict[str, Any]:
    """A Status as the API server writes it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


@dataclass
class Request:
    """One request, and the way to answer it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    handler: BaseHTTPRequestHandler = field(repr=False)
    number: int = 0
    """How many requests of this path came before."""

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> bool:
        """Send a whole answer; JSON unless ``body`` is bytes or a text."""
        if isinstance(body, str):
            data, content_type = body.encode(), "text/plain; charset=utf-8"
        elif isinstance(body, bytes):
            data, content_type = body, "application/json"
        else:
            data, content_type = json.dumps(body).encode(), "application/json"
        self.handler.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(data)
        return True

    def cut(self, sent: bytes = b'{"kind": "PodList", "items": [') -> bool:
        """Promise more than is sent, then hang up."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Length", str(len(sent) + 1000))
        self.handler.end_headers()
        self.handler.wfile.write(sent)
        self.handler.wfile.flush()
        self.handler.close_connection = True
        return True


Fault = Callable[[Request], bool]
"""Answers a request and returns True, or returns False and leaves it to the server."""


def always(status: int, body: Any, headers: dict[str, str] | None = None) -> Fault:
    """The same answer to every request."""
    return lambda request: request.answer(status, body, headers)


def first(times: int, fault: Fault) -> Fault:
    """A fault for the first requests of a path only."""
    return lambda request: request.number < times and fault(request)


def slow(seconds: float) -> Fault:
    """Wait before the usual answer."""

    def wait(request: Request) -> bool:
        time.sleep(seconds)
        return False

    return wait


class ReplayServer:
    """Serves lists by path: ``lists[path]`` is the list's kind, its apiVersion and its items."""

    def __init__(self) -> None:
        self.lists: dict[str, tuple[str, str, Sequence[dict[str, Any]]]] = {}
        self.plain: dict[str, Any] = {}
        self.faults: dict[str, Fault] = {}
        self.requests: list[Request] = []
        self.needs_login = True
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    @classmethod
    def recorded(cls) -> ReplayServer:
        """The recorded cluster."""
        server = cls()
        aggregated = recording("discovery-aggregated")
        server.plain["/version"] = recording("version")["body"]
        server.plain["/apis"] = aggregated["body"]
        for group in aggregated["body"]["items"]:
            for version in group["versions"]:
                for resource in version["resources"]:
                    api_version = f"{group['metadata']['name']}/{version['version']}"
                    kind = resource["responseKind"]["kind"]
                    server.lists[f"/apis/{api_version}/{resource['resource']}"] = (f"{kind}List", api_version, [])
        for plural, kind in (("endpoints", "Endpoints"), ("serviceaccounts", "ServiceAccount"), ("nodes", "Node")):
            server.lists[f"/api/v1/{plural}"] = (f"{kind}List", "v1", [])
        server.lists["/api/v1/replicationcontrollers"] = ("ReplicationControllerList", "v1", [])
        for file in sorted(RECORDINGS.glob("list-*.json")):
            body = json.loads(file.read_text("utf-8"))
            path, found = urlsplit(body["request"]["path"]).path, body["body"]
            server.lists[path] = (found["kind"], found["apiVersion"], found["items"])
        pods = [item for number in (1, 2, 3) for item in recording(f"page-{number}")["body"]["items"]]
        server.lists["/api/v1/pods"] = ("PodList", "v1", pods)
        return server

    def respond(self, request: Request) -> None:
        """Answer one request."""
        with self._lock:
            request.number = self._counts.get(request.path, 0)
            self._counts[request.path] = request.number + 1
            self.requests.append(request)
        if request.method != "GET":
            request.answer(405, status_body(405, "MethodNotAllowed"))
            return
        fault = self.faults.get(request.path) or self.faults.get("*")
        if fault is not None and fault(request):
            return
        authorization = request.headers.get("authorization", "")
        if self.needs_login and authorization != f"Bearer {READER}":
            self._refuse(request, authorization)
        elif request.path in self.plain:
            request.answer(200, self.plain[request.path])
        elif request.path in self.lists:
            self._list(request)
        else:
            request.answer(404, recording("404-crd-not-installed")["body"])

    def _refuse(self, request: Request, authorization: str) -> None:
        if authorization == f"Bearer {NOBODY}":
            request.answer(403, recording("403-networkpolicies")["body"])
        elif authorization:
            request.answer(401, recording("401-bad-token")["body"])
        else:
            request.answer(403, recording("401or403-anonymous")["body"])

    def _list(self, request: Request) -> None:
        kind, api_version, items = self.lists[request.path]
        token = request.query.get("continue", "")
        if token and not token.removeprefix("from-").isdigit():
            request.answer(400, recording("400-bad-continue")["body"])
            return
        begin = int(token.removeprefix("from-") or 0)
        limit = int(request.query.get("limit", "0")) or len(items) or 1
        metadata: dict[str, Any] = {"resourceVersion": "563"}
        if begin + limit < len(items):
            metadata |= {"continue": f"from-{begin + limit}", "remainingItemCount": len(items) - begin - limit}
        page = list(items[begin : begin + limit])
        request.answer(200, {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": page})

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [request.path for request in self.requests]

    @contextmanager
    def running(self, *, tls: bool = False, wants_client: bool = False) -> Iterator[str]:
        """Serve on a free port of 127.0.0.1; yields the URL."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def _any(self) -> None:
                url = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                headers = {key.lower(): "\n".join(self.headers.get_all(key) or ()) for key in self.headers}
                owner.respond(Request(self.command, url.path, query, headers, self))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _any

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is no matter."""

        server = Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / "server.crt", CERTIFICATES / "server.key")
            if wants_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(CERTIFICATES / "ca.crt")
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
