"""Unpack zip and tar archives in memory, bounded by what really comes out and never by what a header says.

Nothing is written to disk. An entry that could only be meant to harm (a path out of the archive, a link, a device) is
told and left out; so is an archive within the archive.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO, Final, Literal

from lib.loaders.archives import (
    ARCHIVE_SUFFIXES,
    MANIFEST_SUFFIXES,
    Budget,
    Entry,
    Refusal,
    clean_name,
    compression_of,
    is_archive,
    is_tar,
)
from lib.loaders.limits import MIB, Limits

_CHUNK_BYTES: Final = 256 * 1024
_LZMA_MEMORY_BYTES: Final = 128 * MIB
_IGNORED_NAMES: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_Cancel = Callable[[], None]


class _Bomb(Exception):
    """A bound was passed while unpacking."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def unpack(data: bytes, limits: Limits, budget: Budget, check: _Cancel = lambda: None) -> Iterator[Entry | Refusal]:
    """The manifests of an archive; files of other kinds are only counted in ``budget.ignored``."""
    try:
        if compression_of(data) is not None:
            unpacked = _decompress(data, limits, budget, check)
            if is_tar(unpacked):
                # These bytes count once, as what came out of the outer layer.
                budget.bytes_left += len(unpacked)
                yield from _tar(unpacked, len(data), limits, budget, check)
            elif is_archive(unpacked):
                yield _nested("")
            else:
                yield Entry("", unpacked)
        elif is_tar(data):
            yield from _tar(data, len(data), limits, budget, check)
        else:
            yield from _zip(data, limits, budget, check)
    except _Bomb as bomb:
        yield Refusal("", bomb.code, bomb.message)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError):
        yield Refusal(
            "", "broken-archive", "the archive is damaged or cut off; what stands after the fault is not read"
        )
    except (NotImplementedError, RuntimeError):
        yield Refusal("", "unsupported-archive", "the archive is packed in a way that is not supported")


def _nested(name: str) -> Refusal:
    return Refusal(name, "nested-archive", "an archive inside an archive is not unpacked")


class _Meter:
    """Counts what comes out of one archive against the input's budget and against the archive's own size."""

    def __init__(self, packed_bytes: int, limits: Limits, budget: Budget, check: _Cancel) -> None:
        self.most = max(MIB, packed_bytes * limits.compression_ratio)
        self.limits, self.budget, self.check = limits, budget, check
        self.out = 0

    def count(self, size: int) -> None:
        """Raises _Bomb when ``size`` more bytes are too many."""
        self.check()
        self.out += size
        self.budget.bytes_left -= size
        if self.out > self.most:
            ratio = self.limits.compression_ratio
            raise _Bomb("compression-ratio", f"the archive unpacks to more than {ratio} times its size")
        if self.budget.bytes_left < 0:
            mib = self.limits.decompressed_bytes // MIB
            raise _Bomb("too-much-data", f"the input unpacks to more than {mib} MiB")

    def read(self, stream: IO[bytes]) -> bytes:
        """All of a stream, in counted pieces."""
        parts = []
        while part := stream.read(_CHUNK_BYTES):
            self.count(len(part))
            parts.append(part)
        return b"".join(parts)


def _decompress(data: bytes, limits: Limits, budget: Budget, check: _Cancel) -> bytes:
    meter = _Meter(len(data), limits, budget, check)
    match compression_of(data):
        case "gzip":
            with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
                return meter.read(stream)  # type: ignore[arg-type]
        case "bzip2":
            with bz2.BZ2File(BytesIO(data)) as stream:
                return meter.read(stream)
        case _:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY_BYTES)
            parts, rest = [], data
            while not decoder.eof:
                part = decoder.decompress(rest, _CHUNK_BYTES)
                rest = b""
                if not part and decoder.needs_input:
                    raise EOFError
                meter.count(len(part))
                parts.append(part)
            return b"".join(parts)


def _zip(data: bytes, limits: Limits, budget: Budget, check: _Cancel) -> Iterator[Entry | Refusal]:
    # Counted before the directory is read, since reading it makes an object of every entry.
    if data.count(b"PK\x01\x02") > limits.archive_entries:
        raise _Bomb("too-many-entries", f"the archive has more than {limits.archive_entries:,} entries")
    meter = _Meter(len(data), limits, budget, check)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            is_file = kind in (0, stat.S_IFREG)
            wanted = _wanted(info.filename, info.is_dir(), is_file, limits, budget)
            if wanted is not True:
                if wanted is not None:
                    yield wanted
                continue
            name = clean_name(info.filename, limits.name_chars)
            if info.flag_bits & 1:
                yield Refusal(name, "encrypted-archive", "the entry is encrypted")
                continue
            try:
                with archive.open(info) as stream:
                    content = meter.read(stream)
            except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError):
                yield Refusal(name, "broken-archive", "the entry is damaged or cut off")
                continue
            except (NotImplementedError, RuntimeError):
                yield Refusal(name, "unsupported-archive", "the entry is packed in a way that is not supported")
                continue
            yield _nested(name) if is_archive(content) else Entry(name, content)


def _tar(data: bytes, packed_bytes: int, limits: Limits, budget: Budget, check: _Cancel) -> Iterator[Entry | Refusal]:
    meter = _Meter(packed_bytes, limits, budget, check)
    with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
        for count, member in enumerate(archive, 1):
            archive.members.clear()  # type: ignore[attr-defined]
            if count > limits.archive_entries:
                raise _Bomb("too-many-entries", f"the archive has more than {limits.archive_entries:,} entries")
            check()
            wanted = _wanted(member.name, member.isdir(), member.isreg(), limits, budget)
            if wanted is not True:
                if wanted is not None:
                    yield wanted
                continue
            name = clean_name(member.name, limits.name_chars)
            stream = archive.extractfile(member)
            if stream is None:
                continue
            content = meter.read(stream)
            if len(content) < member.size:
                yield Refusal(name, "broken-archive", "the entry is damaged or cut off")
                return
            yield _nested(name) if is_archive(content) else Entry(name, content)


def _wanted(
    name: str, is_folder: bool, is_file: bool, limits: Limits, budget: Budget
) -> Refusal | Literal[True] | None:
    """True to read the entry, a Refusal to tell of, None to pass it over in silence."""
    shown = clean_name(name, limits.name_chars)
    path = PurePosixPath(name.replace("\\", "/"))
    if ".." in path.parts or path.is_absolute() or (len(name) > 1 and name[1] == ":"):
        return Refusal(shown, "unsafe-path", "the entry's path leads out of the archive; it is not read")
    if "__MACOSX" in path.parts or path.name in _IGNORED_NAMES or path.name.startswith("._") or is_folder:
        return None
    if not is_file:
        return Refusal(shown, "special-file", "the entry is a link or a device; it is not followed")
    lower = path.name.lower()
    if lower.endswith(MANIFEST_SUFFIXES):
        return True
    if lower.endswith(ARCHIVE_SUFFIXES):
        return _nested(shown)
    budget.ignored += 1
    return None
