"""What is taken over while a Snapshot is put together: objects by kind and reference, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from lib.loaders.config_values import fact_of
from lib.loaders.documents import RawObject
from lib.loaders.parse import KindReader, reader_for
from lib.model.policies import RejectedPolicy
from lib.model.records import dataclass, field
from lib.model.refs import ObjectRef


@dataclass(slots=True)
class Collected:
    """Model objects by reference, in the order of the input; the later of two with the same name counts."""

    by_kind: dict[str, dict[ObjectRef, Any]] = field(default_factory=dict)
    raws: dict[ObjectRef, RawObject] = field(default_factory=dict)
    rejected: list[RejectedPolicy] = field(default_factory=list)
    rejected_hosts: list[RejectedPolicy] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    namespaces: set[str] = field(default_factory=set)
    readers: dict[tuple[str, str], KindReader | None] = field(default_factory=dict)

    def reader(self, raw: RawObject) -> KindReader | None:
        """The reader of an object's kind, looked up once for each version and kind; of ConfigMaps few are read."""
        if raw.kind == "ConfigMap" and fact_of(raw.obj) is None:
            return None
        key = (raw.api_version, raw.kind)
        if key not in self.readers:
            self.readers[key] = reader_for(*key)
        return self.readers[key]

    def all(self, kind: str) -> Iterable[Any]:
        """The objects of one kind."""
        return self.by_kind.get(kind, {}).values()

    def of(self, *kinds: str) -> list[Any]:
        """The objects of several kinds."""
        return [item for kind in kinds for item in self.all(kind)]

    def reject(self, policy: RejectedPolicy) -> None:
        """Keep what is called so and could not be read; its kind is never complete then."""
        self.damaged.add(policy.ref.kind)
        if policy.ref.kind == "HostEndpoint":
            self.rejected_hosts.append(policy)
            return
        self.rejected.append(policy)
        self.namespaces.add(policy.namespace)
