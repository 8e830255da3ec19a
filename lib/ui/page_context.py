"""What a page is handed: the input, the filter, and results that are computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

from lib.loaders.manifests import DocumentStore
from lib.model.cluster import Workload
from lib.model.labels import Labels
from lib.model.problem import Problem
from lib.model.refs import ObjectRef
from lib.model.routes import Ingress
from lib.model.services import Service
from lib.model.snapshot import Snapshot
from lib.ui.loaded import LoadedInput
from lib.ui.results_store import store_of
from lib.ui.view import ViewFilter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageContext:
    """One input and how the visitor looks at it.

    Analysis is made on the whole ``snapshot``; ``view`` only chooses what is listed.
    """

    loaded: LoadedInput
    view: ViewFilter

    @property
    def snapshot(self) -> Snapshot:
        """Everything that was read, whatever is filtered."""
        return self.loaded.snapshot

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The trouble with the input."""
        return self.loaded.problems

    @property
    def documents(self) -> DocumentStore:
        """The documents behind the snapshot, for excerpts and lines."""
        return self.loaded.read.documents

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The names of the namespaces that are shown, sorted."""
        return tuple(sorted(n.name for n in self.snapshot.namespaces if self.view.shows_namespace(n.name)))

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads that are shown."""
        return tuple(w for w in self.snapshot.workloads if self.view.shows(w.ref, w.labels))

    @property
    def services(self) -> tuple[Service, ...]:
        """The Services that are shown."""
        return tuple(s for s in self.snapshot.services if self.view.shows(s.ref, s.labels))

    @property
    def ingresses(self) -> tuple[Ingress, ...]:
        """The Ingresses that are shown."""
        return tuple(i for i in self.snapshot.ingresses if self.view.shows(i.ref, i.labels))

    def shows(self, ref: ObjectRef, labels: Labels | None = None) -> bool:
        """Whether an object is shown; without ``labels`` those of a known workload or Service are used."""
        if labels is None:
            known = self.snapshot.workload_by_ref.get(ref) or self.snapshot.service_by_ref.get(ref)
            labels = known.labels if known else None
        return self.view.shows(ref, labels)

    def cached(self, key: Hashable, build: Callable[[], T]) -> T:
        """The result under ``key``: a tuple of the result's name and all that it depends on beside the input."""
        return store_of(self.loaded).get(key, build)
