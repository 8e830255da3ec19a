"""A whole cluster: every kind listed, some at a time, and joined to what reading files gives."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Final

from lib.loaders.cluster.connection import Answer, Connection, TooLarge, Unreachable
from lib.loaders.cluster.discovery import Served, discover
from lib.loaders.cluster.documents import LiveDocuments
from lib.loaders.cluster.errors import ClusterError
from lib.loaders.cluster.listing import Circumstances, Gone, Listing, Outcome, list_resource
from lib.loaders.cluster.named import read_config_maps
from lib.loaders.cluster.resources import CONFIG_MAPS, KINDS, Resource, resources_of
from lib.loaders.collector import without_collector
from lib.loaders.kinds import CUSTOM_KINDS, written
from lib.loaders.manifests import LoadCancelled, ReadResult
from lib.model.problem import Problem, Severity
from lib.model.refs import Source
from lib.model.snapshot import Coverage

PARALLEL: Final = 6
LOG_IN: Final = (
    "Log in again: `az login` and `az aks get-credentials` for Entra ID clusters, or get a new token "
    "(`kubectl create token`) or certificate; then connect again"
)
_SPARSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class KindProgress:
    """One kind: how it stands, objects so far, and how many the server says there are (0: it does not say)."""

    kind: str
    outcome: Outcome
    objects: int = 0
    expected: int = 0


@dataclass(frozen=True, slots=True)
class ClusterProgress:
    """How far the lists are, in the order in which they are asked for."""

    kinds: tuple[KindProgress, ...]

    @property
    def done(self) -> int:
        """Kinds whose list has ended, in whatever way."""
        return sum(k.outcome not in (Outcome.WAITING, Outcome.READING) for k in self.kinds)

    @property
    def objects(self) -> int:
        """Objects so far."""
        return sum(k.objects for k in self.kinds)

    @property
    def share(self) -> float:
        """From 0 to 1: each kind counts alike, and one that is being read by its objects."""
        if not self.kinds:
            return 0.0
        reading = (k.objects / k.expected for k in self.kinds if k.outcome is Outcome.READING and k.expected)
        return min(1.0, (self.done + sum(min(1.0, share) for share in reading)) / len(self.kinds))


@dataclass(frozen=True, slots=True)
class ClusterRead:
    """What was read of a cluster; ``coverage`` is what the lists say of each kind that is asked for."""

    read: ReadResult
    coverage: Mapping[str, Coverage]
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


def read_cluster(
    connection: Connection,
    progress: Callable[[ClusterProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ClusterRead:
    """Everything of RESOURCES that the login may list; what went wrong is told by Problems.

    Raises LoadCancelled, and ClusterError where nothing at all can be read: no connection, or the login is refused.
    """
    run = _Run(connection, progress, cancelled)
    served = run.discover()
    with without_collector():
        run.list_all(served)
    return run.result(served)


class _Run:
    def __init__(
        self, connection: Connection, progress: Callable[[ClusterProgress], None], cancelled: Callable[[], bool]
    ) -> None:
        self.connection = connection
        self.progress = progress
        self.cancelled = cancelled
        self.until = time.monotonic() + connection.patience.all_s
        self.gone = Gone()
        # The list of each kind that counts at the moment; a kind may be sought in two API groups.
        self.listings: dict[str, Listing] = {kind: Listing(resources_of(kind)[0]) for kind in KINDS}
        self.failure: ClusterError | None = None

    def discover(self) -> Served:
        """What the server has; the first request, so that it also says whether there is a server and a login."""
        return discover(self._ask)

    def _ask(self, path: str, accept: str) -> Answer | None:
        patience, wait_s = self.connection.patience, self.connection.patience.wait_s
        reason = ""
        for attempt in range(2):
            if attempt:
                self._wait(wait_s)
            try:
                answer = self.connection.get(path, accept=accept, cancelled=self.cancelled)
            except TooLarge:
                return None
            except Unreachable as error:
                reason = error.reason
                continue
            if answer.status == 401:
                raise ClusterError("login-refused", f"{self.connection.server} does not know the login (401)", LOG_IN)
            if answer.status == 429 or answer.status >= 500:
                wait_s = max(wait_s, min(answer.retry_after_s, patience.longest_wait_s))
                continue
            return answer
        if reason:
            remedy = "Check the address, the network and the VPN; `kubectl version` would fail too"
            raise ClusterError("unreachable", f"{self.connection.server}: {reason}", remedy)
        return None

    def list_all(self, served: Served) -> None:
        """List every kind, PARALLEL at a time."""
        shared = Circumstances(
            self.connection, self._stopped, lambda: time.monotonic() < self.until, self.gone, self._wait
        )
        self._report()
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="netatlas-list") as pool:
            tasks = [pool.submit(self._kind, kind, served, shared) for kind in KINDS]
            reporter = threading.Event()
            watch = threading.Thread(target=self._report_until, args=(reporter,), name="netatlas-progress", daemon=True)
            watch.start()
            try:
                for task in as_completed(tasks):
                    task.result()
            except ClusterError as error:
                self.failure = error
            finally:
                # Whatever ended it, the other lists end at their next look.
                self.gone.reason = self.gone.reason or "the load was given up"
                for task in tasks:
                    task.cancel()
                reporter.set()
                watch.join()
        self._report()
        if self.cancelled():
            raise LoadCancelled

    def _stopped(self) -> bool:
        return self.cancelled() or self.failure is not None

    def _kind(self, kind: str, served: Served, shared: Circumstances) -> None:
        """List one kind in the first group and version that has it."""
        refused: Listing | None = None
        listing = self.listings[kind]
        if kind == CONFIG_MAPS.kind:
            read_config_maps(listing, shared)
            return
        for resource in resources_of(kind):
            if unread := served.unread_versions(resource):
                words = ", ".join(sorted(unread)[:5])
                listing = self._begin(kind, resource)
                listing.end(Outcome.UNFINISHED, f"the server has it in versions only that are not read ({words[:60]})")
                return
            for version in served.versions_of(resource):
                listing = self._begin(kind, resource)
                list_resource(listing, version, shared)
                if listing.outcome is Outcome.REFUSED:
                    refused = refused or listing
                elif listing.outcome is not Outcome.NOT_INSTALLED:
                    return
        if refused is not None:
            self.listings[kind] = refused
        elif kind in CUSTOM_KINDS:
            listing.end(Outcome.NOT_INSTALLED)
        else:
            listing.end(Outcome.UNFINISHED, "the server does not have it, which every API server has")

    def _begin(self, kind: str, resource: Resource) -> Listing:
        self.listings[kind] = Listing(resource)
        return self.listings[kind]

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.cancelled():
                raise LoadCancelled
            time.sleep(min(left, 0.1))

    def _report_until(self, ended: threading.Event) -> None:
        while not ended.wait(_SPARSE_S):
            self._report()

    def _report(self) -> None:
        listings = list(self.listings.items())
        self.progress(
            ClusterProgress(
                tuple(KindProgress(k, each.outcome, len(each.objects), each.expected) for k, each in listings)
            )
        )

    def result(self, served: Served) -> ClusterRead:
        """Objects, coverage and Problems of all lists."""
        if self.failure is not None and not any(each.objects for each in self.listings.values()):
            raise self.failure
        self._refuse_nothing()
        read = ReadResult(
            objects=tuple(raw for each in self.listings.values() for raw in each.objects),
            lists=(),
            documents=LiveDocuments({each.resource.name: each.objects for each in self.listings.values()}),
            problems=tuple(self._problems()),
            content_hash=_hash(self.listings),
            files=tuple(each.resource.name for each in self.listings.values() if each.objects),
        )
        coverage = {kind: _COVERAGE[each.outcome] for kind, each in self.listings.items()}
        return ClusterRead(read, coverage, {kind: each.outcome for kind, each in self.listings.items()})

    def _refuse_nothing(self) -> None:
        """Raise where not one list could be read."""
        # That no ConfigMap is there says nothing of whether anything may be listed.
        outcomes = {each.outcome for kind, each in self.listings.items() if kind != CONFIG_MAPS.kind}
        if Outcome.COMPLETE in outcomes or any(each.objects for each in self.listings.values()):
            return
        server = self.connection.server
        if Outcome.NOT_LOGGED_IN in outcomes:
            raise ClusterError("login-refused", f"{server} does not know the login (401)", LOG_IN)
        if Outcome.REFUSED in outcomes:
            remedy = "Log in, or let the login list them: `python -m lib doctor` prints the rules that are missing"
            raise ClusterError("nothing-readable", f"{server} refuses to list any kind (403)", remedy)
        reason = next((each.reason for each in self.listings.values() if each.reason), "nothing can be listed")
        raise ClusterError("nothing-readable", f"{server}: {reason}", "Check that this is a Kubernetes API server")

    def _problems(self) -> Iterator[Problem]:
        if self.failure is not None:
            yield Problem(Severity.ERROR, self.failure.code, str(self.failure), self.failure.remedy)
        for kind, each in self.listings.items():
            name = written(kind)
            place = Source(each.resource.name, 1)
            if each.outcome is Outcome.REFUSED:
                message = f"{name}: {each.reason}; what depends on it is unknown"
                may = "get" if kind == CONFIG_MAPS.kind else "list"
                rule = "`python -m lib doctor` prints the rule that is missing"
                remedy = f"Let the login {may} {each.resource.name}: {rule}."
                # Of the settings only the profile hangs, and what a chosen engine is told.
                severity = Severity.WARNING if kind == CONFIG_MAPS.kind else Severity.ERROR
                yield Problem(severity, "kind-refused", message, remedy, place)
            elif each.outcome is Outcome.NOT_LOGGED_IN:
                yield Problem(Severity.ERROR, "login-refused", f"{name}: {each.reason}", f"{LOG_IN}.", place)
            elif each.outcome in _BROKEN:
                reason = each.reason or "it was not asked for"
                count = f"{len(each.objects):,} object{'s' if len(each.objects) != 1 else ''}"
                message = f"{name}: {reason}; {count} of it were read, and what depends on the others is unknown"
                yield Problem(Severity.ERROR, "list-broke-off", message, "Refresh, or connect again.", place)


_BROKEN: Final = (Outcome.UNFINISHED, Outcome.WAITING, Outcome.READING)
_COVERAGE: Final = {
    Outcome.COMPLETE: Coverage.COMPLETE,
    Outcome.NOT_INSTALLED: Coverage.COMPLETE,
    Outcome.REFUSED: Coverage.REFUSED,
    **dict.fromkeys((*_BROKEN, Outcome.NOT_LOGGED_IN), Coverage.UNFINISHED),
}


def _hash(listings: Mapping[str, Listing]) -> str:
    """SHA-256 over what was kept; equal for two loads between which nothing changed that the model is made of."""
    digest = hashlib.sha256()
    for kind, each in listings.items():
        digest.update(f"{kind} {each.outcome.value} {len(each.objects)} {each.digest.hexdigest()}\n".encode())
    return digest.hexdigest()
