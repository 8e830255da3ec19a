"""Requests to one API server: GET only, redirects never followed, every answer bounded in size and time."""

from __future__ import annotations

import os
import ssl
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote as percent
from urllib.parse import unquote, urlencode

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from urllib3.exceptions import (
    HTTPError,
    InsecureRequestWarning,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
    TimeoutError,
)

from lib.loaders.cluster.access import AllowList
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.guard import guard_connections, watch_connections
from lib.loaders.cluster.login import Login
from lib.loaders.cluster.watch import Watch
from lib.loaders.limits import MIB
from lib.loaders.manifests import LoadCancelled

_PIECE_BYTES: Final = 1 << 16
_JSON: Final = "application/json"
_ENCODINGS: Final = ("identity", "gzip")
"""One each: an answer that is packed again and again grows without bound when it is unpacked."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds, and how often something is tried again.

    ``read_s`` is for each piece of an answer, ``answer_s`` for all of it, ``all_s`` for a whole cluster. ``wait_s`` is
    the first wait before another try; it doubles up to ``longest_wait_s``, which also bounds what a server asks for.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    answer_s: float = 180.0
    all_s: float = 1800.0
    wait_s: float = 0.5
    longest_wait_s: float = 20.0
    tries: int = 5
    answer_bytes: int = 64 * MIB


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its body unpacked; ``retry_after_s`` is what the server asks to wait (0: nothing)."""

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float = 0.0


class Unreachable(Exception):
    """No whole answer came: the sentence says why. ``retry``: it may come another time."""

    def __init__(self, reason: str, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.retry = reason, retry


class TooLarge(Exception):
    """The answer is larger than an answer may be."""


class Connection:
    """A pool of connections to the API server of a Login; close it after use. Its ``repr`` shows the URL only."""

    def __init__(
        self, login: Login, *, guard: AllowList | None = None, patience: Patience | None = None, parallel: int = 8
    ) -> None:
        self.server = login.server
        self.patience = patience or Patience()
        self._headers = urllib3.HTTPHeaderDict({"User-Agent": "netatlas", "Accept-Encoding": "gzip"})
        for name, value in login.headers:
            self._headers.add(name, value)
        self._held = ExitStack()
        self._watch = Watch()
        self._held.callback(self._watch.close)
        try:
            self._manager = self._connected(login, guard, parallel)
        except ClusterError:
            self._held.close()
            raise

    def __repr__(self) -> str:
        return f"Connection({self.server!r})"

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and forget the client's key."""
        self._manager.clear()
        self._held.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        accept: str = _JSON,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """One answer, whatever its status. Raises Unreachable, TooLarge, LoadCancelled, and ClusterError for good."""
        url = self.server + percent(path, safe="/") + (f"?{urlencode(query)}" if query else "")
        answer: Answer | None = None
        with self._watch.turn(self.patience.answer_s, cancelled) as turn:
            try:
                answer = self._answer(url, accept)
            except (ClusterError, Unreachable):
                if not turn.cut:
                    raise
        if answer is not None and not turn.cut:
            return answer
        # What came before it was cut off may look like a whole answer.
        if cancelled():
            raise LoadCancelled
        raise Unreachable("the server did not finish its answer in time")

    def _answer(self, url: str, accept: str) -> Answer:
        headers = urllib3.HTTPHeaderDict(self._headers)
        headers["Accept"] = accept
        patience = self.patience
        try:
            response = self._manager.request(
                "GET",
                url,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=patience.connect_s, read=patience.read_s),
            )
            try:
                body = self._body(response)
                # Only what was read to its end may be used again.
                response.release_conn()
            finally:
                response.close()
        except SSLError as error:
            raise ClusterError("tls", f"no secure connection to {self.server}: {_tls_reason(error)}", _TLS) from None
        except ProxyError:
            raise Unreachable("the proxy does not answer or refuses") from None
        except NameResolutionError:
            raise Unreachable("its name can't be resolved") from None
        except NewConnectionError:
            raise Unreachable("no connection could be made") from None
        except TimeoutError:
            raise Unreachable("the server did not answer in time") from None
        except (HTTPError, OSError):
            raise Unreachable("the connection broke off") from None
        return Answer(response.status, body, _seconds(response.headers.get("Retry-After", "")))

    def _body(self, response: urllib3.BaseHTTPResponse) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() not in _ENCODINGS:
            raise Unreachable("the server packs its answer in a way that was not asked for")
        pieces = bytearray()
        while piece := response.read1(_PIECE_BYTES, decode_content=True):
            pieces += piece
            if len(pieces) > self.patience.answer_bytes:
                raise TooLarge
        return bytes(pieces)

    def _connected(self, login: Login, guard: AllowList | None, parallel: int) -> urllib3.PoolManager:
        configuration = Configuration(host=login.server)
        configuration.connection_pool_maxsize = parallel
        if guard is not None:
            configuration.proxy = None
        elif login.proxy:
            configuration.proxy = login.proxy
            user = urllib3.util.parse_url(login.proxy).auth
            configuration.proxy_headers = urllib3.util.make_headers(proxy_basic_auth=unquote(user)) if user else None
            configuration.no_proxy = None
        configuration.verify_ssl = login.verify
        configuration.ca_cert_data = login.authority or None
        configuration.tls_server_name = login.tls_server_name or None
        if not login.verify:
            warnings.filterwarnings("ignore", category=InsecureRequestWarning)
        try:
            if login.authority:
                ssl.create_default_context(cadata=login.authority)
            if login.certificate:
                configuration.cert_file = self._held_file(login.certificate)
                configuration.key_file = self._held_file(login.key)
                files = (configuration.cert_file, configuration.key_file)
                ssl.create_default_context().load_cert_chain(*files, _no_phrase)
        except (ssl.SSLError, ValueError, OSError):
            message = "a certificate or a key of the kubeconfig can't be read"
            remedy = "Get the kubeconfig again; `kubectl` would fail too"
            raise ClusterError("bad-kubeconfig", message, remedy) from None
        manager: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        if guard is not None:
            guard_connections(manager, guard, self._watch)
        else:
            watch_connections(manager, self._watch)
        return manager

    def _held_file(self, text: str) -> str:
        """A name for a text that OpenSSL takes from files only: in memory where the system has such files."""
        if hasattr(os, "memfd_create"):
            handle = os.memfd_create("netatlas", os.MFD_CLOEXEC)
            self._held.callback(os.close, handle)
            os.write(handle, text.encode("ascii"))
            return f"/proc/self/fd/{handle}"
        kept = tempfile.NamedTemporaryFile(prefix="netatlas-")  # noqa: SIM115 -- closed, and so removed, by the stack
        self._held.callback(kept.close)
        kept.write(text.encode("ascii"))
        kept.flush()
        return kept.name


_TLS: Final = "Check the certificate authority and the server's name in the kubeconfig; `kubectl` would fail too"


def _no_phrase(*_: Any) -> bytes:
    """The pass phrase of an encrypted key: none, instead of a question on the terminal."""
    return b""


def _tls_reason(error: SSLError) -> str:
    cause: Any = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message})"
    return "the TLS handshake failed"


def _seconds(text: str) -> float:
    with suppress(ValueError):
        return max(0.0, float(int(text)))
    return 0.0
