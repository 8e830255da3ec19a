"""Take secrets out of a document before anything keeps it: out of the objects and, line for line, out of the text.

What goes: all of a Secret but its type and key names; of kinds that are not read all but the name, and so of ConfigMaps
but for the settings of ``lib/facts/config_maps.yaml``; of pods and what
makes them the environment's values, commands and arguments, attributes of volumes, messages (a container's last words),
annotations that networking doesn't need, and comments; of routes and policies the values of headers that are called
like credentials; everywhere the last-applied annotation, snippets of a proxy's configuration, annotations with such a
header or a login in a URL, and comments after the last line. A value that an alias repeats goes everywhere. Where a
document is not of a shape in which every such value can be told from the rest, its text is not kept at all.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, Final

from lib.loaders.built import HEADERS, WATCHED, Marks, Span, Watched
from lib.loaders.config_values import fact_of, kept_data
from lib.loaders.credentials import mask_headers, may_have_headers
from lib.loaders.kinds import READ, WORKLOADS, group_of
from lib.loaders.mask import MASK
from lib.loaders.masked_text import CommentsUnclear, Cover, Edit, comment_edits, edited
from lib.loaders.raw_kinds import is_list, object_kind
from lib.loaders.read_documents import Document
from lib.loaders.secret_fields import (
    CONTAINER_FIELDS,
    FIELD_NAME,
    LAST_APPLIED,
    annotations_in,
    is_env_item,
    is_secret,
    is_secret_note,
    mask_everywhere,
    mask_unknown_container_fields,
    masked,
    nested_metadata,
)
from lib.model.patterns import pattern
from lib.model.records import dataclass

_READ_FIELDS: Final = frozenset(
    {
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "status",
        "specs",
        "subsets",
        "addressType",
        "endpoints",
        "ports",
        "template",
    }
)
_NAME_FIELDS: Final = ("name", "namespace")
_SECRET_DATA: Final = ("data", "stringData")
_LIST_FIELDS: Final = frozenset({"apiVersion", "kind", "items"})
_LIST_METADATA: Final = ("resourceVersion", "continue", "remainingItemCount")
_SECRET_KEY: Final = pattern(r"[-._a-zA-Z0-9]{1,253}")
_OBJECT_NAME: Final = pattern(r"[-.:_a-zA-Z0-9]{1,253}")
_UID: Final = pattern(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DASHES: Final = ("- ", "-\t", "-\n", "-\r")


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be kept of a document: its value, and its text with the same lines; None where no text is safe."""

    value: dict[str, Any]
    text: str | None
    items: tuple[Span, ...] = ()
    """Where in ``text`` each item of a list stands."""


def redact(document: Document) -> Redacted:
    """``document.built.value``, which must be a mapping with a kind, changed in place and without secrets."""
    return _Redaction(document).run()


def redact_object(target: dict[str, Any], api_version: str, kind: str) -> None:
    """Take the secrets out of an object of a kind that is read and that came without a text, in place."""
    is_workload = (group_of(api_version), kind) in WORKLOADS
    for key in target.keys() - _READ_FIELDS:
        del target[key]
    if is_workload:
        mask_unknown_container_fields(target)
    if may_have_headers(group_of(api_version), kind):
        mask_headers(target)
    mask_everywhere(target, is_workload, set())


class _Redaction:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.value: dict[str, Any] = document.built.value
        self.marks: Marks = document.built.marks
        self.edits: list[Edit] = []
        self.comments_in: set[Span] = set()
        self.text_is_safe = True
        self.mask_text = f'"{MASK}"' if document.syntax == "json" else MASK

    def run(self) -> Redacted:
        # Aliased containers are shared, and merged keys have no place of their own: then values are sought by walking
        # the object, and in the text every watched value goes, wherever it is.
        shared = bool(self.marks.aliases) or self.marks.merges_in_place
        self.text_is_safe = not self.marks.merges_in_place
        by_object = self._objects()
        for target, spans, version, kind in by_object:
            self._object(target, spans, version, kind, shared)
        if shared:
            self._aliases()
        if not self.text_is_safe:
            return Redacted(self.value, None)
        try:
            comments = comment_edits(self.document, self.comments_in, self.edits)
        except CommentsUnclear:
            return Redacted(self.value, None)
        return Redacted(self.value, *edited(self.document, [*self.edits, *comments]))

    def _objects(self) -> list[tuple[dict[str, Any], list[Watched], str, str]]:
        """Every object of the document with the watched values in it, apiVersion and kind."""
        spans, root = self.marks.spans, self.value
        version, kind = object_kind(root, "", "")
        if not is_list(root):
            return [(root, spans, version, kind)]
        self._envelope(root, [s for s in spans if s[0] is root])
        items = [i for i in root["items"] if isinstance(i, dict)]
        if len(items) < len(root["items"]):
            root["items"] = [i if isinstance(i, dict) else None for i in root["items"]]
            self.text_is_safe = False
        own: dict[int, list[Watched]] = {id(i): [] for i in items}
        order = sorted((span[0], key) for key, span in self.marks.items.items() if key in own)
        starts = [begin for begin, _ in order]
        for span in spans:
            position = bisect_right(starts, span[2]) - 1
            if span[0] is not root and position >= 0:
                own[order[position][1]].append(span)
        return [(item, own[id(item)], *object_kind(item, kind, version)) for item in items]

    def _envelope(self, root: dict[str, Any], spans: list[Watched]) -> None:
        metadata = root.get("metadata")
        kept = {}
        if isinstance(metadata, dict):
            kept = {k: v for k in _LIST_METADATA if isinstance(v := metadata.get(k), str | int)}
        for key in list(root):
            if key == "metadata":
                root[key] = kept
            elif key not in _LIST_FIELDS:
                root[key] = MASK
            if not FIELD_NAME.fullmatch(key):
                del root[key]
                self.text_is_safe = False
        for _, key, start, end in spans:
            if key == "metadata":
                self.edits.append((start, end, json.dumps(kept)))
            elif key not in _LIST_FIELDS:
                self._mask(start, end)

    def _object(self, target: dict[str, Any], spans: list[Watched], version: str, kind: str, shared: bool) -> None:
        group = group_of(version)
        if kind == "Secret" and not group:
            self._secret(target, spans)
        elif kind == "ConfigMap" and not group and fact_of(target) is not None:
            self._config_map(target, spans, shared)
        elif (group, kind) in READ:
            self._read_object(target, spans, group, kind, shared)
        else:
            self._name_only(target, spans, version, kind)

    def _name_only(self, target: dict[str, Any], spans: list[Watched], version: str, kind: str) -> None:
        """Keep what the object is called and no more."""
        kept: dict[str, Any] = {}
        if "apiVersion" in target:
            kept["apiVersion"] = version or MASK
        if "kind" in target:
            kept["kind"] = kind or MASK
        kept["metadata"] = self._names(target.get("metadata"))
        self._replace_fields(target, spans, kept)

    def _names(self, metadata: Any) -> dict[str, str]:
        if not isinstance(metadata, dict):
            return {}
        names = {k: metadata.get(k) for k in _NAME_FIELDS}
        kept = {k: v for k, v in names.items() if isinstance(v, str) and _OBJECT_NAME.fullmatch(v)}
        # The uid shows that a server wrote the object, on which the completeness of its list rests.
        uid = metadata.get("uid")
        return {**kept, "uid": uid} if isinstance(uid, str) and _UID.fullmatch(uid) else kept

    def _replace_fields(self, target: dict[str, Any], spans: list[Watched], kept: dict[str, Any]) -> None:
        """Make ``kept`` all that is in ``target``, and mask the text of everything else in it."""
        if not all(FIELD_NAME.fullmatch(key) for key in target):
            self.text_is_safe = False
        self.comments_in.add((self.document.built.start, self.document.built.end))
        for container, key, start, end in spans:
            if container is not target:
                continue
            if key == "metadata":
                self.edits.append((start, end, json.dumps(kept["metadata"])))
            elif not (key in kept and isinstance(kept[key], str) and kept[key] == target[key]):
                self._mask(start, end)
        target.clear()
        target.update(kept)

    def _secret(self, target: dict[str, Any], spans: list[Watched]) -> None:
        kept: dict[str, Any] = {k: target[k] for k in ("apiVersion", "kind") if k in target}
        kind_of_secret = target.get("type")
        if isinstance(kind_of_secret, str) and re.fullmatch(r"[-./a-zA-Z0-9]{1,253}", kind_of_secret):
            kept["type"] = kind_of_secret
        kept["metadata"] = self._names(target.get("metadata"))
        children: list[Watched] = []
        for field in _SECRET_DATA:
            data = target.get(field)
            if isinstance(data, dict):
                if not all(_SECRET_KEY.fullmatch(key) for key in data):
                    self.text_is_safe = False
                kept[field] = {key: MASK for key in data if _SECRET_KEY.fullmatch(key)}
                children += [s for s in spans if s[0] is data]
        own = [s for s in spans if s[0] is target and not isinstance(kept.get(s[1]), dict)]
        own += [s for s in spans if s[0] is target and s[1] == "metadata"]
        for _, _, start, end in children:
            self._mask(start, end)
        self._replace_fields(target, own, kept)

    def _config_map(self, target: dict[str, Any], spans: list[Watched], shared: bool) -> None:
        """Keep of a ConfigMap that is read the keys that are needed, and of their values what is needed.

        Where the document has aliases no value is: it might be one that was a secret elsewhere.
        """
        kept: dict[str, Any] = {k: target[k] for k in ("apiVersion", "kind") if k in target}
        kept["metadata"] = self._names(target.get("metadata"))
        data, fact = target.get("data"), fact_of(target)
        own = [s for s in spans if s[0] is target]
        if isinstance(data, dict) and fact is not None:
            if not all(_SECRET_KEY.fullmatch(key) for key in data):
                self.text_is_safe = False
            found = {key: MASK if shared else value for key, value in kept_data(fact, data).items()}
            for _, key, start, end in (s for s in spans if s[0] is data):
                if found.get(key, MASK) == MASK:
                    self._mask(start, end)
                elif found[key] != data[key]:
                    self.edits.append((start, end, json.dumps(found[key])))
            kept["data"] = found
            own = [s for s in own if s[1] != "data"]
        elif data is not None:
            kept["data"] = MASK
        self._replace_fields(target, own, kept)

    def _read_object(self, target: dict[str, Any], spans: list[Watched], group: str, kind: str, shared: bool) -> None:
        is_workload = (group, kind) in WORKLOADS
        for key in list(target):
            if key not in _READ_FIELDS:
                if FIELD_NAME.fullmatch(key):
                    target[key] = MASK
                else:
                    del target[key]
                    self.text_is_safe = False
        hidden = mask_headers(target, shared=shared) if may_have_headers(group, kind) else set()
        # A value that stands in another field than the API's has no place of its own.
        self.text_is_safe = self.text_is_safe and hidden <= {(id(container), key) for container, key, _, _ in spans}
        if is_workload:
            # A variable that was put out of use is a comment.
            self.comments_in.add((self.document.built.start, self.document.built.end))
            hidden = mask_unknown_container_fields(target)
            # A slip such as `{value:x}` makes a value part of the key.
            self.text_is_safe = self.text_is_safe and all(FIELD_NAME.fullmatch(key) for _, key in hidden)
        if shared:
            mask_everywhere(target, is_workload, set())
        for container, key, start, end in spans:
            if container is target:
                if key not in _READ_FIELDS:
                    self._mask(start, end)
            elif (id(container), key) in hidden or (shared and (key in WATCHED or key not in CONTAINER_FIELDS)):
                self._mask(start, end)
        if not shared:
            self._watched(target, [s for s in spans if s[0] is not target], is_workload)

    def _watched(self, target: dict[str, Any], spans: list[Watched], is_workload: bool) -> None:
        """Mask the watched values of one object that stand below its own fields."""
        in_env: set[int] = set()
        notes = {id(m["annotations"]) for m in nested_metadata(target) if isinstance(m.get("annotations"), dict)}
        for container, key, start, end in spans:
            value = container.get(key)
            if id(container) in notes:
                if is_secret_note(container, key, is_workload):
                    container[key] = MASK
                    self._mask(start, end)
            elif key not in WATCHED or key == HEADERS:
                continue
            elif key == "env" and isinstance(value, list) and all(map(is_env_item, value)):
                in_env.update(map(id, value))
            elif key != "value" and is_secret(container, key, value, is_workload):
                container[key] = MASK if key == LAST_APPLIED else masked(value)
                self._mask(start, end)
        for container, key, start, end in spans:
            if key == "value" and id(container) not in notes and (is_workload or id(container) in in_env):
                container[key] = MASK
                self._mask(start, end)

    def _aliases(self) -> None:
        """Follow what was masked through the aliases, both ways."""
        hidden = Cover((start, end) for start, end, _ in self.edits)
        tainted = {id(anchor) for anchor in self.marks.anchors if anchor.span[0] in hidden}
        annotations = {id(notes): notes for notes in annotations_in(self.value)}
        for _, _, index, anchor in self.marks.aliases:
            # What a masked place repeats is a secret in a note as well; a name or a port number that some variable
            # repeats is none.
            if index in hidden and anchor.place[0] in annotations and id(anchor) not in tainted:
                tainted.add(id(anchor))
                self._mask(*anchor.span)
                notes, note = annotations[anchor.place[0]], anchor.place[1]
                if isinstance(note, str) and note in notes:
                    notes[note] = MASK
        for container, key, _, anchor in self.marks.aliases:
            if id(anchor) not in tainted:
                continue
            if key is None and isinstance(anchor.value, dict):
                for merged in anchor.value:
                    if merged in container:
                        container[merged] = MASK
            elif key is not None and (key in container if isinstance(container, dict) else int(key) < len(container)):
                container[key] = MASK

    def _mask(self, start: int, end: int) -> None:
        # A block sequence may stand no deeper than its key, where a bare word would belong to nothing.
        is_block_sequence = self.document.syntax == "yaml" and self.document.text[start : start + 2] in _DASHES
        self.edits.append((start, end, f"- {MASK}" if is_block_sequence else self.mask_text))
