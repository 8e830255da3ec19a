"""One input after loading, with everything that pages ask of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lib.loaders.assemble import assemble
from lib.loaders.limits import DEFAULT
from lib.loaders.manifests import InputFile, Progress, ReadResult, read_inputs
from lib.model.domain_names import NameTable
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Coverage, Snapshot
from lib.ui.live_source import LiveSource

if TYPE_CHECKING:
    from lib.loaders.cluster.read import ClusterProgress


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is: reading files or a ``cluster`` first, then building ``built`` of ``total`` objects.

    ``kind`` is what is built at the moment.
    """

    reading: Progress | None = None
    built: int = 0
    total: int = 0
    kind: str = ""
    cluster: ClusterProgress | None = None

    @property
    def share(self) -> float:
        """From 0 to 1; reading takes the first two thirds."""
        if self.total:
            return (2 + min(self.built / self.total, 1.0)) / 3
        if self.cluster is not None:
            return 2 / 3 * self.cluster.share
        return 2 / 3 * min(self.reading.share, 1.0) if self.reading is not None else 0.0


@dataclass(frozen=True, slots=True)
class LoadedInput:
    """A snapshot, the trouble with its input and the documents behind it.

    ``id`` names the input in the URL: ``sample:<name>``, ``upload:<start of the content hash>`` or ``cluster:<hash of
    context and server>``; ``live`` is where the latter was read from (None: from files). ``read`` is kept so
    that the statement "this is everything" can be changed without reading again. ``duration_s`` is the time that
    reading and building took. ``names_key`` tells the tables of domain names apart that a visitor gave ("": none).
    """

    id: str
    title: str
    read: ReadResult
    snapshot: Snapshot
    problems: tuple[Problem, ...]
    assume_complete: bool
    loaded_at: datetime
    duration_s: float
    names_key: str = ""
    live: LiveSource | None = None

    def with_names(self, table: NameTable, key: str) -> LoadedInput:
        """The same input with a visitor's table of domain names; ``key`` tells it from other tables."""
        return replace(self, snapshot=replace(self.snapshot, domain_names=table), names_key=key)

    @property
    def is_sample(self) -> bool:
        """Whether it came with NetAtlas, so that it may be shared between visitors."""
        return self.id.startswith("sample:")

    @property
    def key(self) -> str:
        """What results are kept under: content, statement of completeness, table of domain names."""
        return f"{self.snapshot.content_hash}:{self.assume_complete}:{self.names_key}"

    @property
    def object_count(self) -> int:
        """Objects that were read, of kinds that NetAtlas shows."""
        return sum(self.snapshot.object_counts.values())

    @property
    def errors(self) -> int:
        """Documents or objects that were not taken over."""
        return sum(p.severity is Severity.ERROR for p in self.problems)

    @property
    def coverage_counts(self) -> Counter[Coverage]:
        """How many kinds are complete, partial, not supplied and refused."""
        return Counter(self.snapshot.coverage.values())


def load(
    id_: str,
    title: str,
    files: tuple[InputFile, ...],
    *,
    assume_complete: bool = False,
    progress: Callable[[LoadProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> LoadedInput:
    """Read and build one input. Raises LoadCancelled soon after ``cancelled`` begins to answer True.

    An ``id_`` that ends in a colon is completed by the content hash.
    """
    begun = time.perf_counter()
    read = read_inputs(files, DEFAULT, lambda reading: progress(LoadProgress(reading)), cancelled)
    return build(id_, title, read, assume_complete=assume_complete, begun=begun, progress=progress, cancelled=cancelled)


def nothing() -> LoadedInput:
    """An input without an object, for a page that works without one."""
    return load("nothing", "Nothing is loaded", ())


def build(
    id_: str,
    title: str,
    read: ReadResult,
    *,
    assume_complete: bool,
    coverage: Mapping[str, Coverage] | None = None,
    begun: float | None = None,
    progress: Callable[[LoadProgress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> LoadedInput:
    """Build the snapshot of what was read, as a new input. Raises LoadCancelled as ``load``.

    ``coverage`` is what the loader of a cluster knows of the kinds that it asked for.
    """
    begun = time.perf_counter() if begun is None else begun
    result = assemble(
        read,
        title=title,
        assume_complete=assume_complete,
        coverage=coverage,
        progress=lambda done, total, kind: progress(LoadProgress(None, done, total, kind)),
        cancelled=cancelled,
    )
    return LoadedInput(
        id=id_ + read.content_hash[:12] if id_.endswith(":") else id_,
        title=title,
        read=read,
        snapshot=result.snapshot,
        problems=tuple(result.problems),
        assume_complete=assume_complete,
        loaded_at=datetime.now(UTC),
        duration_s=time.perf_counter() - begun,
    )
