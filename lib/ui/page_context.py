"""What a page is handed: the input, the filter, and results that are computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from lib.loaders.manifests import DocumentStore
from lib.model.cluster import Workload
from lib.model.labels import Labels
from lib.model.problem import Problem
from lib.model.refs import ObjectRef
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
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads that are shown."""
        return tuple(w for w in self.snapshot.workloads if self.view.shows(w.ref, w.labels))

    def shows(self, ref: ObjectRef) -> bool:
        """Whether an object is shown, by its namespace and its own labels."""
        if not self.view.shows_namespace(ref.namespace):
            return False
        if self.view.labels.is_everything:
            return True
        known = self.snapshot.workload_by_ref.get(ref) or self.snapshot.service_by_ref.get(ref)
        labels = known.labels if known else self.cached(("other-labels",), self._other_labels).get(ref)
        return labels is None or self.view.labels.matches(labels)

    def _other_labels(self) -> Mapping[ObjectRef, Labels]:
        known = self.snapshot
        found = {i.ref: i.labels for i in known.ingresses} | {g.ref: g.labels for g in known.gateways}
        return found | {r.ref: r.labels for r in known.gateway_routes} | {n.ref: n.labels for n in known.nodes}

    def cached(self, key: Hashable, build: Callable[[], T]) -> T:
        """The result under ``key``: a tuple of the result's name and all that it depends on beside the input."""
        return store_of(self.loaded).get(key, build)
