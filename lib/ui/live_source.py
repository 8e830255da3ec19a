"""Where a live input came from, and what changed since it was read before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lib.loaders.manifests import ReadResult


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
    """Compare the kept objects of two readings of one cluster, by kind and name.

    ``not_compared`` are kinds of which either reading has not all: what is missing there need not be gone.
    """
    old, new = _by_name(before, not_compared), _by_name(after, not_compared)
    added, removed, changed = Counter[str](), Counter[str](), Counter[str]()
    for key, value in new.items():
        if key not in old:
            added[key[0]] += 1
        elif old[key] != value:
            changed[key[0]] += 1
    for key in old.keys() - new.keys():
        removed[key[0]] += 1
    return Changes(since, dict(added), dict(removed), dict(changed), tuple(sorted(not_compared)))


def _by_name(read: ReadResult, without: Collection[str]) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {}
    for raw in read.objects:
        if raw.kind in without:
            continue
        metadata = raw.obj.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        found[raw.kind, str(metadata.get("namespace", "")), str(metadata.get("name", ""))] = raw.obj
    return found
