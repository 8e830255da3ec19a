"""The files that paths on a command line name, as bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from lib.loaders.archives import ARCHIVE_SUFFIXES, MANIFEST_SUFFIXES
from lib.loaders.limits import DEFAULT, MIB, Limits
from lib.model.problem import Problem, Severity
from lib.model.records import dataclass
from lib.model.refs import Source

STDIN_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file as it was handed over; its ``repr`` shows none of its content."""

    name: str
    data: bytes

    def __repr__(self) -> str:
        return f"InputFile({self.name!r}, {len(self.data)} bytes)"


def inputs_from_paths(
    paths: Iterable[str | Path], stdin: IO[bytes] | None = None, limits: Limits = DEFAULT
) -> tuple[tuple[InputFile, ...], tuple[Problem, ...]]:
    """Every file that ``paths`` name, in their order, a folder's by name; and what could not be read.

    A folder is searched with all its folders for YAML, JSON and archives, and files of other kinds are passed over;
    links that lead out of it are not followed. A file that is named itself is read whatever its ending. ``-`` is
    ``stdin``.
    """
    reading = _Reading(limits)
    for path in paths:
        if str(path) == "-":
            if stdin is not None:
                reading.take(STDIN_NAME, stdin)
            continue
        place = Path(path)
        if place.is_dir():
            reading.folder(place)
        else:
            reading.file(place, str(path))
    return tuple(reading.files), tuple(reading.problems)


class _Reading:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.files: list[InputFile] = []
        self.problems: list[Problem] = []
        self.bytes_left = limits.upload_bytes
        self.is_full = False

    def folder(self, root: Path) -> None:
        outside = 0
        ignored = 0
        top = root.resolve()
        found = 0
        for path in _walk(root):
            lower = path.name.lower()
            if not lower.endswith((*MANIFEST_SUFFIXES, *ARCHIVE_SUFFIXES)):
                ignored += 1
            elif not path.resolve().is_relative_to(top):
                outside += 1
            elif path.is_file():
                found += 1
                self.file(path, str(path))
            if self.is_full:
                break
        if outside:
            message = f"{outside} link(s) in the folder lead out of it and were not followed"
            self._tell(str(root), Severity.WARNING, "link-out-of-folder", message, "Name the files that they lead to.")
        if not found:
            self._tell(
                str(root),
                Severity.WARNING,
                "empty-folder",
                f"the folder has no YAML, JSON or archive ({ignored} other files)",
                "Name a folder that holds manifests.",
            )

    def file(self, path: Path, name: str) -> None:
        if self.is_full:
            return
        if len(self.files) >= self.limits.files:
            self._full(name, "too-many-files", f"there are more than {self.limits.files:,} files")
            return
        try:
            if not path.is_file():
                raise FileNotFoundError
            with path.open("rb") as stream:
                self.take(name, stream)
        except FileNotFoundError:
            self._tell(name, Severity.ERROR, "unreadable-file", "there is no such file", "Check the path.")
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            self._tell(
                name, Severity.ERROR, "unreadable-file", f"the file cannot be read: {reason}", "Check its rights."
            )

    def take(self, name: str, stream: IO[bytes]) -> None:
        data = stream.read(self.bytes_left + 1)
        if len(data) > self.bytes_left:
            mib = self.limits.upload_bytes // MIB
            self._full(name, "too-much-data", f"the input is larger than {mib} MiB")
            return
        self.bytes_left -= len(data)
        self.files.append(InputFile(name, data))

    def _full(self, name: str, code: str, what: str) -> None:
        self.is_full = True
        self._tell(
            name, Severity.ERROR, code, f"{what}; this file and those after it were not read", "Load less at once."
        )

    def _tell(self, name: str, severity: Severity, code: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(severity, code, message, remedy, Source(name, 1)))


def _walk(root: Path) -> Iterator[Path]:
    """Every file below a folder, by name, folders in their place; linked folders are not entered."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            yield Path(folder) / name
        for name in folders:
            linked = Path(folder) / name
            if linked.is_symlink():
                continue
