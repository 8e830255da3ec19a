"""kubeconfig files: found where kubectl finds them, merged as kubectl merges them, and never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lib.loaders.cluster.errors import ClusterError
from lib.loaders.encoding import EncodingError, decode
from lib.loaders.limits import MIB, Limits
from lib.loaders.parse.session import quote
from lib.loaders.read_documents import Document
from lib.loaders.yaml_reader import Reader

VARIABLE: Final = "KUBECONFIG"
_BYTES_MAX: Final = MIB
_LIMITS: Final = Limits(upload_bytes=_BYTES_MAX, documents_per_file=2, nesting_depth=30, nodes=200_000)
_LISTS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one named cluster, user or context says; ``folder`` is what its relative paths start from (None: memory)."""

    name: str
    fields: Mapping[str, Any] = field(repr=False)
    folder: Path | None = None

    def text(self, key: str) -> str:
        """A text of the entry, "" where absent. Raises ClusterError where it is none."""
        value = self.fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _malformed(f"{key} of {quote(self.name)} is no text")
        return value

    def flag(self, key: str) -> bool:
        """A truth value of the entry, False where absent. Raises ClusterError where it is none."""
        value = self.fields.get(key)
        if not isinstance(value, bool | None):
            raise _malformed(f"{key} of {quote(self.name)} is neither true nor false")
        return bool(value)

    def path(self, key: str) -> Path | None:
        """A file that the entry names; relative to the kubeconfig's own folder."""
        text = self.text(key)
        return None if not text else (self.folder or Path()) / text


@dataclass(frozen=True, slots=True)
class Context:
    """One context as people choose it: which cluster, as whom, and the namespace that kubectl would use."""

    name: str
    cluster: str
    user: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """One or several kubeconfig files as one; its ``repr`` shows no credential. ``uploaded``: from a visitor."""

    contexts: Mapping[str, Context] = field(default_factory=dict)
    clusters: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    users: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    current: str = ""
    uploaded: bool = False

    def context(self, name: str = "") -> Context:
        """The named context, or the current one. Raises ClusterError where there is none."""
        wanted = name or self.current
        if not (self.contexts or self.uploaded):
            none = "no context was found: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config hold none"
            raise ClusterError("no-context", none, "Log in to the cluster, or name a file with --kubeconfig.")
        if not wanted:
            raise ClusterError("no-context", "the kubeconfig has no current context", self._choice())
        if wanted not in self.contexts:
            raise ClusterError("no-context", f"the kubeconfig has no context {quote(wanted)}", self._choice())
        return self.contexts[wanted]

    def _choice(self) -> str:
        known = ", ".join(quote(name) for name in sorted(self.contexts)[:20])
        return f"Name one of {known}." if known else "Add a context to it."


def own_kubeconfig(
    explicit: str = "", environment: Mapping[str, str] | None = None, home: Path | None = None
) -> Kubeconfig:
    """The kubeconfig that kubectl would use: ``--kubeconfig``, else the files of KUBECONFIG, else ~/.kube/config.

    Of several files the first that has a name, or a current context, counts. A file that KUBECONFIG lists may be
    absent, as may ~/.kube/config; an explicit one may not. Raises ClusterError where a file can't be read.
    """
    environment = os.environ if environment is None else environment
    if explicit:
        return _merged([_read_file(Path(explicit).expanduser())])
    listed = environment.get(VARIABLE, "")
    if listed:
        paths = [Path(part) for part in listed.split(os.pathsep) if part]
    else:
        paths = [(home or Path.home()) / ".kube" / "config"]
    return _merged([_read_file(path) for path in paths if path.exists()])


def uploaded_kubeconfig(data: bytes) -> Kubeconfig:
    """The kubeconfig in what a visitor handed over; judged by ``uploaded.refusals`` before it is used."""
    return _merged([_parsed(data, "the uploaded file", None)], uploaded=True)


@dataclass(frozen=True, slots=True)
class _File:
    current: str
    entries: Mapping[str, Mapping[str, Entry]]


def _malformed(what: str, remedy: str = "Correct the kubeconfig; `kubectl config view` shows it.") -> ClusterError:
    return ClusterError("bad-kubeconfig", f"the kubeconfig can't be used: {what}", remedy)


def _read_file(path: Path) -> _File:
    try:
        with path.open("rb") as stream:
            data = stream.read(_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise ClusterError("bad-kubeconfig", f"{path}: {reason}", "Check the path and its rights.") from None
    return _parsed(data, str(path), path.resolve().parent)


def _parsed(data: bytes, name: str, folder: Path | None) -> _File:
    if len(data) > _BYTES_MAX:
        raise _malformed(f"{name} is larger than 1 MiB", "A kubeconfig is a small file; choose the right one.")
    try:
        text, _ = decode(data)
    except EncodingError:
        raise _malformed(f"{name} is no text", "Choose a YAML or JSON file.") from None
    documents = list(Reader(_LIMITS).read(text))
    for result in documents:
        if not isinstance(result, Document) and not result.is_warning:
            raise _malformed(f"{name}:{result.line}: it is no YAML that can be read ({result.code})")
    values = [d.built.value for d in documents if isinstance(d, Document) and d.built.value is not None]
    if len(values) != 1 or not isinstance(values[0], dict):
        raise _malformed(f"{name} is not one mapping", "Choose a file that `kubectl config view` can show.")
    (value,) = values
    if value.get("kind", "Config") != "Config":
        raise _malformed(f"{name} is no kubeconfig: its kind is another", "Choose a file of kind Config.")
    current = value.get("current-context")
    if not isinstance(current, str | None):
        raise _malformed(f"{name}: current-context is no text")
    entries = {key: _entries(value.get(key), key, single, name, folder) for key, single in _LISTS.items()}
    return _File(current or "", entries)


def _entries(listed: Any, key: str, single: str, file: str, folder: Path | None) -> dict[str, Entry]:
    if listed is None:
        return {}
    if not isinstance(listed, list):
        raise _malformed(f"{file}: {key} is no list")
    found: dict[str, Entry] = {}
    for item in listed:
        name = item.get("name") if isinstance(item, dict) else None
        fields = item.get(single) if isinstance(item, dict) else None
        if not isinstance(name, str) or not isinstance(fields, dict | None):
            raise _malformed(f"{file}: an entry of {key} has no name or is no mapping")
        if name in found:
            raise _malformed(f"{file}: {key} has the name {quote(name)} twice", "Keep one of the two.")
        found[name] = Entry(name, fields or {}, folder)
    return found


def _merged(files: Sequence[_File], *, uploaded: bool = False) -> Kubeconfig:
    together: dict[str, dict[str, Entry]] = {key: {} for key in _LISTS}
    for file in files:
        for key, entries in file.entries.items():
            for name, entry in entries.items():
                together[key].setdefault(name, entry)
    contexts = {
        name: Context(name, entry.text("cluster"), entry.text("user"), entry.text("namespace"))
        for name, entry in together["contexts"].items()
    }
    current = next((file.current for file in files if file.current), "")
    return Kubeconfig(contexts, together["clusters"], together["users"], current, uploaded)
