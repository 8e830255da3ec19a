"""From bytes to text: UTF-8, or UTF-16 as a Windows shell's ``>`` writes it."""

from __future__ import annotations

import codecs


class EncodingError(ValueError):
    """The bytes are no text that is read; the message says where, and quotes nothing."""


def decode(data: bytes) -> tuple[str, bytes | None]:
    """The text without a byte order mark, and its bytes where they are its UTF-8 already. Raises EncodingError."""
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    elif data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise EncodingError("the file is UTF-32")
    elif encoding := _utf16(data):
        try:
            return data.decode(encoding).removeprefix("\ufeff"), None
        except UnicodeDecodeError as error:
            raise EncodingError(f"the file is damaged UTF-16 at byte {error.start + 1:,}") from None
    try:
        return data.decode("utf-8"), data
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EncodingError(f"the file is not UTF-8: line {line:,} holds a byte that UTF-8 has not") from None


def _utf16(data: bytes) -> str | None:
    """The byte order of UTF-16, by its mark, or without one by every other byte of its first characters being NUL."""
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if data.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    head = data[:8]
    if len(head) < 4 or len(data) % 2:
        return None
    if not any(head[1::2]) and all(head[::2]):
        return "utf-16-le"
    if not any(head[::2]) and all(head[1::2]):
        return "utf-16-be"
    return None
