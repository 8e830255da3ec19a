"""Take secrets out of a document before anything keeps it: out of the objects and, line for line, out of the text.

What goes: all of a Secret but its type and key names; of kinds that are not read all but the name; of pods and what
makes them the environment's values, commands and arguments, attributes of volumes, messages (a container's last words),
annotations that networking doesn't need, and comments; everywhere the last-applied annotation, snippets of a proxy's
configuration, and comments after the last line. A value that an alias repeats goes everywhere. Where a document is not
of a shape in which every such value can be told from the rest, its text is not kept at all.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import yaml

from lib.loaders.build import CONTAINER_LISTS, LABEL_MAPS, WATCHED, Marks, Span, Watched
from lib.loaders.events import yaml_events
from lib.loaders.kinds import KEPT_ANNOTATIONS, READ, WORKLOADS, group_of
from lib.loaders.lines import BREAK
from lib.loaders.parse.session import field_names
from lib.loaders.yaml_reader import Document

MASK: Final = "•••"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_READ_FIELDS: Final = frozenset(
    {"apiVersion", "kind", "metadata", "spec", "status", "subsets", "addressType", "endpoints", "ports", "template"}
)
_NAME_FIELDS: Final = ("name", "namespace")
_SECRET_DATA: Final = ("data", "stringData")
_LIST_FIELDS: Final = frozenset({"apiVersion", "kind", "items"})
_LIST_METADATA: Final = ("resourceVersion", "continue", "remainingItemCount")
_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_SECRET_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_ENV_NAME: Final = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]{0,252}")
_OBJECT_NAME: Final = re.compile(r"[-.:_a-zA-Z0-9]{1,253}")
_UID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KIND_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_API_VERSION: Final = re.compile(r"(?:[-.a-z0-9]{1,253}/)?v?[a-z0-9]{1,63}")
_CONTAINER_FIELDS: Final = field_names(
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy restartPolicyRules "
    "volumeMounts volumeDevices livenessProbe readinessProbe startupProbe lifecycle terminationMessagePath "
    "terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty targetContainerName"
)
_KEY_REFERENCE: Final = frozenset({"name", "key", "optional"})
_VALUE_SOURCES: Final = {
    "secretKeyRef": _KEY_REFERENCE,
    "configMapKeyRef": _KEY_REFERENCE,
    "fieldRef": frozenset({"apiVersion", "fieldPath"}),
    "resourceFieldRef": frozenset({"containerName", "resource", "divisor"}),
    "fileKeyRef": frozenset({"volumeName", "path", "key", "optional"}),
}
_ENV_SOURCES: Final = dict.fromkeys(("secretRef", "configMapRef"), frozenset({"name", "optional"}))
_SNIPPET: Final = "-snippet"
_DASHES: Final = ("- ", "-\t", "-\n", "-\r")
_COMMENT_SIGN: Final = re.compile(r"(?<!\S)#")

Edit = tuple[int, int, str]
"""From where to where in the text, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be kept of a document: its value, and its text with the same lines; None where no text is safe."""

    value: dict[str, Any]
    text: str | None
    items: tuple[Span, ...] = ()
    """Where in ``text`` each item of a list stands."""


def is_list(value: dict[str, Any]) -> bool:
    """Whether an object is a ``kind: List`` or a typed list (``PodList``)."""
    kind = value.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list)


def is_kubeconfig(value: dict[str, Any]) -> bool:
    """Whether a mapping is a kubeconfig, whole or in part; such a file holds credentials and nothing to show."""
    keys = value.keys()
    if value.get("kind") == "Config" and ({"users", "clusters", "contexts", "current-context"} & keys):
        return True
    return {"users", "clusters", "contexts"} <= keys


def object_kind(value: dict[str, Any], list_kind: str, list_version: str) -> tuple[str, str]:
    """apiVersion and kind of an object; an item of a typed list has its list's. "" for what is absent or no name."""
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind is None and list_kind not in ("", "List"):
        kind = list_kind.removesuffix("List")
    if version is None and list_kind not in ("", "List"):
        version = list_version
    good_kind = kind if isinstance(kind, str) and _KIND_NAME.fullmatch(kind) else ""
    good_version = version if isinstance(version, str) and _API_VERSION.fullmatch(version) else ""
    return good_version, good_kind


def redact(document: Document) -> Redacted:
    """``document.built.value``, which must be a mapping with a kind, changed in place and without secrets."""
    return _Redaction(document).run()


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
        edits = [*self.edits, *self._comments()]
        if not self.text_is_safe:
            return Redacted(self.value, None)
        text, items = self._text(edits)
        return Redacted(self.value, text, items)

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
            if not _FIELD_NAME.fullmatch(key):
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
        elif (group, kind) in READ:
            self._read_object(target, spans, (group, kind) in WORKLOADS, shared)
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
        if not all(_FIELD_NAME.fullmatch(key) for key in target):
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

    def _read_object(self, target: dict[str, Any], spans: list[Watched], is_workload: bool, shared: bool) -> None:
        for key in list(target):
            if key not in _READ_FIELDS:
                if _FIELD_NAME.fullmatch(key):
                    target[key] = MASK
                else:
                    del target[key]
                    self.text_is_safe = False
        unknown: set[tuple[int, str]] = set()
        if is_workload:
            # A variable that was put out of use is a comment.
            self.comments_in.add((self.document.built.start, self.document.built.end))
            unknown = _mask_unknown_container_fields(target)
            # A slip such as `{value:x}` makes a value part of the key.
            self.text_is_safe = self.text_is_safe and all(_FIELD_NAME.fullmatch(key) for _, key in unknown)
        if shared:
            _mask_everywhere(target, is_workload, set())
        for container, key, start, end in spans:
            if container is target:
                if key not in _READ_FIELDS:
                    self._mask(start, end)
            elif (id(container), key) in unknown or (shared and (key in WATCHED or key not in _CONTAINER_FIELDS)):
                self._mask(start, end)
        if not shared:
            self._watched(target, [s for s in spans if s[0] is not target], is_workload)

    def _watched(self, target: dict[str, Any], spans: list[Watched], is_workload: bool) -> None:
        """Mask the watched values of one object that stand below its own fields."""
        in_env: set[int] = set()
        notes = {id(m["annotations"]) for m in _nested_metadata(target) if isinstance(m.get("annotations"), dict)}
        for container, key, start, end in spans:
            value = container.get(key)
            if id(container) in notes:
                if _is_secret_note(key, is_workload):
                    container[key] = MASK
                    self._mask(start, end)
            elif key not in WATCHED:
                continue
            elif key == "env" and isinstance(value, list) and all(map(_is_env_item, value)):
                in_env.update(map(id, value))
            elif key != "value" and _is_secret(container, key, value, is_workload):
                container[key] = MASK if key == LAST_APPLIED else _masked(value)
                self._mask(start, end)
        for container, key, start, end in spans:
            if key == "value" and id(container) not in notes and (is_workload or id(container) in in_env):
                container[key] = MASK
                self._mask(start, end)

    def _aliases(self) -> None:
        """Follow what was masked through the aliases, both ways."""
        hidden = _Cover((start, end) for start, end, _ in self.edits)
        tainted = {id(anchor) for anchor in self.marks.anchors if anchor.span[0] in hidden}
        annotations = {id(notes): notes for notes in _annotations(self.value)}
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

    def _text(self, edits: list[Edit]) -> tuple[str, tuple[Span, ...]]:
        """The document's text with all edits made, each as many lines as before, and where the list's items are."""
        document = self.document
        built, text = document.built, document.text
        parts: list[str] = []
        position = built.start
        length = 0
        moved_from, moved_by = [0], [-built.start]
        for start, end, new in sorted(edits, key=lambda e: (e[0], -e[1])):
            if start < position:
                continue
            replacement = _same_lines(text[start:end], new)
            parts += (text[position:start], replacement)
            length += start - position + len(replacement)
            position = end
            moved_from.append(end)
            moved_by.append(length - end)
        parts.append(text[position : built.end])
        kept = "".join(parts).rstrip()
        if document.syntax == "yaml":
            # A document that was put out of use stands there as often as a remark on this one.
            kept = _without_comments_at_end(kept)

        def moved(index: int) -> int:
            return min(index + moved_by[bisect_right(moved_from, index) - 1], len(kept))

        items = self.value.get("items") if self.marks.items else None
        spans = [self.marks.items.get(id(item)) for item in items] if isinstance(items, list) else []
        return kept, tuple((moved(s[0]), moved(s[1])) if s else (0, 0) for s in spans)

    def _comments(self) -> list[Edit]:
        """Every comment in ``comments_in``; clears ``text_is_safe`` where comments can't be told from values."""
        document = self.document
        if document.syntax == "json" or not self.comments_in:
            return []
        text = document.text
        # Every number sign after a blank, since one inside a quoted value may stand before a real comment.
        hidden = _Cover((start, end) for start, end, _ in self.edits)
        found = {
            m.start()
            for span in self.comments_in
            if text.find("#", *span) >= 0
            for m in _COMMENT_SIGN.finditer(text, *span)
            if m.start() not in hidden
        }
        if not found:
            return []
        begin = document.built.start
        values = _scalar_spans(document.text[begin : document.built.end], begin)
        if values is None:
            self.text_is_safe = False
            return []
        cover = _Cover(values)
        edits: list[Edit] = []
        end = 0
        for at in sorted(found):
            if at >= end and at not in cover:
                end = _line_end(text, at)
                edits.append((at, end, ""))
        return edits


def _without_comments_at_end(text: str) -> str:
    """The text less the comment lines, from the first column, that nothing follows; line by line, never searching."""
    if "#" not in text:
        return text
    lines = text.splitlines(keepends=True)
    while lines and (lines[-1].startswith("#") or not lines[-1].strip()):
        lines.pop()
    return "".join(lines).rstrip()


def _line_end(text: str, index: int) -> int:
    following = BREAK.search(text, index)
    return following.start() if following else len(text)


class _Cover:
    """Answers quickly whether an index lies in any of many spans."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def __contains__(self, index: int) -> bool:
        position = bisect_right(self._starts, index) - 1
        return position >= 0 and index < self._reach[position]


def _scalar_spans(text: str, offset: int) -> list[Span] | None:
    """Where the scalars of a YAML text stand, moved by ``offset``; None if it can't be read by itself."""
    source = yaml_events(text.encode())
    spans: list[Span] = []
    try:
        while True:
            event = source.get_event()
            if type(event) is yaml.ScalarEvent:
                start: Any = event.start_mark
                end: Any = event.end_mark
                spans.append((start.index + offset, end.index + offset))
            elif type(event) is yaml.DocumentEndEvent or type(event) is yaml.StreamEndEvent:
                return spans
    except yaml.YAMLError:
        return None


def _same_lines(old: str, new: str) -> str:
    """``new`` with the line breaks of ``old`` after it, and the indentation in which a block value ends."""
    breaks = list(BREAK.finditer(old))
    if not breaks:
        return new
    tail = old[breaks[-1].end() :]
    return new + "".join(b.group() for b in breaks) + (tail if not tail.strip() else "")


def _is_env_item(item: Any) -> bool:
    """Whether an environment entry is of the API's shape, so that its secret can be in its value only."""
    return (
        isinstance(item, dict)
        and item.keys() <= {"name", "value", "valueFrom"}
        and isinstance(name := item.get("name"), str)
        and _ENV_NAME.fullmatch(name) is not None
        and _are_references(item.get("valueFrom", {}), _VALUE_SOURCES)
    )


def _are_references(value: Any, sources: Mapping[str, frozenset[str]]) -> bool:
    """Whether a mapping has nothing but references with the fields that the API knows."""
    return isinstance(value, dict) and all(
        key in sources and isinstance(reference, dict) and reference.keys() <= sources[key]
        for key, reference in value.items()
    )


def _is_reference_item(item: Any) -> bool:
    """Whether an element of ``envFrom`` is of the API's shape."""
    return isinstance(item, dict) and _are_references(
        {k: v for k, v in item.items() if k != "prefix" or not isinstance(v, str)}, _ENV_SOURCES
    )


def _is_secret_note(key: str, is_workload: bool) -> bool:
    """Whether an annotation must go; those of pods tell other programs what to do, with what credentials ever."""
    return key == LAST_APPLIED or key.endswith(_SNIPPET) or (is_workload and not key.startswith(KEPT_ANNOTATIONS))


def _is_secret(container: dict[str, Any], key: str, value: Any, is_workload: bool) -> bool:
    """Whether a value under a watched key must go; outside of pods a word beside words may be anybody's label."""
    match key:
        case "kubectl.kubernetes.io/last-applied-configuration":
            return True
        case "envFrom":
            return not (isinstance(value, list) and all(map(_is_reference_item, value)))
        case "message":
            return is_workload
        case "volumeAttributes" | "options":
            return is_workload and not isinstance(value, list)
        case _:
            return (
                is_workload
                or isinstance(value, dict | list)
                or "image" in container
                or any(isinstance(v, dict | list) for v in container.values())
            )


def _nested_specs(target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An object, its spec, and those of the templates in it: wherever the API has containers and metadata."""
    node: Any = target
    nodes = [node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            yield node
            nodes += (node[key] for key in ("spec", "template", "jobTemplate") if key in node)


def _mask_unknown_container_fields(target: dict[str, Any]) -> set[tuple[int, str]]:
    """Mask what a container has that the API does not know, such as a misspelt ``env``; returns what was masked."""
    found = set()
    for node in _nested_specs(target):
        for field in CONTAINER_LISTS:
            containers = node.get(field)
            for container in containers if isinstance(containers, list) else [containers]:
                if isinstance(container, dict):
                    for key in container.keys() - _CONTAINER_FIELDS:
                        if _FIELD_NAME.fullmatch(key):
                            container[key] = MASK
                        else:
                            del container[key]
                        found.add((id(container), key))
    return found


def _nested_metadata(target: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (meta for node in _nested_specs(target) if isinstance(meta := node.get("metadata"), dict))


def _masked(value: Any) -> Any:
    return [MASK] if isinstance(value, list) else MASK


def _mask_everywhere(value: Any, is_workload: bool, seen: set[int], parent: str = "") -> None:
    """Mask every watched value below ``value``: for documents in which aliases make one value stand in many places."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        for item in value:
            _mask_everywhere(item, is_workload, seen)
    elif isinstance(value, dict):
        for key, child in value.items():
            if parent == "annotations" and _is_secret_note(key, is_workload):
                value[key] = MASK
            elif parent in LABEL_MAPS or key not in WATCHED:
                _mask_everywhere(child, is_workload, seen, key)
            elif key == "env" and isinstance(child, list) and all(map(_is_env_item, child)):
                value[key] = [{k: MASK if k == "value" else v for k, v in item.items()} for item in child]
            elif is_workload if key == "value" else _is_secret(value, key, child, is_workload):
                value[key] = MASK if key == LAST_APPLIED else _masked(child)
            else:
                _mask_everywhere(child, is_workload, seen, key)


def _annotations(value: Any) -> Iterator[dict[str, Any]]:
    """The annotations of an object, of its pod template and of a list's items."""
    stack = [value]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            if isinstance(notes := node.get("annotations"), dict):
                yield notes
            stack += node.values()
        else:
            stack += node
