"""Objects as the readers hand them over, written as YAML in the tests."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import yaml

from lib.loaders.assemble import Loaded, assemble
from lib.loaders.documents import DocumentStore, ListInfo, RawObject
from lib.loaders.manifests import ReadResult
from lib.model.refs import Source


def read(text: str, file: str = "a.yaml") -> ReadResult:
    """Documents and lists of ``text``, as the manifest reader returns them."""
    objects: list[RawObject] = []
    lists: list[ListInfo] = []
    for number, value in enumerate(yaml.safe_load_all(dedent(text)), 1):
        if value is None:
            continue
        kind, version = str(value.get("kind")), str(value.get("apiVersion", ""))
        source = Source(file, number)
        if kind.endswith("List") and isinstance(value.get("items"), list):
            revision = str((value.get("metadata") or {}).get("resourceVersion") or "")
            lists.append(ListInfo(source, kind, version, revision, len(value["items"])))
            for index, item in enumerate(value["items"]):
                objects.append(
                    RawObject(
                        item,
                        Source(file, number, (), index),
                        item.get("apiVersion") or version,
                        item.get("kind") or kind.removesuffix("List"),
                    )
                )
        else:
            objects.append(RawObject(value, source, version, kind))
    return ReadResult(tuple(objects), tuple(lists), DocumentStore(), (), "0" * 64, (file,))


def load(text: str, **options: Any) -> Loaded:
    """The Snapshot and Problems of the YAML in ``text``."""
    return assemble(read(text), title="test", **options)


def faults(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Severity, code and path of every Problem, in order."""
    return [(p.severity.label, p.code, p.source.path_text if p.source else "") for p in loaded.problems]


def merged(base: str, changes: str) -> str:
    """The YAML ``base`` with the mappings of ``changes`` laid over it; a list or null replaces what was there."""
    return yaml.safe_dump(_over(yaml.safe_load(dedent(base)), yaml.safe_load(dedent(changes))), sort_keys=False)


def _over(base: Any, changes: Any) -> Any:
    if isinstance(base, dict) and isinstance(changes, dict):
        return {**base, **{key: _over(base.get(key), value) for key, value in changes.items()}}
    return changes
