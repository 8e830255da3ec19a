"""Where a live input came from, and what changed since it was read before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lib.loaders.manifests import ReadResult
from lib.loaders.object_changes import object_changes


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise than at an earlier reading, by kind; of what the model is made of only.

    Of the kinds ``not_compared`` one of the readings was refused or broke off.
    """

    since: datetime
    added: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    not_compared: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of which anything changed."""
        return tuple(sorted({*self.added, *self.removed, *self.changed}))

    @property
    def counts(self) -> tuple[int, int, int]:
        """Objects added, removed and changed, of all kinds."""
        return sum(self.added.values()), sum(self.removed.values()), sum(self.changed.values())


@dataclass(frozen=True, slots=True)
class LiveSource:
    """The context and the server that an input was read from; nothing of its credentials.

    ``warning`` is a sentence on the connection that everybody who looks at it must see, "" without one;
    ``not_installed`` are the kinds that the server does not have.
    """

    context: str
    server: str
    warning: str = ""
    changes: Changes | None = None
    not_installed: frozenset[str] = frozenset()


def changes_between(
    before: ReadResult, after: ReadResult, since: datetime, not_compared: Collection[str] = ()
) -> Changes:
    """Compare two readings of one cluster, by kind and name.

    ``not_compared`` are kinds of which either reading has not all: what is missing there need not be gone.
    """
    counted: dict[str, Counter[str]] = {"added": Counter(), "removed": Counter(), "changed": Counter()}
    for each in object_changes(before, after, not_compared):
        counted[each.change][each.kind] += 1
    return Changes(
        since, **{how: dict(kinds) for how, kinds in counted.items()}, not_compared=tuple(sorted(not_compared))
    )
