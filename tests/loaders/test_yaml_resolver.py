"""Each row is one of goyaml.v2's: its resolve table, and the values its own decode tests state."""

import math

import pytest

from lib.loaders.yaml_resolver import TAG_PREFIX, TagError, key_text, resolve_plain, resolve_tagged

TRUE = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]
FALSE = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
NULL = ["", "~", "null", "Null", "NULL"]
STRINGS = [
    "yEs", "oN", "nO", "tRUE", "nULL", "none", "nil", "yess", "=", "<<", "!", "12:30", "190:20:30", "1:1", "1:99",
    "2001-01-01", "2015-02-24T18:19:39Z", "2015-2-3 3:4:5", "2001-12-14t21:59:43.10-05:00", "1.2.3", "10.0.0.0/16",
    "0x", "0xg", "0b", "0b2", "0o8", "0o", "--1", "+-1", "1e", "e3", "1e3e", "..", ".", ".e5", "._5",
    ".5_0", "-", "+", "1k", "100m",
    ".infinity", "inf", "nan", "NaN", "Infinity", "-.nan", "1e400", "-1e999", ".5e999", "\u0661\u0662", "１２", "1 2",
]  # fmt: skip
INTEGERS = [
    ("0", 0), ("-0", 0), ("+0", 0), ("80", 80), ("+80", 80), ("-80", -80), ("1_000", 1000), ("+685_230", 685230),
    ("685230", 685230), ("02472256", 685230), ("0o2472256", 685230), ("0O17", 15), ("0x_0A_74_AE", 685230),
    ("0XFF", 255), ("0b1010_0111_0100_1010_1110", 685230), ("0B11", 3), ("-0b101010", -42), ("-0x10", -16),
    ("-010", -8), ("010", 8), ("4_", 4), ("4294967296", 2**32), ("9223372036854775807", 2**63 - 1),
    ("-9223372036854775808", -(2**63)), ("18446744073709551615", 2**64 - 1),
]  # fmt: skip
FLOATS = [
    ("1e3", 1000.0), ("1E+2", 100.0), ("1.", 1.0), (".5", 0.5), ("+.5", 0.5), ("-.5", -0.5), ("0.1", 0.1),
    ("6.8523015e+5", 685230.15), ("685.230_15e+03", 685230.15), ("685_230.15", 685230.15), (".1e-3", 0.0001),
    ("08", 8.0), ("089", 89.0), ("18446744073709551616", 18446744073709551616.0),
    ("-9223372036854775809", -9223372036854775809.0), ("123456e1", 1234560.0),
]  # fmt: skip


def same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("text", TRUE)
def test_word_is_true(text: str) -> None:
    assert resolve_plain(text) is True


@pytest.mark.parametrize("text", FALSE)
def test_word_is_false(text: str) -> None:
    assert resolve_plain(text) is False


@pytest.mark.parametrize("text", NULL)
def test_word_is_null(text: str) -> None:
    assert resolve_plain(text) is None


@pytest.mark.parametrize("text", STRINGS)
def test_word_stays_a_string(text: str) -> None:
    assert same(resolve_plain(text), text)


@pytest.mark.parametrize(("text", "value"), INTEGERS)
def test_word_is_an_integer(text: str, value: int) -> None:
    assert same(resolve_plain(text), value)


@pytest.mark.parametrize(("text", "value"), FLOATS)
def test_word_is_a_float(text: str, value: float) -> None:
    assert same(resolve_plain(text), value)


@pytest.mark.parametrize("text", [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"])
def test_word_is_infinity(text: str) -> None:
    assert resolve_plain(text) == math.inf


@pytest.mark.parametrize("text", ["-.inf", "-.Inf", "-.INF"])
def test_word_is_minus_infinity(text: str) -> None:
    assert resolve_plain(text) == -math.inf


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_word_is_not_a_number(text: str) -> None:
    value = resolve_plain(text)
    assert isinstance(value, float) and math.isnan(value)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("str", "80", "80"), ("str", "yes", "yes"), ("str", "", ""), ("int", "80", 80), ("int", "0x10", 16),
        ("float", "1", 1.0), ("float", "1.5", 1.5), ("bool", "on", True), ("bool", "n", False), ("null", "~", None),
        ("null", "", None), ("binary", "aGVsbG8=", "hello"), ("binary", "aGVs\n bG8=", "hello"),
        ("timestamp", "2001-01-01", "2001-01-01"),
    ],
)  # fmt: skip
def test_tag_decides(tag: str, text: str, value: object) -> None:
    assert same(resolve_tagged(TAG_PREFIX + tag, text), value)


@pytest.mark.parametrize(
    ("tag", "text"),
    [("int", "x"), ("int", "1.5"), ("float", "x"), ("bool", "1"), ("null", "x"), ("binary", "==="), ("timestamp", "x")],
)
def test_value_that_does_not_fit_its_tag_is_refused(tag: str, text: str) -> None:
    with pytest.raises(TagError) as caught:
        resolve_tagged(TAG_PREFIX + tag, text)
    assert repr(text) not in str(caught.value)


def test_unknown_tag_means_a_string() -> None:
    assert resolve_tagged("!vault", "80") == "80"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("a", "a"), (80, "80"), (-1, "-1"), (True, "true"), (False, "false"), (1.5, "1.5"), (1000.0, "1000"),
        (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-05, "1e-05"), (0.0001, "0.0001"), (0.1, "0.1"),
        (math.inf, ".inf"), (-math.inf, "-.inf"), (math.nan, ".nan"), (None, None),
    ],
)  # fmt: skip
def test_key_becomes_json_text(key: object, text: str | None) -> None:
    assert key_text(key) == text  # type: ignore[arg-type]
