"""What the tests of the loader share: a connection to a replaying server, and reading through it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.loaders.assemble import Loaded, assemble
from lib.loaders.cluster.connection import Connection, Patience
from lib.loaders.cluster.login import Login
from lib.loaders.cluster.read import ClusterRead, read_cluster
from tests.cluster.replay import CERTIFICATES, READER, ReplayServer

SOON = Patience(connect_s=1.0, read_s=0.5, answer_s=2.0, all_s=20.0, wait_s=0.01, longest_wait_s=0.05)
"""Waits that a test can sit out."""


def login(url: str, token: str = READER) -> Login:
    """A login with a bearer token."""
    return Login(url, headers=(("Authorization", f"Bearer {token}"),) if token else ())


def read(
    server: ReplayServer,
    *,
    token: str = READER,
    patience: Patience = SOON,
    cancelled: Callable[[], bool] = lambda: False,
) -> ClusterRead:
    """Read everything that the server serves."""
    with server.running() as url, Connection(login(url, token), patience=patience) as connection:
        return read_cluster(connection, cancelled=cancelled)


def loaded(found: ClusterRead) -> Loaded:
    """The snapshot of what was read."""
    return assemble(found.read, title="live", coverage=found.coverage)


def kubeconfig(url: str, user: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with one context, ``test``."""
    fields = {"server": url, **cluster}
    if url.startswith("https") and not cluster:
        fields["certificate-authority-data"] = base64.b64encode((CERTIFICATES / "ca.crt").read_bytes()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "clusters": [{"name": "c", "cluster": fields}],
        "users": [{"name": "u", "user": {"token": READER} if user is None else user}],
    }


def written(folder: Path, config: dict[str, Any], name: str = "config") -> Path:
    """A kubeconfig as a file."""
    path = folder / name
    path.write_text(json.dumps(config), "utf-8")
    return path
