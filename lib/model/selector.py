"""kubectl's selector syntax (``-l``), read into the model's LabelSelector."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lib.model.errors import ModelError
from lib.model.labels import LabelSelector, Operator, Requirement

_TOKEN: Final = re.compile(r"\s*(?:(?P<op>==|!=|[=!,()<>])|(?P<word>[^\s=!,()<>]+))")
_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_EQUALITY: Final = {"=": Operator.IN, "==": Operator.IN, "!=": Operator.NOT_IN}
_SETS: Final = {"in": Operator.IN, "notin": Operator.NOT_IN}
_LAST_PREFIX_CHAR: Final = 253


def parse_selector(text: str) -> LabelSelector:
    """Read ``tier=web,env in (prod,stage),!legacy``; blank text selects everything.

    Knows what apimachinery's ``labels.Parse`` knows except ``<`` and ``>``: ``=``, ``==``, ``!=``, ``in``, ``notin``,
    a key alone and ``!key``. Raises ModelError with one sentence that says what is wrong and where.
    """
    tokens = _tokens(text)
    if not tokens:
        return LabelSelector()
    parser = _Parser(tokens)
    requirements = [parser.requirement()]
    while parser.peek():
        parser.expect(",")
        requirements.append(parser.requirement())
    return LabelSelector(tuple(requirements))


def _tokens(text: str) -> tuple[str, ...]:
    """Words and signs; spaces only separate."""
    found: list[str] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # pragma: no cover - every character is a sign, a word or a space
            raise ModelError(f"{text[position:][:40]!r} cannot be read as a label selector.")
        found.append(match["op"] or match["word"])
        position = match.end()
    return tuple(found)


@dataclass(slots=True)
class _Parser:
    """One pass over the tokens."""

    tokens: tuple[str, ...]
    position: int = 0

    def peek(self) -> str:
        """The next token, "" at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        """The next token, consumed."""
        token = self.peek()
        self.position += 1
        return token

    def expect(self, sign: str) -> None:
        """Consume ``sign``, which must come now."""
        token = self.take()
        if token != sign:
            where = f"before {token!r}" if token else "at the end"
            raise ModelError(f"A {sign!r} is missing {where}.")

    def requirement(self) -> Requirement:
        """One condition up to the next comma."""
        if self.peek() == "!":
            self.take()
            return Requirement(self.key(), Operator.DOES_NOT_EXIST)
        key = self.key()
        sign = self.peek()
        if sign in ("", ","):
            return Requirement(key, Operator.EXISTS)
        self.take()
        if sign in _EQUALITY:
            return Requirement(key, _EQUALITY[sign], frozenset({self.value(key)}))
        if sign in _SETS:
            return Requirement(key, _SETS[sign], self.values(key))
        if sign in ("<", ">"):
            raise ModelError(f"{sign!r} after {key!r} is not supported: compare labels with =, !=, in or notin.")
        raise ModelError(f"{sign!r} after {key!r} is no operator: use =, ==, !=, in or notin.")

    def key(self) -> str:
        """A label key, checked as the API server checks it."""
        token = self.take()
        if not token or not (token[0].isalnum() or "/" in token):
            place = f"where {token!r} stands" if token else "at the end"
            raise ModelError(f"A label key is missing {place}.")
        prefix, slash, name = token.rpartition("/")
        fits = _NAME.fullmatch(name) and (not slash or (len(prefix) <= _LAST_PREFIX_CHAR and _PREFIX.fullmatch(prefix)))
        if not fits:
            raise ModelError(
                f"{token[:80]!r} is no label key: a name of at most 63 characters, perhaps after a prefix/."
            )
        return token

    def value(self, key: str) -> str:
        """A label value, which may be empty."""
        if self.peek() in ("", ",", ")"):
            return ""
        token = self.take()
        if not _NAME.fullmatch(token):
            raise ModelError(f"{token[:80]!r} is no value for {key!r}: letters, digits, '-', '_' and '.', at most 63.")
        return token

    def values(self, key: str) -> frozenset[str]:
        """The values between brackets; empty ones count, as in kubectl."""
        self.expect("(")
        found = {self.value(key)}
        while self.peek() == ",":
            self.take()
            found.add(self.value(key))
        self.expect(")")
        return frozenset(found)
