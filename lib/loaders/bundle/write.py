"""Write a snapshot: a zip with the objects as JSON and a statement of what is complete, amiss and left out."""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import PurePath, PurePosixPath
from typing import Any, Final

from lib.loaders.bundle.anonymise import Names, NotAnonymous, node_names
from lib.loaders.bundle.manifest import (
    COVERAGE_WORDS,
    MANIFEST_NAME,
    MOST_ENTRIES,
    OBJECTS,
    SCHEMA,
    SEVERITIES,
    problem_entry,
)
from lib.loaders.bundle.needed import needed
from lib.loaders.documents import RawObject
from lib.loaders.kinds import group_of
from lib.loaders.limits import DEFAULT, Limits
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.loaders.recognise import NO_API_VERSION
from lib.loaders.yaml_resolver import PlainLetter
from lib.model.problem import Problem, Severity
from lib.model.snapshot import Coverage

ALWAYS_REMOVED: Final = (
    "values of Secrets",
    "contents of ConfigMaps, but for settings of kube-system's that the profile of the cluster needs",
    "contents of every kind that is not read",
    "values of environment variables",
    "annotations of the last applied configuration",
    "snippets of a proxy's configuration",
    "values of headers and parameters that are called like credentials, and annotations that set them",
    "comments",
)
_MARK: Final = "\0plain:"
_PLAIN: Final = re.compile(r'"\\u0000plain:([-.a-zA-Z]{1,5})"')
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FILE_NAME: Final = re.compile(r"[^-._A-Za-z0-9]+")


class NotWritten(Exception):
    """No snapshot can be made of this input; the message says why."""


def write_bundle(
    read: ReadResult,
    coverage: Mapping[str, Coverage],
    *,
    anonymise: bool = False,
    more_problems: Iterable[Problem] = (),
    limits: Limits = DEFAULT,
) -> bytes:
    """The snapshot of what was read, the same bytes for the same input.

    ``coverage`` is the Snapshot's; ``more_problems`` are those of before reading, such as a path without a file.
    Raises NotWritten where a name can't be taken out, or where the result would be too large to be read again.
    """
    try:
        names = Names(node_names(read.objects), _files(read)) if anonymise else None
    except NotAnonymous as error:
        raise NotWritten(str(error)) from None
    removed: Counter[str] = Counter()
    entries = list(_entries(read, removed, names))
    statement = {
        "schema": SCHEMA,
        "anonymised": anonymise,
        "coverage": {kind: COVERAGE_WORDS[coverage[kind]] for kind in sorted(coverage)},
        "files": [{"entry": entry, "name": name, "objects": count} for entry, name, count, _ in entries],
        "removed": {
            "always": list(ALWAYS_REMOVED),
            "here": {what: removed[what] for what in sorted(removed) if removed[what]},
        },
        "secrets": [_secret(raw, names) for raw in read.objects if _is_secret(raw)],
        "problems": _cut(list(_problems(read, (*more_problems, *read.problems), names))),
        "rejected_policies": list(_rejected(read, names)),
    }
    texts = [(MANIFEST_NAME, json.dumps(statement, indent=1) + "\n")]
    data = _zipped([*texts, *((entry, text) for entry, _, _, text in entries)], limits)
    _prove(data, len(read.objects), limits)
    return data


def anonymity_fault(read: ReadResult) -> str:
    """Why the names of nodes can't be taken out, as a sentence without its full stop; "" where they can."""
    try:
        Names(node_names(read.objects), ())
    except NotAnonymous as error:
        return str(error)
    return ""


def _files(read: ReadResult) -> list[str]:
    """Every file that something of the input stands in, in its order."""
    files = [*read.files, *(raw.source.file for raw in read.objects)]
    files += [problem.source.file for problem in read.problems if problem.source]
    return list(dict.fromkeys(files))


def _entries(read: ReadResult, removed: Counter[str], names: Names | None) -> Iterator[tuple[str, str, int, str]]:
    """Name in the zip, name of the file it is from, number of objects and text, for each file with an object."""
    groups: dict[str, list[RawObject]] = {}
    for raw in read.objects:
        if not _is_secret(raw):
            groups.setdefault(raw.source.file, []).append(raw)
    digits = max(4, len(str(len(groups))))
    for number, (file, raws) in enumerate(groups.items(), 1):
        objects = (needed(raw, removed) for raw in raws)
        texts = [_json(obj if names is None else names.object(obj)) for obj in objects]
        has_plain = any(_MARK_WRITTEN in text for text in texts)
        shown = names.file(file) if names else relative(file)
        name = f"{OBJECTS}{number:0{digits}}-{_stem(shown)}.{'yaml' if has_plain else 'json'}"
        yield name, shown, len(raws), _yaml(texts) if has_plain else "".join(f"{text}\n" for text in texts)


def relative(file: str) -> str:
    """A file's name as others may know it: of an absolute path only the last part, which names nobody's home."""
    return PurePath(file).name if PurePath(file).is_absolute() else file


def _stem(name: str) -> str:
    stem = _FILE_NAME.sub("-", PurePosixPath(name.replace("\\", "/")).name).strip(".-")
    for suffix in (".json", ".yaml", ".yml"):
        stem = stem.removesuffix(suffix)
    return stem[:40] or "objects"


_MARK_WRITTEN: Final = json.dumps(_MARK)[1:-1]


def _json(obj: dict[str, Any]) -> str:
    return json.dumps(_marked(obj), indent=1)


def _marked(value: Any) -> Any:
    """``value`` with marks around what JSON can't say: an unquoted y or n, and numbers that are none."""
    if isinstance(value, dict):
        return {key: _marked(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_marked(child) for child in value]
    if isinstance(value, PlainLetter):
        return _MARK + value
    if isinstance(value, float) and not math.isfinite(value):
        return _MARK + (".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf")
    return value


def _yaml(texts: Sequence[str]) -> str:
    """The same objects as YAML documents, of which JSON is nearly a part, with the marked values written plainly."""
    documents = (json.dumps(json.loads(text), indent=1, ensure_ascii=False) for text in texts)
    escaped = (_NOT_IN_YAML.sub(lambda c: f"\\u{ord(c.group()):04x}", document) for document in documents)
    return "".join(f"---\n{_PLAIN.sub(lambda found: found.group(1), document)}\n" for document in escaped)


def _is_secret(raw: RawObject) -> bool:
    return raw.kind == "Secret" and not group_of(raw.api_version)


def _secret(raw: RawObject, names: Names | None) -> dict[str, Any]:
    """What routes need to know of a Secret: what it is called, its type and the names of its keys."""
    obj = raw.obj if names is None else names.object(raw.obj)
    metadata = obj.get("metadata")
    entry: dict[str, Any] = {}
    if isinstance(metadata, dict):
        entry = {k: v for k in ("namespace", "name") if isinstance(v := metadata.get(k), str)}
    if isinstance(kind := obj.get("type"), str):
        entry["type"] = kind
    if raw.api_version != "v1":
        entry["apiVersion"] = raw.api_version
    fields = [data for key in ("data", "stringData") if isinstance(data := obj.get(key), dict)]
    entry["keys"] = sorted({str(key) for data in fields for key in data})
    return entry


def _problems(read: ReadResult, problems: Iterable[Problem], names: Names | None) -> Iterator[dict[str, Any]]:
    kept = {raw.source for raw in read.objects if not raw.api_version}
    for problem in problems:
        # A policy without an apiVersion is in the snapshot all the same, and will be told of again.
        if problem.code == NO_API_VERSION.code and problem.source in kept:
            continue
        file, line = "", problem.line
        if problem.source is not None:
            file = names.file(problem.source.file) if names else relative(problem.source.file)
            line = read.documents.line_of(problem.source) if line is None else line
        yield problem_entry(problem, file, line, names.message(problem.message) if names else problem.message)


def _cut(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as are read again, the last of them for all others."""
    if len(problems) <= MOST_ENTRIES:
        return problems
    others = problems[MOST_ENTRIES - 1 :]
    worst = max((SEVERITIES[other["severity"]] for other in others), default=Severity.INFO)
    message = f"{len(others):,} more problems were not taken into the snapshot"
    last = Problem(worst, "more-problems", message, "Correct the others and make the snapshot anew.")
    return [*problems[: MOST_ENTRIES - 1], problem_entry(last, "", None, message)]


def _rejected(read: ReadResult, names: Names | None) -> Iterator[dict[str, Any]]:
    """The policies in what could not be read; those in what can be read are found again."""
    for policy in read.rejected_policies:
        file, name = policy.source.file, policy.ref.name
        yield {
            "kind": policy.ref.kind,
            "namespace": policy.namespace,
            "name": names.message(name) if names else name,
            "file": names.file(file) if names else relative(file),
            "document": policy.source.document,
            "line": read.documents.line_of(policy.source) or 1,
        }


def _zipped(texts: Sequence[tuple[str, str]], limits: Limits) -> bytes:
    packed = _zip(texts, zipfile.ZIP_DEFLATED)
    # Very many alike objects pack so well that the archive would be taken for a bomb.
    if sum(len(text) for _, text in texts) > len(packed) * limits.compression_ratio // 2:
        return _zip(texts, zipfile.ZIP_STORED)
    return packed


def _zip(texts: Sequence[tuple[str, str]], method: int) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method, compresslevel=9) as archive:
        for name, text in texts:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = method
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode())
    return stream.getvalue()


def _prove(data: bytes, objects: int, limits: Limits) -> None:
    """Read the snapshot once. Raises NotWritten where not every object comes out again."""
    found = read_inputs([InputFile("snapshot.zip", data)], limits)
    if len(found.objects) == objects:
        return
    error = next((p.message for p in found.problems if p.severity is Severity.ERROR), "not every object is in it")
    raise NotWritten(f"the snapshot could not be read again: {error}")
