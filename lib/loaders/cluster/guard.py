"""Connections that can be ended from outside, and of which the resolved address is checked on a shared server."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from lib.loaders.cluster.access import AllowList
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.watch import Watch

_ADDRESSES_TRIED: Final = 3


def watch_connections(manager: PoolManager, watch: Watch) -> None:
    """Show every connection of ``manager`` to ``watch``."""

    class Plain(_shown_to(watch, HTTPConnection)):  # type: ignore[misc]
        pass

    class Secure(_shown_to(watch, HTTPSConnection)):  # type: ignore[misc]
        pass

    _connect_by(manager, http=Plain, https=Secure)


def guard_connections(manager: PoolManager, allowed: AllowList, watch: Watch) -> None:
    """As ``watch_connections``; and ``manager`` connects by TLS only, and only to what ``allowed`` permits.

    The name is resolved once and the connection made to an address that was checked: a second answer of the name
    server counts for nothing.
    """

    class Connection(_shown_to(watch, HTTPSConnection)):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            # The name that is connected to is judged again: whoever checked the URL may have read another one in it.
            if not allowed.names_host(self._dns_host):
                raise address_refused()
            try:
                found = socket.getaddrinfo(self._dns_host, self.port, 0, socket.SOCK_STREAM)
            except OSError as error:
                raise NewConnectionError(self, "the name can't be resolved") from error
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            permitted = [each for each in addresses if allowed.permits(ipaddress.ip_address(each.partition("%")[0]))]
            # All of them: a name that also leads to a place that is refused is not to be trusted with the others.
            if len(permitted) != len(addresses) or not permitted:
                raise address_refused()
            failure: OSError | None = None
            for address in permitted[:_ADDRESSES_TRIED]:
                try:
                    return create_connection(
                        (address, self.port or 443),
                        self.timeout,
                        source_address=self.source_address,
                        socket_options=self.socket_options,
                    )
                except OSError as error:
                    failure = error
            raise NewConnectionError(self, "no connection") from failure

    _connect_by(manager, http=None, https=Connection)


def _shown_to(watch: Watch, base: Any) -> Any:
    class Shown(base):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            watch.hold(made)
            return made

        def connect(self) -> None:
            super().connect()
            watch.hold(self.sock)

        def request(self, *args: Any, **kwargs: Any) -> None:
            watch.hold(self.sock)
            super().request(*args, **kwargs)

    return Shown


def _connect_by(manager: PoolManager, *, http: Any, https: Any) -> None:
    class Plain(HTTPConnectionPool):
        ConnectionCls: Any = http

    class Secure(HTTPSConnectionPool):
        ConnectionCls: Any = https

    manager.pool_classes_by_scheme = ({"http": Plain} if http else {}) | {"https": Secure}


def address_refused() -> ClusterError:
    """Why the address that a host has is none to connect to."""
    return ClusterError(
        "address-refused",
        "the API server's name leads to an address that this server does not connect to",
        "Loopback, link-local and platform addresses are never allowed; an address that is not public has to be in a "
        "block that the operator lists in NETATLAS_ALLOWED_API_SERVERS",
    )
