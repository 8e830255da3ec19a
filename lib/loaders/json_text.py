"""Where the values of a JSON text begin and end, and how many there may be; nothing is built."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Final, NoReturn

from lib.model.patterns import pattern

# The last alternative is a quote that nothing closes. Possessive, for what could be given back is kept for every
# repetition: many times the size of a long string.
JSON_TOKEN: Final = pattern(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]|[^\s\[\]{}",:]++|"', re.DOTALL)
_TOKENS_BETWEEN_CHECKS: Final = 50_000


class JSONSyntaxError(ValueError):
    """JSON that cannot be read; ``index`` is where, in characters. The message quotes nothing of the text."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


def _refuse_constant(name: str) -> NoReturn:
    raise JSONSyntaxError(f"{name} is not a JSON number", 0)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JSONSyntaxError("a number is too large", 0)
    return value


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_SPACE: Final = pattern(r"[ \t\r\n]*")


def json_value_end(text: str, start: int) -> int:
    """The index after the JSON value that begins at ``start``. Raises JSONSyntaxError."""
    try:
        return _DECODER.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        raise JSONSyntaxError(error.msg, error.pos) from None
    except JSONSyntaxError as error:
        raise JSONSyntaxError(str(error), start) from None
    except RecursionError:
        raise JSONSyntaxError("lists and objects are nested too deep", start) from None
    except ValueError:
        raise JSONSyntaxError("a number has too many digits", start) from None


def json_openings(text: str, start: int) -> int:
    """How many keys and values a JSON text from ``start`` on may have at most."""
    return 1 + sum(text.count(sign, start) for sign in "[{,:")


def json_bounded(text: str, start: int, nodes: int, depth: int, check: Callable[[], None]) -> bool:
    """Whether the JSON value that begins at ``start`` has no more than ``nodes`` keys and values.

    For texts whose value would not fit into memory: it is looked through without building anything, up to the bound.
    Raises JSONSyntaxError for a fault before that, and for more than ``depth`` levels.
    """
    found = level = 0
    for match in JSON_TOKEN.finditer(text, start):
        sign = text[match.start()]
        if sign == '"' and match.end() == match.start() + 1:
            return True
        if sign == "]" or sign == "}":
            level -= 1
        else:
            found += 1
            level += sign == "[" or sign == "{"
            if found % _TOKENS_BETWEEN_CHECKS == 0:
                check()
            if found > nodes or level > depth:
                _refuse_fault(text[start : match.start()], start)
                if found > nodes:
                    return False
                raise JSONSyntaxError("lists and objects are nested too deep", match.start())
        if level <= 0:
            return True
    return True


def _refuse_fault(begun: str, start: int) -> None:
    """Raise JSONSyntaxError if a value that breaks off is at fault before its end."""
    try:
        json_value_end(begun, 0)
    except JSONSyntaxError as error:
        if error.index < len(begun.rstrip()) - 1:
            raise JSONSyntaxError(str(error), start + error.index) from None


def skip_space(text: str, start: int) -> int:
    """The index of the first character from ``start`` on that is no JSON white space."""
    match = _SPACE.match(text, start)
    return match.end() if match else start
