"""Arrays of objects, as calicoctl reads and writes them ("- apiVersion: …", ``calicoctl get -o json``)."""

from __future__ import annotations

import json

import pytest

from lib.loaders.limits import Limits
from lib.loaders.manifests import InputFile, ReadResult, read_inputs
from lib.loaders.read_documents import Document
from lib.loaders.yaml_reader import Reader

HOSTS = {"kind": "HostEndpointList", "apiVersion": "projectcalico.org/v3", "items": [{"metadata": {"name": "h"}}]}
NAMESPACE = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "n"}}
BLOCK = """\
# what calicoctl apply takes
- apiVersion: projectcalico.org/v3
  kind: GlobalNetworkPolicy
  metadata:
    name: web
  spec:
    order: 5
- apiVersion: v1
  kind: Namespace
  metadata:
    name: n
---
apiVersion: v1
kind: Namespace
metadata:
  name: after
"""


def read(text: str, limits: Limits | None = None) -> ReadResult:
    return read_inputs([InputFile("a.yaml", text.encode())], limits or Limits())


def names(result: ReadResult) -> list[tuple[str, str]]:
    return [(o.kind, o.obj["metadata"]["name"]) for o in result.objects]


@pytest.mark.parametrize("indent", [None, 2])
def test_lists_in_a_json_array_are_read_each(indent: int | None) -> None:
    result = read(json.dumps([HOSTS, NAMESPACE], indent=indent))
    assert names(result) == [("HostEndpoint", "h"), ("Namespace", "n")]
    assert not result.problems
    assert [info.kind for info in result.lists] == ["HostEndpointList"]


def test_an_element_of_a_json_array_knows_its_line() -> None:
    result = read(json.dumps([HOSTS, NAMESPACE], indent=1))
    lines = json.dumps([HOSTS, NAMESPACE], indent=1).split("\n")
    (_, namespace) = result.objects
    assert result.documents.line_of(namespace.source.at("metadata", "name")) == 1 + lines.index('   "name": "n"')


def test_the_elements_of_a_yaml_sequence_are_read_each_with_their_lines() -> None:
    result = read(BLOCK)
    assert names(result) == [("GlobalNetworkPolicy", "web"), ("Namespace", "n"), ("Namespace", "after")]
    assert not result.problems
    web, namespace, after = (o.source for o in result.objects)
    assert result.documents.line_of(web.at("spec", "order")) == 7
    assert result.documents.line_of(namespace.at("metadata", "name")) == 11
    assert result.documents.line_of(after.at("metadata", "name")) == 16
    assert result.documents.excerpt(namespace)[1].startswith("apiVersion: v1\nkind: Namespace\n")


def test_a_flow_sequence_is_an_array_too() -> None:
    result = read(
        "[{apiVersion: v1, kind: Namespace, metadata: {name: a}},\n {kind: Namespace, apiVersion: v1, "
        "metadata: {name: b}}]\n"
    )
    assert names(result) == [("Namespace", "a"), ("Namespace", "b")]


@pytest.mark.parametrize("text", ["[]", "[]\n", "---\n[]\n"])
def test_an_empty_array_holds_nothing_and_is_no_fault(text: str) -> None:
    result = read(text)
    assert not result.objects
    assert [(p.severity.label, p.code) for p in result.problems] == [("info", "empty-array")]


@pytest.mark.parametrize("text", ["[1, 2]", "- a\n- b\n", '["a", {"kind": "Namespace"}]', "- {kind: Namespace}\n- 1\n"])
def test_an_array_of_something_else_is_told_once(text: str) -> None:
    assert [p.code for p in read(text).problems] == ["not-an-object"]


def test_what_is_no_object_in_a_json_array_is_told_and_the_rest_is_read() -> None:
    result = read(json.dumps([NAMESPACE, 3]))
    assert names(result) == [("Namespace", "n")]
    assert [p.code for p in result.problems] == ["not-an-object"]


def test_an_alias_among_the_elements_is_not_lost_silently() -> None:
    result = read("- &a {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- *a\n")
    assert [p.code for p in result.problems] == ["not-an-object"]


def test_elements_count_as_documents_against_the_bound() -> None:
    for text in (json.dumps([NAMESPACE] * 5), "- {apiVersion: v1, kind: Namespace, metadata: {name: n}}\n" * 5):
        result = read(text, Limits(documents_per_file=3))
        assert len(result.objects) <= 3
        assert result.problems


def test_an_unreadable_policy_in_an_array_is_still_named() -> None:
    result = read(
        "- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}}\n- 1\n"
    )
    assert [p.ref.kind for p in result.rejected_policies] == ["NetworkPolicy"]


@pytest.mark.parametrize("block", [True, False])
def test_secrets_in_an_array_stay_behind(block: bool) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "hunter2"}}
    text = (
        "- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  data:\n    k: hunter2 # hunter2\n"
        if block
        else json.dumps([secret, NAMESPACE], indent=1)
    )
    result = read(text)
    assert result.objects
    shown = [*map(repr, result.objects), *(str(result.documents.excerpt(o.source)) for o in result.objects)]
    assert "hunter2" not in "".join([repr(result), *shown])


def test_elements_in_braces_of_one_long_line_keep_no_more_text_than_they_have() -> None:
    text = "[" + ", ".join(f"{{kind: Namespace, apiVersion: v1, metadata: {{name: n{i}}}}}" for i in range(500)) + "]\n"
    kept = [d.text for d in Reader(Limits(), arrays=True).read(text) if isinstance(d, Document)]
    assert len(kept) == 500
    assert sum(map(len, kept)) <= len(text)
