"""Documents, their places and their faults; the values against PyYAML and json, which share no code with the reader."""

import json
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.loaders.json_text import json_bounded, json_openings, json_value_end
from lib.loaders.limits import DEFAULT, Limits
from lib.loaders.read_documents import Document, Failure
from lib.loaders.yaml_reader import Reader


def read(text: str, limits: Limits = DEFAULT) -> list[Document | Failure]:
    return list(Reader(limits).read(text))


def values(text: str) -> list[Any]:
    results = read(text)
    assert all(isinstance(r, Document) for r in results), results
    return [r.built.value for r in results if isinstance(r, Document)]


def failures(text: str, limits: Limits = DEFAULT) -> list[tuple[str, int, int]]:
    return [(r.code, r.number, r.line) for r in read(text, limits) if isinstance(r, Failure)]


def places(text: str) -> list[tuple[int, int, Any]]:
    return [(r.number, r.line, r.built.value) for r in read(text) if isinstance(r, Document)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\nb: 2\n", [(1, 1, {"a": 1}), (2, 3, {"b": 2})]),
        ("---\n# comment\na: 1\n...\n---\nb: 2\n", [(1, 3, {"a": 1}), (2, 6, {"b": 2})]),
        ("%YAML 1.1\n---\na: 1\n", [(1, 3, {"a": 1})]),
        ("--- {a: 1}\n--- [2]\n", [(1, 1, {"a": 1}), (2, 2, [2])]),
        ("a: |\n  x\n  ---\n  y\n---\nb: 1\n", [(1, 1, {"a": "x\n---\ny\n"}), (2, 6, {"b": 1})]),
        ("a: |\n  -----BEGIN X-----\n  y\n", [(1, 1, {"a": "-----BEGIN X-----\ny\n"})]),
        ("a: 1\r---\rb: 2\r", [(1, 1, {"a": 1}), (2, 3, {"b": 2})]),
        ("a: 1\r\n---\r\nb: 2\r\n", [(1, 1, {"a": 1}), (2, 3, {"b": 2})]),
        ("a: 1\x85---\x85b: 2\x85", [(1, 1, {"a": 1}), (2, 3, {"b": 2})]),
        ('{"a": 1}\n{"b": [true, null]}\n', [(1, 1, {"a": 1}), (2, 2, {"b": [True, None]})]),
        ('{"a": 1}{"b": 2}', [(1, 1, {"a": 1}), (2, 1, {"b": 2})]),
        ('{"a": 1}\n---\n{"b": 2}\n', [(1, 1, {"a": 1}), (2, 3, {"b": 2})]),
        ("{a: 1, # note\n b: 2,}", [(1, 1, {"a": 1, "b": 2})]),
        ('{"a": "\\ud83d\\ude00 \\u00e9 \\/"}', [(1, 1, {"a": "\U0001f600 é /"})]),
        ("# only a comment\n", []),
    ],
)
def test_documents_and_their_places(text: str, expected: list[tuple[int, int, Any]]) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": True}), ("a: 'yes'", {"a": "yes"}), ("a: \"80\"", {"a": "80"}), ("a: 80", {"a": 80}),
        ("a: 12:30", {"a": "12:30"}), ("a: 2001-01-01", {"a": "2001-01-01"}), ("a: 1e3", {"a": 1000.0}),
        ("a: =", {"a": "="}), ("a:", {"a": None}), ("a: !!str 80", {"a": "80"}), ("a: !!int \"80\"", {"a": 80}),
        ("on: 1", {"true": 1}), ("80: x", {"80": "x"}), ("1.5: x", {"1.5": "x"}), ("'on': 1", {"on": 1}),
        ("? a\n: b", {"a": "b"}), ("a: >-\n  80\n", {"a": "80"}), ("'<<': 1", {"<<": 1}),
        ("x: &x {a: 1, b: 2}\nz: {<<: *x, b: 3}", {"x": {"a": 1, "b": 2}, "z": {"a": 1, "b": 3}}),
        ("x: &x {a: 1}\nz: {a: 3, <<: *x}", {"x": {"a": 1}, "z": {"a": 1}}),
        ("z: {<<: [{a: 1}, {a: 2, b: 3}]}", {"z": {"a": 1, "b": 3}}),
        ("a: &n 80\nb: *n", {"a": 80, "b": 80}), ("a: &k x\n*k : y", {"a": "x", "x": "y"}),
        ("a: &x [1]\nb: &x [2]\nc: *x", {"a": [1], "b": [2], "c": [2]}),
    ],
)  # fmt: skip
def test_value_is_what_kubectl_makes_of_it(text: str, value: Any) -> None:
    assert values(text) == [value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\nb: [1\n---\nc: 2\n", [("yaml-syntax", 2, 4)]),
        ("a: 'x\n---\nb: 1\n", [("yaml-syntax", 1, 2)]),
        ("a: 1\n\tb: 2\n---\nc: 3\n", [("yaml-syntax", 1, 2)]),
        ("a: 1\n---\na: \x00\n---\nb: 1\n", [("control-character", 2, 3)]),
        ("a: 1\na: 2\n", [("duplicate-key", 1, 2)]),
        ("a: {b: 1, b: 2}\nc: {d: 1, d: 2}\n", [("duplicate-key", 1, 1), ("duplicate-key", 1, 2)]),
        ("80: 1\n'80': 2\n", [("duplicate-key", 1, 2)]),
        ('{"a": 1,\n "a": 2}', [("duplicate-key", 1, 2)]),
        ('{"a": 1,\n "b" 2}', [("json-syntax", 1, 2)]),
        ('{"a": NaN}\n{"b": 1', [("json-syntax", 1, 1), ("json-syntax", 2, 2)]),
        ("a: .nan\n", [("not-a-number", 1, 1)]),
        ("~: 1\n", [("invalid-key", 1, 1)]),
        ("[a]: 1\n", [("invalid-key", 1, 1)]),
        ("a: *b\n", [("unknown-anchor", 1, 1)]),
        ("a: &a [*a]\n", [("recursive-alias", 1, 1)]),
        ("a: {<<: 1}\n", [("invalid-merge", 1, 1)]),
        ("a: !!int x\n", [("wrong-tag", 1, 1)]),
        ("a: !custom x\n", [("unknown-tag", 1, 1)]),
    ],
)
def test_fault_is_told_with_its_line(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert failures(text) == expected


@pytest.mark.parametrize(
    "fault",
    [
        "b: [1",
        "b: 'x",
        "b: \x01",
        "b: 1\nb: 2",
        "? [a]\n: 1",
        "b: *x",
        "b: &x [*x]",
        "b: .inf",
        "[" * 500,
        "b: !!int x",
    ],
)
def test_one_bad_document_never_hides_the_others(fault: str) -> None:
    text = "---\n".join(["a: 0\n", fault + "\n", "a: 1\n", fault + "\n", "a: 2\n", "a: 3\n"])
    assert [v for _, _, v in places(text)] == [{"a": n} for n in range(4)]
    assert [number for _, number, _ in failures(text)] == [2, 4]


def test_line_numbers_are_right_after_many_faults() -> None:
    text = "".join(f"---\na: [{n}\n---\nv: {n}\n" for n in range(50))
    assert [(line, v["v"]) for _, line, v in places(text)] == [(4 * n + 4, n) for n in range(50)]


def test_many_faults_take_time_in_proportion_to_the_text() -> None:
    results = read("a: [\n---\n" * 20_000)
    assert sum(isinstance(r, Failure) for r in results) == 20_000


@pytest.mark.parametrize(
    "text", ["[" * 10_000, "- " * 10_000, '{"a":' * 10_000, "[" * 10_000 + "]" * 10_000, "{a: " * 10_000]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert [code for code, _, _ in failures(text)] == ["nested-too-deep"]


def test_depth_up_to_the_limit_is_read() -> None:
    depth = DEFAULT.nesting_depth
    assert not failures("[" * depth + "]" * depth)
    assert failures("[" * (depth + 1) + "]" * (depth + 1))


def test_alias_bomb_is_refused() -> None:
    names = "abcdefghi"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in pairwise(names))
    assert [code for code, _, _ in failures(text)] == ["excessive-aliases"]


def test_bounds_are_told() -> None:
    assert failures("a: " + "x" * 20, Limits(scalar_chars=10))[0][0] == "scalar-too-long"
    assert failures("- 1\n" * 20, Limits(nodes=10))[0][0] == "too-many-nodes"
    assert failures("--- 1\n" * 20, Limits(documents_per_file=10))[-1][0] == "too-many-documents"


def test_more_broken_json_values_than_can_be_told_end_the_reading() -> None:
    results = [r for r in read('{"a" 1}\n' * 50, Limits(problems_per_file=5)) if isinstance(r, Failure)]
    assert [r.code for r in results] == ["json-syntax"] * 5 + ["too-many-faults"]
    assert results[-1].line == 6
    assert "".join(r.text for r in results) == '{"a" 1}\n' * 50


CROWDED = Limits(nodes=100, nesting_depth=10)


@pytest.mark.parametrize("item", ["{}", "[]", "1", '"x"', '{"a":1}', '"a,b"'])
def test_json_with_too_many_nodes_is_not_built_at_all(item: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []

    def end(text: str, start: int) -> int:
        decoded.append(len(text) - start)
        return json_value_end(text, start)

    monkeypatch.setattr("lib.loaders.yaml_reader.json_value_end", end)
    text = '{"kind":"List","items":[' + ",".join([item] * 1000) + "]}"
    (result,) = read(text + text, CROWDED)
    assert isinstance(result, Failure)
    assert (result.code, result.number, result.text) == ("too-many-nodes", 1, text + text)
    assert not decoded


@pytest.mark.parametrize(
    ("first", "fault"),
    [
        ('{"a":1', "json-syntax"),
        ('{"a" 1}', "json-syntax"),
        ('{"a":"x}', "json-syntax"),
        ('{"a":"' + r"\"" * 50, "json-syntax"),
        ("{]", "json-syntax"),
        ("[" * 11 + "]" * 11, "nested-too-deep"),
    ],
)
def test_a_fault_in_crowded_json_is_told_as_such(first: str, fault: str) -> None:
    assert failures(first + '\n{"a":' + "[1,1,1,1,1,1,1,1,1,1]" * 50, CROWDED)[0][0] == fault


def test_small_values_before_a_crowded_one_are_read() -> None:
    results = read('{"a": 1}\n{"b": ",,,{{{"}\n{"c": [' + "1," * 200 + "1]}", CROWDED)
    assert [r.built.value if isinstance(r, Document) else (r.code, r.line) for r in results] == [
        {"a": 1},
        {"b": ",,,{{{"},
        ("too-many-nodes", 3),
    ]


@pytest.mark.parametrize(
    "text",
    ["kind: List\nitems:\n" + "- {}\n" * 6, "items: [1, 1, 1, 1, 1, 1]\n", '{"items": [{}, {}, [], [], [], {}]}'],
)
def test_lists_have_as_many_items_as_files_have_documents(text: str) -> None:
    assert [code for code, _, _ in failures(text, Limits(documents_per_file=5))] == ["too-many-items"]
    assert not failures(text, Limits(documents_per_file=6))


@pytest.mark.parametrize("content", ["x" * 500_000, r"\"" * 250_000, "\\\\" * 250_000])
def test_long_json_strings_take_memory_in_proportion(content: str) -> None:
    text = json.dumps({"a": json.loads(f'"{content}"')})
    tracemalloc.start()
    try:
        (result,) = read(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(result, Document)
    assert peak < 10 * len(text)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"), exclude_characters="\ufeff"), max_size=12
    ),
    st.sampled_from(
        ["yes", "no", "on", "12:30", "1e3", "0x10", "017", "=", "<<", "~", "", " ", "- a", "a: b", "#", "2001-01-01"]
    ),
)
STRINGS = st.one_of(
    st.text("abcXYZ019 .:-_/'\"#é", max_size=8),
    st.sampled_from(["on", "80", "1e3", "null", "kind", "items", "<<", "="]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4), max_leaves=20
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(VALUES)
def test_json_is_read_back_as_it_was(value: Any) -> None:
    assert values(json.dumps({"v": value})) == [{"v": value}]
    assert values(json.dumps({"v": value}, indent=2, ensure_ascii=False)) == [{"v": value}]


def node_count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + node_count(v) for v in value.values())
    return 1 + sum(map(node_count, value)) if isinstance(value, list) else 1


@settings(derandomize=True, deadline=None, max_examples=60)
@given(VALUES)
def test_nodes_of_json_are_counted_without_building(value: Any) -> None:
    text, nodes = json.dumps([value]), node_count([value])
    assert json_openings(text, 0) >= nodes
    assert json_bounded(text + "[1]", 0, nodes, 100, lambda: None)
    assert not json_bounded(text + "[1]", 0, nodes - 1, 100, lambda: None)


def is_dumped_alike(value: Any) -> bool:
    """Whether PyYAML quotes what goyaml.v2 would read as something else: it knows no 1e3, y, n or 0o7."""
    from lib.loaders.yaml_resolver import resolve_plain

    if isinstance(value, dict):
        return all(is_dumped_alike(k) and is_dumped_alike(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(is_dumped_alike, value))
    return not isinstance(value, str) or resolve_plain(value) == value


@settings(derandomize=True, deadline=None, max_examples=60)
@given(VALUES.filter(is_dumped_alike), st.sampled_from([None, False, True]))
def test_dumped_yaml_is_read_back_as_it_was(value: Any, flow: bool | None) -> None:
    assert values(yaml.safe_dump({"v": value}, default_flow_style=flow, allow_unicode=True)) == [{"v": value}]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "a: 1\n",
                "b: [\n",
                "---\n",
                "c: 'x\n",
                "- x\n",
                "...\n",
                "%YAML 1.1\n",
                "\x00",
                "{",
                '{"a": 1}\n',
                "&a *a\n",
            ]
        ),
        max_size=12,
    )
)
def test_no_text_raises(parts: list[str]) -> None:
    for result in read("".join(parts)):
        assert result.number >= 1
        assert 1 <= result.line <= len(parts) + 2
