"""From files to raw objects: the one way in for everything that is uploaded, pasted or named on a command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from lib.loaders.archives import Budget, Entry, clean_name, is_archive
from lib.loaders.bundle.manifest import MOST_STATEMENTS, Statement, is_manifest
from lib.loaders.collector import without_collector
from lib.loaders.documents import DocumentStore, ListInfo, RawObject, StoredDocument
from lib.loaders.encoding import EncodingError, decode
from lib.loaders.inputs import STDIN_NAME, InputFile, inputs_from_paths
from lib.loaders.kinds import CILIUM_POLICY_KINDS, CLUSTER_POLICY_KINDS
from lib.loaders.limits import DEFAULT, MIB, Limits
from lib.loaders.lines import line_count
from lib.loaders.lost_policies import POLICY, lost_policies, rejected
from lib.loaders.objections import objection
from lib.loaders.raw_kinds import is_list, object_kind
from lib.loaders.read_documents import Document, Failure
from lib.loaders.read_result import FileProblems, LoadCancelled, Progress, ReadResult, content_hash
from lib.loaders.recognise import (
    HELM_TEMPLATE,
    NO_API_VERSION,
    NO_KIND,
    NOT_A_MAPPING,
    Advice,
    by_first_line,
    has_template,
)
from lib.loaders.redact import redact
from lib.loaders.remedies import ARCHIVE_REMEDIES, NESTED_LIST, REMEDIES, advise
from lib.loaders.yaml_reader import Reader
from lib.model.policies import RejectedPolicy
from lib.model.problem import Problem, Severity
from lib.model.refs import Source

_PROGRESS_STEP = 200


def read_inputs(
    inputs: Iterable[InputFile],
    limits: Limits = DEFAULT,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    hashed: bool = True,
) -> ReadResult:
    """Read every object of ``inputs``; secrets stay behind, faults become Problems.

    Without ``hashed`` the result's ``content_hash`` is "", for who remembers nothing by it.

    ``progress`` is called at each file and every few hundred objects, ``cancelled`` asked at least as often.
    Raises LoadCancelled, and nothing else whatever the bytes are.
    """
    files = tuple(inputs)
    reading = _Reading(limits, files, progress, cancelled)
    with without_collector():
        for file in files:
            reading.file(file)
    return reading.result(content_hash(files) if hashed else "")


class _Reading:
    def __init__(
        self,
        limits: Limits,
        files: Sequence[InputFile],
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.limits = limits
        self.files_total = len(files)
        self.files_done = 0
        self.bytes_total = sum(len(f.data) for f in files)
        self.bytes_done = 0
        self.bytes_here = 0.0
        self.progress = progress
        self.cancelled = cancelled
        self.reader = Reader(limits, self.check, arrays=True)
        self.budget = Budget(limits.decompressed_bytes)
        self.bytes_left = limits.upload_bytes
        self.objects: list[RawObject] = []
        self.lists: list[ListInfo] = []
        self.documents = DocumentStore()
        self.problems: list[Problem] = []
        self.rejected: list[RejectedPolicy] = []
        self.statements: list[Statement] = []
        self.names: Counter[str] = Counter()
        self.files: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.current = FileProblems("", limits.problems_per_file)

    def result(self, digest: str) -> ReadResult:
        return ReadResult(
            tuple(self.objects),
            tuple(self.lists),
            self.documents,
            tuple(self.problems),
            digest,
            tuple(self.files),
            tuple(self.rejected),
            tuple(self.statements),
        )

    def check(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise LoadCancelled

    def file(self, file: InputFile) -> None:
        self.check()
        if self.files_done >= self.limits.files:
            if self.files_done == self.limits.files:
                self._begin(file.name)
                self._tell(1, None, advise("too-many-files", f"there are more than {self.limits.files:,} files"))
                self._end()
                self.files_done += 1
            return
        self.bytes_left -= len(file.data)
        if self.bytes_left < 0:
            self._begin(file.name)
            mib = self.limits.upload_bytes // MIB
            self._tell(1, None, advise("too-much-data", f"the input is larger than {mib} MiB; this file is not read"))
            self._unread(file.data)
            self._end()
        elif is_archive(file.data):
            self._archive(file)
        else:
            self._begin(file.name)
            self._report()
            self._content(file.data, len(file.data))
            self._end()
        self.files_done += 1
        self.bytes_done += len(file.data)
        self.bytes_here = 0.0
        self._report()

    def _archive(self, file: InputFile) -> None:
        # Imported here, for the libraries that unpack take longer to import than many an input to read.
        from lib.loaders.unpack import unpack

        outer = clean_name(file.name, self.limits.name_chars)
        read = 0
        for part in unpack(file.data, self.limits, self.budget, self.check):
            self._begin(f"{outer}/{part.name}" if part.name else outer)
            if isinstance(part, Entry):
                read += 1
                if len(self.files) > self.limits.files:
                    self._tell(1, None, advise("too-many-files", f"there are more than {self.limits.files:,} files"))
                    self._end()
                    return
                self._report()
                self._content(part.data)
            else:
                remedy = ARCHIVE_REMEDIES.get(part.code, "Unpack the archive yourself and load the manifests in it.")
                self._tell(1, None, Advice(Severity.ERROR, part.code, part.message, remedy))
            self._end()
        if not read:
            self._begin(file.name)
            message = f"no YAML or JSON file was read from the archive ({self.budget.ignored} others)"
            self._tell(1, None, Advice(Severity.WARNING, "empty-archive", message, "Load an archive of manifests."))
            self._end()

    def _begin(self, name: str) -> None:
        shown = clean_name(name, 2 * self.limits.name_chars + 1) or "unnamed"
        self.names[shown] += 1
        # Two files of one name are two files; a Source must tell them apart.
        if self.names[shown] > 1 and shown in self.files:
            shown = f"{shown} ({self.names[shown]})"
        self.current = FileProblems(shown, self.limits.problems_per_file)

    def _end(self) -> None:
        self.problems += self.current.all()

    def _tell(self, number: int, line: int | None, advice: Advice, item: int = -1) -> None:
        source = Source(self.current.file, number, (), item)
        self.current.add(Problem(advice.severity, advice.code, advice.message, advice.remedy, source, line))

    def _report(self) -> None:
        if self.progress is not None:
            state = (self.current.file, self.files_done, self.files_total, len(self.objects), dict(self.kinds))
            share = (self.bytes_done + self.bytes_here) / self.bytes_total if self.bytes_total else 0.0
            self.progress(Progress(*state, share))

    def _content(self, data: bytes, weight: int = 0) -> None:
        """Read one file that is no archive; ``weight`` is its part of the bytes that were handed over."""
        self.files.append(self.current.file)
        try:
            text, utf8 = decode(data)
        except EncodingError as error:
            self._tell(1, None, advise("encoding", str(error), "Save the file as UTF-8."))
            self._unread(data)
            return
        if not text.strip():
            self._tell(1, None, Advice(Severity.INFO, "empty-file", "the file is empty", "Nothing needs to be done."))
            return
        if advice := by_first_line(text):
            self._tell(1, 1 + line_count(text[: len(text) - len(text.lstrip())]), advice)
            self._lost(text, 1, 1)
            return
        is_template = has_template(text)
        told_template = False
        lines = line_count(text) or 1
        for result in self.reader.read(text, utf8):
            self.check()
            self.bytes_here = max(self.bytes_here, weight * min(result.line or 1, lines) / lines)
            if isinstance(result, Failure):
                self._lost(result.text, result.number, result.text_line)
                if is_template and not result.is_warning:
                    if not told_template:
                        self._tell(result.number, result.line, HELM_TEMPLATE)
                    told_template = True
                else:
                    self._failure(result)
            else:
                self._document(result, is_template)

    def _unread(self, data: bytes) -> None:
        """Look for policies in a file whose text can't be told or may not be read."""
        plain = data.replace(b"\0", b"")
        if b"networkpolic" in plain.lower():
            self._lost(plain.decode("utf-8", "replace"), 1, 1)

    def _lost(self, text: str, number: int, line: int) -> None:
        """Keep the names of the NetworkPolicies in a text that is not read, and where they stand."""
        found = lost_policies(text, Source(self.current.file, number), line, self.check)
        if found:
            self.rejected += found
            if not self.documents.knows(self.current.file, number):
                self.documents.add(self.current.file, number, StoredDocument(line, "yaml", None))

    def _failure(self, failure: Failure) -> None:
        severity = Severity.WARNING if failure.is_warning else Severity.ERROR
        remedy = REMEDIES.get(failure.code, "Correct the document and load it again.")
        self._tell(failure.number, failure.line, Advice(severity, failure.code, failure.message, remedy))

    def _document(self, document: Document, is_template: bool) -> None:
        value = document.built.value
        if is_manifest(value):
            self._statement(value, document)
            return
        advice = objection(value, self.current.file, is_template=is_template)
        if advice is not None:
            self._tell(document.number, document.line, advice)
            built = document.built
            self._lost(document.text[built.start : built.end], document.number, document.line)
            return
        if value is None:
            return
        version, kind = object_kind(value, "", "")
        redacted = redact(document)
        self.documents.add(
            self.current.file,
            document.number,
            StoredDocument(document.line, document.syntax, redacted.text, redacted.items),
        )
        source = Source(self.current.file, document.number)
        if not is_list(redacted.value):
            self._object(redacted.value, source, version, kind)
            return
        for item, child, item_version, item_kind in self._items(redacted.value, source, version, kind):
            if isinstance(child, dict) and item_kind.endswith("List"):
                self._tell(document.number, None, NESTED_LIST, item.item)
                start, end = document.built.marks.items.get(id(child), (0, 0))
                self._lost(document.text[start:end], document.number, document.line)
            elif isinstance(child, dict):
                self._object(child, item, item_version, item_kind)
            else:
                self._tell(document.number, None, NOT_A_MAPPING, item.item)

    def _statement(self, value: dict[str, Any], document: Document) -> None:
        """Take over what a snapshot says of its objects."""
        if len(self.statements) >= MOST_STATEMENTS:
            message = (
                f"there are more than {MOST_STATEMENTS} snapshots; what this one states of its objects is not read"
            )
            self._tell(document.number, document.line, advise("too-many-snapshots", message))
            self.rejected.append(rejected("", "those of snapshots that were not read", Source(self.current.file, 1)))
            return
        from lib.loaders.bundle.statement import read_statement

        source = Source(self.current.file, document.number)
        self.documents.add(source.file, source.document, StoredDocument(document.line, document.syntax, None))
        found = read_statement(value, source)
        self.statements.append(found.statement)
        self.problems += found.problems
        for advice in found.faults:
            self._tell(document.number, document.line, advice)
        for policy, line in found.rejected:
            self.rejected.append(policy)
            if not self.documents.knows(policy.source.file, policy.source.document):
                self.documents.add(policy.source.file, policy.source.document, StoredDocument(line, "yaml", None))
        for secret in found.secrets:
            self._object(secret.obj, secret.source, secret.api_version, secret.kind)

    def _items(
        self, value: dict[str, Any], source: Source, version: str, kind: str
    ) -> Iterator[tuple[Source, Any, str, str]]:
        """The objects of a list, each with its apiVersion and kind."""
        items = value["items"]
        metadata = value.get("metadata")
        resource_version = metadata.get("resourceVersion", "") if isinstance(metadata, dict) else ""
        self.lists.append(ListInfo(source, kind, version, str(resource_version), len(items)))
        for position, item in enumerate(items):
            place = Source(source.file, source.document, (), position)
            yield place, item, *(object_kind(item, kind, version) if isinstance(item, dict) else ("", ""))

    def _object(self, obj: dict[str, Any], source: Source, version: str, kind: str) -> None:
        if not kind:
            self._tell(source.document, None, NO_KIND, source.item)
            return
        if not version:
            self._tell(source.document, None, NO_API_VERSION, source.item)
            if kind not in (POLICY, "GlobalNetworkPolicy", *CLUSTER_POLICY_KINDS, *CILIUM_POLICY_KINDS):
                return
        self.objects.append(RawObject(obj, source, version, kind))
        self.kinds[kind] += 1
        if len(self.objects) % _PROGRESS_STEP == 0:
            self.check()
            self._report()


__all__ = [
    "STDIN_NAME",
    "DocumentStore",
    "InputFile",
    "ListInfo",
    "LoadCancelled",
    "Progress",
    "RawObject",
    "ReadResult",
    "content_hash",
    "inputs_from_paths",
    "read_inputs",
]
