"""Calico's selector expressions, evaluated on one set of labels.

Written from "Selectors" of docs.tigera.io: match operators bind closest, then ``!``, then ``&&``, then ``||``.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<string>'[^']*'|"[^"]*")
      | (?P<symbol>==|!=|&&|\|\||[!(){},])
      | (?P<word>[A-Za-z0-9_./-]+)
    )""",
    re.VERBOSE,
)


def matches(selector: str, labels: dict[str, str], *, is_global: bool = False, every: bool = True) -> bool:
    """Whether a selector means a resource with ``labels``.

    ``is_global`` is what ``global()`` says of it and ``every`` what ``all()`` does: in a namespaceSelector that means
    everything that is in a namespace.
    """
    return _matches(selector, tuple(labels.items()), is_global, every)


@lru_cache(10_000)
def _matches(selector: str, labels: tuple[tuple[str, str], ...], is_global: bool, every: bool) -> bool:
    tokens = [m.group().strip() for m in _TOKENS.finditer(selector)]
    assert "".join(tokens) == re.sub(r"\s", "", selector), selector
    return _Reader(tokens, dict(labels), is_global, every).whole()


class _Reader:
    """Reads and evaluates at once, from left to right."""

    def __init__(self, tokens: list[str], labels: dict[str, str], is_global: bool, every: bool) -> None:
        self._tokens, self._labels, self._is_global, self._every = tokens, labels, is_global, every

    def whole(self) -> bool:
        answer = self._either()
        assert not self._tokens, self._tokens
        return answer

    def _take(self, *wanted: str) -> bool:
        if self._tokens[: len(wanted)] == list(wanted):
            del self._tokens[: len(wanted)]
            return True
        return False

    def _next(self) -> str:
        return self._tokens.pop(0)

    def _value(self) -> str:
        quoted = self._next()
        assert quoted[0] in "'\"", quoted
        return quoted[1:-1]

    def _either(self) -> bool:
        answer = self._both()
        while self._take("||"):
            right = self._both()
            answer = answer or right
        return answer

    def _both(self) -> bool:
        answer = self._not()
        while self._take("&&"):
            right = self._not()
            answer = answer and right
        return answer

    def _not(self) -> bool:
        return not self._not() if self._take("!") else self._one()

    def _one(self) -> bool:
        if self._take("("):
            answer = self._either()
            assert self._take(")")
            return answer
        if self._take("all", "(", ")"):
            return self._every
        if self._take("global", "(", ")"):
            return self._is_global
        if self._take("has", "("):
            key = self._next()
            assert self._take(")")
            return key in self._labels
        return self._compared(self._labels.get(self._next()))

    def _compared(self, value: str | None) -> bool:
        if self._take("=="):
            return value == self._value()
        if self._take("!="):
            return value != self._value()  # "without label 'k' or with label 'k' and value not equal to v"
        if self._take("contains"):
            return self._value() in value if value is not None else self._absent()
        if self._take("starts", "with"):
            return value.startswith(self._value()) if value is not None else self._absent()
        if self._take("ends", "with"):
            return value.endswith(self._value()) if value is not None else self._absent()
        negated = self._take("not")
        assert self._take("in")
        return (value in self._values()) is not negated

    def _absent(self) -> bool:
        self._value()
        return False

    def _values(self) -> list[str]:
        assert self._take("{")
        found = []
        while not self._take("}"):
            found.append(self._value())
            self._take(",")
        return found
