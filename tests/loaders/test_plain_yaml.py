"""Plain YAML, read line by line, is what libyaml's events give of the same text: values, places, marks and faults."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lib.loaders.built import Built
from lib.loaders.document_starts import DOCUMENT_START
from lib.loaders.event_reader import EventReader
from lib.loaders.limits import DEFAULT, Limits
from lib.loaders.plain_lines import NOTHING, UNCLEAR, read_line
from lib.loaders.plain_yaml import PlainReader
from lib.loaders.read_documents import Document, Failure, Result, Tally
from lib.loaders.yaml_reader import Reader
from lib.model.records import replace

ROOT = Path(__file__).resolve().parents[2]
CORPUS = os.environ.get("NETATLAS_CORPUS", "")


def by_events(text: str, limits: Limits = DEFAULT) -> tuple[list[Result], int]:
    """What libyaml alone reads in ``text``, and how many nodes that is."""
    tally = Tally()
    return list(EventReader(limits, lambda: None, tally).yaml(text, text.encode(), 0)), tally.nodes


def by_lines(text: str, limits: Limits = DEFAULT) -> tuple[list[Result], int]:
    """What the Reader makes of it, which reads plain documents line by line."""
    reader = Reader(limits)
    return list(reader._documents(text, text.encode(), 0)), reader._tally.nodes


def plain_documents(text: str) -> int:
    """How many documents of ``text`` are read line by line."""
    starts = sorted({0, len(text), *(m.start() for m in DOCUMENT_START.finditer(text))})
    reader = PlainReader(DEFAULT)
    return sum(reader.document(text, begin, end, 0, DEFAULT.nodes) is not None for begin, end in pairwise(starts))


def told(results: list[Result]) -> list[Any]:
    """Everything that results say, whatever part of the text they were read from."""
    return [_failure(each) if isinstance(each, Failure) else _document(each) for each in results]


def _failure(failure: Failure) -> tuple[Any, ...]:
    keys = ("number", "line", "code", "message", "is_warning", "text", "text_line")
    return tuple(getattr(failure, key) for key in keys)


def _document(document: Document) -> tuple[Any, ...]:
    built = document.built
    start, paths = built.start, _paths(built)
    return (
        document.number,
        document.line,
        document.text[built.start : built.end],
        _typed(built.value),
        [(paths[id(container)], key, begin - start, end - start) for container, key, begin, end in built.marks.spans],
        {paths[key]: (begin - start, end - start) for key, (begin, end) in built.marks.items.items()},
        [(anchor.span[0] - start, anchor.span[1] - start, anchor.nodes) for anchor in built.marks.anchors],
        len(built.marks.aliases),
        built.unknown_tags,
    )


def _typed(value: Any) -> Any:
    """A value whose comparison tells types and the order of keys apart."""
    if isinstance(value, dict):
        return [(key, _typed(each)) for key, each in value.items()]
    return list(map(_typed, value)) if isinstance(value, list) else (type(value), value)


def _paths(built: Built) -> dict[int, tuple[Any, ...]]:
    found: dict[int, tuple[Any, ...]] = {}
    rest: list[tuple[Any, tuple[Any, ...]]] = [(built.value, ())]
    while rest:
        value, path = rest.pop()
        if isinstance(value, dict | list) and id(value) not in found:
            found[id(value)] = path
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            rest += [(each, (*path, key)) for key, each in inner]
    return found


def assert_same(text: str, limits: Limits = DEFAULT) -> None:
    expected, nodes = by_events(text, limits)
    read, counted = by_lines(text, limits)
    assert told(read) == told(expected)
    if not any(isinstance(each, Failure) for each in read):
        assert counted == nodes


_KEYS = (
    "a b items data stringData metadata env value args labels selector containers annotations x-y/z.w y 1 on null ~ "
    "1.5 0x1 - .a message"
)
_VALUES = (
    "v|1|true|y|no|~|null|1.0|0o7|1e3|-1|-a|--|- a|-|/x/y|a b|a: b|a:|a :b|a #b|a#b|# c|'q'|\"q\"|'it''s'",
    "\"q\\n\"|'q' # c",
    '"a" b|{}|[]|{a: 1}|[ ]|{ }|&x v|*x|!t v|!!str 1|> |>|<<|? a|%a|@a|`a|,a|]a|2026-11-26|2026-11-01T08:00:00Z|=',
    "1:30|::1|fe80::1/64|10.0.0.0/8|a\tb|ü|a\x85b|.inf|.nan|1_000|0b1|080|v   |^x|(x|$x|;x|<x|~x|+x|...|---|a\"b|a'b",
)
KEYS = st.sampled_from(_KEYS.split())
VALUES = st.sampled_from(["|", *"|".join(_VALUES).split("|")])
LINES = st.one_of(
    st.tuples(KEYS, st.sampled_from([": ", ":  ", ":"]), st.just("")).map("".join),
    st.tuples(KEYS, st.sampled_from([": ", ":   "]), VALUES).map("".join),
    st.tuples(st.sampled_from(["- ", "-   ", "- - ", "-"]), KEYS, st.sampled_from([":", ": "]), VALUES).map("".join),
    st.tuples(st.sampled_from(["- ", "- - "]), VALUES).map("".join),
    VALUES,
    st.sampled_from(
        ["", "# note", "#", "---", "--- # c", "--- a", "...", "%YAML 1.1", "\t", "- ", "? a", ": b", "<<: *x"]
    ),
)
TEXTS = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 6]), LINES).map(lambda x: " " * x[0] + x[1]), max_size=14
).map("\n".join)
ENDS = st.sampled_from(["", "\n", "\n\n", " \n", "\r\n"])
SHAPES = st.recursive(
    st.sampled_from(["v", "1", 1, True, None, "a b", {}, [], "y"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=14,
)


@settings(max_examples=settings().max_examples * 5)
@given(TEXTS, ENDS)
@example("a: b\n  c: d\n", "")
@example("a:\n- b\n-  c:\n   d: 1\ne:\n", "")
@example("a: 1\n...\nb: 2\n---\nc: 'x\n---\ny'\n", "")
@example("%YAML 1.1\n---\na: 1\n---\n%a: 1\n", "")
@example("a:\n  b: 1\n c: 2\n---\nd: 1\n", "")
@example("--- \r\na: 1\n", "")
@example("--- \r\r\na: 1\n", "")
@example("---\x85\na: 1\n", "")
@example("---\u2028\na: 1\n---\u2029\nb: 1\n", "")
@example("--- \xa0\na: 1\n", "")
@example("---\xa0\na: 1\n", "")
@example("--- \u3000\na: 1\n---\nb: 1\n", "")
@example('a: 1\n---\na: 1e999\n---\na: "1:2"\n---\na: y\n---\na: b#\n---\na: b #\n', "")
@example('a:\n- 1\n- 1e999\n---\na:\n- x- y\n- "-"\n- x\n- "x"\n---\na: {}\n---\na: x\n', "")
@example("a: 'b: 1'\n---\na: 'b: c'\n---\n'b: 1': 2\n---\n- 'b: 1'\n- b: 1\n- - b: 1\n", "")
def test_any_lines_are_read_as_libyaml_reads_them(text: str, end: str) -> None:
    assert_same(text + end)


@settings(max_examples=settings().max_examples * 3)
@given(st.lists(SHAPES, min_size=1, max_size=3), st.booleans(), st.integers(2, 4))
def test_whatever_pyyaml_writes_is_read_as_libyaml_reads_it(
    documents: list[Any], is_indented: bool, width: int
) -> None:
    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, indentless and not is_indented)

    text = yaml.dump_all(documents, Dumper=Dumper, explicit_start=True, indent=width, sort_keys=False)
    assert_same(text)
    items = yaml.dump({"items": documents}, Dumper=Dumper, indent=width)
    assert_same(items)


@given(TEXTS, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(1, 8))
def test_at_every_bound_the_answer_is_the_same(text: str, nodes: int, depth: int, documents: int, chars: int) -> None:
    assert_same(
        text, replace(DEFAULT, nodes=nodes, nesting_depth=depth, documents_per_file=documents, scalar_chars=chars)
    )


@pytest.mark.parametrize("folder", ["sample_data", "deploy", "lib/facts"])
def test_the_own_files_are_read_as_libyaml_reads_them(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.yaml"))
    assert files
    for file in files:
        assert_same(file.read_text(encoding="utf-8"))


@pytest.mark.skipif(not CORPUS, reason="NETATLAS_CORPUS names no folder")
def test_the_public_cases_are_read_as_libyaml_reads_them() -> None:
    texts = {p.read_bytes() for p in Path(CORPUS).rglob("*.y*ml")}
    assert texts
    plain = 0
    for text in texts:
        assert_same(text.decode("utf-8-sig"))
        plain += plain_documents(text.decode("utf-8-sig"))
    assert plain > len(texts) / 2, "hardly anything was read line by line"


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels: {}\nspec:\n  containers:\n  - name: c\n    ports:\n"
        "    - containerPort: 80\n      protocol: TCP\n",
        "---\n# Source: chart/a.yaml\napiVersion: v1 # note\n\nitems:\n  - a: 'x y'\n    b: \"1\"\n  - - 1\n    - 2\n",
    ],
)
def test_what_people_and_programs_write_is_plain(text: str) -> None:
    assert plain_documents(text) == 1
    assert_same(text)


@pytest.mark.parametrize(
    "line",
    [
        "a: |",
        "a: >-",
        "a: &x 1",
        "a: *x",
        "a: !!str 1",
        "a: [1]",
        "a: {b: 1}",
        'a: "\\n"',
        "a: 'it''s'",
        "a: 'x' # 'y'",
        "a: b: c",
        "a: b:",
        "a: - b",
        "a: -",
        "a:\tb",
        "a: b\r",
        "a: ü",
        "a: .inf",
        "'a': b",
        "? a",
        "- ",
        "-",
        "b",
        "<<: a",
        "null: a",
        "...",
        "---",
        "%YAML 1.1",
        "- ? a",
        "a: %b",
        "a: @b",
    ],
)
def test_a_line_that_may_mean_something_else_is_left_to_libyaml(line: str) -> None:
    assert read_line(line).first == UNCLEAR


@pytest.mark.parametrize("line", ["", "   ", "#", "  # a: b", "#a"])
def test_empty_lines_and_comments_say_nothing(line: str) -> None:
    assert read_line(line).first == NOTHING


def test_reading_can_be_given_up_in_the_middle_of_a_document() -> None:
    class GivenUp(Exception):
        pass

    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise GivenUp

    text = "".join(f"k{n}: v\n" for n in range(200_000))
    with pytest.raises(GivenUp):
        PlainReader(DEFAULT, check).document(text, 0, len(text), 0, DEFAULT.nodes)


def test_of_many_lines_that_are_written_once_few_are_remembered() -> None:
    reader = PlainReader(DEFAULT)
    text = "".join(f"k{n}: v{n}\n" for n in range(200_000))
    found = reader.document(text, 0, len(text), 0, DEFAULT.nodes)
    assert found is not None
    assert found.nodes == 400_001
    assert found.built.value["k199999"] == "v199999"
    assert len(reader._lines) < 50_000


@pytest.mark.parametrize("line", ["- " * 20_000, "a: " + "b" * 100_000 + ": c", " " * 100_000 + "- a", "a" * 100_000])
def test_long_lines_take_no_longer_than_their_length(line: str) -> None:
    began = time.process_time()
    for _ in range(20):
        read_line(line)
    assert time.process_time() - began < 5
