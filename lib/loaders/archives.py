"""What archives look like from outside, what comes out of one, and how names from within are shown."""

from __future__ import annotations

from typing import Final

from lib.model.records import dataclass

ARCHIVE_SUFFIXES: Final = (
    ".zip",
    ".tar",
    ".tgz",
    ".tar.gz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".gz",
    ".bz2",
    ".xz",
)
MANIFEST_SUFFIXES: Final = (".yaml", ".yml", ".json")
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7zXZ\x00": "xz"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; ``name`` is its path inside, cleaned and shortened for display."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in an archive that was not read; ``name`` is "" for the archive as a whole."""

    name: str
    code: str
    message: str


@dataclass(slots=True)
class Budget:
    """What may still be unpacked in this input; shared by all of its archives."""

    bytes_left: int
    ignored: int = 0


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin as a zip, a tar or a compressed file does."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08") or compression_of(data) is not None or is_tar(data)


def clean_name(name: str, longest: int) -> str:
    """A name fit for display: no control characters and no marks that turn text around, shortened in the middle."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in name)
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def compression_of(data: bytes) -> str | None:
    """How the bytes are compressed: ``gzip``, ``bzip2``, ``xz``; None where they are not."""
    return next((name for magic, name in _COMPRESSED.items() if data.startswith(magic)), None)


def is_tar(data: bytes) -> bool:
    """Whether the bytes begin as a tar does."""
    return data[257:262] == b"ustar"
