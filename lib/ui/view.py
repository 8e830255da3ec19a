"""What the visitor's filters let through."""

from __future__ import annotations

from dataclasses import dataclass

from lib.model.labels import EVERYTHING, Labels, LabelSelector
from lib.model.refs import ObjectRef


@dataclass(frozen=True, slots=True)
class ViewFilter:
    """Namespaces and labels to show; no namespaces means all of them. Hashable: results can be kept under it.

    A filter chooses what is listed. It never changes what is computed: a hidden namespace's policies still count.
    """

    namespaces: frozenset[str] = frozenset()
    labels: LabelSelector = EVERYTHING

    @property
    def is_everything(self) -> bool:
        """Whether nothing is hidden."""
        return not self.namespaces and self.labels.is_everything

    def shows_namespace(self, name: str) -> bool:
        """Whether objects of a namespace are shown; "" (cluster-scoped) always is."""
        return not self.namespaces or not name or name in self.namespaces

    def shows(self, ref: ObjectRef, labels: Labels | None = None) -> bool:
        """Whether an object is shown; without ``labels`` only its namespace is judged."""
        return self.shows_namespace(ref.namespace) and (labels is None or self.labels.matches(labels))
