"""Texts from an input are shown letter by letter; tests/browser shows the same in a real browser."""

from __future__ import annotations

import html
import re

import pytest

from lib.ui.text import hover, plain
from tests.ui.kit import HOSTILE

UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[`*_{}\[\]()<>#!|~$:&@]")


def shown(markdown: str) -> str:
    """What CommonMark makes of text that is nothing but escapes."""
    return re.sub(r"\\(.)", r"\1", markdown).replace("\u2060", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_an_input_is_escaped_and_reads_as_written(text: str) -> None:
    assert not UNESCAPED.search(plain(text))
    assert shown(plain(text)) == text


@pytest.mark.parametrize(
    "text", ["http://x.example", "HTTPS://X", "www.x.example", "a@x.example", "a -> b", ":streamlit:"]
)
def test_what_streamlit_replaces_after_markdown_is_broken_by_an_invisible_sign(text: str) -> None:
    assert "\u2060" in plain(text)


def test_names_and_numbers_stay_as_they_are() -> None:
    assert shown(plain("shop/web-v2.1[Deployment]")) == "shop/web-v2.1[Deployment]"
    assert "\u2060" not in plain("shop/web-v2.1[Deployment] 10.0.0.0/8 80:30080/TCP")


def test_lines_are_joined_and_marks_that_turn_text_around_are_shown() -> None:
    assert plain("a\n\n# b") == r"a \# b"
    assert plain("a\u202eb\x00c") == "a\ufffdb\ufffdc"


def test_long_texts_end_in_an_ellipsis() -> None:
    assert plain("x" * 300, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10


@pytest.mark.parametrize("text", HOSTILE)
def test_hover_text_holds_no_tag(text: str) -> None:
    assert "<" not in hover(text)
    assert html.unescape(hover(text)) == text
