"""What a plain YAML scalar means to kubectl: the table of goyaml.v2, which sigs.k8s.io/yaml reads with.

It is neither YAML 1.1 as PyYAML has it nor YAML 1.2: ``y`` and ``on`` are booleans, ``12:30`` and dates are strings,
``1e3`` is a float, ``0o7`` and ``0b1`` are integers. Source: kubernetes-sigs/yaml, goyaml.v2/resolve.go; strconv's
ParseInt with base 0 for the integers.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Final

from lib.model.patterns import pattern

Scalar = str | int | float | bool | None

TAG_PREFIX: Final = "tag:yaml.org,2002:"
KNOWN_TAGS: Final = frozenset(
    TAG_PREFIX + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge", "map", "seq")
)

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
# Go's ParseInt(s, 0, 64): an optional sign, then a prefix or decimal digits; a leading 0 alone means octal.
_INTEGER: Final = pattern(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))\Z")
_FLOAT: Final = pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
# Go's ParseFloat beyond that, reached only by scalars that begin with a dot.
_DOT_FLOAT: Final = pattern(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")
_LONGEST_NUMBER_CHARS: Final = 400


class PlainLetter(str):
    """An unquoted ``y``, ``Y``, ``n`` or ``N``, where a value stands.

    To kubectl it is a boolean; to YAML 1.2, kustomize (yaml.v3) and PyYAML, which wrote many of the files that hold
    one, it is the letter. So it is a text that knows which boolean it may be, and the reader of the field decides.
    """

    __slots__ = ()

    @property
    def truth(self) -> bool:
        """The boolean that kubectl takes it for."""
        return self in "yY"


PLAIN_LETTERS: Final = frozenset("yYnN")


class TagError(ValueError):
    """A scalar does not fit the tag it was written with."""


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS or len(text) > _LONGEST_NUMBER_CHARS:
        return text
    if text[0] == ".":
        return _finite(text) if _DOT_FLOAT.match(text) else text
    plain = text.replace("_", "")
    if (integer := _integer(plain)) is not None:
        return integer
    number = _finite(plain) if _FLOAT.match(plain) else plain
    return text if isinstance(number, str) else number


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag; tags outside YAML's own mean a string. Raises TagError."""
    if tag == TAG_PREFIX + "binary":
        import base64
        import binascii

        try:
            return base64.b64decode(re.sub(r"\s", "", text), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise TagError("a !!binary value is not base64") from None
    if tag not in KNOWN_TAGS or tag == TAG_PREFIX + "str" or tag == TAG_PREFIX + "merge":
        return text
    name = tag.removeprefix(TAG_PREFIX)
    value = resolve_plain(text)
    match name:
        case "int" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "float" if isinstance(value, float):
            return value
        case "float" if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        case "bool" if isinstance(value, bool):
            return value
        case "null" if value is None:
            return None
        case "timestamp" if _TIMESTAMP.match(text):
            return text
    raise TagError(f"a value does not fit its tag !!{name}")


_TIMESTAMP: Final = pattern(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})"
    r"| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?)?\Z"
)


def key_text(key: Scalar) -> str | None:
    """The JSON key that sigs.k8s.io/yaml makes of a YAML key; None for those it refuses (null).

    Floats are written as Go's ``FormatFloat(v, 'g', -1, 32)`` does, in the shortest form of 32 bits.
    """
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case int():
            return str(key)
        case float():
            return _float_key(key)
        case None:
            return None


def _float_key(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value) or abs(value) > 3.4028235677973366e38:
        return ".inf" if value > 0 else "-.inf"
    single = _shortest_float32(value)
    mantissa, _, exponent = f"{single:e}".partition("e")
    digits = repr(single)
    if -4 <= int(exponent) < 21:
        return digits.removesuffix(".0") if "e" not in digits else f"{single:.0f}"
    mantissa = digits.partition("e")[0].removesuffix(".0") if "e" in digits else mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent):+03d}"


def _shortest_float32(value: float) -> float:
    """The double with the fewest digits that is the same 32-bit float."""

    def pack(number: float) -> bytes:
        return struct.pack("<f", number)

    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        try:
            if pack(candidate) == pack(value):
                return candidate
        except OverflowError:
            continue
    return value


def _integer(plain: str) -> int | None:
    if not (match := _INTEGER.match(plain)):
        return None
    sign, hexadecimal, octal, binary, decimal = match.groups()
    if hexadecimal:
        number = int(hexadecimal, 16)
    elif octal:
        number = int(octal, 8)
    elif binary:
        number = int(binary, 2)
    else:
        number = int(decimal)
    number = -number if sign == "-" else number
    # Out of 64 bits Go falls through to its float rule, which knows digits only.
    return number if hexadecimal or binary or -(2**63) <= number < 2**64 else None


def _finite(text: str) -> float | str:
    number = float(text)
    return text if math.isinf(number) else number
