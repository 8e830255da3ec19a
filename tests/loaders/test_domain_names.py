"""The table of domain names: its form, what is wrong with one, and that hostile ones end in a Problem."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path

import jsonschema
import pytest
import yaml

from lib.loaders import domain_names, own_file
from lib.loaders.domain_names import SCHEMA, NamesReading, read_names
from lib.loaders.limits import DEFAULT
from lib.model.near_words import nearest

DOCUMENTED = json.loads((Path(__file__).parents[2] / "docs/names.schema.json").read_text(encoding="utf-8"))


def read(text: str) -> NamesReading:
    return read_names(text, "names.yaml")


def faults(reading: NamesReading) -> list[tuple[str, str, int | None]]:
    return [(p.severity.label, p.code, p.line) for p in reading.problems]


def test_a_table_holds_names_with_their_addresses_and_places() -> None:
    text = f"""schema: {SCHEMA}
complete: true
names:
  API.example.com.: [203.0.113.7, 2001:db8::7]
  blob.example.com: 198.51.100.0/24
  gone.example.com: []
"""
    jsonschema.validate(yaml.safe_load(text), DOCUMENTED)
    reading = read(text)
    assert reading.problems == ()
    assert reading.table.complete
    assert {name: entry.networks for name, entry in reading.table.entries.items()} == {
        "api.example.com": (ip_network("203.0.113.7"), ip_network("2001:db8::7")),
        "blob.example.com": (ip_network("198.51.100.0/24"),),
        "gone.example.com": (),
    }
    assert [entry.place for entry in reading.table.entries.values()] == [
        "names.yaml:4",
        "names.yaml:5",
        "names.yaml:6",
    ]


def test_json_is_taken_and_nothing_but_names_is_needed() -> None:
    reading = read('{"names": {"a.example": ["203.0.113.7"]}}')
    assert (reading.problems, list(reading.table.entries), reading.table.complete) == ((), ["a.example"], False)


@pytest.mark.parametrize(
    ("text", "expected", "valid"),
    [
        ("names:\n  a.b: [203.0.113.999]\n", ("error", "invalid-address", 2), True),
        ("names:\n  a.b:\n    - 1.2.3.4\n    - host\n", ("error", "invalid-address", 4), False),
        ("names:\n  a.b: [1.2.3.4/24]\n", ("error", "invalid-address", 2), True),
        ("names:\n  a.b: ['1.2.3.4/255.255.255.255']\n", ("error", "invalid-address", 2), False),
        ("names:\n  a.b: ['::ffff:1.2.3.4']\n", ("error", "invalid-address", 2), True),
        ("names:\n  a.b: ['fe80::1%eth0']\n", ("error", "invalid-address", 2), False),
        ("names:\n  a.b: [1.2.3.4, 1.2.3.4]\n", ("warning", "duplicate-address", 2), True),
        ("names:\n  a.b:\n", ("error", "missing-addresses", 2), False),
        ("names:\n  a.b: 7\n", ("error", "wrong-type", 2), False),
        ("names:\n  a.b: {c: d}\n", ("error", "wrong-type", 2), False),
        ("names:\n  '*.b': [1.2.3.4]\n", ("error", "wildcard-name", 2), False),
        ("names:\n  1.2.3.4: [1.2.3.4]\n", ("error", "invalid-name", 2), True),
        ("names:\n  a..b: [1.2.3.4]\n", ("error", "invalid-name", 2), False),
        ("names:\n  http://a.b/: [1.2.3.4]\n", ("error", "invalid-name", 2), False),
        ("names:\n  müller.example: [1.2.3.4]\n", ("error", "invalid-name", 2), False),
        ("names:\n  no: [1.2.3.4]\n", ("error", "invalid-name", 2), None),
        (f"names:\n  {'a' * 64}.b: []\n", ("error", "invalid-name", 2), False),
        (f"names:\n  {'a.' * 200}b: []\n", ("error", "invalid-name", 1), False),
        ("names:\n  a.b: []\n  A.b.: []\n", ("error", "duplicate-name", 3), True),
        ("names:\n  a.b: []\n  a.b: []\n", ("error", "duplicate-key", 3), None),
        ("names: {}\nname: {}\n", ("error", "unknown-field", 2), False),
        ("names: {}\nschema: netatlas.assertions/1\n", ("error", "unknown-schema", 2), False),
        ("names: {}\ncomplete: 'true'\n", ("error", "wrong-type", 2), False),
        ("names: [a.b]\n", ("error", "wrong-type", 1), False),
        ("complete: true\n", ("error", "no-names", 1), False),
        ("", ("error", "no-names", 1), None),
        ("- a\n", ("error", "wrong-type", 1), False),
        ("names: {}\n---\nnames: {}\n", ("error", "several-tables", 3), None),
        ("names: {a.b: [\n", ("error", "yaml-syntax", 2), None),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, expected: tuple[str, str, int], valid: bool | None) -> None:
    """``valid``: whether the schema alone takes the text; None where it is no one document."""
    assert expected in faults(read(text))
    assert all(p.remedy for p in read(text).problems)
    if valid is not None:
        assert jsonschema.Draft202012Validator(DOCUMENTED).is_valid(yaml.safe_load(text)) is valid


def test_a_name_with_a_fault_is_left_out_and_the_table_is_not_complete() -> None:
    reading = read("complete: true\nnames:\n  a.b: [1.2.3.4, oops]\n  c.d: [1.2.3.4]\n")
    assert list(reading.table.entries) == ["c.d"]
    assert not reading.table.complete


def test_of_a_name_that_stands_twice_neither_counts() -> None:
    assert list(read("names:\n  a.b: [1.2.3.4]\n  A.B: [1.2.3.5]\n  c.d: []\n").table.entries) == ["c.d"]


def test_a_similar_name_is_looked_for_only_while_problems_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def close(name: str, known: Collection[str]) -> str | None:
        asked.append(name)
        return nearest(name, known)

    monkeypatch.setattr(own_file, "nearest", close)
    limit = DEFAULT.problems_per_file
    problems = read("names: {}\n" + "".join(f"nam{i}: 1\n" for i in range(limit + 50))).problems
    assert len(asked) == limit
    assert problems[0].remedy == "Did you mean names?"
    assert problems[-1].code == "more-problems"


def test_a_warning_leaves_the_table_as_it_is() -> None:
    reading = read("complete: true\nnames:\n  a.b: [1.2.3.4, 1.2.3.4]\n")
    assert reading.table.complete
    assert reading.table.entries["a.b"].networks == (ip_network("1.2.3.4"),)


@pytest.mark.parametrize(("bound", "code"), [("NAMES_MAX", "too-many-names"), ("ADDRESSES_MAX", "too-many-addresses")])
def test_a_table_over_a_bound_is_refused(monkeypatch: pytest.MonkeyPatch, bound: str, code: str) -> None:
    monkeypatch.setattr(domain_names, bound, 1)
    reading = read("names: {a.b: [1.2.3.4], c.d: [1.2.3.5]}")
    assert faults(reading) == [("error", code, 1)]
    assert not reading.table.entries
    assert not reading.table.complete


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: &a [x, x]\nb: &b [*a, *a]\n" + "\n".join(f"c{i}: &c{i} [*b, *b]" for i in range(50)),
        "names: {" + ", ".join(f"n{i}.example: [bad]" for i in range(3_000)) + "}",
        "names:\n  \x00: [1.2.3.4]\n",
        "names:\n  ? [a]\n  : [1.2.3.4]\n",
        "x" * (domain_names.CHARS_MAX + 1),
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_a_hostile_table_ends_in_problems(text: str) -> None:
    reading = read(text)
    assert 1 <= len(reading.problems) <= 201
    assert not reading.table.entries


def test_what_is_over_the_number_of_problems_is_counted() -> None:
    reading = read("names: {" + ", ".join(f"n{i}.example: [bad]" for i in range(300)) + "}")
    assert [p.message for p in reading.problems][-1].startswith("100 more problems of severity error")


def test_the_documentation_tells_the_bounds_and_shows_a_table_that_is_read() -> None:
    told = (Path(__file__).parents[2] / "docs/names.md").read_text(encoding="utf-8")
    assert f"up to {domain_names.NAMES_MAX:,} names and {domain_names.ADDRESSES_MAX:,} addresses" in told
    (example,) = re.findall(r"```yaml\n(.*?)```", told, re.DOTALL)
    assert read(example).problems == ()
    assert len(read(example).table.entries) == 3
    jsonschema.validate(yaml.safe_load(example), DOCUMENTED)
