"""The objects of a live cluster in place of a file's text: named by kind and name, and written as YAML when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from lib.loaders.documents import DocumentStore, RawObject
from lib.loaders.kinds import written
from lib.loaders.parse.metadata import rough_ref
from lib.model.refs import Source


class LiveDocuments(DocumentStore):
    """What was kept of every object, by the resource that it was listed as and its place in that list.

    A place has no line: it is the kind, the name and the path inside the object.
    """

    def __init__(self, objects: Mapping[str, Sequence[RawObject]]) -> None:
        super().__init__()
        self._objects = objects

    def knows(self, file: str, number: int) -> bool:
        """Whether a resource was listed."""
        return file in self._objects

    def line_of(self, source: Source) -> int | None:
        """None: live objects have no lines."""
        return None

    def excerpt(self, source: Source) -> tuple[int, str]:
        """1 and what was kept of the object as YAML; ``(1, "")`` when it is not known."""
        raw = self._object(source)
        if raw is None:
            return 1, ""
        shown = {"apiVersion": raw.api_version, "kind": written(raw.kind), **raw.obj}
        return 1, yaml.dump(shown, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100).rstrip()

    def file_line(self, source: Source) -> str:
        """``NetworkPolicy shop/web spec.ingress[0]``, or the resource where the object is not known."""
        raw = self._object(source)
        if raw is None:
            return source.file
        ref = rough_ref(raw.obj, written(raw.kind), bool(raw.obj.get("metadata", {}).get("namespace")))
        return f"{ref.kind} {ref.qualified_name} {source.path_text}".rstrip()

    def _object(self, source: Source) -> RawObject | None:
        listed = self._objects.get(source.file, ())
        return listed[source.item] if 0 <= source.item < len(listed) else None


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Parts that objects share are written out each time."""
        return True
