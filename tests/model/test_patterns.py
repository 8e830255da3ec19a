"""Patterns do what ``re`` does, and are compiled when they are used."""

from __future__ import annotations

import re

import pytest

from lib.model.patterns import pattern


def test_a_pattern_matches_as_a_compiled_one() -> None:
    late, compiled = pattern(r"(a+)\.b", re.IGNORECASE), re.compile(r"(a+)\.b", re.IGNORECASE)
    for text in ("aa.b", "xAA.B", "b"):
        for method in ("match", "fullmatch", "search", "findall", "split"):
            found, expected = getattr(late, method)(text), getattr(compiled, method)(text)
            assert getattr(found, "groups", lambda f=found: f)() == getattr(expected, "groups", lambda e=expected: e)()
    assert late.sub("c", "a.b") == "c"
    assert (late.pattern, late.flags) == (compiled.pattern, compiled.flags)


def test_nothing_is_compiled_before_the_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(re, "compile", lambda *written: compiled.append(written) or re._compiler.compile(*written))  # type: ignore[attr-defined]
    late = pattern("a", re.DOTALL)
    assert not compiled
    assert late.match("a")
    assert late.match("a")
    assert compiled == [("a", re.DOTALL)]


def test_a_faulty_pattern_is_told_at_its_first_use() -> None:
    with pytest.raises(re.error):
        pattern("(").match("a")
    with pytest.raises(AttributeError):
        _ = pattern("a").nothing  # type: ignore[attr-defined]
