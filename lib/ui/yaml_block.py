"""An object's YAML with its place in the input."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from lib.loaders.manifests import DocumentStore
from lib.model.refs import Source
from lib.ui.text import plain


def show_yaml(
    documents: DocumentStore, source: Source | None, *, height: int | Literal["stretch", "content"] = "content"
) -> None:
    """The redacted text of what stands at ``source``, under its ``file:line`` and with the file's own line numbers."""
    if source is None:
        st.caption("This is not in the input itself.")
        return
    first, text = documents.excerpt(source)
    st.caption(f":material/description: {plain(documents.file_line(source))}")
    if not text.strip():
        st.caption("The input holds no text for it.")
        return
    st.code(numbered(first, text), language="yaml", height=height)


def show_lines(documents: DocumentStore, source: Source, line: int) -> None:
    """The redacted text around a line of the file, that line marked; nothing where the input holds no text for it."""
    first, text = documents.excerpt(source)
    around = lines_around(first, text, line)
    if around:
        st.code(around, language="yaml")


def lines_around(first_line: int, text: str, line: int, *, context: int = 3) -> str:
    """``line``, marked, and up to ``context`` lines before and after it, all numbered; "" if it isn't there."""
    lines = numbered(first_line, text).split("\n") if text.strip() else []
    at = line - first_line
    if not 0 <= at < len(lines):
        return ""
    start = max(0, at - context)
    return "\n".join(f"{'▸' if i == at else ' '} {lines[i]}" for i in range(start, min(len(lines), at + context + 1)))


def numbered(first_line: int, text: str) -> str:
    """Every line with its number before it, aligned."""
    lines = text.rstrip("\n").split("\n")
    width = len(str(first_line + len(lines) - 1))
    return "\n".join(f"{first_line + i:>{width}}  {line}" for i, line in enumerate(lines))
