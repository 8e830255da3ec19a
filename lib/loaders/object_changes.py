"""Two inputs compared object by object: as far as the model is made of them, wherever each was read from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from lib.loaders.bundle.needed import needed
from lib.loaders.cluster.keep import Keeper
from lib.loaders.cluster.resources import Resource, resources_of
from lib.loaders.documents import RawObject
from lib.loaders.kinds import called, group_of, written
from lib.loaders.parse import KIND_READERS
from lib.loaders.parse.metadata import rough_ref
from lib.loaders.read_result import ReadResult
from lib.model.object_change import ObjectChange
from lib.model.snapshot import Coverage, Snapshot

FIELDS_TOLD: Final = 4
_FIELDS_COUNTED: Final = 100
_VALUE_CHARS: Final = 60
_DEEPEST: Final = 60
_NOT_COMPARED: Final = frozenset({"uid", "resourceVersion", "creationTimestamp", "generation", "name", "namespace"})
_RULES: Final = frozenset({"ingress", "egress", "rules"})
"""Lists of which the first item that matches decides, so that their order counts whatever the items are called."""
_ABSENT: Final = object()
_Key = tuple[str, str, str]


def not_comparable(old: Snapshot, new: Snapshot) -> tuple[str, ...]:
    """The kinds of which nobody can say what came or went.

    One side was refused them or has them in part, or it has none of a kind that the other has completely.
    """
    kinds = {*old.coverage, *new.coverage}
    unread = {*old.unread(), *new.unread()}
    one_sided = {Coverage.COMPLETE, Coverage.NOT_SUPPLIED}
    return tuple(sorted(k for k in kinds if k in unread or {old.coverage_of(k), new.coverage_of(k)} == one_sided))


def object_changes(old: ReadResult, new: ReadResult, without: Collection[str] = ()) -> Iterator[ObjectChange]:
    """Every object that differs, by kind, namespace and name; those of the kinds ``without`` are left out.

    What a server writes of its own accord does not count: identity, versions, times of creation. Of several objects of
    one name in one input the first counts. An object that was made anew with the same content has not changed.
    """
    before, after = _by_name(old, without), _by_name(new, without)
    same = _Forms()
    for key in sorted(before.keys() | after.keys()):
        was, is_now = before.get(key), after.get(key)
        if was is None and is_now is not None:
            yield ObjectChange("added", *key, new_source=is_now.source)
        elif is_now is None and was is not None:
            yield ObjectChange("removed", *key, old_source=was.source)
        elif was is not None and is_now is not None:
            yield from same.compared(key, was, is_now)


def _by_name(read: ReadResult, without: Collection[str]) -> dict[_Key, RawObject]:
    found: dict[_Key, RawObject] = {}
    for raw in read.objects:
        kind = called(raw.api_version, raw.kind)
        if kind not in without:
            reader = KIND_READERS.get(kind)
            ref = rough_ref(raw.obj, kind, kind == "Secret" if reader is None else reader.namespaced)
            found.setdefault((kind, ref.namespace, ref.name), raw)
    return found


class _Forms:
    """Brings objects to one form: what a live cluster's loader keeps of them, and a snapshot takes along."""

    def __init__(self) -> None:
        self._keeper = Keeper()

    def compared(self, key: _Key, was: RawObject, is_now: RawObject) -> Iterator[ObjectChange]:
        try:
            # Written out, since to Python true is 1.
            if json.dumps(was.obj, default=str) == json.dumps(is_now.obj, default=str):
                return
            fields = list(_differences(self._form(was), self._form(is_now)))
        except RecursionError:
            # Nobody writes such an object; that it differs is all that is said.
            fields = ["it nests too deep to be compared"]
        if fields:
            told, more = fields[:FIELDS_TOLD], max(0, len(fields) - FIELDS_TOLD)
            yield ObjectChange("changed", *key, tuple(told), more, was.source, is_now.source)

    def _form(self, raw: RawObject) -> Any:
        if raw.kind == "Secret":
            data = raw.obj.get("data")
            return {"type": raw.obj.get("type"), "data": dict.fromkeys(data) if isinstance(data, dict) else None}
        resource = _resource(raw)
        kept = raw.obj if resource is None else self._keeper.keep(raw.obj, resource, raw.api_version)
        form = needed(RawObject(kept, raw.source, raw.api_version, raw.kind), Counter())
        return _without_identity({k: v for k, v in form.items() if k not in ("apiVersion", "kind")})


def _resource(raw: RawObject) -> Resource | None:
    group = group_of(raw.api_version)
    kind = called(raw.api_version, raw.kind)
    return next((r for r in resources_of(kind) if r.group == group and r.written == written(raw.kind)), None)


def _without_identity(form: dict[str, Any]) -> dict[str, Any]:
    metadata = form.get("metadata")
    if not isinstance(metadata, dict):
        return form
    kept = {key: value for key, value in metadata.items() if key not in _NOT_COMPARED}
    owners = kept.get("ownerReferences")
    if isinstance(owners, list):
        kept["ownerReferences"] = [{k: v for k, v in o.items() if k != "uid"} for o in owners if isinstance(o, dict)]
    return {**form, "metadata": kept}


def _differences(old: Any, new: Any) -> Iterator[str]:
    """``spec.ports[0].port: 80 → 8080``, at most a hundred."""
    yield from islice(_walk(old, new, "", 0), _FIELDS_COUNTED)


def _walk(old: Any, new: Any, path: str, depth: int) -> Iterator[str]:
    if depth < _DEEPEST and isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}, key=str):
            deeper = f"{path}.{key}" if path else str(key)
            yield from _walk(old.get(key, _ABSENT), new.get(key, _ABSENT), deeper, depth + 1)
    elif depth < _DEEPEST and isinstance(old, list) and isinstance(new, list):
        mine, theirs = _numbered(old, new)
        if path.rpartition(".")[2] in _RULES:
            was, is_now = (
                [str(key) for key in some if key in others] for some, others in ((mine, theirs), (theirs, mine))
            )
            if was != is_now:
                yield f"{path}: order {_shown(', '.join(was))} → {_shown(', '.join(is_now))}"
        for key in dict.fromkeys((*mine, *theirs)):
            yield from _walk(mine.get(key, _ABSENT), theirs.get(key, _ABSENT), f"{path}[{key}]", depth + 1)
    elif old is not new and (old != new or isinstance(old, bool) != isinstance(new, bool)):
        yield f"{path}: {_shown(old)} → {_shown(new)}"


def _numbered(old: list[Any], new: list[Any]) -> tuple[Mapping[Any, Any], Mapping[Any, Any]]:
    """Items by their names where all have one of their own, such as containers; else by their places."""
    names = [[item.get("name") if isinstance(item, dict) else None for item in items] for items in (old, new)]
    if all(all(isinstance(n, str) for n in some) and len(set(some)) == len(some) for some in names):
        return dict(zip(names[0], old, strict=True)), dict(zip(names[1], new, strict=True))
    return dict(enumerate(old)), dict(enumerate(new))


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "–"
    text = value if isinstance(value, str) and value else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _VALUE_CHARS else text[: _VALUE_CHARS - 1] + "…"
