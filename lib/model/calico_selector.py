"""Calico's selector language: ``role == "db" && (has(tier) || !(env in {"dev", "test"}))``.

Read as Calico's own tokenizer and parser do (libcalico-go/lib/selector): ``!`` binds closest, then ``&&``, then ``||``;
texts stand in double or single quotes without escapes; blanks are spaces and tabs. Empty text selects everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple, assert_never

from lib.model.errors import ModelError
from lib.model.labels import Labels
from lib.model.patterns import pattern
from lib.model.records import dataclass, replace

DEEPEST: Final = 100
"""How many parentheses and negations may stand inside each other."""


class Comparison(Enum):
    """The operators between a label and a text or a set of texts."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    IN = "in"
    NOT_IN = "not in"
    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"


@dataclass(frozen=True, slots=True)
class Compare:
    """One label against texts; ``!=`` and ``not in`` also hold where the label is absent."""

    key: str
    comparison: Comparison
    values: frozenset[str]

    @property
    def holds_where_absent(self) -> bool:
        """Whether objects without the label match."""
        return self.comparison in (Comparison.NOT_EQUAL, Comparison.NOT_IN)

    def accepts(self, value: str) -> bool:
        """Whether an object matches whose label has ``value``."""
        match self.comparison:
            case Comparison.EQUAL | Comparison.IN:
                return value in self.values
            case Comparison.NOT_EQUAL | Comparison.NOT_IN:
                return value not in self.values
            case Comparison.CONTAINS:
                return any(v in value for v in self.values)
            case Comparison.STARTS_WITH:
                return any(value.startswith(v) for v in self.values)
            case Comparison.ENDS_WITH:
                return any(value.endswith(v) for v in self.values)
            case _:
                assert_never(self.comparison)

    def __str__(self) -> str:
        if self.comparison in (Comparison.IN, Comparison.NOT_IN):
            return f"{self.key} {self.comparison.value} {{{', '.join(map(_quoted, sorted(self.values)))}}}"
        return f"{self.key} {self.comparison.value} {_quoted(*self.values)}"


@dataclass(frozen=True, slots=True)
class Has:
    """``has(key)``: the label is there, whatever its value."""

    key: str

    def __str__(self) -> str:
        return f"has({self.key})"


@dataclass(frozen=True, slots=True)
class All:
    """``all()``: everything."""

    def __str__(self) -> str:
        return "all()"


@dataclass(frozen=True, slots=True)
class Global:
    """``global()``: what stands in no namespace; only a rule's namespaceSelector may say it."""

    def __str__(self) -> str:
        return "global()"


@dataclass(frozen=True, slots=True)
class Not:
    """Everything that ``inner`` does not select."""

    inner: CalicoSelector

    def __str__(self) -> str:
        return f"!{self.inner}" if isinstance(self.inner, Has | All | Global) else f"!({self.inner})"


@dataclass(frozen=True, slots=True)
class And:
    """What every part selects."""

    parts: tuple[CalicoSelector, ...]

    def __str__(self) -> str:
        return " && ".join(f"({p})" if isinstance(p, Or) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """What any part selects."""

    parts: tuple[CalicoSelector, ...]

    def __str__(self) -> str:
        return " || ".join(map(str, self.parts))


CalicoSelector = All | Global | Has | Compare | Not | And | Or


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def matches(selector: CalicoSelector, labels: Labels) -> bool:
    """Whether an object with ``labels`` is selected; ``global()`` counts as everything, as in Calico's own nodes."""
    match selector:
        case All() | Global():
            return True
        case Has():
            return selector.key in labels
        case Compare():
            value = labels.get(selector.key)
            return selector.holds_where_absent if value is None else selector.accepts(value)
        case Not():
            return not matches(selector.inner, labels)
        case And():
            return all(matches(p, labels) for p in selector.parts)
        case Or():
            return any(matches(p, labels) for p in selector.parts)
        case _:
            assert_never(selector)


def leaves(selector: CalicoSelector) -> Iterator[All | Global | Has | Compare]:
    """The parts that ask about something, in the order of the text."""
    match selector:
        case Not():
            yield from leaves(selector.inner)
        case And() | Or():
            for part in selector.parts:
                yield from leaves(part)
        case _:
            yield selector


def keys_of(selector: CalicoSelector) -> frozenset[str]:
    """The label keys that the answer can depend on."""
    return frozenset(leaf.key for leaf in leaves(selector) if isinstance(leaf, Has | Compare))


def rewritten(
    selector: CalicoSelector, prefix: str, everything: CalicoSelector, globally: CalicoSelector
) -> CalicoSelector:
    """The selector with ``prefix`` before every key, and other selectors in place of ``all()`` and ``global()``."""
    match selector:
        case All():
            return everything
        case Global():
            return globally
        case Has() | Compare():
            return replace(selector, key=prefix + selector.key)
        case Not():
            return Not(rewritten(selector.inner, prefix, everything, globally))
        case And():
            return And(tuple(rewritten(p, prefix, everything, globally) for p in selector.parts))
        case Or():
            return Or(tuple(rewritten(p, prefix, everything, globally) for p in selector.parts))
        case _:
            assert_never(selector)


def conjunction(*parts: CalicoSelector | None) -> CalicoSelector:
    """What all ``parts`` select; None and ``all()`` add nothing."""
    found = tuple(p for p in parts if p is not None and not isinstance(p, All))
    if not found:
        return All()
    return found[0] if len(found) == 1 else And(found)


_BLANKS: Final = " \t"
_IDENTIFIER: Final = pattern(r"[a-zA-Z0-9_./-]+")
_SIGNS: Final = ("==", "!=", "&&", "||", "(", ")", "{", "}", ",", "!")
_CALL: Final = pattern(r"(has|all|global)\([ \t]*([a-zA-Z0-9_./-]*)[ \t]*(\)?)")
_AFTER_LABEL: Final = pattern(r"contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in")
_WORDS: Final = {
    "contains": Comparison.CONTAINS,
    "startswith": Comparison.STARTS_WITH,
    "endswith": Comparison.ENDS_WITH,
    "notin": Comparison.NOT_IN,
    "in": Comparison.IN,
    "==": Comparison.EQUAL,
    "!=": Comparison.NOT_EQUAL,
}


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse_calico_selector(text: str) -> CalicoSelector:
    """Read a selector. Raises ModelError with one sentence that says what is wrong and where."""
    tokens = list(_tokens(text))
    if len(tokens) == 1:
        return All()
    parser = _Parser(tokens)
    found = parser.disjunction(0)
    if (token := parser.peek).kind != "end":
        raise ModelError(f"nothing may follow at character {token.at + 1}, where {token.text!r} stands")
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at, after_label = 0, False
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
            continue
        token, at = _token(text, at, after_label)
        after_label = token.kind == "label"
        yield token
    yield _Token("end", "", at)


def _token(text: str, at: int, after_label: bool) -> tuple[_Token, int]:
    if text[at] in "\"'":
        end = text.find(text[at], at + 1)
        if end < 0:
            raise ModelError(f"the text that begins at character {at + 1} has no closing quote")
        return _Token("text", text[at + 1 : end], at), end + 1
    for sign in _SIGNS:
        if text.startswith(sign, at):
            return _Token(sign, sign, at), at + len(sign)
    if after_label:
        word = _AFTER_LABEL.match(text, at)
        if word is None:
            raise ModelError(f"an operator must follow the label, at character {at + 1}")
        return _Token("word", re.sub(r"[ \t]", "", word.group()), at), word.end()
    if call := _CALL.match(text, at):
        name, inner, closed = call.groups()
        if not closed or (name == "has") != bool(inner):
            raise ModelError(f"{name}( at character {at + 1} is not closed as it must be")
        return _Token(name, inner, at), call.end()
    if name_match := _IDENTIFIER.match(text, at):
        return _Token("label", name_match.group(), at), name_match.end()
    raise ModelError(f"character {at + 1} cannot be read")


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def peek(self) -> _Token:
        return self._tokens[self._position]

    def _next(self) -> _Token:
        token = self.peek
        if token.kind != "end":
            self._position += 1
        return token

    def _expect(self, kind: str, called: str) -> _Token:
        token = self._next()
        if token.kind != kind:
            raise ModelError(f"{called} must stand at character {token.at + 1}")
        return token

    def disjunction(self, depth: int) -> CalicoSelector:
        parts = [self._conjunction(depth)]
        while self.peek.kind == "||":
            self._next()
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, depth: int) -> CalicoSelector:
        parts = [self._operation(depth)]
        while self.peek.kind == "&&":
            self._next()
            parts.append(self._operation(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _operation(self, depth: int) -> CalicoSelector:
        negated = False
        while self.peek.kind == "!":
            self._next()
            negated = not negated
        found = self._single(depth)
        return Not(found) if negated else found

    def _single(self, depth: int) -> CalicoSelector:
        token = self._next()
        match token.kind:
            case "has":
                return Has(token.text)
            case "all":
                return All()
            case "global":
                return Global()
            case "label":
                return self._comparison(token.text)
            case "(":
                if depth >= DEEPEST:
                    raise ModelError(f"more than {DEEPEST} parentheses stand inside each other")
                found = self.disjunction(depth + 1)
                self._expect(")", "a closing parenthesis")
                return found
            case _:
                raise ModelError(f"a condition must stand at character {token.at + 1}")

    def _comparison(self, key: str) -> CalicoSelector:
        token = self._next()
        comparison = _WORDS.get(token.text) if token.kind in ("word", "==", "!=") else None
        if comparison is None:
            raise ModelError(f"an operator must follow the label {key!r}, at character {token.at + 1}")
        if comparison not in (Comparison.IN, Comparison.NOT_IN):
            return Compare(key, comparison, frozenset({self._expect("text", "a text in quotes").text}))
        self._expect("{", "a set in braces")
        values = []
        while self.peek.kind == "text":
            values.append(self._next().text)
            if self.peek.kind != ",":
                break
            self._next()
        self._expect("}", "a closing brace")
        return Compare(key, comparison, frozenset(values))
