"""Lines and excerpts, against the text itself and against the tree that PyYAML composes."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.loaders.manifests import InputFile, RawObject, ReadResult, read_inputs
from lib.model.refs import PathStep, Source

SERVICE = """\
# the shop's front door
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {a/b: "1", 80: x}
spec:
  ports:
  - name: http
    port: 80

  - port: 81
  selector: {app: web}
"""


def read(text: str, name: str = "a.yaml") -> ReadResult:
    return read_inputs([InputFile(name, text.encode())])


def only(result: ReadResult) -> RawObject:
    (raw,) = result.objects
    return raw


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2), (("kind",), 3), (("metadata",), 4), (("metadata", "name"), 5), (("metadata", "annotations", "a/b"), 6),
        (("metadata", "annotations", "80"), 6), (("spec", "ports"), 8), (("spec", "ports", 0), 9),
        (("spec", "ports", 0, "port"), 10), (("spec", "ports", 1), 12), (("spec", "ports", 1, "port"), 12),
        (("spec", "selector", "app"), 13), (("spec", "absent", "deeper"), 7), (("spec", "ports", 7, "port"), 8),
        (("metadata", "name", 3), 5),
    ],
)  # fmt: skip
def test_line_of_a_path_or_of_its_nearest_ancestor(path: tuple[PathStep, ...], line: int) -> None:
    result = read(SERVICE)
    source = only(result).source.at(*path)
    assert result.documents.line_of(source) == line
    assert result.documents.file_line(source) == f"a.yaml:{line}"


def test_excerpt_is_the_whole_object() -> None:
    result = read("---\n" + SERVICE + "---\n")
    first, text = result.documents.excerpt(only(result).source.at("spec"))
    assert first == 3
    assert text == SERVICE.partition("\n")[2].rstrip()


@pytest.mark.parametrize("indent", [None, 1, 4])
@pytest.mark.parametrize("style", ["json", "yaml", "flow"])
def test_items_of_a_list_have_their_own_lines_and_text(indent: int | None, style: str) -> None:
    service = yaml.safe_load(SERVICE)
    # Copied, so that YAML is written without aliases.
    items = [copy.deepcopy(service) | {"metadata": {"name": f"s{n}"}} for n in range(5)]
    value = {"apiVersion": "v1", "kind": "List", "items": items, "metadata": {"resourceVersion": ""}}
    if style == "json":
        text = json.dumps(value, indent=indent)
    else:
        text = yaml.safe_dump(value, indent=indent, default_flow_style=style == "flow")
    result = read("\n\n" + text)
    lines = ("\n\n" + text).split("\n")
    assert [o.source.item for o in result.objects] == [0, 1, 2, 3, 4]
    for n, raw in enumerate(result.objects):
        line = result.documents.line_of(raw.source.at("metadata", "name"))
        assert line is not None
        assert f"s{n}" in lines[line - 1]
        first, shown = result.documents.excerpt(raw.source)
        assert shown.split("\n")[0].strip()[:9] in lines[first - 1]
        assert yaml.safe_load(shown) == items[n]


def test_unknown_documents_have_no_line() -> None:
    documents = read(SERVICE).documents
    nowhere = Source("b.yaml", 1)
    assert documents.line_of(nowhere) is None
    assert documents.file_line(nowhere) == "b.yaml"
    assert documents.excerpt(nowhere) == (1, "")


def test_lookups_in_a_large_list_do_not_read_it_again() -> None:
    items = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{n}"}} for n in range(4000)]
    text = yaml.dump({"apiVersion": "v1", "kind": "List", "items": items}, Dumper=yaml.CSafeDumper)
    result = read(text)
    lines = text.split("\n")
    for n, raw in enumerate(result.objects):
        line = result.documents.line_of(raw.source.at("metadata", "name"))
        assert line is not None
        assert lines[line - 1] == f"    name: s{n}"


NAMES = st.text("abcXYZ09 ./-_é", min_size=1, max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(-9, 99) | st.text("ab #:-'\"\né", max_size=8)
TREES = st.recursive(LEAVES, lambda t: st.lists(t, max_size=3) | st.dictionaries(NAMES, t, max_size=3), max_leaves=15)


def expected_lines(node: yaml.Node, path: tuple[PathStep, ...] = ()) -> dict[tuple[PathStep, ...], int]:
    """The line of every key and item, from the marks of PyYAML's composed nodes."""
    found: dict[tuple[PathStep, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found[(*path, key.value)] = key.start_mark.line + 1
            found |= expected_lines(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            found[(*path, position)] = value.start_mark.line + 1
            found |= expected_lines(value, (*path, position))
    return found


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.dictionaries(NAMES, TREES, max_size=4), st.sampled_from([None, False, True]), st.booleans())
def test_every_key_of_any_document_has_its_line(tree: dict[str, Any], flow: bool | None, as_json: bool) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": tree}
    # Every key in quotes: which plain words are strings is another test's subject.
    if as_json:
        text = json.dumps(service, indent=1)
    else:
        text = yaml.safe_dump(service, default_flow_style=flow, default_style='"', allow_unicode=True)
    result = read(text)
    raw = only(result)
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    for path, line in expected_lines(node).items():
        assert result.documents.line_of(raw.source.at(*path)) == line
