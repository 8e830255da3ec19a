"""Lines as YAML 1.1 counts them, which is how libyaml and so every place in a Problem counts."""

from __future__ import annotations

from typing import Final

from lib.model.patterns import pattern

BREAK: Final = pattern(r"\r\n|[\n\r\x85\u2028\u2029]")
"""One line break."""


def line_count(text: str) -> int:
    """How many line breaks ``text`` has."""
    if text.isascii() and "\r" not in text:
        return text.count("\n")
    return sum(1 for _ in BREAK.finditer(text))


def json_line_count(text: str) -> int:
    """How many line breaks a JSON text has; the further ones that YAML knows may stand inside JSON's strings."""
    return text.count("\n")
