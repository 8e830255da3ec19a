"""One line of YAML in the plain block style in which kubectl and helm write it: what it opens, its key and its value.

Only lines whose meaning hangs on nothing but their indentation are read; every other one is unclear, and libyaml's to
read: quotes with escapes, block scalars, flow collections, anchors, aliases, tags, tabs, and whatever is not ASCII.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from lib.loaders.yaml_resolver import PLAIN_LETTERS, PlainLetter, Scalar, key_text, resolve_plain
from lib.model.patterns import pattern

_SHAPE: Final = pattern(r"( *)((?:- +)*)(?:([A-Za-z0-9_./][-A-Za-z0-9_./]{0,250}):(?: +|\Z))?(.*)\Z")
_SCALAR: Final = pattern(r"[A-Za-z0-9/][-A-Za-z0-9_./]*|\"[-A-Za-z0-9_./:]*\"")
"""The scalars that are met most, which mean the same behind whatever they stand."""
_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+~$(<=^;")
"""Characters that a plain scalar may begin with wherever it stands; after a hyphen that no blank follows, too."""
_REMEMBERED: Final = 20_000
_EMPTY: Final = frozenset(("{}", "[]"))


class Line(NamedTuple):
    """What stands in one line, with its columns.

    ``dashed`` says whether it begins an item of a list. ``opens`` are the collections that begin in it where its place
    is new, column and whether it is a mapping, and ``goes_on`` where it goes on with the list or mapping in ``first``.
    ``key`` is None where an item is a scalar. ``begin`` is the column of the value, 0 where none stands after the
    key; ``end`` is the column after it, or after the key. ``empty`` is ``{}`` or ``[]`` where the value is that, else
    "" and ``value`` counts. ``is_field`` marks the most frequent lines: a key and a scalar and no more.
    """

    is_field: bool
    first: int
    key: str | None
    value: Scalar
    begin: int
    end: int
    dashed: bool = False
    opens: tuple[tuple[int, bool], ...] = ()
    goes_on: tuple[tuple[int, bool], ...] = ()
    empty: str = ""


class _Unclear(Exception):
    """The line is not plain."""


NOTHING: Final = -2
"""``first`` of a line that says nothing: empty, or a comment alone."""
UNCLEAR: Final = -3
"""``first`` of a line that may mean something else than it seems to."""
_NOTHING: Final = Line(False, NOTHING, None, None, 0, 0)
_UNCLEAR: Final = Line(False, UNCLEAR, None, None, 0, 0)
_END: Final = Line(False, -1, None, None, 0, 0)
"""What follows the last line: to the left of everything."""


class Lines(dict[str | None, Line]):
    """Lines by their text, read when they are asked for; most are written many times. None is the end."""

    def __init__(self, scalar_chars: int) -> None:
        super().__init__({None: _END})
        self._scalar_chars = scalar_chars
        self._heads: dict[str, Line] = {}
        """By what stands before a scalar a line that begins so, each of which differs in nothing but its scalar."""

    def forget(self) -> None:
        """Let go of the lines if there are many: then most are written once."""
        if len(self) > _REMEMBERED:
            self.clear()
            self._heads.clear()
            self[None] = _END

    def __missing__(self, text: str) -> Line:
        if len(text) > self._scalar_chars:
            return _UNCLEAR
        sign = text.find(": ")
        begin = (sign if sign >= 0 else text.rfind("- ")) + 2
        head = self._heads.get(text[:begin])
        if head is not None and (scalar := _SCALAR.fullmatch(text, begin)):
            line = _like(head, begin, scalar[0])
        else:
            line = read_line(text)
            # Where the scalar does not begin just there, its own characters have a part in where it begins.
            if line.begin == begin and not line.empty:
                self._heads[text[:begin]] = line
        self[text] = line
        return line


def _like(head: Line, begin: int, scalar: str) -> Line:
    """A line that differs from ``head`` in nothing but its scalar, one that is met often."""
    try:
        value = scalar[1:-1] if scalar[0] == '"' else _plain(scalar)
    except _Unclear:
        return _UNCLEAR
    return Line._make((*head[:3], value, begin, begin + len(scalar), *head[6:]))


def read_line(text: str) -> Line:
    """What ``text``, a line without its break, says; its ``first`` says where that is nothing, or not sure."""
    try:
        return _read(text)
    except _Unclear:
        return _UNCLEAR


def _read(text: str) -> Line:
    match = _SHAPE.match(text)
    if match is None or not (text.isascii() and text.isprintable()):
        raise _Unclear
    _, items, key, rest = match.groups()
    if (not rest and key is None and not items) or (rest.startswith("#") and not items and key is None):
        return _NOTHING
    return _line(match, None if key is None else _key(key), _without_comment(rest))


def _line(match: re.Match[str], key: str | None, written: str) -> Line:
    first, column = match.end(1), match.end(2)
    dashes = [at for at in range(first, column) if match.string[at] == "-"]
    if not (written or key is not None) or not (key is not None or dashes):
        raise _Unclear
    goes_on = [(dash, False) for dash in dashes[1:]]
    if dashes and key is not None:
        goes_on.append((column, True))
    empty = written if written in _EMPTY else ""
    value = None if empty or not written else _scalar(written)
    begin = match.start(4) if written else 0
    return Line(
        is_field=bool(written) and not empty and not dashes,
        first=first,
        key=key,
        value=value,
        begin=begin,
        end=begin + len(written) if written else match.end(3) + 1,
        dashed=bool(dashes),
        opens=((first, not dashes), *goes_on),
        goes_on=tuple(goes_on),
        empty=empty,
    )


def _without_comment(rest: str) -> str:
    """A value without the comment and the blanks behind it."""
    comment = 0 if rest.startswith("#") else rest.find(" #")
    if comment >= 0 and rest[:1] in ("'", '"'):
        raise _Unclear
    return (rest if comment < 0 else rest[:comment]).rstrip(" ")


def _key(text: str) -> str:
    key = key_text(resolve_plain(text))
    if key is None:
        raise _Unclear
    return key


def _scalar(text: str) -> Scalar:
    quote = text[0]
    if quote == '"' or quote == "'":
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != quote or quote in inner or (quote == '"' and "\\" in inner):
            raise _Unclear
        return inner
    if quote not in _FIRST and not (quote == "-" and len(text) > 1 and text[1] in _FIRST):
        raise _Unclear
    if ": " in text or text[-1] == ":":
        raise _Unclear
    return _plain(text)


def _plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    value = PlainLetter(text) if text in PLAIN_LETTERS else resolve_plain(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unclear
    return value
