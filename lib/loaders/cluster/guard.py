"""Connections of which the resolved address is checked, so that a name can't lead anywhere else."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from lib.loaders.cluster.access import AllowList
from lib.loaders.cluster.errors import ClusterError


def guard_connections(manager: PoolManager, allowed: AllowList) -> None:
    """Let ``manager`` connect by TLS only, and only to addresses that ``allowed`` permits.

    The name is resolved once and the connection made to the address that was checked: a second answer of the name
    server counts for nothing.
    """

    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            try:
                found = socket.getaddrinfo(self._dns_host, self.port, 0, socket.SOCK_STREAM)
            except OSError as error:
                raise NewConnectionError(self, "the name can't be resolved") from error
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            permitted = [each for each in addresses if allowed.permits(ipaddress.ip_address(each.partition("%")[0]))]
            # All of them: a name that also leads to a place that is refused is not to be trusted with the others.
            if len(permitted) != len(addresses) or not permitted:
                raise address_refused()
            try:
                return create_connection(
                    (permitted[0], self.port or 443),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                raise NewConnectionError(self, "no connection") from error

    class Pool(HTTPSConnectionPool):
        ConnectionCls: Any = Connection

    manager.pool_classes_by_scheme = {"https": Pool}


def address_refused() -> ClusterError:
    """Why the address that a host has is none to connect to."""
    return ClusterError(
        "address-refused",
        "the API server's name leads to an address that this server does not connect to",
        "Loopback, link-local and platform addresses are never allowed; an address that is not public has to be in a "
        "block that the operator lists in NETATLAS_ALLOWED_API_SERVERS",
    )
