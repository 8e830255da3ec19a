"""Reading a live cluster behind the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final

from lib.loaders.cluster.access import Access
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.kubeconfig import Kubeconfig
from lib.loaders.cluster.login import IN_CLUSTER, Login, log_in, service_account_login
from lib.loaders.cluster.uploaded import check_upload
from lib.ui.live_source import LiveSource, changes_between
from lib.ui.loaded import LoadedInput, LoadProgress, build

INSECURE: Final = "The connection is not secure: the server's certificate is not verified."
SERVERS_EYES: Final = "You look through this server's own login, and see whatever it may see."


@dataclass(frozen=True, slots=True)
class ClusterTarget:
    """What a visitor wants to read; it holds credentials, which its ``repr`` does not show.

    ``config`` None means the service account of the pod that this server runs in.
    """

    context: str
    access: Access = field(repr=False)
    config: Kubeconfig | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """What the input is called in the URL: the same each time that this cluster is read in this way."""
        cluster = ""
        if self.config is not None:
            entry = self.config.clusters.get(self.config.context(self.context).cluster)
            cluster = entry.text("server") if entry is not None else ""
        return "cluster:" + sha256(f"{self.context}\n{cluster}".encode()).hexdigest()[:12]

    def log_in(self) -> Login:
        """Its login, if this server permits it. Raises ClusterError; may run the plugin of one's own kubeconfig."""
        if not self.is_upload and not self.access.own_credentials:
            raise ClusterError(
                "own-login-off", "this server does not lend its own login", "Upload a kubeconfig instead"
            )
        if self.config is None:
            return service_account_login()
        context = self.config.context(self.context)
        if self.config.uploaded:
            check_upload(self.config, context, self.access)
        return log_in(self.config, context)

    @property
    def is_upload(self) -> bool:
        """Whether the visitor brought the credentials along."""
        return self.config is not None and self.config.uploaded

    def warning(self, login: Login) -> str:
        """What everybody who looks at the result has to know of the connection; "" where nothing."""
        insecure = INSECURE if not login.verify or not login.encrypted else ""
        eyes = SERVERS_EYES if self.access.shared and not self.is_upload else ""
        return " ".join(filter(None, (insecure, eyes)))


def service_account(access: Access) -> ClusterTarget:
    """The service account of this server's pod."""
    return ClusterTarget(IN_CLUSTER, access)


def load_cluster(
    target: ClusterTarget,
    before: LoadedInput | None,
    *,
    progress: Callable[[LoadProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> LoadedInput:
    """Read and build one cluster; ``before`` is an earlier reading of it, to say what changed since.

    Raises ClusterError where nothing can be read, and LoadCancelled.
    """
    # The official client takes half a second to import: only who connects pays for it.
    from lib.loaders.cluster.connection import Connection
    from lib.loaders.cluster.listing import Outcome
    from lib.loaders.cluster.read import read_cluster

    begun = time.perf_counter()
    login = target.log_in()
    with Connection(login, guard=target.access.guard if target.is_upload else None) as connection:
        found = read_cluster(connection, lambda cluster: progress(LoadProgress(cluster=cluster)), cancelled)
    loaded = build(
        target.id,
        target.context,
        found.read,
        assume_complete=False,
        coverage=found.coverage,
        begun=begun,
        progress=progress,
        cancelled=cancelled,
    )
    changes = None
    if before is not None:
        unread = {*before.snapshot.unread(), *loaded.snapshot.unread()}
        changes = changes_between(before.read, found.read, before.loaded_at, unread)
    absent = frozenset(kind for kind, outcome in found.outcomes.items() if outcome is Outcome.NOT_INSTALLED)
    return replace(loaded, live=LiveSource(target.context, login.server, target.warning(login), changes, absent))
